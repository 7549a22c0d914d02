"""The roofline of a network on a machine, and measured speeds beside each other."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..devices import Measurement, Roofline
from ..errors import DataError
from ._style import BLUE, INK, MUTED, SMALL, VERMILLION, axes_for, styled

_BOUNDS = {"arithmetic": (BLUE, "o"), "memory": (VERMILLION, "s")}
_HATCHES = {"CPU": "", "GPU": "//"}


@styled
def plot_roofline(roofline: Roofline, ax: Any = None) -> Any:
    """Draw the layers of a network under the roof that a machine puts over them, and how fast they were measured to be.

    Both axes are logarithmic. A layer stands at its FLOPs for each byte; the hollow mark is on the roof, the filled one
    is what was measured. Under the slope a layer waits for memory, under the flat part for arithmetic.

    Parameters
    ----------
    roofline : Roofline
        As `roofline` returns it.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Examples
    --------
    >>> from cnn_course import Machine, build_lenet, roofline
    >>> plot_roofline(roofline(build_lenet(seed=0), Machine(1e11, 1e10, "a laptop"), batch_size=1, measure=False))
    <Figure: lenet on a laptop, batch of 1: 2 layers are bound by arithmetic, 3 by memory.>
    """
    machine = roofline.machine
    counts = {bound: sum(layer.bound == bound for layer in roofline) for bound in _BOUNDS}
    alt = (
        f"{roofline.name} on {machine.name or 'this machine'}, batch of {roofline.batch_size}: "
        f"{counts['arithmetic']} layers are bound by arithmetic, {counts['memory']} by memory."
    )
    ax, returned = axes_for(ax, alt, height=4.8)
    along = [layer.intensity for layer in roofline]
    x = np.geomspace(min(*along, machine.ridge) / 3, max(*along, machine.ridge) * 4, 200)
    roof = np.minimum(machine.flops_per_second, x * machine.bytes_per_second) / 1e9
    ax.plot(x, roof, color=INK, marker="", linestyle="-")
    ax.axvline(machine.ridge, color=MUTED, linewidth=0.9, linestyle=":", marker="")
    for side, word, shift in (("right", "waits for memory", -6), ("left", "waits for arithmetic", 6)):
        where = {"xytext": (shift, 3), "textcoords": "offset points", "xycoords": ("data", "axes fraction")}
        ax.annotate(word, (machine.ridge, 1), ha=side, color=MUTED, fontsize=SMALL, **where)
    for bound, (colour, marker) in _BOUNDS.items():
        _draw_layers(ax, [layer for layer in roofline if layer.bound == bound], bound, colour, marker, machine)
    _name_layers(ax, roofline)
    heights = [*roof, *(layer.flops_per_second / 1e9 for layer in roofline if layer.seconds)]
    limits = min(heights) / 2.5, 2.5 * max(heights)  # room for the marks, and for the name below the lowest one
    ax.set(xscale="log", yscale="log", ylim=limits, xlabel="FLOPs for each byte", ylabel="GFLOP/s")
    ax.legend(loc="lower right")
    ax.grid(axis="y")
    return returned


def _draw_layers(ax, layers, bound, colour, marker, machine):
    style = {"color": colour, "marker": marker, "linestyle": "none"}
    roofs = [machine.attainable(layer.intensity) / 1e9 for layer in layers]
    ax.plot(
        [x.intensity for x in layers],
        roofs,
        fillstyle="none",
        markersize=8,
        label=f"roof, bound by {bound}" if layers else None,
        **style,
    )
    measured = [layer for layer in layers if layer.seconds]
    if measured:
        speeds = [layer.flops_per_second / 1e9 for layer in measured]
        ax.plot([x.intensity for x in measured], speeds, markersize=8, label=f"measured, bound by {bound}", **style)


def _name_layers(ax, roofline):
    """Write names below the marks, up to a dozen; with more, only of those that take longest. Neighbours part ways."""
    chosen = sorted(roofline, key=lambda layer: -(layer.seconds or layer.limit))[:12]
    placed = []
    for layer in chosen:
        speed = (layer.flops_per_second or roofline.machine.attainable(layer.intensity)) / 1e9
        here = np.log10([layer.intensity, speed])
        crowded = any((abs(here - other) < (0.4, 0.15)).all() for other in placed)
        placed.append(here)
        where = {"xytext": (-7, 5), "ha": "right"} if crowded else {"xytext": (5, -12)}
        ax.annotate(
            layer.name.split("/")[-1],
            (layer.intensity, speed),
            textcoords="offset points",
            fontsize=SMALL - 2,
            **where,
        )


@styled
def plot_measurements(measurements: Iterable[Measurement], ax: Any = None) -> Any:
    """Draw pictures per second, a bar for each row; GPUs are hatched.

    Parameters
    ----------
    measurements : Measurements or sequence of Measurement
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Raises
    ------
    DataError
        If there is no row.

    Examples
    --------
    >>> from cnn_course import Measurement
    >>> row = Measurement("2026-11-25", "x", "CPU", 2, "", "small_cnn", "float32", 32, 10, 5, 20.0, 19.0, 21.0, 1600.0)
    >>> plot_measurements([row])
    <Figure: Pictures per second: CPU, x, 2 cores, small_cnn, float32, batch 32: 1,600.>
    """
    from matplotlib.ticker import MaxNLocator

    rows = list(measurements)
    if not rows:
        raise DataError("There is no row to draw: measure with time_training, and record_measurement adds a row.")
    names = [_name(row) for row in rows]
    pairs = list(zip(names, rows, strict=True))
    words = (f"{name}: {row.pictures_per_second:,.0f}" for name, row in pairs)
    ax, returned = axes_for(ax, f"Pictures per second: {'; '.join(words)}.", height=0.55 * len(rows) + 1.1)
    for place, row in enumerate(rows):
        low, high = (1000 * row.batch_size / ms for ms in (row.high_ms, row.low_ms))
        error = [[max(0, row.pictures_per_second - low)], [max(0, high - row.pictures_per_second)]]
        colour = VERMILLION if row.kind == "GPU" else BLUE
        ax.barh(place, row.pictures_per_second, color=colour, hatch=_HATCHES.get(row.kind, ""), xerr=error, ecolor=INK)
        ax.annotate(
            f"{row.pictures_per_second:,.0f}",
            (max(high, row.pictures_per_second), place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )
    ax.set_yticks(range(len(rows)), [name.replace(f", {row.network}", f"\n{row.network}") for name, row in pairs])
    ax.invert_yaxis()
    ax.set(xlabel="pictures per second (line: middle half)")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(0, 1.2 * max(1000 * row.batch_size / row.low_ms for row in rows))
    ax.grid(axis="x")
    return returned


def _name(row):
    hardware = f"{row.kind}, {row.hardware}" + (f", {row.cores} cores" if row.kind == "CPU" else "")
    return f"{hardware}, {row.network}, {row.precision}, batch {row.batch_size}"
