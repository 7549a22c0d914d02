"""A network as a row of blocks, with the shape of what each one gives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from matplotlib.patches import Polygon

from .._keras import Model
from ..model_table import describe
from ._style import BLUE, GREEN, INK, LINE, PAPER, SMALL, VERMILLION, WIDTH, CourseFigure, new_figure, styled

_KINDS = (("Conv", BLUE, "conv"), ("Pooling", VERMILLION, "pool"), ("Dense", GREEN, "dense"))
_OTHER = (LINE, "other")
_IN_A_ROW, _MOST = 10, 20  # blocks that can be read side by side, and in all
_ROW, _TALLEST = 2.55, 1.3  # inches: a row of blocks with its words, and the largest block


@styled
def plot_network(model: Model, input_shape: Sequence[int] | None = None) -> CourseFigure:
    """Draw a network from left to right, a block for each stretch of layers that gives the same shape.

    A block is as high as its maps, by the square root, and as thick as it has channels, by the logarithm. Its colour
    is that of the first layer that counts: convolution, pooling or dense. Branches are in one block if their shapes
    are. A network of more than 20 shapes has a block for each height and width, with the most channels in it.

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
    blocks = [(table.input_shape, "input", PAPER), *_blocks(table)]
    shapes = [_text(shape) for shape, _, _ in blocks]
    between = f" by {', '.join(shapes[1:-2])} and {shapes[-2]}" if len(shapes) > 3 else ""
    rows = math.ceil(len(blocks) / _IN_A_ROW)
    alt = f"{table.name}, from {shapes[0]}{between} to {shapes[-1]}."
    figure = new_figure(alt, height=rows * _ROW, layout="none")
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(-rows * _ROW, 0))
    ax.set_aspect("equal")  # the blocks keep their form where the figure is given another size
    ax.set_axis_off()
    _draw(ax, blocks, math.ceil(len(blocks) / rows))
    return figure


def _blocks(table):
    """Return shape, words and colour of each stretch of layers; of one height and width, where there are many."""
    layers = [row for row in table.rows if not row.kind.startswith("ZeroPadding")]  # the next layer's, as "same" is
    found = [_block(list(rows)) for _, rows in groupby(layers, lambda row: row.output_shape)]
    if len(found) > _MOST:
        found = [_block(list(rows)) for _, rows in groupby(layers, lambda row: row.output_shape[:-1] or row.name)]
    first = [found[0][0], found[0][2]] if found else None
    # Rescaling and augmentation change no shape, and would only push the network aside.
    return found[1:] if first == [table.input_shape, _OTHER[0]] and len(found) > 1 else found


def _block(rows):
    """Return the shape of what comes out, what the block does in words, and its colour."""
    counted = Counter(_kind(row)[1] for row in rows)
    colour = next((colour for _, colour, name in _KINDS if counted[name]), _OTHER[0])
    words = [f"{n} {name}" if n > 1 else name for name, n in counted.items() if name != _OTHER[1]]
    widest = max(reversed(rows), key=lambda row: row.output_shape[-1])
    return widest.output_shape, "\n".join(words or [_short(rows[-1].kind)]), colour


def _short(kind):
    """Return the kind of a layer in at most ten letters."""
    word = kind.removesuffix("1D").removesuffix("2D").removesuffix("3D").lower()
    word = {"concatenate": "concat", "batchnormalization": "norm"}.get(word, word)
    return word if len(word) <= 10 else f"{word[:9]}…"


def _kind(row):
    if row.kind.startswith("Global"):
        return VERMILLION, "pool"
    return next(((colour, name) for mark, colour, name in _KINDS if mark in row.kind), _OTHER)


def _text(shape):
    return " x ".join(map(str, shape))


def _size(shape):
    """Return height and thickness of a block; the height still has to be scaled."""
    if len(shape) == 1:
        return 0.55 * math.log2(shape[0] + 1), 0.12
    return 0.55 * math.sqrt(shape[0]), 0.06 + 0.035 * math.log2(shape[-1] + 1)


def _draw(ax, blocks, in_a_row):
    """Draw the blocks in rows, the words of each above it and its shape below."""
    scale = _TALLEST / max(_size(shape)[0] for shape, _, _ in blocks)
    slot = WIDTH / max(in_a_row, 5)
    left = (WIDTH - slot * in_a_row) / 2
    for number, (shape, words, colour) in enumerate(blocks):
        row, column = divmod(number, in_a_row)
        middle, level = left + slot * (column + 0.5), -row * _ROW - 1.3
        if number + 1 < len(blocks):
            ends = [middle, middle + slot / (1 if column + 1 < in_a_row else 2)]
            ax.plot(ends, [level, level], color=LINE, linewidth=1.2, zorder=0, marker="", linestyle="-")
        if column == 0 and row:
            ax.plot([0, middle], [level, level], color=LINE, linewidth=1.2, zorder=0, marker="", linestyle="-")
        height, thick = _size(shape)
        _draw_block(ax, middle, level, height * scale, thick, colour, flat=len(shape) == 1)
        ax.text(middle, level + 0.85, words, ha="center", va="bottom", fontsize=SMALL, linespacing=1.1)
        lines = _text(shape[:-1]) + f"\nx {shape[-1]}" if len(shape) > 1 else _text(shape)
        ax.text(middle, level - 0.78, lines, ha="center", va="top", fontsize=SMALL, linespacing=1.2)


def _draw_block(ax, middle, level, height, thick, colour, flat):
    """Draw one block: its front, its top and its side."""
    slant = 0.07 if flat else 0.18 * height
    height = height - slant if height > 3 * slant else height
    left, low = middle - (thick + slant) / 2, level - (height + slant) / 2
    right, top = left + thick, low + height
    front = [(left, low), (right, low), (right, top), (left, top)]
    lid = [(left, top), (left + slant, top + slant), (right + slant, top + slant), (right, top)]
    side = [(right, low), (right + slant, low + slant), (right + slant, top + slant), (right, top)]
    for corners, share in ((front, 1.0), (lid, 0.75), (side, 0.5)):
        ax.add_patch(Polygon(corners, facecolor=PAPER, edgecolor=INK, linewidth=1.0))
        ax.add_patch(Polygon(corners, facecolor=colour, alpha=share, edgecolor=INK, linewidth=1.0))
