"""Which class a model gives to each point of the plane."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from ..errors import DataError
from ._style import COLOURS, CourseFigure, axes_for, bare, new_figure, styled

_STEPS = 200  # points along each side of the plane


@styled
def plot_boundaries(model: Any, data: Any, ax: Axes | None = None) -> CourseFigure | Axes:
    """Draw the regions that a model gives to each class, and the points over them.

    Parameters
    ----------
    model : keras.Model, scikit-learn classifier, callable, or dict of them
        From points of shape (n, 2) to probabilities of shape (n, classes), or (n,) or (n, 1) of the second class.
        Several, by name, are drawn side by side.
    data : PointDataset
        Points in the plane, with labels.
    ax : matplotlib.axes.Axes, optional
        The default is a new figure. Only for a single model.

    Returns
    -------
    matplotlib.figure.Figure, or `ax`

    Raises
    ------
    DataError
        If the points do not lie in the plane, or the model gives something else than a probability of each class.

    Examples
    --------
    >>> from cnn_course import load_dataset
    >>> plot_boundaries(lambda x: x[:, 0] > 0, load_dataset("rings", n=100))
    <Figure: The regions of 2 classes, and 100 points: 59 % lie in the region of their class.>
    """
    x, labels = np.asarray(data.x), np.asarray(data.labels)
    if x.ndim != 2 or x.shape[1] != 2:
        raise DataError(f"data must hold points in the plane, x of shape (n, 2). Received: x of shape {x.shape}")
    classes = max(len(data.class_names), int(labels.max()) + 1)
    if not isinstance(model, dict):
        right = np.mean(_classes(model, x, classes) == labels)
        alt = f"The regions of {classes} classes, and {len(x)} points: {right:.0%} lie in the region of their class."
        ax, returned = axes_for(ax, alt.replace("%", " %"), height=4.5, width=5)
        _draw(ax, model, x, labels, classes)
        return returned
    shares = {name: np.mean(_classes(one, x, classes) == labels) for name, one in model.items()}
    words = ", ".join(f"{name} {right:.0%}".replace("%", " %") for name, right in shares.items())
    alt = f"The regions of {classes} classes by {len(model)} models. Points in the region of their class: {words}."
    low, high = _corners(x)
    upright = (high[1] - low[1]) / (high[0] - low[0])
    figure = new_figure(alt, height=2.82 * upright + 0.42, width=2.9 * len(model))
    for ax, (name, one) in zip(figure.subplots(1, len(model), squeeze=False)[0], model.items(), strict=True):
        _draw(bare(ax), one, x, labels, classes)
        ax.set_title(f"{name}: {shares[name]:.0%}".replace("%", " %"))
        ax.set(xlabel="", ylabel="")
    return figure


def _draw(ax, model, x, labels, classes):
    """Draw the regions of one model, and the points."""
    low, high = _corners(x)
    across, up = (np.linspace(low[i], high[i], _STEPS) for i in (0, 1))
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    region = _classes(model, plane, classes).reshape(_STEPS, _STEPS)
    colours = np.array([to_rgb(COLOURS[i % len(COLOURS)]) for i in range(classes)])
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(0.35 * colours[region] + 0.65, origin="lower", extent=extent, aspect="equal", interpolation="nearest")
    for i, marker in zip(range(classes), "osD^v<>ph*" * classes, strict=False):
        own = x[labels == i]
        ax.scatter(*own.T, s=14, color=colours[i], marker=marker, edgecolors="white", linewidths=0.4)
    ax.set(xlabel="x₁", ylabel="x₂")


def _corners(x):
    return x.min(axis=0) - 0.3, x.max(axis=0) + 0.3


def _classes(model, points, classes):
    """Return the most probable class of each point."""
    from ..evaluate import predict_probabilities

    found = np.asarray(predict_probabilities(model, points.astype(np.float32), 4096), float)
    if classes == 2 and found.ndim == 1:
        return (found > 0.5).astype(int)
    if found.shape != (len(points), classes):
        raise DataError(
            f"model must give a probability for each of {classes} classes, shape ({len(points)}, {classes}). "
            f"Received: shape {found.shape}"
        )
    return found.argmax(axis=1)
