"""What a student has done so far: one small file, written whole or not at all."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

import filelock

from .._files import state_folder, write_atomically
from ..errors import DataError
from .registry import broken_sources, exercises_of
from .result import NOT_ATTEMPTED, PASS, box

_WAIT = 5.0


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
    def points(self):
        """Points reached."""
        return sum(row.points for row in self.rows)

    @property
    def of(self):
        """Points there are."""
        return sum(row.of for row in self.rows)

    def __repr__(self):
        lines = [f"{self.points} of {self.of} points"]
        for row in self.rows:
            mark = "✓" if row.outcome == PASS else "·" if row.outcome == NOT_ATTEMPTED else "✗"
            lines.append(f"  {mark} {row.lesson}  {row.id:<24} {row.points} of {row.of}  {row.outcome}")
        return "\n".join(lines + ([self.note] if self.note else []))

    def _repr_html_(self):
        body = "".join(
            f"<tr><td>{row.lesson}</td><td style='text-align:left'><code>{row.id}</code></td>"
            f"<td style='text-align:left'>{escape(row.title)}</td><td>{row.points} of {row.of}</td>"
            f"<td style='text-align:left'>{row.outcome}</td></tr>"
            for row in self.rows
        )
        head = "<tr><th>lesson</th><th>exercise</th><th></th><th>points</th><th></th></tr>"
        note = f"<div>{escape(self.note)}</div>" if self.note else ""
        return box(f"<b>{self.points} of {self.of} points</b><table>{head}{body}</table>{note}")


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
    entries, note = _read()
    rows = []
    for exercise in exercises_of(lesson):
        entry = entries.get(exercise.id, {})
        passed = entry.get("passed", False)
        outcome = PASS if passed else entry.get("outcome", NOT_ATTEMPTED)
        reached = exercise.points if passed else 0
        attempts = entry.get("attempts", 0)
        rows.append(
            ProgressRow(exercise.id, exercise.lesson, exercise.title, outcome, reached, exercise.points, attempts)
        )
    return Progress(tuple(rows), " ".join(filter(None, [note, *broken_sources()])))


def entry_of(exercise_id):
    """Return what is kept of one exercise: attempts, outcome, passed, hints."""
    return _read()[0].get(exercise_id, {})


def record(exercise_id, **changes):
    """Change one exercise's entry on disk; return an empty string, or a sentence if it could not be kept.

    ``attempts`` and ``hints`` are added to, ``passed`` stays once it is true.
    """
    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "progress.lock", timeout=_WAIT):
            entries, note = _read(set_aside=True)
            entry = entries.setdefault(exercise_id, {})
            for key, value in changes.items():
                entry[key] = entry.get(key, 0) + value if key in ("attempts", "hints") else value or entry.get(key)
            entry["time"] = datetime.now(UTC).isoformat(timespec="seconds")
            _write(folder / "progress.json", {"version": 1, "exercises": entries})
            return note
    except DataError as error:
        return f"Your progress could not be kept. {error} The check itself is right."
    except (OSError, filelock.Timeout) as error:
        reason = getattr(error, "strerror", None) or "another process holds the file"
        return f"Your progress could not be kept in {folder}: {reason}. The check itself is right."


def _read(set_aside=False):
    try:
        path = state_folder() / "progress.json"
        entries = json.loads(path.read_text(encoding="utf-8"))["exercises"]
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise ValueError("not a table of exercises")
        return entries, ""
    except FileNotFoundError:
        return {}, ""
    except DataError as error:
        return {}, str(error)
    except OSError as error:
        return {}, f"Your progress in {path} cannot be read: {error.strerror}."
    except (ValueError, KeyError, TypeError):
        if not set_aside:
            return (
                {},
                f"The progress file {path} is broken. It is set aside at the next check, and a new one begins.",
            )
        aside = path.with_name(f"progress-broken-{datetime.now(UTC):%Y%m%dT%H%M%S}.json")
        path.replace(aside)
        return {}, f"The progress file was broken. It is kept as {aside.name}, and a new one begins."


def _write(path, content):
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
