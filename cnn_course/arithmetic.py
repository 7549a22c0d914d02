"""The sizes of convolutions, transposed convolutions and pooling, in plain integers.

Every function takes one number for one axis, or a tuple with one number for each axis; beside a tuple, a single
number counts for every axis, as in Keras. Padding is ``"valid"``, ``"same"``, a number of zeros for every side, or
what Keras's ``ZeroPadding`` layers take: ``(before, after)`` for one axis, ``(rows, columns)`` or
``((before, after), (before, after))`` for two.
"""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from .errors import GeometryError

_PADDING_RULE = {
    1: '"valid", "same", an integer of at least 0, or (before, after)',
    2: '"valid", "same", an integer of at least 0, (rows, columns) or ((before, after), (before, after))',
}


class _Axis(NamedTuple):
    """One spatial axis of a sliding window: every padding already a pair of numbers."""

    size: int
    kernel: int
    stride: int
    padding: tuple[int, int]
    dilation: int

    @property
    def window(self):
        """Pixels from the first to the last one that the dilated kernel touches."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def padded(self):
        return self.size + sum(self.padding)


def output_size(input_size, kernel_size, strides=1, padding="valid", dilation_rate=1, ceil_mode=False):
    """Return the size of the output of a convolution or a pooling.

    Parameters
    ----------
    input_size : int or tuple of int
        Pixels along each spatial axis, at least 1.
    kernel_size : int or tuple of int
        Pixels of the kernel, or of the pooling window, at least 1.
    strides : int or tuple of int, default 1
        Pixels from one position to the next, at least 1.
    padding : str, int or tuple, default "valid"
        ``"valid"``: none. ``"same"``: as TensorFlow pads, see `same_padding`. An integer: that many zeros on
        every side. One axis: ``(before, after)``. Two axes: ``(rows, columns)``, or
        ``((before, after), (before, after))``.
    dilation_rate : int or tuple of int, default 1
        Pixels from one weight of the kernel to the next, at least 1.
    ceil_mode : bool, default False
        Whether a last window may hang over the far border, as in PyTorch's pooling layers. It still has to
        start inside the picture or the padding before it.

    Returns
    -------
    int or tuple of int
        Positions of the kernel along each spatial axis, in the form of `input_size`.

    Raises
    ------
    GeometryError
        If a number is not an integer or is too small, or if the dilated kernel is larger than the padded input.

    Notes
    -----
    ``floor((W - K + 2P) / S) + 1``, with K the dilated kernel and P the padding of each side (where the
    sides differ, 2P is their sum).

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, relationships 1 to 6 and 15.

    Examples
    --------
    >>> output_size(32, 5)
    28
    >>> output_size(32, 5, padding=2)
    32
    >>> output_size((480, 640), 3, strides=2, padding="same")
    (240, 320)
    >>> output_size(5, 2, strides=2), output_size(5, 2, strides=2, ceil_mode=True)
    (2, 3)
    """
    axes = _axes(input_size, kernel_size, strides, padding, dilation_rate)
    return _in_form_of(input_size, [_positions(axis, ceil_mode) for axis in axes])


def same_padding(input_size, kernel_size, strides=1, dilation_rate=1):
    """Return the zeros that ``padding="same"`` adds before and after each axis, as TensorFlow does.

    The output then has ``ceil(input_size / strides)`` pixels. Where the number of zeros is odd, the far side
    (below, right) gets one more.

    Parameters
    ----------
    input_size, kernel_size, strides, dilation_rate : int or tuple of int
        As in `output_size`.

    Returns
    -------
    tuple
        ``(before, after)``; a tuple of such pairs if `input_size` is a tuple.

    Raises
    ------
    GeometryError
        If a number is not an integer, or is smaller than 1.

    References
    ----------
    The section "Padding" of TensorFlow's ``tf.nn`` module.

    Examples
    --------
    >>> same_padding(5, 3)
    (1, 1)
    >>> same_padding(6, 3, strides=2)
    (0, 1)
    >>> same_padding((5, 6), 3, strides=2)
    ((1, 1), (0, 1))
    """
    return padding_pairs(input_size, kernel_size, strides, "same", dilation_rate)


def padding_pairs(input_size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    """Return the zeros before and after each axis, whichever way the padding is said.

    Parameters
    ----------
    input_size, kernel_size, strides, padding, dilation_rate
        As in `output_size`.

    Returns
    -------
    tuple
        ``(before, after)``; a tuple of such pairs if `input_size` is a tuple.

    Raises
    ------
    GeometryError
        If a number is not an integer or is too small, or if `padding` has another form.

    Examples
    --------
    >>> padding_pairs(32, 5, padding=2)
    (2, 2)
    >>> padding_pairs((32, 32), 5, padding=(2, 0))
    ((2, 2), (0, 0))
    """
    axes = _axes(input_size, kernel_size, strides, padding, dilation_rate)
    return _in_form_of(input_size, [axis.padding for axis in axes])


def padding_for(output_size, input_size, kernel_size, strides=1, dilation_rate=1):
    """Return the smallest padding that gives an output of this size.

    Parameters
    ----------
    output_size : int or tuple of int
        The positions that the kernel shall have, at least 1.
    input_size, kernel_size, strides, dilation_rate : int or tuple of int
        As in the function `output_size`.

    Returns
    -------
    tuple
        ``(before, after)``; a tuple of such pairs if `input_size` is a tuple. Where the number of zeros is
        odd, the far side gets one more.

    Raises
    ------
    GeometryError
        If a number is not an integer or is too small, or if the output is larger without any padding: no
        padding makes it smaller.

    Examples
    --------
    >>> padding_for(output_size=32, input_size=32, kernel_size=5)
    (2, 2)
    >>> padding_for(output_size=16, input_size=32, kernel_size=3, strides=2)
    (0, 1)
    >>> padding_for(output_size=20, input_size=32, kernel_size=5)
    Traceback (most recent call last):
        ...
    cnn_course.errors.GeometryError: output_size must be at least 28: the kernel has 28 positions without any
    padding. Received: output_size=20. Larger strides give a smaller output.
    """
    axes = _axes(input_size, kernel_size, strides, 0, dilation_rate)
    wanted = _integers("output_size", output_size, len(axes))
    return _in_form_of(input_size, [_pad_to(axis, size) for axis, size in zip(axes, wanted, strict=True)])


def unreached_pixels(
    input_size, kernel_size, strides=1, padding="valid", dilation_rate=1, ceil_mode=False, count_padding=True
):
    """Return how many pixels lie beyond the last window along each axis, where no window reaches them.

    A framework rounds the output's size down: where the strides do not divide the way that the kernel can
    move, the far border (below, right) is never read. With ``W + 2P`` pixels and a dilated kernel K, these are
    ``(W + 2P - K) mod S``. The pixels that a stride longer than the kernel, or a dilation, jumps over between
    two positions are not counted.

    Parameters
    ----------
    input_size, kernel_size, strides, padding, dilation_rate, ceil_mode
        As in `output_size`.
    count_padding : bool, default True
        Whether the zeros of the padding are counted too. With False only pixels of the picture are: a
        border of zeros that is never read loses nothing.

    Returns
    -------
    int or tuple of int
        Pixels beyond the last window, in the form of `input_size`.

    Raises
    ------
    GeometryError
        As in `output_size`.

    Examples
    --------
    >>> unreached_pixels(32, 5, strides=2)
    1
    >>> unreached_pixels(32, 3, strides=2, padding=1)
    1
    >>> unreached_pixels(32, 3, strides=2, padding=1, count_padding=False)
    0
    """
    axes = _axes(input_size, kernel_size, strides, padding, dilation_rate)
    return _in_form_of(input_size, [_beyond(axis, ceil_mode, count_padding) for axis in axes])


def transposed_output_size(
    input_size, kernel_size, strides=1, padding="valid", output_padding=None, dilation_rate=1
):
    """Return the size of the output of a transposed convolution.

    Parameters
    ----------
    input_size, kernel_size, strides, dilation_rate : int or tuple of int
        As in `output_size`.
    padding : str, int or tuple, default "valid"
        ``"valid"`` and ``"same"``: as in Keras's ``Conv2DTranspose``. Numbers: as in PyTorch's
        ``ConvTranspose2d``, the border that is cut off again, in the forms that `output_size` takes.
    output_padding : int, tuple of int or None, default None
        Pixels added at the far side, fewer than the strides or fewer than the dilation rate. None leaves it
        to the padding: ``"same"`` gives ``input_size * strides`` pixels, ``"valid"`` at least that many,
        numbers add none.

    Returns
    -------
    int or tuple of int
        Pixels along each spatial axis, in the form of `input_size`.

    Raises
    ------
    GeometryError
        If a number is not an integer or is too small, `output_padding` too large, or nothing is left.

    Notes
    -----
    ``(W - 1) S - 2P + K + A``, with K the dilated kernel and A the output padding. Keras's ``"same"`` with an
    output padding is ``(W - 1) S + (K mod 2) + A``.

    References
    ----------
    Dumoulin and Visin (2016), relationship 14.

    Examples
    --------
    >>> transposed_output_size(14, 4, strides=2, padding=1)
    28
    >>> transposed_output_size((7, 7), 3, strides=2, padding="same")
    (14, 14)
    >>> transposed_output_size(14, 3, strides=2, padding=1, output_padding=1)
    28
    """
    same = isinstance(padding, str) and padding == "same"
    axes = _axes(input_size, kernel_size, strides, 0 if same else padding, dilation_rate)
    extra = [None] * len(axes)
    if output_padding is not None:
        extra = _integers("output_padding", output_padding, len(axes), minimum=0)
    sizes = [_spread(axis, added, padding) for axis, added in zip(axes, extra, strict=True)]
    return _in_form_of(input_size, sizes)


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels of the picture that one output pixel depends on.

    Attributes
    ----------
    size : int or tuple of int
        Pixels from the first to the last one that it sees.
    jump : int or tuple of int
        Pixels of the picture from one output pixel's field to the next one's.
    start : int or tuple of int
        Where the first output pixel's field starts; 0 is the picture's first pixel, negative is padding.
    """

    size: int | tuple[int, ...] = 1
    jump: int | tuple[int, ...] = 1
    start: int | tuple[int, ...] = 0

    def pixels(self, position):
        """Return the first and the last pixel that the output pixel at `position` sees, both included.

        Examples
        --------
        >>> ReceptiveField(size=5, jump=2, start=-2).pixels(3)
        (4, 8)
        """
        if not isinstance(self.size, tuple):
            first = self.start + _integers("position", position, 1, minimum=0)[0] * self.jump
            return first, first + self.size - 1
        axes = zip(self.size, self.jump, self.start, strict=True)
        places = _integers("position", position, len(self.size), minimum=0)
        return tuple(ReceptiveField(*axis).pixels(place) for axis, place in zip(axes, places, strict=True))


def receptive_field(layers, input_size=None):
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
    layers = [_layer(index, layer) for index, layer in enumerate(layers)]
    rank = _rank_of_chain(layers, input_size)
    sizes = [None] * (rank or 1) if input_size is None else _integers("input_size", input_size, rank or 1)
    fields = [_field_along(axis, layers, rank, size) for axis, size in enumerate(sizes)]
    if rank is None:
        return fields[0]
    return ReceptiveField(*(tuple(values) for values in zip(*map(_values, fields), strict=True)))


def _values(field):
    return field.size, field.jump, field.start


def _positions(axis, ceil_mode):
    room = axis.padded - axis.window
    count = (-(-room // axis.stride) if ceil_mode else room // axis.stride) + 1
    if ceil_mode and (count - 1) * axis.stride >= axis.size + axis.padding[0]:
        count -= 1
    if count < 1:
        raise GeometryError(
            f"kernel_size must not be larger than the padded input: the kernel covers {axis.window} pixels "
            f"(dilation included), the padded input has {axis.padded}. Received: input_size={axis.size}, "
            f"kernel_size={axis.kernel}, padding={axis.padding}, dilation_rate={axis.dilation}. "
            "Try a smaller kernel or more padding."
        )
    return count


def _beyond(axis, ceil_mode, count_padding):
    end_of_last = (_positions(axis, ceil_mode) - 1) * axis.stride + axis.window
    after = 0 if count_padding else axis.padding[1]
    return max(axis.padded - end_of_last - after, 0)


def _pad_to(axis, wanted):
    without = max((axis.size - axis.window) // axis.stride + 1, 0)
    if wanted < without:
        raise GeometryError(
            f"output_size must be at least {without}: the kernel has {without} positions without any padding. "
            f"Received: output_size={wanted}. Larger strides give a smaller output."
        )
    return _halves((wanted - 1) * axis.stride + axis.window - axis.size)


def _halves(total):
    before = max(total, 0) // 2
    return before, max(total, 0) - before


def _spread(axis, added, padding):
    if added is not None and added >= max(axis.stride, axis.dilation):
        raise GeometryError(
            "output_padding must be smaller than strides or dilation_rate. "
            f"Received: output_padding={added}, strides={axis.stride}, dilation_rate={axis.dilation}"
        )
    size = (axis.size - 1) * axis.stride + _own_width(axis, added, padding)
    if size < 1:
        raise GeometryError(
            "padding must leave at least one pixel of the transposed convolution's output. Received: "
            f"padding={padding!r}, output_padding={added}, which leave {size} pixels"
        )
    return size


def _own_width(axis, added, padding):
    """Return the pixels that the last input pixel adds to the transposed output."""
    if padding == "same":
        return axis.stride if added is None else axis.window % 2 + added
    if padding == "valid" and added is None:
        return max(axis.window, axis.stride)
    return axis.window - sum(axis.padding) + (added or 0)


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
        return grown, None if size is None else _positions(axis, ceil_mode=False)

    return reduce(grow, layers, (ReceptiveField(), size))[0]


def _layer_axis(index, layer, rank, size):
    """Return one axis of a layer; without a size, of a picture that is large enough."""
    kernel_size, strides, padding, dilation_rate = layer
    stride = _integers("strides", strides, rank or 1)[index]
    if size is None and padding == "same" and stride > 1:
        raise GeometryError(
            'input_size must be given where padding="same" meets strides above 1: the zeros before the picture '
            f"depend on it. Received: input_size=None, strides={strides}"
        )
    some_size = 1 if size is None else size
    whole = some_size if rank is None else (some_size,) * rank
    return _axes(whole, kernel_size, strides, padding, dilation_rate)[index]


def _axes(input_size, kernel_size, strides, padding, dilation_rate):
    """Return the axes of a sliding window, every argument checked; `input_size` says how many there are."""
    rank = len(input_size) if isinstance(input_size, tuple | list) else 1
    sizes = _integers("input_size", input_size, rank)
    kernels = _integers("kernel_size", kernel_size, rank)
    steps = _integers("strides", strides, rank)
    dilations = _integers("dilation_rate", dilation_rate, rank)
    axes = [_Axis(*axis) for axis in zip(sizes, kernels, steps, [(0, 0)] * rank, dilations, strict=True)]
    pairs = _pairs(padding, axes)
    return [axis._replace(padding=pair) for axis, pair in zip(axes, pairs, strict=True)]


def _pairs(padding, axes):
    if isinstance(padding, str):
        if padding == "valid":
            return [(0, 0)] * len(axes)
        if padding == "same":
            return [_halves((-(-a.size // a.stride) - 1) * a.stride + a.window - a.size) for a in axes]
        raise _padding_error(padding, len(axes))
    if len(axes) == 1 and isinstance(padding, tuple | list) and len(padding) == 2:
        padding = (padding,)
    if not isinstance(padding, tuple | list):
        padding = (padding,) * len(axes)
    if len(padding) != len(axes):
        raise _padding_error(padding, len(axes))
    return [_pair(sides, padding, len(axes)) for sides in padding]


def _pair(sides, padding, rank):
    if not isinstance(sides, tuple | list):
        sides = (sides, sides)
    if len(sides) != 2 or any(_index(side, 0) is None for side in sides):
        raise _padding_error(padding, rank)
    return operator.index(sides[0]), operator.index(sides[1])


def _padding_error(padding, rank):
    rule = _PADDING_RULE.get(rank, '"valid", "same", an integer of at least 0, or one such pair per axis')
    return GeometryError(f"padding must be {rule}. Received: padding={padding!r}")


def _integers(name, value, rank, minimum=1):
    """Return one integer per axis, or raise in the house's form."""
    entries = tuple(value) if isinstance(value, tuple | list) else (value,) * rank
    numbers = [_index(entry, minimum) for entry in entries]
    if not entries or None in numbers:
        kind = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
        raise GeometryError(f"{name} must be {kind} or a pair of them. Received: {name}={value!r}")
    if len(entries) != rank:
        raise GeometryError(
            f"{name} must have one number for each axis of input_size ({rank}). Received: {name}={value!r}. "
            "For a picture, input_size is (height, width)."
        )
    return numbers


def _index(value, minimum):
    """Return the value as a plain integer, or None if it is no integer or too small."""
    if isinstance(value, bool) or isinstance(value, Iterable):
        return None
    try:
        number = operator.index(value)
    except TypeError:
        return None
    return number if number >= minimum else None


def _in_form_of(input_size, values):
    return tuple(values) if isinstance(input_size, tuple | list) else values[0]
