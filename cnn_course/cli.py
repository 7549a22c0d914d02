"""The ``cnn-course`` command: parses, calls, prints."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ._install import install_command
from ._printing import write_plainly
from ._tables import Table
from .errors import CourseError, MissingPackageError

app = typer.Typer(
    help="The course on image classification with convolutional networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, markup=False)  # pip install ".[lab]" is no markup

Folder = Annotated[Path, typer.Option(help="Where the lessons are copied to.")]


def _say(text):
    """Print; where a line ends is left to the terminal, so that a path or a command can be copied whole."""
    console.print(text, soft_wrap=True)


@app.command()
def lab(
    folder: Folder = Path("my-course"),
    port: Annotated[int, typer.Option(help="The port to try first.", min=1, max=65535)] = 8888,
    browser: Annotated[bool, typer.Option(help="Open the web browser.")] = True,
) -> None:
    """Copy the lessons into a folder (never over your own files) and open them in JupyterLab."""
    from .lessons import copy_lessons

    if find_spec("jupyterlab") is None:
        raise MissingPackageError(f"JupyterLab is not installed. Try: {install_command('lab')}")
    new = [opened for opened in copy_lessons(folder) if opened.created]
    _say(f"{len(new)} new lessons in {folder.resolve()}; what was there stays as it is.")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--port={port}",
    ]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container's only user is root
    _say("JupyterLab prints its address below. Ctrl+C ends it.")
    try:
        code = subprocess.run(command, env=os.environ | {"JUPYTER_CONFIG_PATH": _with_own_settings()}).returncode
    except KeyboardInterrupt:
        code = 0
    raise typer.Exit(code)


def _with_own_settings():
    """Return Jupyter's settings folders, ours before them: no news pop-up, and messages to the kernel encrypted.

    Nothing is written into the user's own settings, and what they say goes before ours where JupyterLab asks both.
    """
    ours = str(Path(__file__).with_name("jupyter"))
    return os.pathsep.join(filter(None, (ours, os.environ.get("JUPYTER_CONFIG_PATH"))))


@app.command()
def lessons() -> None:
    """List the lessons."""
    from .lessons import list_lessons

    rows = [(lesson.number, lesson.title, lesson.path.name) for lesson in list_lessons()]
    _say(repr(Table(rows, head=("lesson", "title", "file"))))
    _say("cnn-course open 02 copies one into this folder.")


@app.command(name="open")
def open_(
    lesson: Annotated[str, typer.Argument(help="Its number or a part of its name.")],
    folder: Folder = Path(),
    fresh: Annotated[bool, typer.Option(help="Start over in a new, numbered copy.")] = False,
    solved: Annotated[bool, typer.Option(help="Copy the solved lesson.")] = False,
) -> None:
    """Copy one lesson into this folder; a file that is there stays as it is."""
    from .lessons import open_lesson

    opened = open_lesson(lesson, folder, fresh=fresh, solved=solved)
    _say(opened.text if opened.created else f"{opened.text} The same command with --fresh starts over beside it.")


@app.command()
def progress(lesson: Annotated[str | None, typer.Argument(help="Only this lesson, by its number.")] = None) -> None:
    """Show which exercises are solved."""
    from .exercises import progress as show_progress

    _say(repr(show_progress(lesson)))


@app.command()
def doctor() -> None:
    """Check this computer: Python, packages, backend, write access."""
    from .doctor import examine

    with console.status("Looking (Keras takes a few seconds to start) ..."):
        report = examine()
    text = Text(repr(report))
    for mark, style in {"✓": "green", "?": "yellow", "✗": "red"}.items():
        text.highlight_regex(rf"(?m)^{re.escape(mark)}", style)
    text.highlight_regex(r"(?m)^ +→ .*$", "bold")
    _say(text)
    raise typer.Exit(0 if report.healthy else 1)


@app.command()
def export(
    lesson: Annotated[str, typer.Argument(help="A lesson's number, or a notebook file.")],
    output: Annotated[Path | None, typer.Option(help="The page to write.")] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Keep scripts that the notebook stores.")] = False,
) -> None:
    """Write a lesson as one page whose widgets live without a kernel and without a network."""
    from .exporter import export_lesson_page
    from .lessons import find_lesson

    notebook = Path(lesson) if Path(lesson).is_file() else find_lesson(lesson).path
    page = output or Path(f"{notebook.stem}.html")
    _say(f"Written: {export_lesson_page(notebook, page, trust)}")


@app.command()
def nbgrader(folder: Annotated[Path, typer.Argument(help="The class's folder.")] = Path("my-class")) -> None:
    """Make a folder for nbgrader: its settings, and the solved lessons as sources of assignments."""
    from .lessons import copy_for_nbgrader

    new = [opened.lesson for opened in copy_for_nbgrader(folder) if opened.created]
    _say(f"{len(new)} new assignments in {folder.resolve()}; what was there stays as it is.")
    _say(f"Next: cd {folder}; nbgrader generate_assignment 02_convolution")


@app.command()
def slides(browser: Annotated[bool, typer.Option(help="Open the web browser.")] = True) -> None:
    """Open the lecture: one page that needs no network, with its demos alive and its notes under the key s."""
    from .lessons import find_slides

    deck = find_slides()
    _say(f"The lecture: {deck}")
    _say("Keys: arrows or space go on, s shows the notes, f fills the screen, Escape leaves a demo.")
    if browser:
        import webbrowser

        webbrowser.open(deck.as_uri())


def main() -> None:
    """Run the command; a fault of the user's is one sentence, not a traceback."""
    write_plainly()
    try:
        app()
    except CourseError as error:
        _end(str(error))
    except OSError as error:  # a file that cannot be read or written, a folder that is gone
        where = f": {error.filename}" if error.filename else "; is this folder still there? Try: cd ~"
        _end(f"{error.strerror or error}{where}")


def _end(problem):
    said = Text.assemble(("✗", "red"), f" {problem}")
    Console(stderr=True, highlight=False).print(said, soft_wrap=True)
    sys.exit(1)
