"""Integers, numbers and shares that are passed in: each checked in one way, and refused in the house's form."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from math import inf
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeVar

from .errors import CourseError, DataError

Size: TypeAlias = int | Sequence[int]  # one number for one axis, or one for each
SizeT = TypeVar("SizeT", int, tuple[int, ...])
Padding: TypeAlias = str | int | Sequence[Any]  # as `output_size` takes it


def is_integer(value: Any, least: float = -inf, most: float = inf) -> bool:
    """Return whether the value is an integer from `least` to `most`; True and False are none.

    Examples
    --------
    >>> is_integer(3, 1), is_integer(True), is_integer(3.0)
    (True, False, False)
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and least <= value <= most


def is_number(value: Any, least: float = -inf, most: float = inf) -> bool:
    """Return whether the value is a finite real number from `least` to `most`; True, False and NaN are none.

    Examples
    --------
    >>> is_number(0.5, 0, 1), is_number(float("nan")), is_number("1")
    (True, False, False)
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    value = value.item() if hasattr(value, "item") else value  # beside a float32, the largest float64 is infinite
    return real and least <= value <= most and abs(value) <= sys.float_info.max


def refuse(name: str, value: Any, rule: str, error: type[CourseError] = DataError) -> CourseError:
    """Return the error to raise: what was expected, and what came."""
    return error(f"{name} must be {rule}. Received: {name}={value!r}")


def integer(
    name: str,
    value: Any,
    least: int = 1,
    most: float = inf,
    error: type[CourseError] = DataError,
    rule: str | None = None,
) -> int:
    """Return the value as a plain integer.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    value : object
        What was passed.
    least, most : int
        The smallest and the largest that are allowed.
    error : type
        What is raised.
    rule : str, optional
        What stands after "must be"; by default it is made from `least` and `most`.

    Returns
    -------
    int

    Raises
    ------
    CourseError
        Of the type `error`, if it is no integer or lies outside.

    Examples
    --------
    >>> integer("epochs", 0)
    Traceback (most recent call last):
    cnn_course.errors.DataError: epochs must be an integer of at least 1. Received: epochs=0
    """
    if is_integer(value, least, most):
        return int(value)
    ends = f"of at least {least}" if most == inf else f"from {least} to {most}"
    raise refuse(name, value, rule or f"an integer {ends}", error)


def positive_integer(name: str, value: Any, error: type[CourseError] = DataError) -> int:
    """Return the value if it is a positive integer.

    Examples
    --------
    >>> positive_integer("n", 2)
    2
    """
    return integer(name, value, 1, inf, error, "a positive integer")


def number(
    name: str,
    value: Any,
    least: float = 0,
    most: float = inf,
    error: type[CourseError] = DataError,
    rule: str | None = None,
) -> float:
    """Return the value as a plain float; the arguments as in `integer`, both ends allowed.

    Examples
    --------
    >>> number("noise", 300, 0, 255)
    Traceback (most recent call last):
    cnn_course.errors.DataError: noise must be a number from 0 to 255. Received: noise=300
    """
    if is_number(value, least, most):
        return float(value)
    ends = f"of at least {least}" if most == inf else f"from {least} to {most}"
    raise refuse(name, value, rule or f"a number {ends}", error)


def positive_number(
    name: str, value: Any, error: type[CourseError] = DataError, rule: str = "a positive number"
) -> float:
    """Return the value as a float if it is positive and finite.

    Examples
    --------
    >>> positive_number("learning_rate", 1)
    1.0
    """
    if is_number(value) and value > 0:
        return float(value)
    raise refuse(name, value, rule, error)


def share(name: str, value: Any, error: type[CourseError] = DataError) -> float:
    """Return the value as a float if it lies between 0 and 1, both ends excluded.

    Examples
    --------
    >>> share("confidence", 95)
    Traceback (most recent call last):
    cnn_course.errors.DataError: confidence must be a number between 0 and 1. Received: confidence=95
    """
    if is_number(value) and 0 < value < 1:
        return float(value)
    raise refuse(name, value, "a number between 0 and 1", error)


def listed(wanted: object, names: Iterable[str], most: int = 12) -> str:
    """Return the names in a row for a message; of many only those that are most like the wanted one.

    Examples
    --------
    >>> listed("cnv", ["conv", "pool"])
    'conv, pool'
    >>> listed("block_12", [f"block_{k}_relu" for k in range(40)], most=2)
    'block_12_relu, block_2_relu and 38 more'
    """
    from difflib import get_close_matches

    names = list(dict.fromkeys(names))
    if len(names) <= most:
        return ", ".join(names)
    near = get_close_matches(str(wanted), names, n=min(most, 5), cutoff=0.3) or names[:most]
    return f"{', '.join(near)} and {len(names) - len(near)} more"
