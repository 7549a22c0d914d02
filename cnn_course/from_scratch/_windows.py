"""What convolution and pooling share: pictures as batches, kernels as filters, windows on the picture."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._arguments import positive_integer
from ..errors import GeometryError


def as_batch(x):
    """Return the picture or pictures as (n, height, width, channels)."""
    x = _as_numbers("x", x)
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        raise GeometryError(
            "x must be a picture (height, width) or (height, width, channels), or a batch (n, height, width, "
            f"channels). Received: x of shape {x.shape}"
        )
    return {2: x[None, ..., None], 3: x[None], 4: x}[x.ndim]


def as_filters(kernel):
    """Return the kernel as (height, width, channels, filters)."""
    kernel = _as_numbers("kernel", kernel)
    if kernel.ndim not in (2, 4) or 0 in kernel.shape:
        hint = " One filter over all channels is kernel[..., None]." if kernel.ndim == 3 else ""
        raise GeometryError(
            "kernel must have the shape (height, width) or (height, width, channels, filters). "
            f"Received: kernel of shape {kernel.shape}.{hint}"
        )
    return kernel[..., None, None] if kernel.ndim == 2 else kernel


def in_form_of(x, output, kernel=None):
    """Return the batch with as many axes as `x` has; two only if the kernel, where there is one, has two."""
    if np.ndim(x) == 4:
        return output
    flat = np.ndim(x) == 2 and (kernel is None or np.ndim(kernel) == 2)
    return output[0, ..., 0] if flat else output[0]


def promoted(x, kernel):
    """Return both in a type that holds their sums: 64-bit integers, or floats of at least 32 bits."""
    dtype = np.result_type(x, kernel)
    dtype = np.int64 if np.issubdtype(dtype, np.integer) else np.result_type(dtype, np.float32)
    return x.astype(dtype, copy=False), kernel.astype(dtype, copy=False)


def check_channels(x, expected, filters, groups):
    """Raise unless the channels of the batch are those that the kernel expects, and the groups divide both."""
    positive_integer("groups", groups, GeometryError)
    channels = x.shape[3]
    if channels != expected:
        raise GeometryError(
            f"kernel must fit the {channels} channels of x. Received: one for {expected}, groups={groups}. "
            "A kernel of two axes is for one channel; for more, it is (height, width, channels, filters)."
        )
    if channels % groups or filters % groups:
        raise GeometryError(
            "groups must divide both channels and filters. "
            f"Received: groups={groups}, channels={channels}, filters={filters}"
        )


def pad(x, pairs, value=0):
    """Return the batch with a border of `value`."""
    return np.pad(x, ((0, 0), *pairs, (0, 0)), constant_values=value) if np.any(pairs) else x


def windows(padded, kernel_size, strides, dilation_rate=(1, 1)):
    """Return a view of all windows, (n, rows, columns, channels, kernel rows, kernel columns)."""
    reach = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation_rate, strict=True)]
    (s_row, s_col), (d_row, d_col) = strides, dilation_rate
    return sliding_window_view(padded, reach, axis=(1, 2))[:, ::s_row, ::s_col, :, ::d_row, ::d_col]


def both(value):
    """Return a pair, one number for the rows and one for the columns."""
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _as_numbers(name, value):
    try:
        array = np.asarray(value)
    except ValueError:
        raise GeometryError(f"{name} must have rows of one length. Received: {name}={value!r}") from None
    if array.dtype == bool:
        return array.astype(np.uint8)
    if not np.issubdtype(array.dtype, np.number):
        raise GeometryError(f"{name} must be an array of numbers. Received: {name} of dtype {array.dtype}")
    return array
