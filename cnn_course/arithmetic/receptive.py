"""What one output pixel of a chain of layers sees of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from .._arguments import Size
from ..errors import GeometryError
from ._axes import integers, positions, read_axes


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels of the picture that one output pixel depends on.

    Attributes
    ----------
    size : int or tuple of int
        Pixels from the first to the last one that it sees; the most, where that differs by position.
    jump : int or tuple of int
        Pixels of the picture from one output pixel's field to the next one's; a fraction behind an upsampling.
    start : int or tuple of int
        Where the first output pixel's field starts; 0 is the picture's first pixel, negative is padding.
    spans : tuple
        Empty where every field is the one before, moved by `jump`. Behind an upsampling that is often not so: then
        for each axis (one, if all are alike) the fields of the first positions, as (first, end), up to a repetition.
    """

    size: int | tuple[int, ...] = 1
    jump: float | tuple[float, ...] = 1
    start: int | tuple[int, ...] = 0
    spans: tuple[tuple[tuple[int, int] | None, ...], ...] = ()

    @property
    def differs(self):
        """Whether the fields differ by position otherwise than by where they lie."""
        return bool(self.spans)

    def __repr__(self):
        more = ", differs by position" if self.differs else ""
        return f"ReceptiveField(size={self.size}, jump={self.jump}, start={self.start}{more})"

    def pixels(self, position):
        """Return the first and the last pixel that the output pixel at `position` sees, both included.

        None where it sees none: a gap between the kernels of a transposed convolution.

        Examples
        --------
        >>> ReceptiveField(size=5, jump=2, start=-2).pixels(3)
        (4, 8)
        """
        columns = (self.size, self.jump, self.start)
        rank = max([len(self.spans), *(len(column) for column in columns if isinstance(column, tuple))])
        several = rank > 1 or any(isinstance(column, tuple) for column in columns)
        places = integers("position", position, max(rank, 1), minimum=0)
        size, jump, start = (column if isinstance(column, tuple) else (column,) * len(places) for column in columns)
        spans = self.spans if len(self.spans) == len(places) else self.spans * len(places) or ((),) * len(places)
        found = tuple(map(_pixels_along, places, size, jump, start, spans))
        return found if several else found[0]


def _pixels_along(place, size, jump, start, spans):
    if not spans:
        return start + place * jump, start + place * jump + size - 1
    turns, phase = divmod(place, len(spans))
    if spans[phase] is None:
        return None
    first, end = (pixel + turns * round(jump * len(spans)) for pixel in spans[phase])
    return first, end - 1


def receptive_field(layers: Iterable[Any], input_size: Size | None = None) -> ReceptiveField:
    """Return what one output pixel of a chain of convolutions and poolings sees of the picture.

    Parameters
    ----------
    layers : list
        First layer first: ``(kernel_size, strides)``, ``(kernel_size, strides, padding)``,
        ``(kernel_size, strides, padding, dilation_rate)``, or a dictionary with these names (only
        ``kernel_size``, or ``pool_size``, is needed). Numbers or tuples, as in `output_size`.
    input_size : int, tuple of int or None, default None
        The size of the picture. Needed only for ``"same"`` with strides above 1, whose padding depends on it.

    Returns
    -------
    ReceptiveField
        ``size``, ``jump`` and ``start``: numbers, or tuples if any argument is a tuple.

    Raises
    ------
    GeometryError
        If a layer is not one of these forms, or ``"same"`` meets strides without an `input_size`.

    Notes
    -----
    With kernel k, dilation d, stride s and p zeros before the picture, a layer makes ``size`` larger by
    ``(k - 1) d jump``, moves ``start`` by ``-p jump`` and multiplies ``jump`` by ``s``.

    References
    ----------
    Araujo, Norris and Sim (2019), Computing receptive fields of convolutional neural networks, Distill.

    Examples
    --------
    >>> receptive_field([(3, 1), (3, 1)])
    ReceptiveField(size=5, jump=1, start=0)
    >>> receptive_field([(3, 1, "same"), (2, 2), (3, 1, "same")])
    ReceptiveField(size=8, jump=2, start=-3)
    """
    if not isinstance(layers, Iterable) or hasattr(layers, "layers"):
        model = hasattr(layers, "layers") or hasattr(layers, "weights")
        advice = " For a Keras model, describe(model).receptive_field says it." if model else ""
        raise GeometryError(
            "layers must be a list of (kernel_size, strides), the first layer first. "
            f"Received: {type(layers).__name__}.{advice}"
        )
    layers = [_layer(index, layer) for index, layer in enumerate(layers)]
    rank = _rank_of_chain(layers, input_size)
    sizes = [None] * (rank or 1) if input_size is None else integers("input_size", input_size, rank or 1)
    fields = [_field_along(axis, layers, rank, size) for axis, size in enumerate(sizes)]
    if rank is None:
        return fields[0]
    return ReceptiveField(*(tuple(values) for values in zip(*map(_values, fields), strict=True)))


def _values(field):
    return field.size, field.jump, field.start


def _layer(index, layer):
    """Return (kernel_size, strides, padding, dilation_rate) of one entry of the list."""
    try:
        if isinstance(layer, Mapping):
            return _named_layer(**layer)
        if isinstance(layer, tuple | list) and 2 <= len(layer) <= 4:
            return _named_layer(*layer)
    except TypeError:
        pass
    raise GeometryError(
        "each layer must be (kernel_size, strides), (kernel_size, strides, padding), (kernel_size, strides, "
        f"padding, dilation_rate) or a dictionary with these names. Received: layers[{index}]={layer!r}"
    )


def _named_layer(kernel_size=None, strides=None, padding="valid", dilation_rate=1, pool_size=None):
    """Return the layer with Keras's defaults: a pooling moves by its own size, a convolution by 1."""
    if (kernel_size is None) == (pool_size is None):
        raise TypeError
    if kernel_size is None:
        return pool_size, pool_size if strides is None else strides, padding, dilation_rate
    return kernel_size, 1 if strides is None else strides, padding, dilation_rate


def _rank_of_chain(layers, input_size):
    """Return the number of axes that the first tuple says, or None where all are plain numbers."""
    for kernel_size, strides, padding, dilation_rate in layers:
        for value in (kernel_size, strides, dilation_rate):
            if isinstance(value, tuple | list):
                return len(value)
        if isinstance(padding, tuple | list) and any(isinstance(p, tuple | list) for p in padding):
            return len(padding)
    return len(input_size) if isinstance(input_size, tuple | list) else None


def _field_along(index, layers, rank, size):
    def grow(state, layer):
        field, size = state
        axis = _layer_axis(index, layer, rank, size)
        grown = ReceptiveField(
            field.size + (axis.window - 1) * field.jump,
            field.jump * axis.stride,
            field.start - axis.padding[0] * field.jump,
        )
        return grown, None if size is None else positions(axis, ceil_mode=False)

    return reduce(grow, layers, (ReceptiveField(), size))[0]


def _layer_axis(index, layer, rank, size):
    """Return one axis of a layer; without a size, of a picture that is large enough."""
    kernel_size, strides, padding, dilation_rate = layer
    stride = integers("strides", strides, rank or 1)[index]
    if size is None and padding == "same" and stride > 1:
        raise GeometryError(
            'input_size must be given where padding="same" meets strides above 1: the zeros before the picture '
            f"depend on it. Received: input_size=None, strides={strides}"
        )
    some_size = 1 if size is None else size
    whole = some_size if rank is None else (some_size,) * rank
    return read_axes(whole, kernel_size, strides, padding, dilation_rate)[index]
