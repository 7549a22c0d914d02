"""Output sizes and padding, forwards and backwards."""

from __future__ import annotations

from typing import Any

from .._arguments import Padding, Size, SizeT
from ..errors import GeometryError
from ._axes import halves, in_form_of, integers, positions, read_axes


def output_size(
    input_size: SizeT,
    kernel_size: Size,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    ceil_mode: bool = False,
) -> SizeT:
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
    axes = read_axes(input_size, kernel_size, strides, padding, dilation_rate)
    return in_form_of(input_size, [positions(axis, ceil_mode) for axis in axes])


def same_padding(input_size: Size, kernel_size: Size, strides: Size = 1, dilation_rate: Size = 1) -> tuple[Any, ...]:
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


def padding_pairs(
    input_size: Size, kernel_size: Size, strides: Size = 1, padding: Padding = "valid", dilation_rate: Size = 1
) -> tuple[Any, ...]:
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
    axes = read_axes(input_size, kernel_size, strides, padding, dilation_rate)
    return in_form_of(input_size, [axis.padding for axis in axes])


def padding_for(
    output_size: Size, input_size: Size, kernel_size: Size, strides: Size = 1, dilation_rate: Size = 1
) -> tuple[Any, ...]:
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
    axes = read_axes(input_size, kernel_size, strides, 0, dilation_rate)
    wanted = integers("output_size", output_size, len(axes))
    return in_form_of(input_size, [_pad_to(axis, size) for axis, size in zip(axes, wanted, strict=True)])


def unreached_pixels(
    input_size: SizeT,
    kernel_size: Size,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    ceil_mode: bool = False,
    count_padding: bool = True,
) -> SizeT:
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
    axes = read_axes(input_size, kernel_size, strides, padding, dilation_rate)
    return in_form_of(input_size, [_beyond(axis, ceil_mode, count_padding) for axis in axes])


def transposed_output_size(
    input_size: SizeT,
    kernel_size: Size,
    strides: Size = 1,
    padding: Padding = "valid",
    output_padding: Size | None = None,
    dilation_rate: Size = 1,
) -> SizeT:
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
    axes = read_axes(input_size, kernel_size, strides, 0 if same else padding, dilation_rate)
    extra = [None] * len(axes)
    if output_padding is not None:
        extra = integers("output_padding", output_padding, len(axes), minimum=0)
    sizes = [_spread(axis, added, padding) for axis, added in zip(axes, extra, strict=True)]
    return in_form_of(input_size, sizes)


def _beyond(axis, ceil_mode, count_padding):
    end_of_last = (positions(axis, ceil_mode) - 1) * axis.stride + axis.window
    after = 0 if count_padding else axis.padding[1]
    return min(max(axis.padded - end_of_last - after, 0), axis.padded if count_padding else axis.size)


def _pad_to(axis, wanted):
    without = max((axis.size - axis.window) // axis.stride + 1, 0)
    if wanted < without:
        raise GeometryError(
            f"output_size must be at least {without}: the kernel has {without} positions without any padding. "
            f"Received: output_size={wanted}. Larger strides give a smaller output."
        )
    return halves((wanted - 1) * axis.stride + axis.window - axis.size)


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
