"""Traits for numbers, sizes and padding, checked in the house's form and said as Keras says them."""

import numpy as np
import traitlets

from .._arguments import is_integer
from ..arithmetic import padding_pairs
from ..errors import GeometryError


class Numbers(traitlets.TraitType):
    """An array of numbers; what is no finite number goes to the page as text, because JSON has no word for it.

    Parameters
    ----------
    default_value : nested tuple
        The first value.
    axes : int
        Axes that the page is sent: 3 for (height, width, channels), 4 for a kernel. An array may also have two.
    largest : tuple of int
        The largest size along each axis.
    """

    def __init__(self, default_value, axes, largest, **options):
        self.axes, self.largest = axes, largest
        super().__init__(np.array(default_value, float), **options)
        self.tag(to_json=self._to_json, from_json=self._from_json)

    def validate(self, obj, value):
        """Return the value as an array of floats that nobody changes in place, or raise."""
        try:
            array = np.array(value, float)
        except (TypeError, ValueError):
            raise GeometryError(f"{self.name} must be an array of numbers. Received: {self.name}={value!r}") from None
        if array.ndim not in (2, self.axes) or 0 in array.shape:
            more = {3: "(height, width, channels)", 4: "(height, width, channels, filters)"}[self.axes]
            raise GeometryError(
                f"{self.name} must have the shape (height, width) or {more}, at least 1 along each. "
                f"Received: {self.name} of shape {array.shape}"
            )
        if any(size > most for size, most in zip(array.shape, self.largest, strict=False)):
            raise GeometryError(
                f"{self.name} must have at most {' x '.join(map(str, self.largest))} numbers, because each one is "
                f"drawn. Received: {self.name} of shape {array.shape}. Take a part of it."
            )
        array = array[(..., *[0] * (self.axes - 2))] if array.shape[2:] == (1,) * (self.axes - 2) else array
        array.setflags(write=False)
        return array

    def set(self, obj, value):
        """Set the value; the same numbers again change nothing and tell nobody."""
        new = self._validate(obj, value)
        old = obj._trait_values.get(self.name)
        if old is None or old.shape != new.shape or not np.array_equal(old, new, equal_nan=True):
            obj._trait_values[self.name] = new
            obj._notify_trait(self.name, old, new)

    def _to_json(self, value, _widget):
        whole = value.reshape(*value.shape, *[1] * (self.axes - value.ndim))
        return _json_numbers(whole.tolist())

    def _from_json(self, value, _widget):
        return np.array(value, float)


def _json_numbers(value):
    if isinstance(value, list):
        return [_json_numbers(entry) for entry in value]
    if not np.isfinite(value):
        return {np.inf: "Infinity", -np.inf: "-Infinity"}.get(value, "NaN")
    return int(value) if value == int(value) else value


class Pair(traitlets.TraitType):
    """A whole number for rows and columns, or a tuple of two that differ."""

    def __init__(self, default_value, largest, smallest=1, **options):
        self.smallest, self.largest = smallest, largest
        super().__init__(default_value, **options)

    def validate(self, obj, value):
        """Return the number, or the tuple where the two differ, or raise."""
        pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
        fits = len(pair) == 2 and all(is_integer(number, self.smallest, self.largest) for number in pair)
        if not fits:
            raise GeometryError(
                f"{self.name} must be an integer from {self.smallest} to {self.largest} or a pair of them. "
                f"Received: {self.name}={value!r}"
            )
        rows, columns = map(int, pair)
        return rows if rows == columns else (rows, columns)


class Padding(traitlets.TraitType):
    """``"valid"``, ``"same"``, ``"symmetric"``, or zeros from 0 to 12 in the forms of `output_size`."""

    default_value = "valid"

    def validate(self, obj, value):
        """Return the padding in its shortest form, or raise."""
        if isinstance(value, str) and value in ("valid", "same", "symmetric"):
            return value
        if isinstance(value, list | tuple):
            value = tuple(tuple(side) if isinstance(side, list | tuple) else side for side in value)
        try:
            rows, columns = padding_pairs((1, 1), 1, 1, value)
        except GeometryError:
            rows = columns = (99, 99)
        if max(*rows, *columns) > 12:
            raise GeometryError(
                'padding must be "valid", "same", "symmetric", an integer from 0 to 12, (rows, columns) or ((before, '
                f"after), (before, after)). Received: padding={value!r}"
            )
        if rows[0] != rows[1] or columns[0] != columns[1]:
            return rows, columns
        return rows[0] if rows == columns else (rows[0], columns[0])
