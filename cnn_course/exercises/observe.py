"""The half of a check that runs where the student's code runs: it knows no answer, and notes what the code does."""

import contextlib
import copy
import importlib
import io
import linecache
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import numpy as np

from .._tables import visible
from .compare import same
from .crashes import in_words
from .definitions import Asked, AskedFunction
from .limits import OutOfTimeError, within
from .own import OWN, OwnAnswerError, closed, is_own
from .result import CRASH, FAIL, NOT_ATTEMPTED, TIMEOUT
from .stubs import is_stub
from .values import UnfitError, contains_ellipsis, plain

_ENGINE = str(Path(__file__).parent)
_LONGEST = 300
NOT_YET = "Not attempted yet: replace the `...` with your answer, run the cell, and check again."


@dataclass(frozen=True)
class Observation:
    """What one call of a student's function left behind, in plain values.

    Attributes
    ----------
    got : object
        What it returned, or what the exercise observes in its place.
    printed : str
        The beginning of what it printed.
    changed : bool
        Whether it changed an array, list or dict that it was given.
    outcome : str
        Empty if it returned; otherwise why nothing further was tried: ``"crash"``, ``"timeout"``, ``"not attempted"``,
        or ``"fail"`` for what cannot be compared at all.
    message : str
        In words, what ended it.
    """

    got: object = None
    printed: str = ""
    changed: bool = False
    outcome: str = ""
    message: str = ""


def observe(exercise: AskedFunction, function: object, inputs: Sequence[tuple]) -> list[Observation]:
    """Call a student's function on every case, and return what is seen; the first that ends otherwise is the last.

    Parameters
    ----------
    exercise : AskedFunction
        What is asked; nothing that is known of the answer is read.
    function : object
        Whatever the student handed in.
    inputs : sequence of tuple
        The arguments of each case; the function gets copies.

    Returns
    -------
    list of Observation
    """
    if contains_ellipsis(function) or (isinstance(function, FunctionType) and is_stub(function)):
        return [Observation(outcome=NOT_ATTEMPTED, message=NOT_YET)]
    if not callable(function):
        name = exercise.answer_name
        message = f"Hand in the function itself, without parentheses: `check({exercise.id!r}, {name})`."
        return [Observation(outcome=FAIL, message=message)]
    if is_own(function) or _is_the_courses(exercise, function):
        return [Observation(outcome=FAIL, message=OWN)]
    seen = []

    def call_all():
        for arguments in inputs:
            seen.append(_call(exercise, function, arguments))
            if seen[-1].outcome:
                return

    ended = run_students(exercise, call_all)
    if ended:
        seen.append(ended)
    return seen


def run_students(exercise: Asked, call: Callable[[], object]) -> Observation | None:
    """Call something that runs the student's code; return None, or how it ended if it did not return.

    It ends in the exercise's time, prints nothing, does not end the kernel, and finds the course's own answer closed.
    """
    with guarded(exercise):
        try:
            within(exercise.limit, call)
        except OutOfTimeError as late:
            cause = "An `import` inside it took the time: put it above the function, and run that once."
            if not _was_importing(late):
                cause = "Is there a loop that never stops?"
            message = f"Your function did not end within {exercise.limit:g} seconds. {cause}"
            return Observation(outcome=TIMEOUT, message=message)
        except KeyboardInterrupt:  # the notebook's stop button
            raise
        except BaseException as error:  # whatever the student's code raises is shown as theirs
            return _ended_by(error)
    return None


@contextlib.contextmanager
def guarded(exercise: Asked) -> Iterator[None]:
    """Let what runs inside print nothing, not end the kernel, and find the course's own answer closed."""
    with closed(exercise.id), _exit_raises(), _quiet():
        yield


def _was_importing(error):
    """Whether it was raised in the body of a module; each one that was on its way has the one before it in context."""
    while error is not None:
        if any(frame.f_code.co_name == "<module>" for frame, _ in traceback.walk_tb(error.__traceback__)):
            return True
        error = error.__context__
    return False


def returned_by(exercise: AskedFunction, function: Callable, inputs: tuple) -> object:
    """Call a function; return in plain values what it returned, or what the exercise observes afterwards."""
    returned = function(*inputs)
    if exercise.observe and returned is not None and returned is not ...:
        returned = exercise.observe(returned, *inputs)
    return plain(returned)


def _call(exercise, function, inputs):
    theirs, printed = copy.deepcopy(inputs), Printed()
    with contextlib.redirect_stdout(printed):
        try:
            got = returned_by(exercise, function, theirs)
        except (OutOfTimeError, KeyboardInterrupt):
            raise
        except BaseException as error:
            return _ended_by(error)
    if contains_ellipsis(got):
        return Observation(outcome=NOT_ATTEMPTED, message=NOT_YET)
    return Observation(got, printed.text, _changed(inputs, theirs))


def _ended_by(error):
    if type(error) in (OwnAnswerError, UnfitError):
        return Observation(outcome=FAIL, message=str(error))
    try:
        if _is_untouched(error):
            return Observation(outcome=NOT_ATTEMPTED, message=NOT_YET)
        return Observation(outcome=CRASH, message=_their_line(error))
    except Exception:  # an error that raises when it is looked at
        return Observation(outcome=CRASH, message="`An error that cannot be read`")


def _changed(before, after):
    for mine, theirs in zip(before, after, strict=True):
        if isinstance(mine, np.ndarray | list | dict):
            try:
                if not same(plain(theirs), plain(mine)):
                    return True
            except UnfitError:
                return True
    return False


def _is_the_courses(exercise, function):
    for dotted in exercise.answers:
        module, name = dotted.rsplit(".", 1)
        if getattr(importlib.import_module(module), name) is function:
            return True
    return False


class Printed(io.TextIOBase):
    """A place to print to without an end: it keeps the beginning."""

    text = ""

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if len(self.text) < _LONGEST:
            self.text += text[:_LONGEST]
        return len(text)

    def close(self) -> None:
        """Stay open: a student who closes it closes nothing."""


@contextlib.contextmanager
def _quiet():
    """Give back stdout and stderr, whatever was done to them."""
    before = sys.stdout, sys.stderr
    sys.stdout = Printed()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def _exit_raises() -> Iterator[None]:
    """Let IPython's ``exit()`` raise SystemExit, as Python's does: one answer must not end the kernel of all."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        yield
        return

    def ask_exit():
        raise SystemExit

    shell.ask_exit = ask_exit
    try:
        yield
    finally:
        del shell.ask_exit


def _frames_of(error):
    """The frames outside the engine, and whether a frame is the student's and not that of an installed package."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_ENGINE)]
    return frames, [f for f in frames if "site-packages" not in f.filename and "/lib/python" not in f.filename]


def _is_untouched(error):
    """Whether it is the ``raise NotImplementedError`` that nbgrader leaves in place of a solution."""
    frames, own = _frames_of(error)
    return type(error) is NotImplementedError and bool(own) and frames[-1] is own[-1]


def _their_line(error):
    """What it means where that is known, the student's own line, and the error, without the frames of the engine."""
    frames, own = _frames_of(error)
    tracebacks = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    theirs = next((f for f in reversed(tracebacks) if own and f.f_code.co_filename == own[-1].filename), None)
    last = "\n".join([f"`{_as_raised(error)}`", *filter(None, [_meaning(error, theirs)])])
    if not frames:
        return last
    # the deepest frame that is not in an installed package is the student's
    frame = (own or frames)[-1]
    line = visible((linecache.getline(frame.filename, frame.lineno or 0) or frame.line or "").strip())
    of = f" of `{frame.name}`" if frame.name.isidentifier() else ""
    return f"Line {frame.lineno}{of}: `{line}`\n{last}" if line else last


def _meaning(error, frame):
    try:
        return in_words(error, frame)
    except Exception:  # its text is the student's code, too
        return ""


def _as_raised(error):
    try:
        text = str(error)
    except Exception:  # its text is the student's code, too
        text = "its text cannot be read"
    text = "\n".join(map(visible, (text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...").splitlines()))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
