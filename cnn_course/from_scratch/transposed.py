"""Transposed convolution in numpy: stamps of the kernel, added up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import Padding, Size
from ..arithmetic import padding_pairs, transposed_output_size
from ._windows import as_batch, as_filters, both, check_channels, in_form_of, promoted


def conv2d_transpose(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Size = 1,
    padding: Padding = "valid",
    output_padding: Size | None = None,
    dilation_rate: Size = 1,
    groups: int = 1,
) -> NDArray:
    """Return the transposed convolution: every pixel of `x` stamps the kernel, times its value, on the output.

    Parameters
    ----------
    x : array of shape (height, width), (height, width, channels) or (n, height, width, channels)
        One picture or a batch of them.
    kernel : array of shape (height, width) or (height, width, filters / groups, channels)
        As Keras's ``Conv2DTranspose`` holds it: the kernel of the convolution that this is the transpose of,
        which leads from `filters` to `channels`.
    strides, dilation_rate : int or tuple of int, default 1
        Pixels from one stamp to the next, and between the kernel's weights.
    padding : str, int or tuple, default "valid"
        As in `transposed_output_size`.
    output_padding : int, tuple of int or None, default None
        As in `transposed_output_size`.
    groups : int, default 1
        Parts that the channels are cut into, as in `conv2d`.

    Returns
    -------
    array of shape (height, width), (height, width, filters) or (n, height, width, filters)
        In the form of `x`; two axes if both `x` and `kernel` have two.

    Raises
    ------
    GeometryError
        If a shape, a size or the number of channels does not fit.

    References
    ----------
    Dumoulin and Visin (2016), chapter 4.

    Examples
    --------
    >>> conv2d_transpose([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    array([[ 1,  3,  2],
           [ 4, 10,  6],
           [ 3,  7,  4]])
    >>> conv2d_transpose([[1, 2]], [[1, 1], [1, 1]], strides=2)
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]])
    """
    batch, weights = promoted(as_batch(x), as_filters(kernel))
    check_channels(batch, weights.shape[3], weights.shape[2] * groups, groups)
    geometry = (batch.shape[1:3], weights.shape[:2], strides, padding)
    size = transposed_output_size(*geometry, output_padding, dilation_rate)
    whole = _stamp(batch, weights, both(strides), both(dilation_rate), groups)
    return in_form_of(x, _cut(whole, _first_kept(whole.shape[1:3], size, geometry), size), kernel)


def _first_kept(whole, size, geometry):
    """Return the row and the column where the output starts; "same" cuts both sides alike, if it can."""
    if geometry[-1] == "same":
        return tuple(max(pixels - kept, 0) // 2 for pixels, kept in zip(whole, size, strict=True))
    return tuple(before for before, _ in padding_pairs(*geometry))


def _cut(whole, start, size):
    """Return `size` pixels from `start` on; where the stamps end earlier, zeros follow."""
    (top, left), (height, width) = start, size
    kept = whole[:, top : top + height, left : left + width]
    output = np.zeros((len(whole), height, width, whole.shape[3]), whole.dtype)
    output[:, : kept.shape[1], : kept.shape[2]] = kept
    return output


def _stamp(batch, weights, strides, dilation, groups):
    """Return the sum of all stamps, nothing cut off."""
    n, rows, columns, channels = batch.shape
    height, width, depth, _ = weights.shape
    (s_row, s_col), (d_row, d_col) = strides, dilation
    size = ((rows - 1) * s_row + (height - 1) * d_row + 1, (columns - 1) * s_col + (width - 1) * d_col + 1)
    whole = np.zeros((n, *size, groups, depth), batch.dtype)
    parts = batch.reshape(n, rows, columns, groups, 1, channels // groups)
    stamps = weights.reshape(height, width, depth, groups, -1).transpose(0, 1, 3, 4, 2)
    for i, j in np.ndindex(height, width):
        down = slice(i * d_row, i * d_row + rows * s_row, s_row)
        right = slice(j * d_col, j * d_col + columns * s_col, s_col)
        whole[:, down, right] += (parts @ stamps[i, j])[..., 0, :]
    return whole.reshape(n, *size, groups * depth)
