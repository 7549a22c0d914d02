"""The course's own answers: known when they are handed in, and closed while a student's function for them runs."""

import contextlib
import functools
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from ..errors import ExerciseError

T = TypeVar("T")
OWN = "This is the course's own function; write yours."
_answering: ContextVar[str] = ContextVar("answering", default="")
_made: weakref.WeakValueDictionary = weakref.WeakValueDictionary()


class OwnAnswerError(ExerciseError):
    """An answer asked the course for the answer."""


class Reference:
    """The right function of an exercise; it refuses to work for an answer to that exercise.

    Parameters
    ----------
    exercise_id : str
    function : callable
    """

    def __init__(self, exercise_id: str, function: Callable) -> None:
        functools.update_wrapper(self, function)
        self._id, self._function = exercise_id, function

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Return what the function returns."""
        refuse_inside(self._id)
        return self._function(*args, **kwargs)


class Choices(dict):
    """The right options: a dict that is known again."""


def refuse_inside(exercise_id: str) -> None:
    """Raise OwnAnswerError while an answer to this exercise runs."""
    if exercise_id == _answering.get():
        raise OwnAnswerError(OWN)


@contextlib.contextmanager
def closed(exercise_id: str) -> Iterator[None]:
    """Close this exercise's reference and solution."""
    token = _answering.set(exercise_id)
    try:
        yield
    finally:
        _answering.reset(token)


def made_from(text: str, name: str) -> Any:
    """Run a solution's text, and return what it calls by this name."""
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    return remembered(namespace[name])


def remembered(value: T) -> T:
    """Return the value; ``is_own`` knows it from now on, if Python can refer to it weakly."""
    with contextlib.suppress(TypeError):
        _made[id(value)] = value
    return value


def is_own(answer: object) -> bool:
    """Return whether an answer is a reference or comes from ``Exercise.solved()``."""
    return isinstance(answer, Reference) or (answer is not None and _made.get(id(answer)) is answer)
