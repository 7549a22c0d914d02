"""Pictures of a data set in rows and columns."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..datasets.rows import rows_of
from ..errors import DataError
from ._style import MUTED, SMALL, draw_picture, new_figure, styled

_LINE = 0.2  # inches, of small text


@styled
def plot_pictures(
    data: Any,
    n: int | None = None,
    by_class: bool = True,
    columns: int = 8,
    titles: Sequence[Any] | None = None,
) -> Figure:
    """Draw pictures of a set: a row for each class, or as they come.

    Parameters
    ----------
    data : ImageDataset, LazyImageDataset or array of shape (n, height, width, channels) or (height, width, channels)
        uint8, 0 to 255. Of a folder only the pictures that are drawn are read.
    n : int, optional
        How many: of each class (8 is the default), or in all (24 is the default).
    by_class : bool
        Whether each class has a row; only for sets with labels.
    columns : int
        Pictures in a row, where there is no row for each class.
    titles : sequence of str, optional
        One above each picture; only where there is no row for each class.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If there is no picture to draw, or titles and pictures differ in number.

    Examples
    --------
    >>> from cnn_course import load_dataset
    >>> plot_pictures(load_dataset("digits"), n=3)
    <Figure: 30 pictures, a row for each of 10 classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.>
    """
    if not hasattr(data, "labels") and not isinstance(data, tuple | list):
        data = np.asarray(data)
        data = data[np.newaxis] if data.ndim == 3 and data.shape[2] in (1, 3) else data
    data = rows_of(data, labelled=False)
    if not len(data) or len(data.shape) != 3 or data.shape[2] not in (1, 3):
        raise DataError(
            "data must be pictures of shape (n, height, width, 1 or 3), at least one. "
            f"Received: shape {(len(data), *data.shape)}"
        )
    present = np.unique(data.labels[data.labels >= 0]) if by_class and data.class_names and titles is None else ()
    if len(present):
        return _rows_by_class(data, present, n or 8)
    drawn = min(len(data), n or (24 if titles is None else len(data)))
    return _as_they_come(data.take(np.arange(drawn)), columns, titles)


def _rows_by_class(data, present, n):
    names = [data.class_names[k] for k in present]
    rows = [data.take(np.flatnonzero(data.labels == k)[:n]) for k in present]
    n = max(map(len, rows))
    drawn = sum(map(len, rows))
    classes = f"{len(names)} classes" if len(names) != 1 else "1 class"
    alt = f"{drawn} pictures, a row for each of {classes}: {', '.join(names)}."
    words = [_in_lines(name, 28, lines=3) for name in names]
    margin = 0.3 + 0.095 * max(len(line) for text in words for line in text.split("\n"))
    side = min(1.0, (9.0 - margin) / n)
    height = max(side, _LINE * max(text.count("\n") + 1 for text in words) + 0.1)
    total = height * len(rows) + 0.1, side * n + margin
    figure = new_figure(alt, height=total[0], width=total[1])
    figure.set_layout_engine("none")  # the constrained one takes the names for narrower than they are
    edges = {"left": (margin - 0.05) / total[1], "right": 1 - 0.05 / total[1], "wspace": 0.08, "hspace": 0.08}
    grid = figure.subplots(len(rows), n, squeeze=False, gridspec_kw=edges | {"bottom": 0.01, "top": 0.99})
    for line, text, images in zip(grid, words, rows, strict=True):
        _draw_row(line, images)
        options = {"rotation": 0, "ha": "right", "va": "center", "labelpad": 8, "parse_math": False}
        line[0].set_ylabel(text, fontsize=SMALL, **options)
    return figure


def _as_they_come(images, columns, titles):
    if titles is not None and len(titles) != len(images):
        raise DataError(f"titles must be one for each picture: {len(images)}. Received: {len(titles)} titles")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    side = min(1.6, 9.0 / columns)
    words = [_in_lines(title, max(8, int(side / 0.095))) for title in (() if titles is None else titles)]
    above = 0.1 + _LINE * max(text.count("\n") + 1 for text in words) if words else 0.0
    height = (side + above) * rows + 0.1
    what = "1 picture" if len(images) == 1 else f"{len(images)} pictures"
    alt = f"{what}{': ' + ', '.join(map(str, titles)) if titles is not None else ''}."
    figure = new_figure(alt, height=height, width=max(3.0, side * columns))
    grid = figure.subplots(rows, columns, squeeze=False)
    for r, line in enumerate(grid):
        _draw_row(line, images[r * columns : (r + 1) * columns])
    for ax, text in zip(grid.ravel(), words, strict=False):
        ax.set_title(text, fontsize=SMALL, color=MUTED, parse_math=False)
    return figure


def _in_lines(text, width, lines=2):
    """Return a text in lines of so many letters, cut after the last one that is allowed."""
    return "\n".join(wrap(str(text), width, max_lines=lines, placeholder=" …"))


def _draw_row(line, images):
    for ax in line[len(images) :]:
        ax.set_axis_off()
    for ax, image in zip(line, images, strict=False):
        draw_picture(ax, image)
