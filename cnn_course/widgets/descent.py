"""Gradient descent to step through: what batch size, learning rate and momentum do to the path."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from ..errors import DataError
from ._base import CourseWidget, bundle, style


def _example_points():
    """Return 64 points around a line, x not centred: the bowl of the loss is then longer than it is wide."""
    rng = np.random.default_rng(4)
    x = rng.normal(0.6, 1.0, 64).round(2)
    return x.tolist(), (0.5 + 1.2 * x + rng.normal(0, 0.7, 64)).round(2).tolist()


class DescentDemo(CourseWidget):
    """Gradient descent for a regression line, update by update, on the surface of its loss.

    The loss is half the mean squared error of ``a + b x``. Each update looks at one batch: the points in a new order in
    each pass, cut into batches.

    Parameters
    ----------
    batch_size : int
        Points of each update, 1 to the number of points.
    learning_rate : float
        Above 0, at most 2.
    momentum : float
        Share of the last step that is added to the next, 0 to 0.95.
    updates : int
        Updates done so far, at most 2000.
    seed : int
        Another one gives other orders of the points.
    start : tuple of float
        (a, b) before the first update.
    x, y : list of float, optional
        The points; by default 64 around a line.
    playing : bool
        Whether it updates by itself.

    Raises
    ------
    DataError
        If `x` and `y` are not two lists of at least 2 numbers of one length.

    Examples
    --------
    >>> demo = DescentDemo(batch_size=64, learning_rate=0.3, updates=200)
    >>> slope, intercept = np.polyfit(demo.x, demo.y, 1)
    >>> bool(np.allclose(demo.path[-1], (intercept, slope), atol=1e-6))
    True
    >>> len(demo.losses)
    201
    """

    title = "Gradient descent demo"
    _esm = bundle("descent_demo.js")
    _css = style("pictures.css", "charts.css")

    x = traitlets.List(traitlets.Float(), _example_points()[0]).tag(sync=True)
    y = traitlets.List(traitlets.Float(), _example_points()[1]).tag(sync=True)
    start = traitlets.Tuple(traitlets.Float(), traitlets.Float(), default_value=(-1.6, -0.9)).tag(sync=True)
    batch_size = traitlets.Int(8, min=1).tag(sync=True)
    learning_rate = traitlets.Float(0.1, min=1e-6, max=2).tag(sync=True)
    momentum = traitlets.Float(0.0, min=0, max=0.95).tag(sync=True)
    updates = traitlets.Int(0, min=0, max=2000).tag(sync=True)
    seed = traitlets.Int(0, min=0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        finite = np.isfinite(self.x).all() and np.isfinite(self.y).all()
        if len(self.x) != len(self.y) or len(self.x) < 2 or not finite:
            raise DataError(
                "x and y must be two lists of at least 2 finite numbers, equally long. "
                f"Received: {len(self.x)} and {len(self.y)} numbers"
            )
        self.batch_size = min(self.batch_size, len(self.x))

    def __repr__(self):
        return f"DescentDemo(batch_size={self.batch_size}, learning_rate={self.learning_rate}, updates={self.updates})"

    @property
    def path(self) -> NDArray[np.float64]:
        """(a, b) after each update, an array of shape (updates + 1, 2)."""
        x, y = np.array(self.x), np.array(self.y)
        per_pass = -(-len(x) // self.batch_size)
        places, step = [np.array(self.start)], np.zeros(2)
        for update in range(self.updates):
            if np.hypot(*places[-1]) >= 1e6:
                break
            number, place = divmod(update, per_pass)
            if place == 0:
                order = shuffled(len(x), self.seed, number)
            batch = order[place * self.batch_size : (place + 1) * self.batch_size]
            a, b = places[-1]
            errors = a + b * x[batch] - y[batch]
            gradient = np.array([errors.mean(), (errors * x[batch]).mean()])
            step = self.momentum * step - self.learning_rate * gradient
            places.append(places[-1] + step)
        return np.array(places)

    @property
    def losses(self) -> NDArray[np.float64]:
        """The loss of all points after each update, an array of shape (updates + 1,)."""
        a, b = self.path.T[:, :, None]
        return ((np.array(self.y) - a - b * np.array(self.x)) ** 2).mean(axis=1) / 2


def shuffled(count, seed, number):
    """Return the order of the points in one pass, the same as the page draws.

    Examples
    --------
    >>> sorted(shuffled(5, seed=0, number=0).tolist())
    [0, 1, 2, 3, 4]
    """
    state = ((seed + 1) * 2654435761 + (number + 1) * 40503) % 2**32
    order = np.arange(count)
    for n in range(count - 1, 0, -1):
        state = (state * 1664525 + 1013904223) % 2**32
        other = state * (n + 1) // 2**32
        order[[n, other]] = order[[other, n]]
    return order
