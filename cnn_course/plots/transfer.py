"""Transfer in pictures: accuracy against labelled pictures, and which blocks of a network are open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..transfer.curves import TransferCurves, transfer_curves
from ._style import BLUE, GREEN, INK, LINE, MUTED, SMALL, TEXT, VERMILLION, axes_for, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "fine-tuned": (GREEN, "-", "^", "pretrained, fine-tuned"),
    "frozen": (BLUE, "-", "o", "pretrained, frozen"),
    "scratch": (VERMILLION, "--", "s", "from scratch"),
}
_READABLE = 20  # names of blocks side by side


@styled
def plot_transfer_curves(curves: TransferCurves | None = None, data: str | Sequence[str] | None = None) -> Figure:
    """Draw accuracy against the number of labelled pictures: from scratch, frozen and fine-tuned.

    A line goes through the means over the seeds; each seed is a pale mark beside it, so that the spread is seen. The
    numbers of labels stand at even distances.

    Parameters
    ----------
    curves : TransferCurves, optional
        The default is the course's own table.
    data : str or sequence of str, optional
        Which sets, a panel for each; the default is all.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If a set was not measured.

    Examples
    --------
    >>> plot_transfer_curves(data="digits")
    <Figure: Accuracy against labelled pictures per class. digits, 5 labels: fine-tuned 0..., frozen 0..., scratch 0...>
    """
    curves = transfer_curves() if curves is None else curves
    names = list(curves.sets) if data is None else [data] if isinstance(data, str) else list(data)
    unknown = [name for name in names if name not in curves.sets]
    if unknown or not names:
        raise DataError(f"data must be among {', '.join(curves.sets)}. Received: data={data!r}")
    figure = new_figure(_in_words(curves, names), height=3.9, width=9.0 if len(names) > 1 else 5.5)
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for ax, name in zip(panels, names, strict=True):
        _curve(ax, curves, name)
    panels[0].set_ylabel("share right, mean of classes")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    figure.supxlabel("labelled pictures per class", fontsize=TEXT)
    return figure


def _curve(ax, curves, name):
    labels = curves.labels(name)
    for side, (method, (colour, dashes, marker, label)) in zip((-0.12, 0, 0.12), _LOOKS.items(), strict=True):
        found = [curves.accuracies(name, number, method) for number in labels]
        for place, values in enumerate(found):
            ax.plot(
                [place + side] * len(values), values, marker, color=colour, alpha=0.3, markersize=5, linestyle="none"
            )
        means = [values.mean() for values in found]
        ax.plot(range(len(labels)), means, color=colour, linestyle=dashes, marker=marker, label=label)
    ax.set(title=name, xticks=range(len(labels)), xticklabels=labels)
    ax.set_xlim(-0.35, len(labels) - 0.65)
    ax.set_ylim(0, 1)
    ax.grid(axis="y")


def _in_words(curves, names):
    parts = []
    for name in names:
        for number in curves.labels(name):
            means = [f"{method} {curves.accuracies(name, number, method).mean():.2f}" for method in _LOOKS]
            parts.append(f"{name}, {number} labels: {', '.join(means)}")
    return f"Accuracy against labelled pictures per class. {'; '.join(parts)}."


@styled
def plot_open_blocks(model: Any, ax: Axes | None = None) -> Figure | Axes:
    """Draw the blocks of a network from picture to head: how many weights each has, and which of them may change.

    An open block is filled, a closed one is an empty outline; batch normalisation counts as closed.

    Parameters
    ----------
    model : keras.Model
        As `build_transfer_model` makes it, or another one with a body and a head.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Raises
    ------
    ModelError
        If the model has no body and head.

    Examples
    --------
    >>> from cnn_course import build_small_cnn, freeze
    >>> plot_open_blocks(freeze(build_small_cnn((28, 28, 1), 10, filters=(4, 8), units=())))
    <Figure: 4,266 weights in 2 blocks and a head; open: head (3,930 weights that training may change).>
    """
    from ..transfer.parts import parts_of  # here: it loads Keras, and the curves are drawn without

    parts = parts_of(model, headless=True)
    groups = {**parts.blocks, "head": parts.head}
    total = [sum(layer.count_params() for layer in layers) for layers in groups.values()]
    free = [sum(_size(layer.trainable_weights) for layer in layers) for layers in groups.values()]
    opened = [name for name, number in zip(groups, free, strict=True) if number]
    alt = (
        f"{sum(total):,} weights in {len(parts.blocks)} blocks and a head; open: "
        f"{', '.join(opened) or 'nothing'} ({sum(free):,} weights that training may change)."
    )
    ax, returned = axes_for(ax, alt, height=3.4)
    places = np.arange(len(groups))
    ax.bar(places, total, width=0.8, facecolor="none", edgecolor=LINE, linewidth=1.2)
    ax.bar(places, free, width=0.8, color=GREEN, edgecolor=INK, linewidth=1.0)
    crowded = len(groups) > _READABLE  # then fill and outline alone say what is open
    for place, (all_of, some) in enumerate(() if crowded else zip(total, free, strict=True)):
        word, colour = ("open", INK) if some else ("closed", MUTED)
        ax.annotate(
            word, (place, all_of), (0, 3), textcoords="offset points", ha="center", fontsize=SMALL - 3, color=colour
        )
    named = places[:: -(-len(groups) // _READABLE)]
    ax.set(xticks=named, ylabel="weights")
    ax.set_xticklabels([list(groups)[place] for place in named], rotation=40, ha="right", fontsize=SMALL - 2)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return returned


def _size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)
