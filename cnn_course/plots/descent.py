"""Paths downhill on a loss of two parameters, seen from above."""

import numpy as np

from ..errors import DataError
from ._style import COLOURS, INK, LINE, bare, new_figure, styled

_STEPS = 120  # points along each side of the surface


@styled
def plot_descent(paths, loss, labels=("first parameter", "second parameter")):
    """Draw paths on the surface of a loss, side by side: its contour lines, and every update.

    Parameters
    ----------
    paths : dict of str to array of shape (updates + 1, 2)
        As `descend` and ``DescentDemo(...).path`` give them.
    loss : callable
        ``loss(a, b)`` for arrays of the two parameters, of one shape.
    labels : pair of str
        Names of the two parameters.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If there is no path, or one has not two parameters.

    Examples
    --------
    >>> from cnn_course import descend
    >>> slope = lambda place: 2 * place * [1, 9]
    >>> paths = {f"rate {rate}": descend(slope, [2, 1], learning_rate=rate, updates=9) for rate in (0.02, 0.05)}
    >>> plot_descent(paths, lambda a, b: a**2 + 9 * b**2)
    <Figure: 2 paths of 9 updates from a loss of 13: rate 0.02 to 1.92, rate 0.05 to 0.6.>
    """
    paths = {name: np.asarray(path, float) for name, path in paths.items()}
    if not paths or any(path.ndim != 2 or path.shape[1] != 2 for path in paths.values()):
        raise DataError(
            "paths must map names to arrays of shape (updates + 1, 2). "
            f"Received: { {name: path.shape for name, path in paths.items()} }"
        )
    first = next(iter(paths.values()))
    ends = ", ".join(f"{name} to {float(loss(*path[-1])):.3g}" for name, path in paths.items())
    alt = f"{len(paths)} paths of {len(first) - 1} updates from a loss of {float(loss(*first[0])):.3g}: {ends}."
    low, high = _window(paths.values())
    across, up = (np.linspace(low[i], high[i], _STEPS) for i in (0, 1))
    heights = loss(*np.meshgrid(across, up))
    lowest = heights.min()
    levels = lowest + (heights.max() - lowest) * np.linspace(0, 1, 14)[1:] ** 2.5
    figure = new_figure(alt, height=3.6, width=min(3.0 * len(paths), 9.0))
    for number, (ax, (name, path)) in enumerate(
        zip(figure.subplots(1, len(paths), squeeze=False)[0], paths.items(), strict=True)
    ):
        ax.contour(across, up, heights, levels=levels, colors=LINE, linewidths=0.8)
        ax.plot(*path.T, color=COLOURS[number % len(COLOURS)], marker=".", markersize=4, linestyle="-", linewidth=1.3)
        ax.plot(*path[0], marker="o", markersize=9, markerfacecolor="none", markeredgecolor=INK, linestyle="")
        ax.plot(*path[-1], marker="o", markersize=6, color=INK, linestyle="")
        bare(ax).set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), title=name, xlabel=labels[0])
        ax.set_ylabel(labels[1] if number == 0 else "")
    return figure


def _window(paths):
    """Return the corners of what is shown: the paths and some room, but not all of one that runs away."""
    start = next(iter(paths))[0]
    places = np.concatenate(list(paths))
    ends = np.array([path[-1] for path in paths])
    centre = ends[np.abs(ends - start).sum(axis=1).argsort()[(len(ends) - 1) // 2]]
    reach = 2.2 * np.abs(start - centre).max() + 1e-9
    shown = np.clip(places, centre - reach, centre + reach)
    low, high = shown.min(axis=0), shown.max(axis=0)
    room = 0.12 * (high - low).max() + 1e-9
    return low - room, high + room
