"""What an answer can be: plain numbers, texts and arrays, and collections of them, taken over once and then trusted."""

import itertools
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._tables import visible

_MOST_PARTS = 1_000_000
_MOST_BYTES = 2**28
_DEEPEST = 40
# A student's class may inherit from these and lie about its value; their own methods tell it.
_SCALARS: tuple[tuple[type, Any], ...] = (
    (bool, bool),
    (int, int.__index__),
    (float, float.__float__),
    (complex, complex.__complex__),
    (str, str.__str__),
    (bytes, bytes.__bytes__),
)
_COLLECTIONS: tuple[tuple[type, Any, Any], ...] = (
    (list, list, list.__iter__),
    (tuple, tuple, tuple.__iter__),
    (set, set, set.__iter__),
    (frozenset, frozenset, frozenset.__iter__),
    (dict, dict, dict.items),
)


class UnfitError(Exception):
    """What was returned cannot be taken over; the text says why, to the student."""


class Foreign:
    """Something without a plain form.

    Parameters
    ----------
    value : object
        The thing itself, for an exercise that knows such things.
    text : str
        How it reads, taken down where the student's code runs.
    """

    def __init__(self, value: object, text: str) -> None:
        self.value, self.kind, self.text = value, type(value).__name__, text

    def __repr__(self) -> str:
        return self.text


def plain(value: object) -> object:
    """Return a value in plain Python and NumPy, so that comparing and showing it runs nothing of the student's.

    A tensor becomes an array, a NumPy number or an array without axes a number, a generator a list, and an object of a
    class that inherits from one of these the thing itself. What has no plain form becomes ``Foreign``.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Raises
    ------
    UnfitError
        If it has no end, is too large, holds itself, has a mask, or is an array of objects.

    Examples
    --------
    >>> plain(np.float64(2)), plain(n * n for n in range(3))
    (2.0, [0, 1, 4])
    """
    return _plain(value, itertools.count(1), 0)


def _plain(value, counter, depth):
    if value is None or value is ... or isinstance(value, Foreign):
        return value
    value = _as_numpy(value)
    kind = type(value)
    if issubclass(kind, np.ndarray | np.generic):
        return _plain_array(value)
    for base, itself in _SCALARS:
        if issubclass(kind, base):
            return _not_too_long(itself(value))
    if depth > _DEEPEST or next(counter) > _MOST_PARTS:
        raise UnfitError("Your answer holds too many parts, or itself: return one number, array, list or tuple.")
    for base, make, parts in _COLLECTIONS:
        if issubclass(kind, base):
            return make(_parts(parts(value), counter, depth))
    if isinstance(value, Iterator | range):
        return list(_parts(value, counter, depth))
    return Foreign(value, _reads(value))


def _parts(values, counter, depth):
    for part in values:
        if next(counter) > _MOST_PARTS:
            raise UnfitError(f"Your answer has more than {_MOST_PARTS:,} parts, or no end.")
        if type(part) is float or type(part) is int:  # most of what there is
            yield part
        else:
            yield _plain(part, counter, depth + 1)


def _not_too_long(value):
    if isinstance(value, str | bytes) and len(value) > _MOST_PARTS:
        raise UnfitError(f"Your answer is a text of {len(value):,} characters: too long to compare.")
    return value


def _as_numpy(value):
    """Return a tensor, or whatever else says that it is an array, as one."""
    kind = type(value)
    if kind.__module__ == "builtins" or issubclass(kind, np.ndarray | np.generic) or isinstance(value, type):
        return value
    found = value
    if hasattr(found, "detach"):
        found = found.detach().cpu()
    if hasattr(found, "numpy"):
        found = found.numpy()
    elif hasattr(found, "__array__"):
        found = np.asarray(found)
    return found if issubclass(type(found), np.ndarray | np.generic) else value


def _plain_array(value):
    if issubclass(type(value), np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
        raise UnfitError(
            "Your array has a mask, and what it hides would not be compared. Return a plain array: `np.asarray(...)` "
            "of the values, or `.filled(...)`."
        )
    array = np.asarray(value)  # of the base class, whatever a class of the student's own says of itself
    if array.dtype.hasobject:
        raise UnfitError("Your array holds Python objects, not numbers: its dtype is `object`.")
    if array.nbytes > _MOST_BYTES:
        raise UnfitError(f"Your array has the shape {array.shape}: too large to compare.")
    if array.ndim:
        return array.copy()  # the function may go on writing into its own
    number = array.item()
    if isinstance(number, np.generic):  # a long double has no Python number
        number = float(number)
    return number if isinstance(number, bool | int | float | complex | str | bytes) else Foreign(value, str(array))


def _reads(value):
    if callable(value):
        return "a function" if not isinstance(value, type) else f"the class {value.__name__}"
    try:
        text = repr(value)
    except Exception:  # an object that cannot say what it is
        return f"a {type(value).__name__}"
    return visible(text[:300])


class _Short(reprlib.Repr):
    """Texts of plain values that are never long, and never fail."""

    def __init__(self):
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = 60
        self.maxstring = self.maxother = 200

    def repr_int(self, x, level):
        if x.bit_length() > 200:
            return f"a whole number of about {int(x.bit_length() * 0.30103) + 1:,} digits"
        return repr(x)


def shown(value: object) -> str:
    """Return a plain value as a text of at most 300 characters."""
    text = visible(_Short().repr(value))
    return text if len(text) <= 300 else f"{text[:300]} ..."


def contains_ellipsis(value: object, depth: int = 0) -> bool:
    """Return whether ``...`` is left anywhere in an answer."""
    if value is ...:
        return True
    for base, _, parts in _COLLECTIONS:
        if issubclass(type(value), base) and depth < _DEEPEST:
            inside = itertools.chain.from_iterable(parts(value)) if base is dict else parts(value)
            return any(contains_ellipsis(part, depth + 1) for part in itertools.islice(inside, _MOST_PARTS))
    return False
