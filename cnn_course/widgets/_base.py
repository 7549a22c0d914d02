"""What every widget of the course shares: one module of JavaScript, alive with a kernel and without one."""

import hashlib
import json
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import anywidget

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_HEADING_STYLE = "<style>h1{font:600 1.3rem system-ui,sans-serif;color:var(--jp-content-font-color1,#1c1c1e)}</style>"


def bundle(name: str) -> str:
    """Return a module of `static` and all that it imports, as the text of one module.

    Parameters
    ----------
    name : str
        A file of `static`.

    Returns
    -------
    str
        The files one after the other, the imported ones first, each once. Their names are all different.
    """
    files: dict[str, str] = {}

    def add(file):
        if file in files:
            return
        files[file] = ""
        text = (STATIC / file).read_text(encoding="utf-8")
        for imported in _IMPORT.findall(text):
            add(imported)
        files[file] = files.pop(file) + _IMPORT.sub("", text)  # after its imports

    add(name)
    return "\n".join(files.values())


def style(*names: str) -> str:
    """Return the style sheet that all widgets share, and more of `static` after it.

    Parameters
    ----------
    *names : str
        Files of `static`.

    Returns
    -------
    str
    """
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in ("widgets.css", *names))


def fragment(module: str, css: str, state: dict[str, Any], name: str) -> str:
    """Return HTML that brings a widget to life in any page, without a kernel and without a network.

    Parameters
    ----------
    module, css : str
        The widget's JavaScript, ending in ``export default { render }``, and its style.
    state : dict
        The widget's traits, as JSON takes them.
    name : str
        The name of the class, for the reader of the page's source.

    Returns
    -------
    str
        A style, an empty element and an inline module.
    """
    values = json.dumps(state, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    mark = hashlib.sha256((module + values).encode()).hexdigest()[:10]
    boot = bundle("standalone.js").replace("export ", "")
    script = lighter(re.sub(r"^export default (.*);$", r"const widget = \1;", f"{module}\n{boot}", flags=re.MULTILINE))
    return (
        f'<style>{lighter_css(css)}</style>\n<div data-widget="{mark}" data-name="{escape(name)}"></div>\n'
        f'<script type="module">\n{script}\nstandalone("{mark}", {values}, widget);\n</script>\n'
    )


@lru_cache(maxsize=32)
def lighter(code: str) -> str:
    r"""Return JavaScript without comments, and without the blanks and line breaks that only a reader needs.

    Examples
    --------
    >>> lighter('// why\nif (a === b) {\n  say(`a = ${b + 1}  c`); // so\n}')
    'if(a===b){say(`a = ${b+1}  c`);}'
    """
    from pygments.lexers.javascript import JavascriptLexer
    from pygments.token import Comment, String

    light, gap = "", ""
    for kind, text in JavascriptLexer().get_tokens(code):
        if kind in Comment or (text.isspace() and kind not in String):
            gap = "\n" if "\n" in gap + text else " "
            continue
        light += _needed(gap, light[-1:], text[:1]) + text
        gap = ""
    return light


def _needed(gap, before, after):
    """Return what must stand between two characters that had a gap between them."""
    if gap == "\n" and before not in "{([,;" and after not in "})].,":
        return "\n"
    words = all(character.isalnum() or character in "_$" for character in (before, after))
    return " " if gap and before and (words or before + after in ("++", "--", "//")) else ""


def lighter_css(css: str) -> str:
    """Return CSS without comments and without the spaces that only a reader needs.

    Examples
    --------
    >>> lighter_css("/* why */ .a :focus { margin: 0 1px; color: red; }")
    '.a :focus{margin:0 1px;color:red}'
    """
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s*([{}])\s*|([;:,])\s+", r"\1\2", css.strip())
    return css.replace(";}", "}")


def page(title: str, body: str, heading: bool = True) -> str:
    """Return a whole page around a fragment.

    Parameters
    ----------
    title, body : str
    heading : bool, default True
        Whether the title stands above the fragment, too.

    Returns
    -------
    str
    """
    above = f"<h1>{escape(title)}</h1>\n" if heading else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>{_HEADING_STYLE}</head>"
        f"<body>\n<main>\n{above}{body}</main>\n</body></html>\n"
    )


def frame(title: str, body: str) -> str:
    """Return a page as an ``<iframe srcdoc>``: for places that run no script of their own, such as stored outputs.

    Parameters
    ----------
    title, body : str

    Returns
    -------
    str
    """
    inside = page(title, body, heading=False).replace("&", "&amp;").replace("'", "&#39;")
    return (
        f'<iframe title="{escape(title)}" style="width:100%;height:640px;border:0" loading="lazy" '
        f"srcdoc='{inside}'></iframe>"
    )


class CourseWidget(anywidget.AnyWidget):
    """A widget that looks and acts the same in a notebook, in a page without a kernel and in a slide.

    A subclass gives its module as ``_esm``, its style as ``_css``, and one sentence as ``title``.
    """

    title = "Widget"

    def static_html(self, form: str = "fragment") -> str:
        """Return the widget, as it stands now, as HTML that needs no kernel and no network.

        Parameters
        ----------
        form : {"fragment", "page", "frame"}, default "fragment"
            A piece of HTML to paste into any page or slide, a whole page, or an ``<iframe>`` that holds one.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If `form` is none of the three.

        Examples
        --------
        >>> from cnn_course import ConvolutionDemo
        >>> html = ConvolutionDemo(strides=2).static_html()
        >>> len(html) < 60_000, "http://" in html, "https://" in html
        (True, False, False)
        """
        if form not in ("fragment", "page", "frame"):
            raise ValueError(f'form must be "fragment", "page" or "frame". Received: form={form!r}')
        body = fragment(self._esm, self._css, self.saved_state(), type(self).__name__)
        if form == "fragment":
            return body
        return page(self.title, body) if form == "page" else frame(self.title, body)

    def saved_state(self) -> dict[str, Any]:
        """Return the traits that make the widget what it is, as JSON takes them.

        Returns
        -------
        dict
        """
        return {name: value for name, value in self.get_state().items() if not name.startswith("_") and own(name)}

    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
        if not data:
            return bundle
        data = {**data, "text/plain": repr(self), "text/html": self.static_html("frame")}
        return (data, *rest) if rest else data


def own(name: str) -> bool:
    """Return whether a trait belongs to the course, and not to every widget."""
    return name not in ("layout", "tabbable", "tooltip", "comm", "keys")
