"""nbconvert's page, whole in one file."""

import re
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert as mathml
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from traitlets import Bool

from .._files import write_atomically
from .._notebooks import run_notebook
from ..errors import LessonError
from ..lessons import notebooks_folder
from .alive import living_widget, own_html, script_hashes, with_player
from .cleaning import clean_html, clean_notebook

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
_NEEDS_KERNEL = "<p>This widget needs a kernel: open the lesson in JupyterLab to use it.</p>"
_CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_TEMPLATE = f"""
{{%- extends 'lab/index.html.j2' -%}}
{{%- block html_head_js -%}}
{{%- if resources.policy -%}}
<meta http-equiv="Content-Security-Policy" content="{{{{ resources.policy }}}}">
{{%- endif -%}}
{{%- endblock -%}}
{{%- block jupyter_widgets -%}}{{%- endblock -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock -%}}
{{%- block html_head_css -%}}<style>
{_CSS}</style>
{{%- endblock -%}}
"""


class LessonPageExporter(HTMLExporter):
    """nbconvert's HTML page, whole in one file: widgets as they stood, MathML, no address outside, no other script."""

    export_from_notebook = "Lesson page"
    trust = Bool(False, help="Keep scripts and HTML as the notebook stores them.").tag(config=True)

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.register_preprocessor(OwnScripts(enabled=True, trust=self.trust), enabled=True)

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Return the page, in which Tab goes to links, buttons and widgets; nbconvert makes every cell a stop, too."""
        html, resources = super().from_notebook_node(nb, resources, **options)
        return re.sub(r'(<div class="jp-[^"<>]*"[^<>]*?) tabindex="0"', r"\1", html), resources

    @property
    def raw_template(self):
        """The page around the cells, without nbconvert's scripts from elsewhere."""
        return _TEMPLATE

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Return Markdown as HTML, formulas as MathML.

        Parameters
        ----------
        context : dict
            Jinja's.
        source : str
            A cell's text.

        Returns
        -------
        str
        """
        renderer = MathMLRenderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        html = MarkdownWithMath(renderer=renderer).render(source)
        return html if self.trust else clean_html(html)


class MathMLRenderer(IPythonRenderer):
    """Markdown's renderer, with formulas that every browser draws by itself."""

    def inline_math(self, body):
        """Return a formula inside a line."""
        return formula(body, "inline")

    def block_math(self, body):
        """Return a formula of its own."""
        return formula(body, "block")


def formula(tex: str, display: str) -> str:
    """Return TeX as MathML; what cannot be read stays as it was written.

    Parameters
    ----------
    tex : str
    display : {"inline", "block"}

    Returns
    -------
    str

    Examples
    --------
    >>> formula("x^2", "inline").endswith("<mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>")
    True
    """
    try:
        return mathml(tex.strip(), display=display)
    except Exception:  # the converter raises many kinds; a reader then sees the TeX
        return f"<code>{escape(tex)}</code>"


class OwnScripts(Preprocessor):
    """Clean what is stored, and put the course's widgets and players, made anew, in their places."""

    trust = Bool(False)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Return a copy of the notebook as a page may show it, and what the page lets the browser run."""
        saved = nb.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
        hashes: set[str] = set()

        def alive(html):
            own = own_html(html) or with_player(clean_html(html))
            hashes.update(script_hashes(own))
            return own

        nb = clean_notebook(with_widgets(nb, saved), self.trust, alive)
        scripts = " ".join(sorted(hashes)) or "'none'"
        resources["policy"] = "" if self.trust else f"script-src {scripts}; object-src 'none'; base-uri 'none'"
        return nb, resources


def with_widgets(nb: Any, saved: dict[str, Any]) -> Any:
    """Return a copy of a notebook with HTML in place of widgets' addresses in a kernel that is gone, and of TeX.

    Parameters
    ----------
    nb : NotebookNode
    saved : dict
        The notebook's widget state.

    Returns
    -------
    NotebookNode
        Without the widget state.
    """
    nb = nbformat.from_dict(nb)
    nb.metadata.pop("widgets", None)
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if _VIEW in data:
                stored = str(data.get("text/html", ""))
                if "<iframe" in stored and own_html(stored) is None:  # of another version of the course, or of nobody
                    stored = ""
                html = living_widget(saved.get(data[_VIEW].get("model_id"))) or stored or _NEEDS_KERNEL
                output.data = {"text/html": html}
            elif "text/latex" in data and "text/html" not in data:
                output.data = {"text/html": formula(str(data["text/latex"]).strip().strip("$"), "block")}
    return nb


def export_lesson_page(notebook: Path | str, page: Path | str, trust: bool = False) -> Path:
    """Write a notebook as one page that lives offline, and return where.

    A notebook with cells that were not run is run first, in its folder (a lesson of the package: in an empty one);
    otherwise the outputs that it stores are shown as they are.

    Parameters
    ----------
    notebook : path
        A lesson.
    page : path
        The page to write.
    trust : bool, default False
        Keep scripts and HTML as the notebook stores them; otherwise the page runs the course's own scripts alone.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    LessonError
        If the file is no notebook, or the page cannot be written.
    """
    notebook, target = Path(notebook), _writable(page)
    try:
        nb = nbformat.read(notebook, as_version=4)
        nbformat.validate(nb)
    except Exception as error:  # nbformat raises many kinds
        reason = str(error).strip().splitlines()[0]
        raise LessonError(f"{notebook} must be a notebook that can be read. {reason}") from None
    if any(cell.cell_type == "code" and cell.source and not cell.execution_count for cell in nb.cells):
        shipped = notebook.resolve().is_relative_to(notebooks_folder().resolve())
        run_notebook(nb, None if shipped else notebook.resolve().parent)
    title = next((re.sub(r"^#\s*", "", c.source.splitlines()[0]) for c in nb.cells if c.source.startswith("# ")), "")
    nb.metadata["title"] = title or notebook.stem
    exporter = LessonPageExporter(trust=trust)
    body, _ = exporter.from_notebook_node(nb, resources={"metadata": {"name": notebook.stem}})
    try:
        with write_atomically(target) as partial:
            partial.write_text(body, encoding="utf-8")
    except OSError as error:
        raise _unwritten(target, error) from None
    return target.resolve()


def _writable(page):
    """Return the whole path of the page; a working folder that is gone is said before a kernel starts there."""
    try:
        return Path(page).absolute()
    except OSError as error:
        raise _unwritten(page, error) from None


def _unwritten(page, error):
    return LessonError(f"The page {page} cannot be written. {error}. Try --output with another folder.")
