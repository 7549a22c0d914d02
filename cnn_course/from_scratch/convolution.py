"""Convolution in numpy: as the formula says it, as one matrix product, as one matrix, and frame by frame.

Pictures are (height, width), (height, width, channels) or (n, height, width, channels); kernels are
(height, width) or (height, width, channels, filters). As in every framework the kernel is not turned round:
what is called convolution here is cross-correlation, and `flip_kernel` makes the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import Padding, Size, positive_integer
from ..arithmetic import output_size, padding_pairs
from ..errors import GeometryError
from ._windows import (
    as_batch,
    as_filters,
    both,
    check_channels,
    in_form_of,
    pad,
    promoted,
    windows,
)

_PART_BYTES = 2**21  # windows copied at a time: what the cache of one processor core holds


class _Problem(NamedTuple):
    """A convolution, every argument checked and in its general form."""

    padded: np.ndarray  # (n, height, width, channels)
    kernel: np.ndarray  # (kernel height, kernel width, channels of a group, filters)
    strides: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    before: tuple[int, int]  # zeros above and to the left
    size: tuple[int, int]  # of the output


def conv2d(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    groups: int = 1,
) -> NDArray:
    """Return the feature maps of a convolution, computed as one matrix product.

    Every window of the picture becomes a row of a matrix, every filter a column of another one; their product
    holds all sums of products at once.

    Parameters
    ----------
    x : array of shape (height, width), (height, width, channels) or (n, height, width, channels)
        One picture or a batch of them, any scale. Integers are added up as 64-bit integers: nothing overflows.
    kernel : array of shape (height, width) or (height, width, channels / groups, filters)
        The weights. A kernel of two axes is one filter on one channel.
    strides, dilation_rate : int or tuple of int, default 1
        As in `output_size`.
    padding : str, int or tuple, default "valid"
        As in `output_size`: zeros around the picture.
    groups : int, default 1
        Parts that the channels are cut into; the first ``filters / groups`` filters see the first part, and so
        on. As many groups as channels make a depthwise convolution.

    Returns
    -------
    array of shape (height, width), (height, width, filters) or (n, height, width, filters)
        In the form of `x`; two axes if both `x` and `kernel` have two.

    Raises
    ------
    GeometryError
        If a shape, a size or the number of channels does not fit.

    Notes
    -----
    ``out[i, j, f] = sum over di, dj, c of x[i s + di d, j s + dj d, c] kernel[di, dj, c, f]``, on the padded
    picture, with strides s and dilation d.

    References
    ----------
    Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning. The windows as rows of a
    matrix: Chellapilla, Puri and Simard (2006), High performance convolutional neural networks for document
    processing.

    Examples
    --------
    >>> image = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    >>> kernel = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
    >>> conv2d(image, kernel)
    array([[12, 12, 17],
           [10, 17, 19],
           [ 9,  6, 14]])
    >>> conv2d(np.ones((32, 32, 3)), np.ones((5, 5, 3, 10))).shape
    (28, 28, 10)
    """
    problem = _prepare(x, kernel, strides, padding, dilation_rate, groups)
    columns = _filters_as_columns(problem.kernel, problem.groups)
    product = np.concatenate([_windows_as_rows(part) @ columns for part in _parts(problem)], axis=1)
    shape = (len(problem.padded), *problem.size, problem.kernel.shape[3])
    return in_form_of(x, product.swapaxes(0, 1).reshape(shape), kernel)


def conv2d_loops(
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    groups: int = 1,
) -> NDArray:
    """Return the feature maps of a convolution, computed by loops that look like the formula.

    The same numbers as `conv2d`, about a thousand times slower: read this one, use the other.

    Parameters
    ----------
    x, kernel, strides, padding, dilation_rate, groups
        As in `conv2d`.

    Returns
    -------
    array
        As from `conv2d`.

    Raises
    ------
    GeometryError
        As in `conv2d`.

    Examples
    --------
    >>> conv2d_loops([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])
    array([[-4, -4],
           [-4, -4]])
    """
    problem = _prepare(x, kernel, strides, padding, dilation_rate, groups)
    padded, weights, (s_row, s_col), (d_row, d_col) = problem[:4]
    height, width, depth, filters = weights.shape
    output = np.zeros((len(padded), *problem.size, filters), padded.dtype)
    for n, i, j, f in np.ndindex(output.shape):
        first = f // (filters // groups) * depth  # the first channel of this filter's group
        for di, dj, c in np.ndindex(height, width, depth):
            pixel = padded[n, i * s_row + di * d_row, j * s_col + dj * d_col, first + c]
            output[n, i, j, f] += pixel * weights[di, dj, c, f]
    return in_form_of(x, output, kernel)


def flip_kernel(kernel: ArrayLike) -> NDArray:
    """Return the kernel turned by half a turn, which makes a cross-correlation a true convolution.

    Parameters
    ----------
    kernel : array of shape (height, width) or (height, width, channels, filters)
        The weights.

    Returns
    -------
    array
        The same shape, rows and columns in reverse order.

    Raises
    ------
    GeometryError
        If `kernel` has neither two nor four axes.

    Examples
    --------
    >>> flip_kernel([[1, 2], [3, 4]])
    array([[4, 3],
           [2, 1]])
    >>> import scipy.signal
    >>> image, kernel = np.arange(9).reshape(3, 3), np.array([[1, 2], [3, 4]])
    >>> (conv2d(image, flip_kernel(kernel)) == scipy.signal.convolve2d(image, kernel, "valid")).all()
    np.True_
    """
    as_filters(kernel)
    return np.asarray(kernel)[::-1, ::-1].copy()


def convolution_matrix(
    kernel: ArrayLike,
    input_size: Size,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    groups: int = 1,
) -> NDArray:
    """Return the convolution with this kernel as one sparse matrix.

    The matrix times the picture, written as one long vector, is the feature map, written as one long vector.

    Parameters
    ----------
    kernel : array of shape (height, width) or (height, width, channels / groups, filters)
        The weights.
    input_size : int or tuple of int
        (height, width) of the picture; one number for a square one.
    strides, padding, dilation_rate, groups
        As in `conv2d`.

    Returns
    -------
    scipy.sparse.csr_array of shape (output height * width * filters, input height * width * channels)
        One row for each value of the output. The kernel's weights stand in each row, and zeros elsewhere.

    Raises
    ------
    GeometryError
        As in `conv2d`.

    Examples
    --------
    >>> matrix = convolution_matrix([[1, 2], [3, 4]], (3, 3))
    >>> matrix.toarray()
    array([[1, 2, 0, 3, 4, 0, 0, 0, 0],
           [0, 1, 2, 0, 3, 4, 0, 0, 0],
           [0, 0, 0, 1, 2, 0, 3, 4, 0],
           [0, 0, 0, 0, 1, 2, 0, 3, 4]])
    >>> image = np.arange(9).reshape(3, 3)
    >>> (matrix @ image.ravel()).reshape(2, 2) - conv2d(image, [[1, 2], [3, 4]])
    array([[0, 0],
           [0, 0]])
    """
    from scipy import sparse

    weights = promoted(as_filters(kernel), np.int8(0))[0]
    pixels = _numbered_windows(weights.shape, input_size, strides, padding, dilation_rate, groups)
    filters = _filters_as_columns(weights, groups)
    values, pixels = np.broadcast_arrays(filters[:, None], pixels[..., None])
    positions, height = pixels.shape[1], pixels.shape[1] * weights.shape[3]
    outputs = np.arange(height).reshape(positions, groups, 1, -1).swapaxes(0, 1)
    outputs = np.broadcast_to(outputs, pixels.shape)
    inside = (pixels > 0) & (values != 0)
    width = np.prod(both(input_size)) * weights.shape[2] * groups
    return sparse.csr_array((values[inside], (outputs[inside], pixels[inside] - 1)), shape=(height, width))


@dataclass(frozen=True, eq=False)
class ConvolutionStep:
    """One position of the sliding window.

    Attributes
    ----------
    position : tuple of int
        (row, column) of the output's pixel.
    corner : tuple of int
        (row, column) of the window's first pixel in the picture; negative inside the padding.
    patch : array of shape (height, width) or (height, width, channels)
        What the kernel lies on, padding as zeros.
    products : array
        The patch times the kernel, weight by weight.
    sum : number
        The sum of the products: the output's pixel.
    output : masked array of shape (output height, output width)
        The output so far, this position included; the pixels still to come are masked.
    """

    position: tuple[int, int]
    corner: tuple[int, int]
    patch: np.ndarray = field(repr=False)
    products: np.ndarray = field(repr=False)
    sum: int | float
    _whole: np.ndarray = field(repr=False)

    @property
    def output(self):
        """The output so far; what is still to come is masked."""
        number = np.ravel_multi_index(self.position, self._whole.shape)
        to_come = np.arange(self._whole.size).reshape(self._whole.shape) > number
        return np.ma.masked_array(self._whole, to_come)


def convolution_steps(
    image: ArrayLike, kernel: ArrayLike, strides: Size = 1, padding: Padding = "valid", dilation_rate: Size = 1
) -> list[ConvolutionStep]:
    """Return the frames of the sliding window, row by row.

    Parameters
    ----------
    image : array of shape (height, width) or (height, width, channels)
        One picture.
    kernel : array of shape (height, width) or (height, width, channels, 1)
        One filter.
    strides, padding, dilation_rate
        As in `conv2d`.

    Returns
    -------
    list of ConvolutionStep
        One frame for each pixel of the output.

    Raises
    ------
    GeometryError
        As in `conv2d`, or if there is more than one picture or filter.

    Examples
    --------
    >>> image = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
    >>> steps = convolution_steps(image, [[0, 1, 2], [2, 2, 0], [0, 1, 2]])
    >>> len(steps), steps[4]
    (9, ConvolutionStep(position=(1, 1), corner=(1, 1), sum=17))
    >>> steps[4].products
    array([[0, 1, 6],
           [2, 4, 0],
           [0, 0, 4]])
    >>> print(steps[4].output)
    [[12 12 17]
     [10 17 --]
     [-- -- --]]
    """
    if np.ndim(image) == 4 or as_filters(kernel).shape[3] != 1:
        raise GeometryError(
            "convolution_steps must get one picture and one filter: take pictures[0], or kernel[..., :1]. "
            f"Received: image of shape {np.shape(image)}, kernel of shape {np.shape(kernel)}"
        )
    problem = _prepare(image, kernel, strides, padding, dilation_rate, 1)
    views = windows(problem.padded, problem.kernel.shape[:2], problem.strides, problem.dilation)
    patches = np.moveaxis(views[0], 2, -1)  # (rows, columns, kernel rows, kernel columns, channels)
    products = patches * problem.kernel[..., 0]
    if np.ndim(image) == 2:
        patches, products = patches[..., 0], products[..., 0]
    whole = products.sum(axis=tuple(range(2, products.ndim)))
    return [
        ConvolutionStep(
            position,
            tuple(p * s - b for p, s, b in zip(position, problem.strides, problem.before, strict=True)),
            patches[position],
            products[position],
            whole[position].item(),
            whole,
        )
        for position in np.ndindex(whole.shape)
    ]


def _prepare(x, kernel, strides, padding, dilation_rate, groups):
    """Return the convolution in its general form, or raise."""
    batch, weights = promoted(as_batch(x), as_filters(kernel))
    check_channels(batch, weights.shape[2] * groups, weights.shape[3], groups)
    geometry = (batch.shape[1:3], weights.shape[:2], strides, padding, dilation_rate)
    size, pairs = output_size(*geometry), padding_pairs(*geometry)
    before = tuple(pair[0] for pair in pairs)
    return _Problem(pad(batch, pairs), weights, both(strides), both(dilation_rate), groups, before, size)


def _numbered_windows(kernel_shape, input_size, strides, padding, dilation_rate, groups):
    """Return, for every weight at every position, the number of its pixel from 1 on; 0 is padding."""
    positive_integer("groups", groups, GeometryError)
    output_size(both(input_size), kernel_shape[:2], strides, padding, dilation_rate)  # names a wrong size
    shape = (*both(input_size), kernel_shape[2] * groups)
    numbers = np.arange(1, np.prod(shape) + 1).reshape(shape)
    no_weights = np.zeros(kernel_shape, np.int64)
    return _windows_as_rows(_prepare(numbers, no_weights, strides, padding, dilation_rate, groups))


def _parts(problem):
    """Cut a large problem into smaller ones, by pictures or by rows, so that the windows stay in the cache.

    Twice as fast as one huge matrix, and the memory it takes does not grow with the picture.
    """
    (rows, columns), (height, width, depth, _) = problem.size, problem.kernel.shape
    bytes_of_a_row = columns * height * width * depth * problem.groups * problem.padded.itemsize
    most_rows = max(_PART_BYTES // bytes_of_a_row, 1)
    pictures, stride = max(most_rows // rows, 1), problem.strides[0]
    reach = (most_rows - 1) * stride + (height - 1) * problem.dilation[0] + 1
    for first in range(0, len(problem.padded), pictures):
        for top in range(0, rows, most_rows):
            part = problem.padded[first : first + pictures, top * stride : top * stride + reach]
            yield problem._replace(padded=part)


def _windows_as_rows(problem):
    """Return every window as a row: (groups, positions, weights of a filter)."""
    (height, width, depth, _), groups = problem.kernel.shape, problem.groups
    views = windows(problem.padded, (height, width), problem.strides, problem.dilation)
    n, rows, columns = views.shape[:3]
    parts = views.reshape(n, rows, columns, groups, depth, height, width)
    return parts.transpose(3, 0, 1, 2, 5, 6, 4).reshape(groups, n * rows * columns, height * width * depth)


def _filters_as_columns(kernel, groups):
    """Return every filter as a column: (groups, weights of a filter, filters of a group)."""
    filters = kernel.shape[3]
    return kernel.reshape(-1, groups, filters // groups).swapaxes(0, 1)
