"""Pooling in numpy: the maximum, the average and the norm of each window.

Pictures are (height, width), (height, width, channels) or (n, height, width, channels). Each channel is pooled
by itself. Padding is never a pixel: it is no candidate for the maximum, and does not count in the average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import Padding, Size
from ..arithmetic import output_size, padding_pairs
from ..errors import GeometryError
from ._windows import as_batch, both, in_form_of, pad, windows


def max_pool2d(
    x: ArrayLike, pool_size: Size, strides: Size | None = None, padding: Padding = "valid", ceil_mode: bool = False
) -> NDArray:
    """Return the largest value of each window.

    Parameters
    ----------
    x : array of shape (height, width), (height, width, channels) or (n, height, width, channels)
        One picture or a batch of them, any scale.
    pool_size : int or tuple of int
        Pixels of the window, at least 1.
    strides : int, tuple of int or None, default None
        Pixels from one window to the next, at least 1. None: the pool size, so that no two windows overlap.
    padding : str, int or tuple, default "valid"
        As in `output_size`; on each side less than the pool size.
    ceil_mode : bool, default False
        Whether a last window may hang over the far border, as in PyTorch.

    Returns
    -------
    array
        In the form and of the type of `x`.

    Raises
    ------
    GeometryError
        If a shape or a size does not fit, or a window would see nothing but padding.

    Examples
    --------
    >>> max_pool2d([[1, 3, 2, 1], [4, 2, 0, 1], [0, 1, 5, 6], [2, 2, 7, 8]], 2)
    array([[4, 2],
           [2, 8]])
    """
    batch = as_batch(x)
    integers = np.issubdtype(batch.dtype, np.integer)
    lowest = np.iinfo(batch.dtype).min if integers else -np.inf
    views = _pool_windows(batch, lowest, pool_size, strides, padding, ceil_mode)
    return in_form_of(x, views.max(axis=(-2, -1)))


def average_pool2d(
    x: ArrayLike, pool_size: Size, strides: Size | None = None, padding: Padding = "valid", ceil_mode: bool = False
) -> NDArray:
    """Return the mean of each window, over the pixels that lie inside the picture.

    Parameters
    ----------
    x, pool_size, strides, padding, ceil_mode
        As in `max_pool2d`.

    Returns
    -------
    array
        In the form of `x`; floats (float64 where `x` holds integers).

    Raises
    ------
    GeometryError
        As in `max_pool2d`.

    Examples
    --------
    >>> average_pool2d([[1, 3, 2, 1], [4, 2, 0, 1], [0, 1, 5, 6], [2, 2, 7, 8]], 2)
    array([[2.5 , 1.  ],
           [1.25, 6.5 ]])
    >>> average_pool2d([[2, 2, 2]], 3, strides=1, padding="same")
    array([[2., 2., 2.]])
    """
    batch = _as_floats(as_batch(x))
    geometry = (pool_size, strides, padding, ceil_mode)
    total = _pool_windows(batch, 0, *geometry).sum(axis=(-2, -1))
    count = _pool_windows(np.ones_like(batch[:1, ..., :1]), 0, *geometry).sum(axis=(-2, -1))
    return in_form_of(x, total / count)


def norm_pool2d(
    x: ArrayLike, pool_size: Size, strides: Size | None = None, padding: Padding = "valid", ceil_mode: bool = False
) -> NDArray:
    """Return the L2 norm of each window: the root of the sum of squares.

    Parameters
    ----------
    x, pool_size, strides, padding, ceil_mode
        As in `max_pool2d`.

    Returns
    -------
    array
        In the form of `x`; floats (float64 where `x` holds integers).

    Raises
    ------
    GeometryError
        As in `max_pool2d`.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.3.

    Examples
    --------
    >>> norm_pool2d([[3, 0, 0, 1], [0, 4, 1, 1]], 2)
    array([[5.        , 1.73205081]])
    """
    batch = _as_floats(as_batch(x))
    squares = _pool_windows(batch**2, 0, pool_size, strides, padding, ceil_mode).sum(axis=(-2, -1))
    return in_form_of(x, np.sqrt(squares))


def _pool_windows(batch, fill, pool_size, strides, padding, ceil_mode):
    """Return every window of the pooling, (n, rows, columns, channels, pool rows, pool columns)."""
    strides = pool_size if strides is None else strides
    geometry = (batch.shape[1:3], pool_size, strides, padding)
    size, pairs = output_size(*geometry, ceil_mode=ceil_mode), padding_pairs(*geometry)
    pool_size, strides = both(pool_size), both(strides)
    if any(zeros >= pool for pair, pool in zip(pairs, pool_size, strict=True) for zeros in pair):
        raise GeometryError(
            "padding must be smaller than pool_size, or a window would see no pixel. "
            f"Received: padding={padding!r}, pool_size={pool_size}"
        )
    ends = [(count - 1) * s + pool for count, s, pool in zip(size, strides, pool_size, strict=True)]
    hangs_over = [
        max(end - before - length, after)
        for end, (before, after), length in zip(ends, pairs, batch.shape[1:3], strict=True)
    ]
    sides = tuple((before, after) for (before, _), after in zip(pairs, hangs_over, strict=True))
    return windows(pad(batch, sides, fill), pool_size, strides)


def _as_floats(batch):
    """Return floats of at least 32 bits; integers as float64."""
    if np.issubdtype(batch.dtype, np.integer):
        return batch.astype(np.float64)
    return batch.astype(np.result_type(batch, np.float32), copy=False)
