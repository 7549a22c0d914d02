"""What a notebook stores, without anything that a browser would run."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

_LOST = "<p><em>A script that the notebook stores is left out here.</em></p>"
_GONE = ["script", "style", "template", "noscript", "iframe", "object", "embed", "form", "textarea", "title", "xmp"]
_HTML = """
a abbr b blockquote br button caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5
h6 hr i img input kbd label li mark meter ol output p pre progress q s samp small span strong sub summary sup table
tbody td tfoot th thead tr u ul var wbr
"""
_SVG = """
svg g path rect circle ellipse line polyline polygon text tspan defs clipPath use image pattern linearGradient
radialGradient stop marker desc
"""
_MATHML = """
math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mfenced
mpadded mphantom mstyle menclose mmultiscripts mprescripts semantics
"""
_HTML_ATTRIBUTES = """
class id title lang dir alt width height colspan rowspan scope open start type min max value step role tabindex style
data-frame data-interval align valign border
"""
_SVG_ATTRIBUTES = """
viewBox xmlns version preserveAspectRatio x y x1 y1 x2 y2 cx cy r rx ry d points transform fill stroke opacity offset
stop-color stop-opacity fill-opacity fill-rule clip-path clip-rule clipPathUnits stroke-width stroke-linecap
stroke-linejoin stroke-dasharray stroke-dashoffset stroke-opacity stroke-miterlimit patternUnits patternContentUnits
patternTransform gradientUnits gradientTransform markerWidth markerHeight refX refY orient text-anchor
dominant-baseline font-size font-family font-weight font-style image-rendering
"""
_MATHML_ATTRIBUTES = """
display mathvariant stretchy fence separator form lspace rspace minsize maxsize linethickness accent accentunder
columnalign rowalign columnspacing rowspacing displaystyle scriptlevel symmetric largeop movablelimits notation open
close separators depth voffset
"""
_PROPERTIES = """
align-items align-self background background-color border border-bottom border-collapse border-left border-radius
border-right border-spacing border-top box-sizing clip-path color column-gap columns display fill fill-opacity fill-rule
flex flex-wrap float font font-family font-size font-style font-variant-numeric font-weight gap grid-area
grid-template-columns height image-rendering justify-content letter-spacing line-height list-style margin margin-bottom
margin-left margin-right margin-top max-height max-width min-height min-width opacity outline outline-offset overflow
overflow-x overflow-wrap padding padding-bottom padding-left padding-right padding-top row-gap stroke stroke-dasharray
stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-align text-anchor
text-decoration text-indent transform transform-origin vertical-align visibility white-space width word-break
"""
_ATTRIBUTES = set(f"{_HTML_ATTRIBUTES} {_SVG_ATTRIBUTES} {_MATHML_ATTRIBUTES}".split())
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[\w+/=\s]+", re.ASCII)
_ELSEWHERE = re.compile(r"url\(\s*(?!['\"]?#)|image-set|\\|expression", re.IGNORECASE)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class _Styles(CSSSanitizer):
    """Styles that lay out and colour, and fetch nothing."""

    def sanitize_css(self, style):
        return "" if _ELSEWHERE.search(style) else super().sanitize_css(style)


def _may_stay(tag, name, value):
    if name in ("href", "xlink:href"):
        if tag == "image":
            return bool(_PICTURE.fullmatch(value))
        return value.startswith("#") or (tag == "a" and not value.strip().lower().startswith("data:"))
    if name == "src":
        return tag == "img" and (not value.strip().lower().startswith("data:") or bool(_PICTURE.fullmatch(value)))
    if name in ("fill", "stroke", "clip-path") and _ELSEWHERE.search(value):
        return False
    return name in _ATTRIBUTES or name.startswith("aria-")


def clean_html(html: str) -> str:
    """Return HTML with its text, tables, pictures and drawings, and without anything that runs or fetches.

    Parameters
    ----------
    html : str

    Returns
    -------
    str

    Examples
    --------
    >>> clean_html('<b style="color: red" onclick="go()">Bold</b><script>go()</script>')
    '<b style="color: red;">Bold</b>'
    """
    cleaner = bleach.Cleaner(
        tags={*_HTML.split(), *_SVG.split(), *_MATHML.split()},
        attributes=_may_stay,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=_Styles(allowed_css_properties=_PROPERTIES.split(), allowed_svg_properties=[]),
        strip=True,
    )
    return cleaner.clean(_without_scripts(html))


def _without_scripts(html):
    """Take scripts out with their text; the cleaner itself takes tags away and leaves their text."""
    html = re.sub(r"<style\b[^<>]*>[^<]*</style>", "", html)  # Matplotlib's, in every figure
    if not re.search(rf"<\s*({'|'.join(_GONE)})\b", html, re.IGNORECASE):
        return html
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(_GONE):
        tag.decompose()
    return soup.decode(formatter="minimal")


def clean_notebook(nb: Any, trust: bool, alive: Callable[[str], str]) -> Any:
    """Return a copy of a notebook that holds only what a page shows.

    Parameters
    ----------
    nb : NotebookNode
    trust : bool
        Whether stored HTML and scripts stay as they are.
    alive : callable
        Takes stored HTML; returns it cleaned, or the course's own in place of it.

    Returns
    -------
    NotebookNode
    """
    if trust:
        return nb
    info = nb.metadata.get("language_info", {})
    names = {key: value for key, value in info.items() if key in ("name", "pygments_lexer") and _is_word(value)}
    new = new_notebook(metadata={"language_info": {"name": "python", **names}})
    if "title" in nb.metadata:
        new.metadata["title"] = str(nb.metadata["title"])
    new.cells = [cell for number, cell in enumerate(_cells(nb, alive)) if not cell.update(id=f"cell-{number}")]
    return new


def _cells(nb, alive):
    for cell in nb.cells:
        source = _text(cell.get("source", ""))
        tags = [tag for tag in cell.get("metadata", {}).get("tags", []) if _is_word(tag)]
        metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "markdown":
            attachments = nbformat.from_dict(cell.get("attachments", {}))
            yield new_markdown_cell(source, metadata=metadata, attachments=attachments)  # cleaned once it is HTML
        elif cell.cell_type == "raw":
            yield new_raw_cell(clean_html(source), metadata=metadata)
        elif cell.cell_type == "code":
            count = cell.get("execution_count")
            outputs = [made for output in cell.get("outputs", []) if (made := _output(output, alive))]
            count = count if isinstance(count, int) else None
            yield new_code_cell(source, metadata=metadata, execution_count=count, outputs=outputs)


def _output(output, alive):
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text", "")))
    if kind == "error":
        lines = [_text(line) for line in output.get("traceback", [])]
        return new_output("error", ename="", evalue="", traceback=lines)
    if kind not in ("display_data", "execute_result"):
        return None
    stored = output.get("data", {})
    metadata = {}
    for picture in _PICTURES:
        sizes = output.get("metadata", {}).get(picture, {})
        sizes = sizes if isinstance(sizes, dict) else {}
        metadata[picture] = {key: n for key, n in sizes.items() if key in ("width", "height") and type(n) is int}
    return new_output(
        kind, data=_data(stored, alive), metadata={key: sizes for key, sizes in metadata.items() if sizes}
    )


def _sizes(metadata):
    """Of each picture, the width and height: nbconvert writes them without quotes."""
    found = {kind: metadata[kind] for kind in _PICTURES if isinstance(metadata.get(kind), dict)}
    sides = ("width", "height")
    return {
        kind: {key: n for key, n in sizes.items() if key in sides and type(n) is int} for kind, sizes in found.items()
    }


def _data(stored, alive):
    """Of each kind that a page can show, the text; a kind that is a script, only as a sentence."""
    data = {}
    for kind, value in stored.items():
        text = _text(value)
        if kind in ("text/plain", "text/latex", "text/markdown"):
            data[kind] = text
        elif kind == "text/html":
            data[kind] = alive(text) or (_LOST if text.strip() else "")
        elif kind in _PICTURES and _is_base64(text):
            data[kind] = text
        elif kind == "image/svg+xml":
            code = base64.b64encode(text.encode()).decode()
            data.setdefault("text/html", f'<img alt="Drawing" src="data:image/svg+xml;base64,{code}">')
        elif kind == "application/javascript":
            data.setdefault("text/html", _LOST)
    return data


def _text(value):
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_word(value):
    return isinstance(value, str) and bool(re.fullmatch(r"[\w.+-]+", value, re.ASCII))


def _is_base64(text):
    try:
        return bool(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return False
