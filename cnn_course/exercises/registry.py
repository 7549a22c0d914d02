"""Exercises by id: the course's own, and a teacher's."""

import importlib.util
import os
import pkgutil
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from ..errors import ExerciseError
from .definitions import Exercise


@dataclass(frozen=True)
class _Source:
    """What one file or entry point holds: its exercises, or a sentence why they cannot be read."""

    exercises: tuple[Exercise, ...] = ()
    problem: str = ""


def all_exercises() -> tuple[Exercise, ...]:
    """Return every exercise: the course's in the order of the lessons, then the teacher's.

    A teacher's exercises come from the files in the folders that ``CNN_COURSE_EXERCISES`` names, and from modules that
    a package declares under the entry point ``cnn_course.exercises``. One that cannot be read is left out;
    ``broken_sources`` names it.

    Returns
    -------
    tuple of Exercise
    """
    return (*_shipped(), *(exercise for source in _teachers() for exercise in source.exercises))


def broken_sources() -> tuple[str, ...]:
    """Return a sentence for each of the teacher's files and entry points that cannot be read."""
    return tuple(source.problem for source in _teachers() if source.problem)


def exercises_of(lesson: str | int | None) -> tuple[Exercise, ...]:
    """Return the exercises of one lesson, or all of them.

    Parameters
    ----------
    lesson : str or int, optional
        ``"02"``, ``"2"`` or 2; for a teacher's exercises the name of the file.

    Returns
    -------
    tuple of Exercise

    Raises
    ------
    ExerciseError
        If there are none; the lessons that have some are named.
    """
    exercises = all_exercises()
    if lesson is None:
        return exercises
    name = str(lesson)
    found = tuple(e for e in exercises if e.lesson in (name, name.zfill(2)))
    if not found:
        lessons = ", ".join(map(repr, dict.fromkeys(e.lesson for e in exercises)))
        raise ExerciseError(" ".join([f"No lesson {lesson!r} has exercises. There are {lessons}.", *broken_sources()]))
    return found


def find_exercise(exercise_id: str) -> Exercise:
    """Return the exercise with this id.

    Parameters
    ----------
    exercise_id : str

    Returns
    -------
    Exercise

    Raises
    ------
    ExerciseError
        If there is none; near names are suggested.

    Examples
    --------
    >>> find_exercise("output-size").points
    2
    """
    import difflib

    known = {exercise.id: exercise for exercise in all_exercises()}
    if exercise_id in known:
        return known[exercise_id]
    near = difflib.get_close_matches(str(exercise_id).replace("_", "-"), known, n=3)
    advice = f"Did you mean {' or '.join(map(repr, near))}?" if near else "check() lists them all."
    raise ExerciseError(" ".join([f"There is no exercise {exercise_id!r}. {advice}", *broken_sources()]))


@cache
def _shipped():
    package = import_module(__package__)
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("lesson_"))
    return tuple(
        exercise
        for name in names
        for exercise in _exercises_in(import_module(f"{__package__}.{name}"), name.removeprefix("lesson_"))
    )


def _teachers():
    """Each of the teacher's files and entry points."""
    for folder in filter(None, os.environ.get("CNN_COURSE_EXERCISES", "").split(os.pathsep)):
        try:
            stamps = [(file, file.stat().st_mtime_ns) for file in sorted(Path(folder).expanduser().glob("*.py"))]
        except OSError as error:
            yield _Source(problem=f"The exercises in {folder} cannot be read: {error.strerror}.")
            continue
        for file, stamp in stamps:
            yield _from_file(file, stamp)
    yield from _from_entry_points()


@cache
def _from_file(file, stamp):
    """Read a file of exercises, again when it was changed."""
    return _read(file, lambda: _load(file), file.stem)


@cache
def _from_entry_points():
    found = entry_points(group="cnn_course.exercises")
    return tuple(_read(f"the entry point {point.name}", point.load, point.name) for point in found)


def _read(where, load, lesson):
    try:
        return _Source(tuple(_exercises_in(load(), lesson)))
    except (Exception, SystemExit) as error:  # whatever a teacher's file raises, the other exercises work
        return _Source(problem=f"The exercises in {where} cannot be read: {type(error).__name__}: {error}")


def _load(file):
    spec = importlib.util.spec_from_file_location(f"cnn_course_exercises_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _exercises_in(module, lesson):
    return [replace(value, lesson=lesson) for value in vars(module).values() if isinstance(value, Exercise)]
