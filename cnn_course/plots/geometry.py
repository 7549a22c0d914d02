"""Where the window goes: its positions along a row, its box in a volume, and who is joined to whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from .._arguments import Padding, Size
from ..arithmetic import output_size, padding_pairs
from ..errors import GeometryError
from ._cells import prepare_cells
from ._style import (
    BLUE,
    COLOURS,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    SMALL,
    VERMILLION,
    WIDTH,
    CourseFigure,
    axes_for,
    bare,
    new_figure,
    styled,
)

_ROW = 0.62  # height of a window's bar, in cells


@styled
def plot_windows(
    input_size: int,
    kernel_size: int,
    strides: int = 1,
    padding: Padding = "valid",
    dilation_rate: int = 1,
    ax: Axes | None = None,
) -> CourseFigure | Axes:
    """Draw a row of pixels and, below it, every position that the kernel takes.

    Padding is hatched. A pixel that no window reads is crossed out.

    Parameters
    ----------
    input_size : int
        Pixels in the row, at least 1; up to about 30 can be read.
    kernel_size, strides, dilation_rate : int
        At least 1.
    padding : "valid", "same", int, or (before, after)
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure or Axes
        The new figure, or the axes that were given.

    Raises
    ------
    GeometryError
        If the window does not fit.

    Examples
    --------
    >>> plot_windows(7, 3, strides=2, padding="same")
    <Figure: A row of 7 pixels, padded by 1 before and 1 after. Windows of 3 pixels take 4 positions.>
    >>> plot_windows(6, 3, strides=2)
    <Figure: A row of 6 pixels. Windows of 3 pixels take 2 positions. 1 pixel is never read.>
    """
    before, after = padding_pairs(input_size, kernel_size, strides, padding, dilation_rate)
    count = output_size(input_size, kernel_size, strides, padding, dilation_rate)
    starts = np.arange(count) * strides - before
    taps = starts[:, None] + np.arange(kernel_size) * dilation_rate
    missed = sorted(set(range(input_size)) - set(taps.ravel().tolist()))
    alt = _windows_alt(input_size, kernel_size, before, after, count, len(missed))
    rows, columns = 1.5 + _ROW * count, before + input_size + after + 2.4
    ax, result = axes_for(ax, alt, height=min(7.0, WIDTH * rows / columns, 0.55 * rows + 0.3))
    prepare_cells(ax, rows, columns, left=-before - 0.1)
    _draw_row(ax, input_size, before, after, missed)
    for position, places in enumerate(taps):
        _draw_window(ax, position, places, input_size, input_size + after + 0.3)
    return result


def _windows_alt(input_size, kernel_size, before, after, count, missed):
    padded = f", padded by {before} before and {after} after" if before or after else ""
    pixels = "1 pixel is" if missed == 1 else f"{missed} pixels are"
    lost = f" {pixels} never read." if missed else ""
    positions = "1 position" if count == 1 else f"{count} positions"
    return f"A row of {input_size} pixels{padded}. Windows of {kernel_size} pixels take {positions}.{lost}"


def _draw_row(ax, input_size, before, after, missed):
    for pixel in range(-before, input_size + after):
        inside = 0 <= pixel < input_size
        ax.add_patch(
            Rectangle((pixel, 0), 1, 1, facecolor=PAPER, edgecolor=MUTED, lw=1.0, hatch=None if inside else "////")
        )
        if inside:
            ax.text(pixel + 0.5, 0.5, str(pixel), ha="center", va="center_baseline", size=SMALL)
    for pixel in missed:
        for ends in ((0.12, 0.88), (0.88, 0.12)):
            ax.plot([pixel + 0.12, pixel + 0.88], ends, color=VERMILLION, ls="-", marker="", lw=2.6)


def _draw_window(ax, position, places, input_size, label_at):
    """One position: a bar for each pixel that it reads, hollow where that is padding."""
    y = 1.5 + _ROW * position
    ax.plot([places[0] + 0.5, places[-1] + 0.5], [y + 0.2] * 2, color=BLUE, ls="-", marker="", lw=1.5)
    for place in places:
        fill = BLUE if 0 <= place < input_size else PAPER
        ax.add_patch(Rectangle((place + 0.05, y), 0.9, 0.4, facecolor=fill, edgecolor=BLUE, lw=1.4, zorder=3))
    ax.text(label_at, y + 0.2, f"output {position}", va="center", size=SMALL)


@styled
def plot_volume(
    input_shape: Sequence[int] = (32, 32, 3),
    kernel_size: int = 5,
    filters: int = 1,
    strides: Size = 1,
    padding: Padding = "valid",
    ax: Axes | None = None,
) -> CourseFigure | Axes:
    """Draw a picture as a box, one filter in it, and the maps that the filters make.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width and channels of the picture.
    kernel_size : int
        Side of the filter, which always reaches through all channels.
    filters : int
        Number of filters, and so of maps; at least 1.
    strides : int
    padding : "valid", "same" or int
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure or Axes
        The new figure, or the axes that were given.

    Raises
    ------
    GeometryError
        If the filter does not fit.

    Examples
    --------
    >>> plot_volume(filters=10)
    <Figure: A picture of 32 × 32 × 3; 10 filters of 5 × 5 × 3 make 10 maps of 28 × 28.>
    """
    rows, columns, channels = input_shape
    height, width = output_size((rows, columns), kernel_size, strides, padding)
    several = filters > 1
    makes = f"{filters} filters of" if several else "a filter of"
    maps = f"make {filters} maps of" if several else "makes one map of"
    alt = (
        f"A picture of {rows} × {columns} × {channels}; {makes} {kernel_size} × {kernel_size} × {channels} "
        f"{maps} {height} × {width}."
    )
    ax, result = axes_for(ax, alt, height=4.2)
    bare(ax).set_aspect("equal")
    unit = 10 / max(rows, columns)  # the picture is ten units high or wide
    depth, side = min(3.0, 0.55 * channels), kernel_size * unit
    _draw_box(ax, (0, 0), rows * unit, columns * unit, depth, channels, MUTED, 0.10)
    _draw_box(ax, (2.2 * unit, 2.2 * unit), side, side, depth, channels, ORANGE, 0.9)
    cell = _draw_maps(ax, columns * unit + depth + 7.2, height * unit, width * unit, filters, unit)
    _draw_rays(ax, (2.2 * unit, 2.2 * unit), side, cell)
    _label_volume(ax, unit, input_shape, (height, width), kernel_size, filters, depth)
    return result


def _draw_box(ax, at, height, width, depth, slices, colour, alpha):
    """A box in oblique view, its front's upper left corner at (row, column), cut into slices in depth."""
    y, x = at
    back = 0.6 * depth
    faces = (
        [(x, y), (x + width, y), (x + width, y + height), (x, y + height)],
        [(x, y), (x + width, y), (x + width + back, y - back), (x + back, y - back)],
        [
            (x + width, y),
            (x + width + back, y - back),
            (x + width + back, y + height - back),
            (x + width, y + height),
        ],
    )
    for corners in faces:
        ax.add_patch(Polygon(corners, facecolor=colour, alpha=alpha, edgecolor="none"))
        ax.add_patch(Polygon(corners, facecolor="none", edgecolor=INK, linewidth=1.2))
    for cut in np.arange(1, slices) / slices * back if slices <= 12 else ():
        line = [(x + cut, y - cut), (x + width + cut, y - cut), (x + width + cut, y + height - cut)]
        ax.plot(*zip(*line, strict=True), color=INK, ls="-", marker="", lw=0.6)


def _draw_maps(ax, left, height, width, filters, unit):
    """The maps as sheets, the first in front; return the place of its first cell."""
    shown = min(filters, 12)
    gap = 0.45
    for sheet in reversed(range(shown)):
        x, y = left + gap * sheet, 2 * unit - gap * sheet
        ax.add_patch(Rectangle((x, y), width, height, facecolor=PAPER, edgecolor=INK, linewidth=1.2))
        ax.add_patch(Rectangle((x, y), width, height, facecolor=BLUE, alpha=0.10 if sheet else 0.28))
    cell = (left + 2.2 * unit, 4.2 * unit)
    ax.add_patch(Rectangle(cell, unit, unit, facecolor=ORANGE, edgecolor=INK, linewidth=1.0, zorder=4))
    return cell[0] + unit / 2, cell[1] + unit / 2


def _draw_rays(ax, at, side, cell):
    for y, x in ((at[0], at[1] + side), (at[0] + side, at[1] + side)):
        ax.plot([x, cell[0]], [y, cell[1]], color=INK, ls="--", marker="", lw=1.2)


def _label_volume(ax, unit, input_shape, map_shape, kernel_size, filters, depth):
    rows, columns, channels = input_shape
    high, wide, back = rows * unit, columns * unit, 0.6 * depth
    left = wide + depth + 7.2
    sheets = 0.45 * (min(filters, 12) - 1)
    ax.text(wide / 2, high + 0.4, f"{columns} wide", ha="center", va="top")
    ax.text(-0.4, high / 2, f"{rows} high", ha="right", va="center")
    stack = "1 channel" if channels == 1 else f"{channels} channels"
    ax.text(wide + back / 2 + 0.4, high - back / 2 + 0.2, stack, ha="left", va="top", size=SMALL)
    middle = (wide + depth + left) / 2
    count = f"{filters} filters\n" if filters > 1 else "a filter\n"
    ax.text(middle, high * 0.62, f"{count}{kernel_size} × {kernel_size} × {channels}", ha="center", va="center")
    name = f"{filters} maps" if filters > 1 else "one map"
    bottom = 2 * unit + map_shape[0] * unit
    ax.text(
        left + map_shape[1] * unit / 2,
        bottom + 0.4,
        f"{name}, {map_shape[0]} × {map_shape[1]}",
        ha="center",
        va="top",
    )
    ax.set_xlim(-3.4, left + map_shape[1] * unit + sheets + 0.3)
    ax.set_ylim(max(high, bottom) + 1.6, min(-back, 2 * unit - sheets) - 0.3)


@styled
def plot_connections(inputs: int = 8, kernel_size: int = 3) -> CourseFigure:
    """Draw who is joined to whom in a dense layer and in a convolution with as many outputs.

    In the convolution, lines of one kind carry one and the same weight.

    Parameters
    ----------
    inputs : int
        Pixels in a row; up to about 12 can be read.
    kernel_size : int
        At most 6, and at most `inputs`.

    Returns
    -------
    CourseFigure

    Raises
    ------
    GeometryError
        If the kernel does not fit, or has more than 6 weights.

    Examples
    --------
    >>> plot_connections(8, 3)
    <Figure: 8 pixels and 6 outputs. A dense layer joins all with 48 weights, a convolution neighbours with 3.>
    """
    if kernel_size > len(COLOURS):
        raise GeometryError(f"kernel_size must be at most 6 to be drawn. Received: kernel_size={kernel_size}")
    outputs = output_size(inputs, kernel_size)
    weights = inputs * outputs
    figure = new_figure(
        f"{inputs} pixels and {outputs} outputs. A dense layer joins all with {weights} weights, "
        f"a convolution neighbours with {kernel_size}.",
        height=3.9,
    )
    dense, sparse = figure.subplots(1, 2)
    _draw_nodes(dense, inputs, outputs)
    _draw_nodes(sparse, inputs, outputs)
    shift = (inputs - outputs) / 2
    for output in range(outputs):
        for pixel in range(inputs):
            dense.plot([pixel, output + shift], [0, 1], color=MUTED, ls="-", marker="", lw=0.9, zorder=1)
        for tap in range(kernel_size):
            _draw_weight(sparse, output, tap, shift)
    dense.set_title(f"dense: {inputs} × {outputs} = {weights} weights")
    sparse.set_title(f"convolution: {kernel_size} weights, used {outputs} times")
    sparse.legend(loc="lower center", bbox_to_anchor=(0.55, -0.16), ncols=kernel_size, handlelength=3)
    return figure


def _draw_nodes(ax, inputs, outputs):
    shift = (inputs - outputs) / 2
    style = {"ls": "", "markersize": 15, "markeredgecolor": INK, "zorder": 3}
    ax.plot(np.arange(inputs), np.zeros(inputs), marker="s", color=PAPER, **style)
    ax.plot(np.arange(outputs) + shift, np.ones(outputs), marker="o", color=PAPER, **style)
    ax.text(-0.7, 0, "pixels", ha="right", va="center")
    ax.text(-0.7, 1, "outputs", ha="right", va="center")
    bare(ax).set(xlim=(-2.6, inputs - 0.4), ylim=(-0.16, 1.16))


def _draw_weight(ax, output, tap, shift):
    ax.plot(
        [output + tap, output + shift],
        [0, 1],
        color=COLOURS[tap],
        ls=("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))[tap],
        marker="",
        lw=2.2,
        zorder=1,
        label=f"weight {tap}" if output == 0 else None,
    )
