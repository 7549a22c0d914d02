"""The sliding window with its numbers, kernels, feature maps, and convolution as one matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

from .._arguments import Padding, Size
from ..arithmetic import padding_pairs
from ..errors import DataError
from ..from_scratch import convolution_steps
from ._cells import draw_cells, greys, number, outline, prepare_cells
from ._frames import Frames
from ._style import (
    BLUE,
    MUTED,
    ORANGE,
    TEXT,
    WIDTH,
    CourseFigure,
    axes_for,
    draw_picture,
    new_figure,
    styled,
)


@styled
def plot_convolution_steps(
    image: ArrayLike,
    kernel: ArrayLike,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    columns: int = 3,
) -> CourseFigure:
    """Draw every position of the sliding window as a panel, with the numbers in the cells.

    Left, the picture: the window is filled, the kernel's weight stands small in each of its cells, padding
    is hatched. Right, the output so far. Below, the sum of the products.

    Parameters
    ----------
    image : array of shape (height, width)
        Small: a panel for each of the window's positions.
    kernel : array of shape (kernel_height, kernel_width)
    strides, padding, dilation_rate
        As in `conv2d`.
    columns : int
        Panels side by side.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If there would be more than 36 panels.
    GeometryError
        As in `conv2d`.

    Examples
    --------
    >>> plot_convolution_steps(np.ones((3, 4)), np.ones((3, 3)), columns=2)
    <Figure: A window of 3 × 3 slides over a picture of 3 × 4, in 2 steps. The output: 9, 9.>
    """
    sheets = _sheets(image, kernel, strides, padding, dilation_rate)
    if len(sheets) > 36:
        raise DataError(f"image must be small: 36 positions fit on a page. Received: {len(sheets)} positions")
    rows = math.ceil(len(sheets) / columns)
    alt = (
        f"A window of {_times(kernel)} slides over a picture of {_times(image)}, in {len(sheets)} steps. "
        f"The output: {', '.join(number(value) for value in sheets[-1].output.ravel())}."
    )
    figure = new_figure(alt, height=WIDTH * rows / columns * 0.74)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, sheet in zip(panels, sheets, strict=False):
        _draw_sheet(ax, sheet, width=WIDTH / columns)
    for ax in panels[len(sheets) :]:
        ax.set_axis_off()
    return figure


@styled
def animate_convolution(
    image: ArrayLike,
    kernel: ArrayLike,
    strides: Size = 1,
    padding: Padding = "valid",
    dilation_rate: Size = 1,
    interval: int = 1200,
) -> Frames:
    """Return the sliding window as a film, with a button and a slider, for a notebook or a page.

    Parameters
    ----------
    image : array of shape (height, width)
    kernel : array of shape (kernel_height, kernel_width)
    strides, padding, dilation_rate
        As in `conv2d`.
    interval : int
        Milliseconds between two frames.

    Returns
    -------
    Frames
        One figure for each position; it needs neither a video program nor a running kernel.

    Raises
    ------
    GeometryError
        As in `conv2d`.

    Examples
    --------
    >>> len(animate_convolution(np.ones((4, 4)), np.ones((3, 3))))
    4
    """
    sheets = _sheets(image, kernel, strides, padding, dilation_rate)
    return Frames(tuple(_frame(sheet) for sheet in sheets), interval)


def _frame(sheet):
    alt = f"Window at row {sheet.position[0]}, column {sheet.position[1]}: {sheet.sum}"
    figure = new_figure(alt, width=6.4, height=4.2)
    _draw_sheet(figure.add_subplot(), sheet, width=6.4)
    return figure


class _Sheet(NamedTuple):
    """What one frame shows."""

    padded: np.ndarray  # the picture and the zeros around it
    outside: np.ndarray  # where those zeros are
    weights: np.ndarray  # the kernel in its place, not-a-number elsewhere
    output: np.ndarray  # so far, not-a-number where it is still to come
    position: tuple[int, int]
    sum: str


def _sheets(image, kernel, strides, padding, dilation_rate):
    image, kernel = np.asarray(image), np.asarray(kernel)
    steps = convolution_steps(image, kernel, strides, padding, dilation_rate)
    pairs = padding_pairs(image.shape, kernel.shape, strides, padding, dilation_rate)
    outside = np.pad(np.zeros(image.shape, dtype=bool), pairs, constant_values=True)
    return [
        _Sheet(
            np.pad(image, pairs),
            outside,
            _laid_out(kernel, step.corner, pairs, outside.shape, dilation_rate),
            step.output.astype(float).filled(np.nan),
            step.position,
            _sum_of(step),
        )
        for step in steps
    ]


def _laid_out(kernel, corner, pairs, shape, dilation_rate):
    """The kernel's weights where they lie on the padded picture."""
    dilation = np.broadcast_to(dilation_rate, 2)
    places = [corner[axis] + pairs[axis][0] + dilation[axis] * np.arange(kernel.shape[axis]) for axis in (0, 1)]
    weights = np.full(shape, np.nan)
    weights[np.ix_(*places)] = kernel
    return weights


def _sum_of(step):
    """The products, a row of the window at a time: 0+3+4 + 0+0+0 + 0+1+4 = 12."""
    rows = ("+".join(number(value) for value in row) for row in step.products)
    return f"{' + '.join(rows)} = {number(step.sum)}".replace("+−", "−").replace("+ −", "− ")


def _draw_sheet(ax, sheet, width):
    """The picture with its window, the output so far, and the sum below, on so many inches."""
    (h, w), (rows, columns), (i, j) = sheet.padded.shape, sheet.output.shape, sheet.position
    prepare_cells(ax, h + 1.3, w + 1 + columns)
    side = 72 * width / (w + 1.2 + columns)
    window = ~np.isnan(sheet.weights)
    fills = np.where(window, ORANGE, "")
    draw_cells(ax, sheet.padded, side, fills=fills, corners=sheet.weights, hatch=sheet.outside)
    y, x = np.nonzero(window)
    outline(ax, np.ptp(y) + 1, np.ptp(x) + 1, at=(y[0], x[0]))
    fills = np.full(sheet.output.shape, "", dtype=object)
    fills[i, j] = BLUE
    top = (h - rows) / 2
    draw_cells(ax, sheet.output, side, at=(top, w + 1), fills=fills)
    outline(ax, 1, 1, at=(top + i, w + 1 + j))
    text = ax.text(0, h + 0.4, sheet.sum, size=min(TEXT, 0.42 * side), va="top")
    text.set_in_layout(False)  # a long sum may reach under the output; the panels keep their size


def _times(array):
    return " × ".join(map(str, np.shape(array)))


@styled
def plot_kernels(kernels: Any, names: Sequence[str] | None = None) -> CourseFigure:
    """Draw kernels as squares of numbers: black is the most negative weight, white the most positive.

    Parameters
    ----------
    kernels : dict of str to array, or sequence of array, each of shape (height, width)
    names : sequence of str, optional
        Titles, where `kernels` is not a dict.

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> plot_kernels({"blur": np.full((3, 3), 1 / 9)})
    <Figure: Kernels: blur (0.11 0.11 0.11 / 0.11 0.11 0.11 / 0.11 0.11 0.11).>
    """
    named = _named(kernels, names)
    rows = (" / ".join(" ".join(map(number, row)) for row in kernel) for kernel in named.values())
    alt = "Kernels: " + ", ".join(f"{name} ({text})" for name, text in zip(named, rows, strict=True)) + "."
    panel = min(2.6, WIDTH / len(named))  # inches
    figure = new_figure(alt, height=panel + 0.3, width=len(named) * (panel + 0.2))
    panels = figure.subplots(1, len(named), squeeze=False)[0]
    for ax, (name, kernel) in zip(panels, named.items(), strict=True):
        _draw_kernel(ax, np.asarray(kernel, dtype=float), panel)
        ax.set_title(name)
    return figure


def _named(arrays, names):
    if isinstance(arrays, dict):
        return arrays
    return dict(zip(names or [f"kernel {i}" for i in range(len(arrays))], arrays, strict=True))


def _draw_kernel(ax, kernel, panel):
    prepare_cells(ax, *kernel.shape)
    draw_cells(ax, kernel, side=66 * panel / max(kernel.shape), fills=greys(kernel))
    outline(ax, *kernel.shape, colour=MUTED, linewidth=1.2)


@styled
def plot_feature_maps(
    picture: NDArray,
    maps: Any,
    names: Sequence[str] | None = None,
    limits: Any = None,
    columns: int = 4,
) -> CourseFigure:
    """Draw a picture beside the maps that filters made of it.

    In a map mid-grey is zero, darker is negative, lighter is positive: the full black and white stand at
    the 99th percentile of its absolute values. `limits` sets another scale.

    Parameters
    ----------
    picture : array of shape (height, width) or (height, width, channels)
        uint8, 0 to 255.
    maps : array of shape (height, width, filters), or dict of str to array of shape (height, width)
    names : sequence of str, optional
        Titles, where `maps` is not a dict.
    limits : (float, float), or dict of str to (float, float), optional
        The numbers that are black and white, for all maps or for those named: (0, 255) where a map is a
        picture again.
    columns : int
        Panels side by side, the picture included.

    Returns
    -------
    CourseFigure

    Examples
    --------
    >>> picture = np.zeros((8, 8), dtype="uint8")
    >>> plot_feature_maps(picture, {"blur": np.zeros((6, 6)), "edges": np.ones((6, 6))})
    <Figure: A picture and 2 made from it: blur, edges.>
    """
    if not isinstance(maps, dict):
        maps = list(np.moveaxis(np.asarray(maps), -1, 0))
        names = names or [f"map {i}" for i in range(len(maps))]
    maps = _named(maps, names)
    columns = min(columns, len(maps) + 1)
    rows = math.ceil((len(maps) + 1) / columns)
    ratio = picture.shape[0] / picture.shape[1]
    panel = min(WIDTH / columns, 3.6)  # inches
    alt = f"A picture and {len(maps)} made from it: {', '.join(maps)}."
    figure = new_figure(alt, height=rows * (panel * ratio + 0.35), width=columns * panel)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    draw_picture(panels[0], picture)
    panels[0].set_title("the picture")
    for ax, (name, values) in zip(panels[1:], maps.items(), strict=False):
        bound = np.quantile(np.abs(values), 0.99) or 1
        chosen = limits.get(name) if isinstance(limits, dict) else limits
        low, high = chosen or (-bound, bound)
        draw_picture(ax, np.asarray(values, dtype=float), vmin=low, vmax=high)
        ax.set_title(name)
    for ax in panels[len(maps) + 1 :]:
        ax.set_axis_off()
    return figure


@styled
def plot_convolution_matrix(matrix: Any, ax: Axes | None = None) -> CourseFigure | Axes:
    """Draw the matrix of a convolution: its numbers where they can be read, else a dot for each entry.

    Parameters
    ----------
    matrix : scipy sparse matrix or array, of shape (outputs, inputs)
        As `cnn_course.convolution_matrix` returns it.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure or Axes
        The new figure, or the axes that were given.

    Examples
    --------
    >>> plot_convolution_matrix(np.eye(3, 4))
    <Figure: A matrix of 3 × 4 with 3 entries; the other 9 are 0.>
    """
    entries = coo_array(matrix)
    rows, columns = entries.shape
    rest = rows * columns - entries.nnz
    alt = f"A matrix of {rows} × {columns} with {entries.nnz} entries; the other {rest} are 0."
    ax, result = axes_for(ax, alt, height=min(6.0, (WIDTH - 0.4) * rows / columns + 0.35))
    prepare_cells(ax, rows, columns)
    if columns <= 36:
        present = np.zeros(entries.shape, dtype=bool)
        present[entries.coords] = True
        values = np.where(present, entries.toarray(), np.nan)
        draw_cells(ax, values, side=min(24, 590 / columns), fills=np.where(present, ORANGE, ""))
    else:
        i, j = entries.coords
        dot = {"marker": "s", "linestyle": "", "markersize": max(0.8, 200 / columns), "markeredgewidth": 0}
        ax.plot(j + 0.5, i + 0.5, color=BLUE, rasterized=True, **dot)
        ax.spines[:].set(visible=True, color=MUTED)
    ax.set(xlabel=f"{columns} input pixels, row after row", ylabel=f"{rows} outputs")
    return result
