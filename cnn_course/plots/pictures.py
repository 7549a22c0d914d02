"""Pictures of a data set in rows and columns."""

import numpy as np

from ..datasets.rows import rows_of
from ..errors import DataError
from ._style import MUTED, SMALL, draw_picture, new_figure, styled


@styled
def plot_pictures(data, n=None, by_class=True, columns=8, titles=None):
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
    margin = 0.3 + 0.095 * max(map(len, names))
    side = min(1.0, (9.0 - margin) / n)
    figure = new_figure(alt, height=side * len(rows) + 0.1, width=side * n + margin)
    grid = figure.subplots(len(rows), n, squeeze=False)
    for line, name, images in zip(grid, names, rows, strict=True):
        _draw_row(line, images)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, fontsize=SMALL)
    return figure


def _as_they_come(images, columns, titles):
    if titles is not None and len(titles) != len(images):
        raise DataError(f"titles must be one for each picture: {len(images)}. Received: {len(titles)} titles")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    side = min(1.6, 9.0 / columns)
    height = (side + (0.3 if titles is not None else 0.0)) * rows + 0.1
    what = "1 picture" if len(images) == 1 else f"{len(images)} pictures"
    alt = f"{what}{': ' + ', '.join(map(str, titles)) if titles is not None else ''}."
    figure = new_figure(alt, height=height, width=max(3.0, side * columns))
    grid = figure.subplots(rows, columns, squeeze=False)
    for r, line in enumerate(grid):
        _draw_row(line, images[r * columns : (r + 1) * columns])
    for ax, title in zip(grid.ravel(), titles if titles is not None else (), strict=False):
        ax.set_title(title, fontsize=SMALL, color=MUTED)
    return figure


def _draw_row(line, images):
    for ax in line[len(images) :]:
        ax.set_axis_off()
    for ax, image in zip(line, images, strict=False):
        draw_picture(ax, image)
