"""The lessons that ship with the package: list them, copy one into a folder, start over."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from ._files import write_atomically
from ._install import install_command
from ._tables import Table, Tabular
from .errors import LessonError


@dataclass(frozen=True)
class Lesson:
    """One lesson: its number, title, and the notebook that ships with the package."""

    number: str
    title: str
    path: Path

    @property
    def solved_path(self) -> Path:
        """The same lesson with every exercise solved."""
        return self.path.parent / "solved" / self.path.name


@dataclass(frozen=True, repr=False)
class LessonTable(Tabular):
    """The lessons, as text and as HTML."""

    lessons: tuple[Lesson, ...]

    def __iter__(self):
        return iter(self.lessons)

    def __len__(self):
        return len(self.lessons)

    def _table(self) -> Table:
        rows = [(lesson.number, lesson.title) for lesson in self.lessons]
        return Table(rows, head=("lesson", "title"), below=['`open_lesson("02")` copies one into this folder.'])


@dataclass(frozen=True)
class OpenedLesson:
    """Where a lesson lies now, and whether this call put it there."""

    lesson: Lesson
    path: Path
    created: bool

    def __fspath__(self):
        return str(self.path)

    @property
    def text(self) -> str:
        """Where it is, in a sentence."""
        if self.created:
            return f"Lesson {self.lesson.number} is now at {self.path}. Open it in JupyterLab."
        return f"Lesson {self.lesson.number} is already at {self.path}, and stays as you left it."

    def __repr__(self):
        return self.text if self.created else f"{self.text} The same call with fresh=True starts over beside it."


def notebooks_folder() -> Path:
    """Return the folder of the notebooks: inside the installed package, or in the checkout.

    Returns
    -------
    pathlib.Path
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise LessonError(
        f"The lessons are missing: there is no folder {package / 'notebooks'}. "
        f"Install the package again: {install_command()} --force-reinstall --no-deps"
    )


def find_slides() -> Path:
    """Return where the lecture's slides are: inside the installed package, or in the checkout.

    Returns
    -------
    pathlib.Path
        One HTML file that needs no network.

    Raises
    ------
    LessonError
        If it is not there.

    Examples
    --------
    >>> find_slides().name
    'deck.html'
    """
    package = Path(__file__).resolve().parent
    for folder in (package, package.parent):
        if (deck := folder / "slides" / "deck.html").is_file():
            return deck
    raise LessonError(
        f"The slides are missing: there is no file {package / 'slides' / 'deck.html'}. "
        f"Install the package again: {install_command()} --force-reinstall --no-deps"
    )


def list_lessons() -> LessonTable:
    """Return the lessons that ship with the package, in their order.

    Returns
    -------
    LessonTable

    Examples
    --------
    >>> "02" in [lesson.number for lesson in list_lessons()]
    True
    """
    paths = sorted(notebooks_folder().glob("[0-9][0-9]_*.ipynb"))
    return LessonTable(tuple(Lesson(path.name[:2], _title(path), path) for path in paths))


@overload
def open_lesson(
    lesson: None = None, folder: str | os.PathLike[str] = ".", fresh: bool = False, solved: bool = False
) -> LessonTable: ...
@overload
def open_lesson(
    lesson: str | int, folder: str | os.PathLike[str] = ".", fresh: bool = False, solved: bool = False
) -> OpenedLesson: ...
def open_lesson(
    lesson: str | int | None = None, folder: str | os.PathLike[str] = ".", fresh: bool = False, solved: bool = False
) -> OpenedLesson | LessonTable:
    """Copy a lesson into a folder and return where it is; without a lesson, list them all.

    A file that is already there is never overwritten: it is yours.

    Parameters
    ----------
    lesson : str or int, optional
        Its number (``"02"`` or ``2``) or a part of its name (``"convolution"``).
    folder : path, optional
        Where the copy goes; made if it is missing.
    fresh : bool, optional
        Start over in a new, numbered copy (``02_convolution-2.ipynb``).
    solved : bool, optional
        Copy the lesson with every exercise solved (``02_convolution-solved.ipynb``).

    Returns
    -------
    OpenedLesson or LessonTable

    Raises
    ------
    LessonError
        If there is no such lesson, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> opened = open_lesson("02", folder=tempfile.mkdtemp())
    >>> opened.path.name, opened.created
    ('02_convolution.ipynb', True)
    """
    if lesson is None:
        return list_lessons()
    return _open(find_lesson(lesson), folder, fresh, solved)


def _open(lesson, folder, fresh=False, solved=False):
    source = lesson.solved_path if solved else lesson.path
    target = _folder(folder) / f"{source.stem}{'-solved' if solved else ''}.ipynb"
    return _copied(lesson, source, _next_free(target) if fresh else target)


def find_lesson(lesson: str | int) -> Lesson:
    """Return the one lesson that a number or a part of a name means.

    Parameters
    ----------
    lesson : str or int
        ``2``, ``"2"``, ``"02"``, ``"convolution"`` or ``"02_convolution.ipynb"``.

    Returns
    -------
    Lesson

    Raises
    ------
    LessonError
        If no lesson fits, or more than one.

    Examples
    --------
    >>> find_lesson("02_convolution").title
    'Convolution'
    """
    wanted = str(lesson).removesuffix(".ipynb").lower()
    lessons = list_lessons().lessons
    if wanted.isdigit():
        matches = [x for x in lessons if int(x.number) == int(wanted)]
    else:
        matches = [x for x in lessons if wanted and wanted in x.path.stem.lower()]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(f"{x.number} ({x.title})" for x in matches or lessons)
    problem = "More than one lesson fits" if matches else "There is no lesson"
    raise LessonError(f"{problem} {lesson!r}. Lessons: {names}.")


def copy_lessons(folder: str | os.PathLike[str]) -> list[OpenedLesson]:
    """Copy every lesson that is not yet there into a folder; return them all.

    Parameters
    ----------
    folder : path
        The student's folder; made if it is missing.

    Returns
    -------
    list of OpenedLesson

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> all(x.created for x in copy_lessons(folder)), any(x.created for x in copy_lessons(folder))
    (True, False)
    """
    return [_open(lesson, folder) for lesson in list_lessons()]


def copy_for_nbgrader(folder: str | os.PathLike[str]) -> list[OpenedLesson]:
    """Make a folder for nbgrader: its settings, and every lesson, solved, as the source of an assignment.

    A file that is already there is never overwritten.

    Parameters
    ----------
    folder : path
        The teacher's folder; made if it is missing.

    Returns
    -------
    list of OpenedLesson
        ``source/02_convolution/02_convolution.ipynb`` and so on; the name is that of the students' notebook.

    Examples
    --------
    >>> import tempfile
    >>> opened = copy_for_nbgrader(tempfile.mkdtemp())
    >>> opened[1].path.parts[-3:]
    ('source', '02_convolution', '02_convolution.ipynb')
    """
    own, settings = _folder(folder), "nbgrader_config.py"
    _copy_once(notebooks_folder() / settings, own / settings)
    sources = own / "source"
    return [_copied(x, x.solved_path, sources / x.path.stem / x.path.name) for x in list_lessons()]


def _title(path):
    """The first heading of a notebook, without its number."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if line.startswith("# "):
                return line[2:].split("·")[-1].strip()
    return path.stem


def _folder(folder):
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        raise LessonError(f"folder must be a folder. Received: {str(folder)!r}, and there is no such user.") from None


def _next_free(target):
    number = 2
    candidate = target
    while os.path.lexists(candidate):
        candidate = target.with_name(f"{target.stem}-{number}.ipynb")
        number += 1
    return candidate


def _copied(lesson, source, target):
    created = _copy_once(source, target)
    return OpenedLesson(lesson, target.resolve(), created)


def _copy_once(source, target):
    """Copy a file whole or not at all; return False and touch nothing if it is already there."""
    try:
        if os.path.lexists(target):
            target.resolve(strict=True)  # raises where it is a link that leads nowhere: the link is the student's
            return False
        with write_atomically(target) as partial:
            shutil.copyfile(source, partial)
    except OSError as error:
        raise LessonError(
            f"The lesson cannot be written to {target}: {error.strerror}. "
            "Choose a folder of your own, such as ~/cnn-course."
        ) from error
    return True
