"""Are neighbouring pixels alike? The correlation of two pixels, against the distance between them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ._style import MUTED, CourseFigure, axes_for, draw_picture, in_legend, new_figure, styled


def pixel_correlation(picture: ArrayLike, max_distance: int = 50) -> NDArray[np.float64]:
    """Return the correlation between the pixels of one picture and those `d` steps to their right.

    Parameters
    ----------
    picture : array of shape (height, width) or (height, width, channels)
        Any numbers; channels are averaged to grey.
    max_distance : int
        In pixels; 1 to width - 2.

    Returns
    -------
    array of shape (max_distance,)
        Pearson's correlation at the distances 1, 2, ..., `max_distance`; not-a-number for a constant
        picture.

    Raises
    ------
    DataError
        If the picture is not wide enough.

    Examples
    --------
    >>> stripes = np.tile([0, 0, 255, 255], (8, 8))
    >>> pixel_correlation(stripes, 4)[[1, 3]]
    array([-1.,  1.])
    """
    array = np.asarray(picture, dtype=float)
    grey = array.mean(axis=2) if array.ndim == 3 else array
    if grey.ndim != 2 or not 1 <= max_distance <= grey.shape[1] - 2:
        raise DataError(
            "max_distance must be from 1 to the width of the picture less 2. "
            f"Received: max_distance={max_distance}, picture of shape {array.shape}"
        )
    return np.array([_correlation(grey[:, :-d], grey[:, d:]) for d in range(1, max_distance + 1)])


def _correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a * a).sum() * (b * b).sum())
    return (a * b).sum() / scale if scale else np.nan


@styled
def plot_pixel_correlation(curves: Mapping[str, NDArray], ax: Axes | None = None) -> CourseFigure | Axes:
    """Draw correlation against distance, one line for each picture.

    Parameters
    ----------
    curves : dict of str to array of shape (distances,)
        Name of the line -> correlations at distance 1, 2, 3, ..., as `pixel_correlation` returns them.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure or Axes
        The new figure, or the axes that were given.

    Examples
    --------
    >>> plot_pixel_correlation({"a picture": np.array([0.9, 0.8, 0.7])})
    <Figure: Correlation of two pixels against their distance. a picture: from 0.90 to 0.70.>
    """
    alt = "Correlation of two pixels against their distance. " + " ".join(
        f"{name}: from {values[0]:.2f} to {values[-1]:.2f}." for name, values in curves.items()
    )
    ax, result = axes_for(ax, alt, height=4.0)
    for name, values in curves.items():
        distances = np.arange(1, len(values) + 1)
        ax.plot(distances, values, label=in_legend(name), markevery=max(1, len(values) // 10))
    ax.axhline(0, color=MUTED, linewidth=1, linestyle="-", marker="")
    ax.grid(axis="y")
    ax.set(xlabel="distance between the two pixels, in pixels", ylabel="correlation")
    ax.legend(handlelength=3.5)
    return result


@styled
def plot_shuffle(pictures: NDArray, shuffled: NDArray) -> CourseFigure:
    """Draw pictures, and below each the same picture with its pixels in another order.

    Parameters
    ----------
    pictures, shuffled : array of shape (n, height, width) or (n, height, width, channels)
        Up to about 8.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If the two do not have the same shape.

    Examples
    --------
    >>> digits = np.zeros((3, 8, 8))
    >>> plot_shuffle(digits, digits)
    <Figure: 3 pictures, and below them the same pictures with shuffled pixels.>
    """
    if np.shape(pictures) != np.shape(shuffled):
        raise DataError(
            f"pictures and shuffled must have the same shape. Received: {np.shape(pictures)} and {np.shape(shuffled)}"
        )
    count = len(pictures)
    alt = f"{count} pictures, and below them the same pictures with shuffled pixels."
    figure = new_figure(alt, height=min(5.0, 18.0 / count + 0.3))
    for row, batch in zip(figure.subplots(2, count, squeeze=False), (pictures, shuffled), strict=True):
        for ax, picture in zip(row, batch, strict=True):
            draw_picture(ax, picture)
    return figure
