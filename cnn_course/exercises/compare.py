"""Is the student's answer the expected one? Type, dtype, rank, shape, then values, each with its own message."""

import copy
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import Foreign, shown

RELATIVE = 1e-5
_ROUNDING = 0.01  # by how much a float may miss a whole number
_NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a string",
    bool: "True or False",
    dict: "a dict",
    set: "a set",
}


@dataclass(frozen=True)
class Problem:
    """Why an answer is not the expected one.

    Parameters
    ----------
    kind : str
        ``"type"``, ``"dtype"``, ``"rank"``, ``"shape"``, ``"value"``, or a name of your own.
    message : str
    where : tuple of int, optional
        Index of the first wrong cell.
    """

    kind: str
    message: str
    where: tuple | None = None


def is_model(answer: object) -> bool:
    """Return whether an answer is a Keras model, of whatever kind; a class is none."""
    return hasattr(answer, "layers") and hasattr(answer, "predict_on_batch") and not isinstance(answer, type)


def agree(got: object, expected: object, *_inputs: object) -> Problem | None:
    """Return ``None`` if two plain values agree, otherwise the first problem.

    Numbers and arrays agree to a relative 1e-5 of the largest expected value, whole numbers exactly.

    Examples
    --------
    >>> agree(28, 28)
    >>> agree(28.5, 28).kind
    'type'
    >>> agree(np.zeros((2, 3)), np.zeros((3, 2))).message
    'The shape should be (3, 2). Yours is (2, 3).'
    """
    if got is None and expected is not None:
        return Problem("nothing", "Your function returned nothing. Does it end in a return line?")
    if isinstance(expected, np.ndarray):
        return _agree_array(got, expected)
    if isinstance(expected, bool | str | dict | set | frozenset) or expected is None:
        return _agree_exact(got, expected)
    if isinstance(expected, numbers.Real):
        return _agree_number(got, expected)
    if isinstance(expected, list | tuple):
        return _agree_sequence(got, expected)
    return None if _same_thing(got, expected) else Problem("value", f"Expected {shown(expected)}.")


def problem_of(exercise: Any, got: object, expected: object, inputs: tuple) -> Problem | None:
    """Return ``None`` if an answer to a function exercise is right on these inputs, otherwise what is wrong with it."""
    if exercise.agree is None or (got is None and expected is not None):
        return agree(got, expected)
    try:
        things = [value.value if isinstance(value, Foreign) else value for value in (got, expected)]
        return exercise.agree(*things, *copy.deepcopy(inputs))
    except Exception:  # it was written for answers of the right kind
        return agree(got, expected) or Problem("type", "The answer is not of the kind that was asked for.")


def same(first: object, second: object) -> bool:
    """Return whether two plain values are the same, of whatever kind."""
    return type(first) is type(second) is type(None) or agree(first, second) is None


def _same_thing(got, expected):
    """Compare what is not plain by its own class, which is the teacher's: a student's class is another one."""
    if isinstance(got, Foreign) and isinstance(expected, Foreign):
        return type(got.value) is type(expected.value) and bool(got.value == expected.value)
    return type(got) is type(expected) and got == expected


def _agree_exact(got, expected):
    if type(expected) in _NAMES and not isinstance(got, type(expected)):
        return Problem("type", f"The answer should be {_NAMES[type(expected)]}. Yours is {_describe(got)}.")
    if isinstance(expected, dict) and got.keys() == expected.keys():
        problems = ((key, agree(got[key], value)) for key, value in expected.items())
        return next((Problem(p.kind, f"{shown(key)}: {p.message}") for key, p in problems if p), None)
    if isinstance(expected, str) and got != expected and got.casefold() == expected.casefold():
        return Problem("value", f"Expected {shown(expected)}. You got {shown(got)}: capital and small letters differ.")
    agreed = not isinstance(expected, dict) and type(got) is type(expected) and got == expected
    return None if agreed else Problem("value", f"Expected {shown(expected)}. You got {shown(got)}.")


def _agree_number(got, expected):
    if not isinstance(got, int | float) or isinstance(got, bool):
        wanted = _NAMES[int if isinstance(expected, int) else float]
        return Problem("type", f"The answer should be {wanted}. Yours is {_describe(got)}.")
    if isinstance(expected, int) and not isinstance(got, int):
        return Problem("type", f"The answer should be a whole number (int). Yours is the float {got!r}.")
    if got == expected if isinstance(expected, int) else _close(got, expected):
        return None
    return Problem("value", f"Expected {shown(expected)}. You got {shown(got)}.")


def _close(got, expected):
    try:
        return bool(np.isclose(float(got), expected, rtol=RELATIVE, atol=1e-12, equal_nan=True))
    except OverflowError:  # a whole number that no float holds
        return False


def _agree_sequence(got, expected):
    kind = "a tuple" if isinstance(expected, tuple) else "a list"
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if not isinstance(got, list | tuple):
        return Problem("type", f"The answer should be {kind} of {len(expected)}. Yours is {_describe(got)}.")
    if len(got) != len(expected):
        parts = f"{len(expected)} part" + "s" * (len(expected) != 1)
        return Problem("shape", f"The answer should have {parts}. Yours has {len(got)}.")
    for position, (mine, theirs) in enumerate(zip(got, expected, strict=True)):
        problem = agree(mine, theirs)
        if problem:
            return Problem(problem.kind, f"Part {position + 1}: {problem.message}", (position,))
    return None


def _agree_array(got, expected):
    if isinstance(got, list | tuple):
        try:
            got = np.asarray(got)
        except (ValueError, OverflowError):
            return Problem("shape", "The rows of your list are not equally long, or not all numbers.")
    if not isinstance(got, np.ndarray):
        return Problem("type", f"The answer should be an array. Yours is {_describe(got)}.")
    if got.dtype.kind not in "biuf" or (expected.dtype.kind == "b") != (got.dtype.kind == "b"):
        wanted = "True and False" if expected.dtype.kind == "b" else "numbers"
        return Problem("dtype", f"The array should hold {wanted}. Yours holds {got.dtype}.")
    if got.ndim != expected.ndim:
        return Problem("rank", f"The array should have {expected.ndim} axes. Yours has {got.ndim}: {got.shape}.")
    if got.shape != expected.shape:
        return Problem("shape", f"The shape should be {expected.shape}. Yours is {got.shape}.")
    return _agree_values(got, expected)


def _agree_values(got, expected):
    if expected.dtype.kind == "b" or (got.dtype.kind in "iu" and expected.dtype.kind in "iu"):
        wrong = got != expected
    else:
        largest = np.max(np.abs(expected, dtype=float), initial=0.0, where=np.isfinite(expected))
        room = RELATIVE * 1e-2 * largest + 1e-12
        if expected.dtype.kind in "iu":  # one too many is wrong however large the numbers are
            wrong = ~np.isclose(got, expected, rtol=0, atol=min(RELATIVE * largest + room, _ROUNDING))
        else:
            wrong = ~np.isclose(got, expected, rtol=RELATIVE, atol=room, equal_nan=True)
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    cell = ", ".join(map(str, where))
    message = f"{int(wrong.sum())} of {wrong.size} values differ; the first one at [{cell}]: "
    message += f"expected {_short(expected[where])}, you got {_short(got[where])}."
    if got.dtype.kind in "iu" and expected.dtype.kind == "f":
        return Problem(
            "dtype", f"Your array holds whole numbers ({got.dtype}): did it cut the decimals? {message}", where
        )
    return Problem("value", message, where)


def _short(number):
    return f"{number:.6g}" if isinstance(number, float | np.floating) else str(number)


def _describe(value):
    if value is None:
        return "nothing (None)"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, Foreign):
        called = " did you forget to call it?"
        return f"{value.text}:{called}" if callable(value.value) else f"a {value.kind}"
    text = shown(value)
    return f"{type(value).__name__} {text}" if len(text) <= 40 else f"a {type(value).__name__}"
