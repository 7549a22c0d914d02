"""A network as a row of blocks, with the shape of what each one gives."""

import math
from collections import Counter
from itertools import groupby

from matplotlib.patches import Polygon, Rectangle

from ..model_table import describe
from ._style import BLUE, GREEN, INK, LINE, MUTED, PAPER, SMALL, VERMILLION, new_figure, styled

_KINDS = (("Conv", BLUE, "convolution"), ("Pooling", VERMILLION, "pooling"), ("Dense", GREEN, "dense"))
_OTHER = (LINE, "other")


@styled
def plot_network(model, input_shape=None):
    """Draw a network from left to right, a block for each stretch of layers that gives the same shape.

    A block is as high as its maps, by the square root, and as thick as it has channels, by the logarithm. Its colour
    is that of the first layer that counts: convolution, pooling or dense. Branches of one shape are one block.

    Parameters
    ----------
    model : keras.Model or ModelTable
    input_shape : tuple of int, optional
        As for `describe`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ModelError
        As in `describe`.

    Examples
    --------
    >>> from cnn_course import build_lenet
    >>> plot_network(build_lenet(seed=0))
    <Figure: lenet, from 28 x 28 x 1 by 28 x 28 x 6, 14 x 14 x 6, ... and 84 to 10.>
    """
    table = model if hasattr(model, "rows") else describe(model, input_shape=input_shape)
    blocks = [(table.input_shape, "input", PAPER)]
    blocks += [_block(shape, list(rows)) for shape, rows in groupby(table.rows, lambda row: row.output_shape)]
    if len(blocks) > 1 and blocks[1][0] == blocks[0][0] and blocks[1][2] == _OTHER[0]:
        del blocks[1]  # rescaling and augmentation change no shape and would only push the network aside
    shapes = [_text(shape) for shape, _, _ in blocks]
    between = f" by {', '.join(shapes[1:-2])} and {shapes[-2]}" if len(shapes) > 3 else ""
    figure = new_figure(f"{table.name}, from {shapes[0]}{between} to {shapes[-1]}.", height=4.2, width=9.0)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_aspect("equal")
    _draw(ax, blocks)
    return figure


def _block(shape, rows):
    """Return the shape, what the block does in words, and its colour."""
    counted = Counter(_kind(row)[1] for row in rows)
    main = next(((colour, name) for _, colour, name in _KINDS if counted[name]), _OTHER)
    words = [
        f"{n} {name}s" if n > 1 and name != "dense" else f"{n} dense" if n > 1 else name for name, n in counted.items()
    ]
    words = [word for word in words if "other" not in word] or [rows[-1].kind.lower()]
    return shape, "\n".join(words), main[0]


def _kind(row):
    if row.kind.startswith("Global"):
        return VERMILLION, "pooling"
    return next(((colour, name) for mark, colour, name in _KINDS if mark in row.kind), _OTHER)


def _text(shape):
    return " x ".join(map(str, shape))


def _size(shape):
    """Return height and thickness of a block, in units of the drawing."""
    if len(shape) == 1:
        return 0.55 * math.log2(shape[0] + 1), 0.35
    return 0.55 * math.sqrt(shape[0]), 0.25 + 0.17 * math.log2(shape[-1] + 1)


def _draw(ax, blocks):
    largest = max(_size(shape)[0] for shape, _, _ in blocks)
    scale = 6.0 / largest
    at = 0.0
    for number, (shape, words, colour) in enumerate(blocks):
        height, thick = _size(shape)
        height *= scale
        slant = 0.28 * height if len(shape) > 1 else 0.12
        low = -height / 2
        front = {"edgecolor": INK, "linewidth": 1.0}
        ax.add_patch(Rectangle((at, low), thick, height, facecolor=colour, **front))
        top = [(at, low + height), (at + slant, low + height + slant), (at + thick + slant, low + height + slant)]
        ax.add_patch(Polygon([*top, (at + thick, low + height)], facecolor=colour, alpha=0.75, **front))
        side = [(at + thick, low), (at + thick + slant, low + slant), (at + thick + slant, low + height + slant)]
        ax.add_patch(Polygon([*side, (at + thick, low + height)], facecolor=colour, alpha=0.5, **front))
        middle = at + (thick + slant) / 2
        level = -3.35 - (0.9 if number % 2 else 0.0)
        ax.plot([middle, middle], [low, level + 0.1], color=LINE, linewidth=0.7, zorder=0, marker="", linestyle="-")
        ax.text(middle, level, _text(shape), ha="center", va="top", fontsize=SMALL - 2)
        ax.text(
            middle,
            4.85 + (1.1 if number % 2 else 0.0),
            words,
            ha="center",
            va="bottom",
            fontsize=SMALL - 3,
            color=MUTED,
        )
        at += thick + slant + max(0.75, 0.06 * len(_text(shape)) * 2)
    ax.set_xlim(-0.8, at)
    ax.set_ylim(-5.2, 7.6)
