"""Exercises by id: the course's own, and a teacher's."""

import importlib.util
import os
import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from ..errors import ExerciseError
from .definitions import Exercise


def all_exercises():
    """Return every exercise: the course's in the order of the lessons, then the teacher's.

    A teacher's exercises come from the files in the folders that ``CNN_COURSE_EXERCISES`` names, and from modules that
    a package declares under the entry point ``cnn_course.exercises``.

    Returns
    -------
    tuple of Exercise
    """
    return (*_shipped(), *_from_folders(os.environ.get("CNN_COURSE_EXERCISES", "")), *_from_entry_points())


def find_exercise(exercise_id):
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
    raise ExerciseError(f"There is no exercise {exercise_id!r}. {advice}")


@cache
def _shipped():
    package = import_module(__package__)
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("lesson_"))
    return tuple(
        exercise
        for name in names
        for exercise in _exercises_in(import_module(f"{__package__}.{name}"), name.removeprefix("lesson_"))
    )


@cache
def _from_folders(paths):
    files = [file for path in paths.split(os.pathsep) if path for file in sorted(Path(path).glob("*.py"))]
    return tuple(exercise for file in files for exercise in _exercises_in(_load(file), file.stem))


@cache
def _from_entry_points():
    found = entry_points(group="cnn_course.exercises")
    return tuple(exercise for point in found for exercise in _exercises_in(point.load(), point.name))


def _load(file):
    spec = importlib.util.spec_from_file_location(f"cnn_course_exercises_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ExerciseError(f"The exercises in {file} cannot be read: {type(error).__name__}: {error}") from error
    return module


def _exercises_in(module, lesson):
    return [replace(value, lesson=lesson) for value in vars(module).values() if isinstance(value, Exercise)]
