"""What a student has done so far: one small file, written whole or not at all."""

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import filelock

from .._files import state_folder, write_atomically
from .._tables import Table
from ..errors import DataError
from .registry import broken_sources, exercises_of
from .result import NOT_ATTEMPTED, PASS, box

_WAIT = 5.0
_COUNTS = ("attempts", "hints")
# By the folder that it is for, and apart what belongs to no folder: a notebook that nbgrader runs.
_waiting: dict[tuple[str | None, bool], list[tuple[str, dict[str, Any]]]] = defaultdict(list)


def under_nbgrader() -> bool:
    """Return whether nbgrader runs this notebook: its ``autograde`` or its ``validate``."""
    return os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate")


@dataclass(frozen=True)
class ProgressRow:
    """One exercise's line."""

    id: str
    lesson: str
    title: str
    outcome: str
    points: int
    of: int
    attempts: int


@dataclass(frozen=True)
class Progress:
    """All exercises with what was reached."""

    rows: tuple[ProgressRow, ...]
    note: str = ""

    @property
    def points(self) -> int:
        """Points reached."""
        return sum(row.points for row in self.rows)

    @property
    def of(self) -> int:
        """Points there are."""
        return sum(row.of for row in self.rows)

    def _table(self):
        marks = {PASS: "✓", NOT_ATTEMPTED: "·"}
        rows = [
            (marks.get(row.outcome, "✗"), row.lesson, row.id, row.title, f"{row.points} of {row.of}", row.outcome)
            for row in self.rows
        ]
        head = ("", "lesson", "exercise", "", "points", "")
        above, below = [f"{self.points} of {self.of} points"], [self.note] if self.note else []
        return Table(rows, head=head, right=[4], code=[2], above=above, below=below)

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return box(self._table()._repr_html_())


def progress(lesson: str | int | None = None) -> Progress:
    """Return the student's points, exercise by exercise.

    Parameters
    ----------
    lesson : str or int, optional
        ``"02"``: only this lesson's exercises.

    Returns
    -------
    Progress

    Raises
    ------
    ExerciseError
        If no such lesson has exercises.

    Examples
    --------
    >>> progress().of > 0
    True
    """
    entries, note = _entries()
    rows = []
    for exercise in exercises_of(lesson):
        entry = entries.get(exercise.id, {})
        passed = entry.get("passed", False)
        outcome = PASS if passed else entry.get("outcome") or NOT_ATTEMPTED
        reached = exercise.points if passed else 0
        attempts = entry.get("attempts", 0)
        rows.append(
            ProgressRow(exercise.id, exercise.lesson, exercise.title, outcome, reached, exercise.points, attempts)
        )
    return Progress(tuple(rows), " ".join(filter(None, [note, *broken_sources()])))


def entry_of(exercise_id: str) -> dict[str, Any]:
    """Return what is kept of one exercise: attempts, outcome, passed, hints."""
    return _entries()[0].get(exercise_id, {})


def record(exercise_id: str, **changes: Any) -> str:
    """Change one exercise's entry on disk; return an empty string, or a sentence if it could not be kept.

    ``attempts`` and ``hints`` are added to, ``passed`` stays once it is true. What cannot be written counts until
    Python ends, and is written with the next change that can be. Where nbgrader runs a student's notebook nothing is
    written: the file on that computer is the grader's own.
    """
    waiting = _waiting_here()
    waiting.append((exercise_id, {**changes, "time": datetime.now(UTC).isoformat(timespec="seconds")}))
    if under_nbgrader():
        return ""
    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "progress.lock", timeout=_WAIT):
            path = folder / "progress.json"
            content, note = _read_or_set_aside(path)
            _apply(waiting, content["exercises"])
            with write_atomically(path) as partial:
                partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        waiting.clear()
        return note
    except DataError as error:
        return f"Your progress could not be kept. {error} The check itself is right."
    except (OSError, filelock.Timeout, NotImplementedError) as error:  # some network folders know no locks
        reason = getattr(error, "strerror", None) or "another process holds the file"
        return (
            f"Your progress could not be kept in {folder}: {reason}. The check itself is right, and counts until you "
            "close the notebook."
        )


def _entries():
    """Return what is kept of each exercise, with what could not be written yet, and a sentence on what is wrong."""
    entries, note = {}, ""
    try:
        if not under_nbgrader():
            path = state_folder() / "progress.json"
            entries = _read(path)["exercises"]
    except DataError as error:
        note = str(error)
    except OSError as error:
        note = f"Your progress in {path} cannot be read: {error.strerror}."
    except _BrokenError:
        note = f"The progress file {path} is broken. It is set aside at the next check, and a new one begins."
    _apply(_waiting_here(), entries)
    return entries, note


def _waiting_here():
    return _waiting[os.environ.get("CNN_COURSE_STATE"), under_nbgrader()]


def _apply(changes, entries):
    for exercise_id, change in changes:
        entry = entries.setdefault(exercise_id, {})
        for key, value in change.items():
            entry[key] = entry.get(key, 0) + value if key in _COUNTS else value or entry.get(key)


def _read_or_set_aside(path):
    """Return the file's content. One that the disk does not give now is an OSError: nothing may be written over it."""
    try:
        return _read(path), ""
    except _BrokenError:
        aside = path.with_name(f"progress-broken-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.json")
        path.replace(aside)
        return {"version": 1, "exercises": {}}, f"The progress file was broken. It is kept as {aside.name}."


def _read(path):
    """Return the file's content, with all that a newer version may have put there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"version": 1, "exercises": {}}
    except (ValueError, RecursionError) as error:
        raise _BrokenError from error
    if not isinstance(content, dict) or not isinstance(content.get("exercises"), dict):
        raise _BrokenError
    if not all(map(_is_entry, content["exercises"].values())):
        raise _BrokenError
    return content


def _is_entry(entry):
    if not isinstance(entry, dict) or not isinstance(entry.get("outcome", ""), str | None):
        return False
    counts = [entry.get(key, 0) for key in _COUNTS]
    return isinstance(entry.get("passed", False), bool | None) and all(
        type(count) is int and 0 <= count < 10**9 for count in counts
    )


class _BrokenError(Exception):
    """The file is there, and no progress can be read from it."""
