"""The sliding window as a widget: every setting a control, every control a trait."""

from contextlib import contextmanager
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from .. import from_scratch
from ._base import CourseWidget, bundle, style
from ._traits import Numbers, Padding, Pair

WORKED_INPUT = ((3, 3, 2, 1, 0), (0, 0, 1, 3, 1), (3, 1, 2, 2, 3), (2, 0, 0, 2, 2), (2, 0, 0, 0, 1))
WORKED_KERNEL = ((0, 1, 2), (2, 2, 0), (0, 1, 2))
POOLINGS = {
    "max": from_scratch.max_pool2d,
    "average": from_scratch.average_pool2d,
    "norm": from_scratch.norm_pool2d,
}
_LARGEST_COUNT = 4  # of channels, and of filters


class ConvolutionDemo(CourseWidget):
    """A convolution, transposed convolution or pooling to step through, with all its numbers.

    Every control is a trait and goes both ways: ``demo.strides = 2`` moves the control, and after a click
    ``demo.strides`` is what was clicked. A setting that has no output shows a sentence in its place.

    Parameters
    ----------
    input : array of shape (height, width) or (height, width, channels), optional
        At most 16 x 16 x 4; by default the worked example of lesson 02.
    kernel : array of shape (height, width) or (height, width, channels / groups, filters), optional
        At most 9 x 9 x 4 x 4. In the mode ``"transposed"``: (height, width, filters / groups, channels).
    mode : {"convolution", "transposed", "max", "average", "norm"}
        What the window computes.
    input_size, kernel_size, strides, dilation_rate : int or tuple of int
        (rows, columns), or one number for both. A new size keeps the numbers that are there.
    padding : str, int or tuple
        ``"valid"``, ``"same"`` (as TensorFlow pads), ``"symmetric"`` (``d (k - 1) // 2`` on both sides:
        PyTorch's ``"same"`` at stride 1, for odd kernels), or numbers as in `output_size`.
    channels, filters, groups : int
        1 to 4 each; as many groups as channels make a depthwise convolution.
    output_padding : int, tuple of int or None
        Of a transposed convolution, as in `transposed_output_size`.
    ceil_mode : bool
        Of a pooling, as in `output_size`.
    position : tuple of int
        (row, column, map) of the chosen output value.
    playing, cover, show_code : bool
        Whether it steps on by itself, hides the output still to come, and shows the lines of code.

    Raises
    ------
    GeometryError
        If a value has no meaning at all (strides of 0, an input of text). Settings that only do not fit each
        other are allowed, because the next one may make them fit; then `output` raises.

    Examples
    --------
    >>> demo = ConvolutionDemo()
    >>> demo.output
    array([[12., 12., 17.],
           [10., 17., 19.],
           [ 9.,  6., 14.]])
    >>> demo.strides = 2
    >>> demo.output
    array([[12., 17.],
           [ 9., 14.]])
    >>> demo.kernel_size = 7
    >>> demo.output
    Traceback (most recent call last):
        ...
    cnn_course.errors.GeometryError: kernel_size must not be larger than the padded input: ...
    """

    title = "Convolution demo"
    _esm = bundle("convolution_demo.js")
    _css = style()
    _kept = None

    mode = traitlets.Enum(["convolution", "transposed", *POOLINGS], "convolution").tag(sync=True)
    input = Numbers(WORKED_INPUT, axes=3, largest=(16, 16, 4)).tag(sync=True)
    kernel = Numbers(WORKED_KERNEL, axes=4, largest=(9, 9, 4, 4)).tag(sync=True)
    input_size = Pair(5, largest=16).tag(sync=True)
    kernel_size = Pair(3, largest=9).tag(sync=True)
    strides = Pair(1, largest=8).tag(sync=True)
    padding = Padding().tag(sync=True)
    dilation_rate = Pair(1, largest=6).tag(sync=True)
    channels = traitlets.Int(1, min=1, max=_LARGEST_COUNT).tag(sync=True)
    filters = traitlets.Int(1, min=1, max=_LARGEST_COUNT).tag(sync=True)
    groups = traitlets.Int(1, min=1, max=_LARGEST_COUNT).tag(sync=True)
    output_padding = Pair(None, smallest=0, largest=7, allow_none=True).tag(sync=True)
    ceil_mode = traitlets.Bool(False).tag(sync=True)
    position = traitlets.Tuple(*[traitlets.Int(0, min=0)] * 3, default_value=(0, 0, 0)).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    cover = traitlets.Bool(False).tag(sync=True)
    show_code = traitlets.Bool(False).tag(sync=True)

    def __init__(self, input: ArrayLike | None = None, kernel: ArrayLike | None = None, **controls: Any) -> None:
        super().__init__()
        arrays = {"kernel": kernel, "input": input}
        for name, value in {**arrays, **controls}.items():
            if value is not None:
                self.set_trait(name, value)

    def __repr__(self):
        return f"ConvolutionDemo(mode={self.mode!r}, input_size={self.input_size}, kernel_size={self.kernel_size}, ...)"

    @property
    def output(self) -> NDArray[np.float64]:
        """The output as an array: (height, width), or (height, width, maps) where there are several.

        Raises
        ------
        GeometryError
            If the settings have no output.
        """
        output = self._compute()
        return output[..., 0] if output.shape[2] == 1 else output

    def _compute(self):
        geometry = {"strides": self.strides, "padding": self._padding_numbers()}
        if self.mode in POOLINGS:
            return POOLINGS[self.mode](self.input3d, self.kernel_size, ceil_mode=self.ceil_mode, **geometry)
        geometry |= {"dilation_rate": self.dilation_rate, "groups": self.groups}
        if self.mode == "transposed":
            geometry["output_padding"] = self.output_padding
            return from_scratch.conv2d_transpose(self.input3d, self.kernel4d, **geometry)
        return from_scratch.conv2d(self.input3d, self.kernel4d, **geometry)

    @property
    def input3d(self) -> NDArray[np.float64]:
        """The input with its channels, (height, width, channels)."""
        return self.input if self.input.ndim == 3 else self.input[..., None]

    @property
    def kernel4d(self) -> NDArray[np.float64]:
        """The kernel with all its axes, as the mode takes it."""
        return self.kernel if self.kernel.ndim == 4 else self.kernel[..., None, None]

    def _padding_numbers(self):
        if self.padding != "symmetric":
            return self.padding
        rates = (1, 1) if self.mode in POOLINGS else _both(self.dilation_rate)
        rows, columns = (d * (k - 1) // 2 for d, k in zip(rates, _both(self.kernel_size), strict=True))
        return (rows, rows), (columns, columns)

    @traitlets.observe("input")
    def _follow_input(self, _):
        rows, columns, channels = self.input3d.shape
        with self._keeping("input"):
            self.input_size = (rows, columns)
            self.channels = channels

    @traitlets.observe("kernel")
    def _follow_kernel(self, _):
        if self.kernel4d.shape == self._kernel_shape():
            return
        rows, columns, third, fourth = self.kernel4d.shape
        filters = third * self.groups if self.mode == "transposed" else fourth
        with self._keeping("kernel"):  # its channels may be right once the input is set, too
            self.kernel_size = (rows, columns)
            self.filters = min(filters, _LARGEST_COUNT)

    @contextmanager
    def _keeping(self, name):
        """Set the sizes that an array has, one after the other, without cutting the array to those not yet set."""
        before, self._kept = self._kept, name
        try:
            yield
        finally:
            self._kept = before

    @traitlets.observe("input_size", "channels")
    def _resize_input(self, _):
        shape = (*_both(self.input_size), self.channels)
        if self.input3d.shape != shape and self._kept != "input":
            self.input = resized(self.input3d, shape, lambda i, j, c: (3 * i + 5 * j + 2 * c + i * j) % 4)

    @traitlets.observe("kernel_size", "channels", "filters", "groups", "mode")
    def _resize_kernel(self, _):
        shape = self._kernel_shape()
        if self.kernel4d.shape != shape and self._kept != "kernel":
            self.kernel = resized(self.kernel4d, shape, lambda i, j, c, f: (2 * i + j + 2 * c + f + i * j) % 3)

    def _kernel_shape(self):
        """Return the shape that the controls ask for; the last two axes stay where the groups do not divide them."""
        groups, size = self.groups, _both(self.kernel_size)
        if self.channels % groups or self.filters % groups:
            return *size, *self.kernel4d.shape[2:]
        if self.mode == "transposed":
            return *size, self.filters // groups, self.channels
        return *size, self.channels // groups, self.filters


def resized(array, shape, new):
    """Return the array with another shape: what was there stays, `new(*place)` fills the rest.

    Examples
    --------
    >>> resized(np.array([[1.0, 2.0]]), (2, 1), lambda i, j: 10 * i + j)
    array([[ 1.],
           [10.]])
    """
    larger = np.fromfunction(np.vectorize(new, otypes=[float]), shape)
    common = tuple(slice(min(old, now)) for old, now in zip(array.shape, shape, strict=True))
    larger[common] = array[common]
    return larger


def _both(value):
    return value if isinstance(value, tuple) else (value, value)
