"""What a student calls: check, hint, solution, and yours_or_ours for the lessons."""

import contextlib
import os
import textwrap
import tomllib
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from ..errors import CourseError, ExerciseError
from .definitions import Exercise, FunctionExercise
from .judge import SEED, judge
from .judged import earlier_definition
from .observe import Printed
from .registry import broken_sources, exercises_of, find_exercise
from .repair import Repair, smallest_repair
from .result import NOT_ATTEMPTED, Result, box, inline_html, plain_text
from .state import Progress, entry_of, progress, record, under_nbgrader

_NOTHING = object()
_repairs: dict[str, Repair] = {}  # of the last answer to each exercise: the last hint asks about it


class NotPassedError(CourseError, AssertionError):
    """Raised by check while nbgrader runs a notebook: nbgrader pays a cell that does not raise.

    Parameters
    ----------
    result : Result
        What the check found.
    """

    def __init__(self, result: Result):
        super().__init__(f"{result.exercise}: {result.outcome}. {plain_text(result.message)}")
        self.result = result

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: a feedback page has the result above; ``nbgrader validate`` prints nothing else."""
        lines = repr(self.result).splitlines()
        if os.environ.get("NBGRADER_EXECUTION") != "validate":
            return lines[:1]
        return [part for line in lines for part in textwrap.wrap(line, 80, subsequent_indent="    ") or [""]]


@dataclass(frozen=True)
class Text:
    """A sentence or a listing, as text and as HTML."""

    text: str
    code: str = ""

    def __repr__(self) -> str:
        return plain_text(self.text) + (f"\n\n{self.code}" if self.code else "")

    def _repr_html_(self) -> str:
        code = f"<pre style='margin:.4em 0'>{escape(self.code)}</pre>" if self.code else ""
        return box(inline_html(self.text) + code)


def check(exercise: str | None = None, answer: object = _NOTHING, seed: int = SEED) -> Result | Progress | None:
    """Return whether an answer is right, and if not, what to think about.

    Under nbgrader's ``autograde`` and ``validate`` it shows the result, raises unless the answer passes, and returns
    nothing.

    Parameters
    ----------
    exercise : str, optional
        The exercise's id; without it, all exercises are listed.
    answer : object
        The function itself, a dict ``{question: option}``, or the object that was asked for.
    seed : int, optional
        Draws the cases; the same for everybody unless a grader gives another.

    Returns
    -------
    Result or Progress
        A result has ``.outcome``, ``.points`` and ``.message``.

    Raises
    ------
    ExerciseError
        If there is no such exercise, or no answer.
    NotPassedError
        Under nbgrader, if the answer does not pass.

    Examples
    --------
    >>> check("output-size", lambda w, k, p, s: (w - k + p) // s + 1).message
    'You added the padding once. It is added on both sides, so it counts twice.'
    """
    if exercise is None:
        return progress()
    found = find_exercise(exercise)
    if answer is _NOTHING:
        raise ExerciseError(
            f"check needs the id and your answer: check({found.id!r}, {found.answer_name}). Received no answer."
        )
    grading = under_nbgrader()
    # A warning on stderr would cost all points: nbgrader takes it for an error.
    with contextlib.redirect_stderr(Printed()) if grading else contextlib.nullcontext():
        result = judge(found, answer, seed)
    earlier = earlier_definition(found.answer_name, answer)
    if grading:
        result = replace(result, note=earlier)
        _display(result)
        if not result.passed:
            raise NotPassedError(result)
        return None
    result = _with_repair(found, answer, seed, result)
    attempts = 0 if result.outcome == NOT_ATTEMPTED else 1
    note = record(found.id, attempts=attempts, outcome=result.outcome, passed=result.passed)
    return replace(result, note=" ".join(filter(None, [earlier, note, *broken_sources()])))


def _with_repair(exercise, answer, seed, result):
    """Where no idea stands behind a wrong function, add what a small change of it would repair."""
    _repairs.pop(exercise.id, None)
    repair = None
    if result.unexplained and isinstance(exercise, FunctionExercise):
        repair = smallest_repair(exercise, answer, seed)
    if repair is None:
        return result
    _repairs[exercise.id] = repair
    return replace(result, message=f"{result.message}\n{repair.sentence}")


def _display(result):
    """Show a result without giving it as the cell's value, which nbgrader would take for points."""
    from IPython.display import display

    display(result)


def hint(exercise: str | None = None) -> Text | Progress:
    """Return the next hint, from a nudge to almost the answer; without an id, list the exercises.

    Parameters
    ----------
    exercise : str, optional

    Returns
    -------
    Text or Progress

    Examples
    --------
    >>> hint("output-size")
    Hint 1 of 3: ...
    """
    if exercise is None:
        return progress()
    found = find_exercise(exercise)
    number = min(entry_of(found.id).get("hints", 0), len(found.hints) - 1)
    record(found.id, hints=1)
    text = f"**Hint {number + 1} of {len(found.hints)}:** {found.hints[number]}"
    if number + 1 == len(found.hints) and found.id in _repairs:
        text = "\n".join(filter(None, [text, _repairs[found.id].question]))
    return Text(text)


def solution(exercise: str) -> Text:
    """Return a solution, after an attempt, and not before the date that a teacher may have set.

    Parameters
    ----------
    exercise : str

    Returns
    -------
    Text

    Raises
    ------
    ExerciseError
        If there is no such exercise.

    Notes
    -----
    A teacher locks solutions until a date by ``CNN_COURSE_SOLUTIONS_FROM=2026-12-01``, or by a file ``cnn-course.toml``
    with the line ``solutions_from = 2026-12-01`` in the lessons' folder or above it.

    Examples
    --------
    >>> solution("output-size")
    Try it first: write an answer, and check it. ...
    """
    found = find_exercise(exercise)
    opens = _solutions_from()
    if opens and date.today() < opens:
        return Text(f"Your teacher opens the solutions on {opens:%d %B %Y}. Until then there is `hint({found.id!r})`.")
    if not entry_of(found.id).get("attempts"):
        return Text(f"Try it first: write an answer, and check it. Stuck? `hint({found.id!r})`.")
    return Text(f"**One solution of `{found.id}`:**", found.solution.strip())


def _solutions_from():
    """The day from which solutions are shown, or None."""
    value = os.environ.get("CNN_COURSE_SOLUTIONS_FROM")
    for folder in () if value else (Path.cwd(), *Path.cwd().parents):
        file = folder / "cnn-course.toml"
        if file.is_file():
            try:
                value = tomllib.loads(file.read_text(encoding="utf-8")).get("solutions_from")
            except (OSError, tomllib.TOMLDecodeError) as error:
                raise ExerciseError(f"{file} cannot be read: {error}") from error
            break
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        raise ExerciseError(f"solutions_from must be a date like 2026-12-01. Received: {value!r}") from None


def yours_or_ours(exercise: str, answer: Any) -> Any:
    """Return the student's answer if it passes, and the course's until then.

    Parameters
    ----------
    exercise : str
    answer : object

    Returns
    -------
    object
        Of the same kind as the answer.

    Examples
    --------
    >>> size = yours_or_ours("output-size", lambda w, k, p, s: ...)
    >>> size(32, 5, 0, 1)
    28
    """
    found = find_exercise(exercise)
    if judge(found, answer).passed:
        return answer
    return found.reference if isinstance(found, FunctionExercise) else found.solved()


def list_exercises(lesson: str | int | None = None) -> tuple[Exercise, ...]:
    """Return the exercises, or those of one lesson.

    Parameters
    ----------
    lesson : str or int, optional
        ``"02"``, ``"2"`` or 2; for a teacher's exercises the name of their file.

    Returns
    -------
    tuple of Exercise

    Raises
    ------
    ExerciseError
        If no such lesson has exercises.

    Examples
    --------
    >>> [exercise.id for exercise in list_exercises("02")][:2]
    ['output-size', 'same-padding']
    """
    return exercises_of(lesson)
