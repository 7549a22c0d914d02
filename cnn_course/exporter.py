"""A lesson as one page: its widgets live and its formulas stand without a kernel and without a network.

``cnn-course export 02`` writes it; ``jupyter nbconvert --to cnn-course my-lesson.ipynb`` does the same with a notebook
that was run. nbconvert's own ``--to html`` names MathJax, mermaid and the widgets' front end on the net instead.
"""

import re
import tempfile
from html import escape
from pathlib import Path

from ._files import write_atomically
from .errors import LessonError, MissingPackageError
from .lessons import notebooks_folder

try:
    import nbformat
    from jinja2 import pass_context
    from latex2mathml.converter import convert as mathml
    from nbconvert import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbconvert.preprocessors import Preprocessor
except ImportError as error:
    raise MissingPackageError(
        f'The package {error.name} is missing, which writes pages. Try: pip install "cnn-course[lab]"'
    ) from None

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
main { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
.jp-RenderedHTMLCommon math { font-size: 1.1em; }
math[display="block"] { margin: .8em 0; }
</style>
{%- endblock -%}
"""


class LessonPageExporter(HTMLExporter):
    """nbconvert's HTML page, whole in one file: widgets as they stood, MathML, no address outside."""

    export_from_notebook = "Lesson page"

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.register_preprocessor(LiveWidgets(enabled=True), enabled=True)

    @property
    def raw_template(self):
        """The page around the cells, without nbconvert's scripts from elsewhere."""
        return _TEMPLATE

    @pass_context
    def markdown2html(self, context, source):
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
        return MarkdownWithMath(renderer=renderer).render(source)


class MathMLRenderer(IPythonRenderer):
    """Markdown's renderer, with formulas that every browser draws by itself."""

    def inline_math(self, body):
        """Return a formula inside a line."""
        return formula(body, "inline")

    def block_math(self, body):
        """Return a formula of its own."""
        return formula(body, "block")


def formula(tex, display):
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


class LiveWidgets(Preprocessor):
    """Put every course widget, as it was last saved, in place of its address in a kernel that is gone."""

    def preprocess(self, nb, resources):
        """Return a copy of the notebook without widget state, its widgets alive by themselves."""
        nb = nb.copy()
        saved = nb.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
        nb.metadata = {key: value for key, value in nb.metadata.items() if key != "widgets"}
        nb.metadata = nbformat.from_dict(nb.metadata)
        nb.cells = [self._alive(cell, saved) for cell in nb.cells]
        return nb, resources

    def _alive(self, cell, saved):
        if cell.cell_type != "code":
            return cell
        cell = cell.copy()
        cell.outputs = [self._output(output, saved) for output in cell.outputs]
        return cell

    def _output(self, output, saved):
        data = output.get("data", {})
        if _VIEW in data:
            html = live_html(saved.get(data[_VIEW]["model_id"])) or data.get("text/html")
            text = "This widget needs a kernel: open the lesson in JupyterLab to use it."
            data = {"text/html": html or f"<p>{text}</p>"}
        elif "text/latex" in data and "text/html" not in data:
            data = {"text/html": formula(data["text/latex"].strip().strip("$"), "block")}
        else:
            return output
        return nbformat.from_dict({**output, "data": data})


def live_html(model):
    """Return a saved widget of the course as an ``<iframe>`` that lives by itself, or "".

    Parameters
    ----------
    model : dict or None
        An entry of a notebook's saved widget state.

    Returns
    -------
    str
    """
    from .widgets._base import fragment, frame, own

    state = (model or {}).get("state", {})
    kind = re.fullmatch(r"cnn_course\..*\.(\w+)", state.get("_anywidget_id", ""))
    if not kind or "_esm" not in state:
        return ""
    traits = {name: value for name, value in state.items() if not name.startswith("_") and own(name)}
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind[1]).capitalize()
    return frame(title, fragment(state["_esm"], state.get("_css", ""), traits, kind[1]))


def export_lesson_page(notebook, page):
    """Write a notebook as one page that lives offline, and return where.

    A notebook with cells that were not run is run first, in its folder (a lesson of the package: in an empty one);
    otherwise the outputs that it stores are shown as they are.

    Parameters
    ----------
    notebook : path
        A lesson.
    page : path
        The page to write.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    LessonError
        If the file is no notebook, or the page cannot be written.
    """
    notebook, page = Path(notebook), Path(page)
    try:
        nb = nbformat.read(notebook, as_version=4)
    except Exception as error:
        raise LessonError(f"{notebook} must be a notebook that can be read. {error}") from None
    if any(cell.cell_type == "code" and cell.source and not cell.execution_count for cell in nb.cells):
        with tempfile.TemporaryDirectory() as empty:
            shipped = notebook.resolve().is_relative_to(notebooks_folder().resolve())
            run(nb, empty if shipped else notebook.resolve().parent)
    title = next((re.sub(r"^#\s*", "", c.source.splitlines()[0]) for c in nb.cells if c.source.startswith("# ")), "")
    nb.metadata["title"] = title or notebook.stem
    body, _ = LessonPageExporter().from_notebook_node(nb, resources={"metadata": {"name": notebook.stem}})
    try:
        with write_atomically(page) as partial:
            partial.write_text(body, encoding="utf-8")
    except OSError as error:
        raise LessonError(f"The page {page} cannot be written. {error}. Try --output with another folder.") from None
    return page.resolve()


def run(nb, folder):
    """Run a notebook in place; a cell that fails shows its error, and the next ones run all the same.

    Parameters
    ----------
    nb : notebook
    folder : path
        Where it runs.
    """
    from nbclient import NotebookClient

    resources = {"metadata": {"path": str(folder)}}
    quiet = ["--IPKernelApp.log_level=40"]  # what the kernel would tell whoever started the server
    NotebookClient(nb, allow_errors=True, timeout=600, resources=resources, extra_arguments=quiet).execute()
