"""A lesson as one page: its widgets live and its formulas stand without a kernel and without a network.

``cnn-course export 02`` writes it; ``jupyter nbconvert --to cnn-course my-lesson.ipynb`` does the same with a notebook
that was run. nbconvert's own ``--to html`` names MathJax, mermaid and the widgets' front end on the net instead.

A page runs the course's own scripts and nobody else's, whatever a notebook holds: what was stored is cleaned
(`cleaning`), the widgets and players are made anew from the package (`alive`), and the page tells the browser the
hashes of the scripts that may run.
"""

from .._install import install_command
from ..errors import MissingPackageError

try:
    from .page import LessonPageExporter, export_lesson_page, formula
except ModuleNotFoundError as error:
    if (error.name or "").startswith("cnn_course"):
        raise
    raise MissingPackageError(
        f"The package {error.name} is missing, which writes pages. Try: {install_command('lab')}"
    ) from None

__all__ = ["LessonPageExporter", "export_lesson_page", "formula"]
