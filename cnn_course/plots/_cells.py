"""Matrices drawn as squares with numbers in them: pixels, kernels and maps that can be read."""

import numpy as np
from matplotlib.patches import Rectangle

from ._style import INK, LARGE, LINE, PAPER, bare, text_on


def number(value, digits=2):
    """Return the number as it is written in a cell: no needless zeros, a true minus sign.

    Examples
    --------
    >>> number(3.0), number(-0.125), number(1 / 9), number(float("nan"))
    ('3', '−0.12', '0.11', '')
    """
    if value != value:
        return ""
    text = f"{round(float(value), digits):g}"
    return "0" if text == "-0" else text.replace("-", "−")


def prepare_cells(ax, height, width, top=0.0, left=0.0, margin=0.08):
    """Make the axes a sheet of squares, rows counted downwards; return them."""
    bare(ax).set_aspect("equal")
    ax.set_xlim(left - margin, left + width + margin)
    ax.set_ylim(top + height + margin, top - margin)
    return ax


def draw_cells(ax, values, side, at=(0, 0), fills=None, corners=None, hatch=None):
    """Draw a matrix as squares of side 1, each with its number.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Prepared with `prepare_cells`.
    values : array of shape (h, w)
        Not-a-number leaves a cell without a number.
    side : float
        Of a cell on the page, in points: the numbers are as large as it allows.
    at : (float, float)
        Row and column of the upper left corner.
    fills : array of shape (h, w), optional
        Colours; "" leaves a cell as paper.
    corners : array of shape (h, w), optional
        Small numbers for the lower right corner of each cell; not-a-number leaves it empty.
    hatch : array of bool, shape (h, w), optional
        Cells that are hatched: padding.
    """
    size = min(LARGE, 0.47 * side)
    for (i, j), value in np.ndenumerate(np.asarray(values, dtype=float)):
        y, x = at[0] + i, at[1] + j
        fill = fills[i, j] if fills is not None and fills[i, j] else PAPER
        ink = INK if fill == PAPER else text_on(fill)
        mark = "///" if hatch is not None and hatch[i, j] else None
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor=LINE, linewidth=0.8, hatch=mark))
        if text := number(value):
            fitted = min(size, 1.3 * side / len(text))
            ax.text(x + 0.5, y + 0.5, text, size=fitted, color=ink, ha="center", va="center_baseline")
        if corners is not None and (text := number(corners[i, j])):
            ax.text(x + 0.94, y + 0.94, text, size=0.62 * size, color=ink, ha="right", va="bottom")


def outline(ax, height, width, at=(0, 0), colour=INK, **options):
    """Draw a thick frame around a block of cells."""
    options = {"linewidth": 2.2, **options}
    ax.add_patch(Rectangle((at[1], at[0]), width, height, facecolor="none", edgecolor=colour, zorder=3, **options))


def greys(values, bound=None):
    """Return a grey for each number: black is the most negative, white the most positive, zero between.

    Parameters
    ----------
    values : array of shape (h, w)
    bound : float, optional
        The number that is white; by default the largest absolute value.

    Examples
    --------
    >>> greys(np.array([[-1.0, 0.0, 1.0]])).tolist()
    [['#000000', '#808080', '#ffffff']]
    """
    values = np.asarray(values, dtype=float)
    bound = bound or np.abs(values).max() or 1.0
    levels = np.clip(np.round(127.5 + 127.5 * values / bound + 1e-9), 0, 255).astype(int)
    return np.vectorize(lambda level: f"#{level:02x}{level:02x}{level:02x}")(levels)
