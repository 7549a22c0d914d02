"""Learning curves, several trainings side by side, and one picture under its augmentations."""

import math

import numpy as np
from matplotlib.ticker import AutoLocator

from .._arguments import integer
from ..errors import DataError
from ..training.history import TrainingHistory, smaller_is_better
from ._style import COLOURS, MUTED, SMALL, axes_for, draw_picture, in_legend, name_row, new_figure, styled

_WORDS = {"accuracy": "share right"}


@styled
def plot_history(history, metrics=None):
    """Draw the learning curves of one training, a panel for each metric.

    The line of the training data is solid, that of the validation data dashed; a ring marks the best epoch.

    Parameters
    ----------
    history : TrainingHistory or keras.callbacks.History
        As `train_model` or Keras's own ``model.fit`` returns it.
    metrics : sequence of str, optional
        Without ``val_``, in the order of the panels; the default is all.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If there is no epoch yet, or no such metric.

    Examples
    --------
    >>> from cnn_course import TrainingHistory
    >>> plot_history(TrainingHistory({"loss": (0.9, 0.5), "val_loss": (0.8, 0.7)}, seconds=(1, 1)))
    <Figure: Learning curves over 2 epochs. loss: from 0.9 to 0.5, on validation data from 0.8 to 0.7.>
    """
    history = _history_of(history)
    names = _panels(history, metrics)
    if not history.epochs:
        raise DataError("There is no epoch to draw yet: the history is empty.")
    figure = new_figure(_in_words(history, names), height=3.6)
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for ax, name in zip(axes, names, strict=True):
        _curves(ax, history, name)
    handles = max((ax.get_legend_handles_labels() for ax in axes), key=lambda found: len(found[0]))
    figure.legend(*handles, loc="outside upper center", ncols=2)  # inside a panel it would lie on the curves
    return figure


def _history_of(given):
    """Return what `train_model` or Keras's own `fit` gave back as a `TrainingHistory`; Keras notes no times."""
    if isinstance(given, TrainingHistory):
        return given
    found = getattr(given, "history", given)
    if not isinstance(found, dict) or not all(isinstance(values, list | tuple) for values in found.values()):
        raise DataError(
            "history must be what train_model or model.fit returned. "
            f"Received: {type(given).__name__}. Write history = model.fit(...), then plot_history(history)."
        )
    epochs = max(map(len, found.values()), default=0)
    monitor = "val_loss" if "val_loss" in found else "loss"
    return TrainingHistory(found, seconds=(math.nan,) * epochs, monitor=monitor)


def _panels(history, metrics):
    known = [name for name in history.metrics if not name.startswith("val_")]
    names = known if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise DataError(f"metrics must be among {', '.join(known) or 'none yet'}. Received: metrics={metrics!r}")
    return names


def _curves(ax, history, name):
    epochs = np.arange(1, history.epochs + 1)
    lines = [("training", name, "-", "o"), ("validation", f"val_{name}", "--", "s")]
    for colour, (label, metric, dashes, marker) in zip(COLOURS, lines, strict=False):
        if metric not in history.metrics:
            continue
        marker = marker if history.epochs <= 20 else ""
        values = history.metrics[metric]
        ax.plot(epochs, values, color=colour, linestyle=dashes, marker=marker, label=label)
        if metric == history.monitor and history.best_epoch:
            best = history.best_epoch
            ax.plot(best, values[best - 1], "o", markersize=13, fillstyle="none", color=MUTED, linestyle="none")
            _say_best(ax, (best, values[best - 1]), history)
    _finish(ax, name, history.epochs)


def _say_best(ax, place, history):
    """Write beside the ring, on the side where no curve is: under a lowest point, over a highest one."""
    down = smaller_is_better(history.monitor)
    side, offset = ("top", -11) if down else ("bottom", 11)
    right = 1 < history.epochs < 1.1 * place[0]
    ax.annotate(
        "best", place, (0, offset), textcoords="offset points", ha="right" if right else "center", va=side, color=MUTED
    )
    ax.margins(y=0.2)


def _finish(ax, name, epochs):
    ax.set(xlabel="epoch", title=name, ylabel=_WORDS.get(name, ""))
    ax.xaxis.get_major_locator().set_params(integer=True)
    if epochs == 1:
        ax.set_xticks([1])
    ax.set_xlim(0.7 if epochs == 1 else 1 - 0.04 * epochs, epochs + 0.04 * epochs + 0.3 * (epochs == 1))
    ax.grid(axis="y")


def _in_words(history, names):
    parts = []
    for name in names:
        text = f"{name}: {_span(history.metrics[name])}"
        if f"val_{name}" in history.metrics:
            text += f", on validation data {_span(history.metrics[f'val_{name}'])}"
        parts.append(text)
    return f"Learning curves over {history.epochs} epochs. {'; '.join(parts)}."


def _span(values):
    first = next((value for value in values if value == value), values[0])  # a resumed live figure begins with NaN
    return f"from {first:.3g} to {values[-1]:.3g}"


@styled
def plot_comparison(comparison, metric=None, x="epoch", ax=None):
    """Draw one metric of several trainings together.

    Parameters
    ----------
    comparison : Comparison or dict of str to TrainingHistory or keras.callbacks.History
        As `compare` returns it.
    metric : str, optional
        The default is ``"val_accuracy"``, ``"val_loss"``, ``"accuracy"`` or ``"loss"``: the first that all have.
    x : {"epoch", "seconds"}
        What runs to the right: epochs, or the time that they took.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Raises
    ------
    DataError
        If a training lacks the metric, or there is nothing to compare.

    Examples
    --------
    >>> from cnn_course import TrainingHistory
    >>> slow, fast = (TrainingHistory({"loss": values}, seconds=(1, 1)) for values in [(0.9, 0.8), (0.9, 0.2)])
    >>> plot_comparison({"slow": slow, "fast": fast})
    <Figure: loss of 2 trainings, at the end: slow at 0.8, fast at 0.2.>
    """
    histories = dict(comparison.items()) if hasattr(comparison, "items") else {n: comparison[n] for n in comparison}
    histories = {name: _history_of(history) for name, history in histories.items()}
    if x == "seconds" and any(math.isnan(sum(history.seconds)) for history in histories.values()):
        raise DataError("Keras's own fit notes no times: x='epoch' draws its histories, train_model notes the seconds.")
    shared = set.intersection(*(set(h.metrics) for h in histories.values())) if histories else set()
    metric = metric or next((m for m in ("val_accuracy", "val_loss", "accuracy", "loss") if m in shared), None)
    if metric not in shared or x not in ("epoch", "seconds"):
        raise DataError(
            f"metric must be one of {', '.join(sorted(shared)) or 'none'}, and x 'epoch' or 'seconds'. "
            f"Received: metric={metric!r}, x={x!r}"
        )
    ends = [f"{name} at {history.metrics[metric][-1]:.3g}" for name, history in histories.items()]
    ax, returned = axes_for(ax, f"{metric} of {len(histories)} trainings, at the end: {', '.join(ends)}.")
    for name, history in histories.items():
        along = np.cumsum(history.seconds) if x == "seconds" else np.arange(1, history.epochs + 1)
        marker = {} if history.epochs <= 20 else {"marker": ""}
        ax.plot(along, history.metrics[metric], label=in_legend(name), **marker)
    longest = max(history.epochs for history in histories.values())
    _finish(ax, metric, longest)
    if x == "seconds":
        ax.xaxis.set_major_locator(AutoLocator())
        ax.autoscale(axis="x")
        ax.set(xlabel="seconds of training")
        ax.set_xlim(left=0)
    ax.set_title("")
    ax.set_ylabel(metric)
    ax.legend()
    return returned


@styled
def plot_augmentations(picture, augmentations=None, examples=4, seed=0):
    """Draw one picture under several augmentations, a row for each, with the picture itself on the left.

    Parameters
    ----------
    picture : array of shape (height, width, channels)
        uint8, 0 to 255.
    augmentations : dict of str to layer, optional
        Name of the row -> a Keras layer; the default is every kind that `build_augmentation` knows, at a strength
        that a person sees.
    examples : int
        Random changes in each row.
    seed : int
        Of the default augmentations.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If `picture` is no picture, or `examples` is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> plot_augmentations(np.zeros((28, 28, 1), "uint8"), examples=2)
    <Figure: One picture under shift, zoom, rotation, flip, contrast and noise, 2 examples each.>
    """
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise DataError(f"picture must have the shape (height, width, 1 or 3). Received: shape {picture.shape}")
    integer("examples", examples, rule="at least 1")
    rows = _every_kind(seed) if augmentations is None else dict(augmentations)
    *names, last = rows
    alt = f"One picture under {', '.join(names)}{' and ' if names else ''}{last}, {examples} examples each."
    figure = new_figure(alt, height=1.25 * len(rows) + 0.3, width=1.3 * (examples + 1) + 1.2)
    grid = figure.subplots(len(rows), examples + 1, squeeze=False)
    for line, (name, layer) in zip(grid, rows.items(), strict=True):
        batch = np.repeat(picture[None].astype("float32"), examples, axis=0)
        changed = np.clip(np.rint(_as_array(layer(batch, training=True))), 0, 255).astype("uint8")
        for ax, shown in zip(line, [picture, *changed], strict=True):
            draw_picture(ax, shown)
        name_row(line[0], name)
    grid[0][0].set_title("as it is", fontsize=SMALL, color=MUTED)
    grid[0][1].set_title("changed at random", fontsize=SMALL, color=MUTED, loc="left")
    return figure


def _every_kind(seed):
    from ..training import build_augmentation

    strengths = {"shift": 0.2, "zoom": 0.3, "rotation": 25, "flip": True, "contrast": 0.7, "noise": 25}
    return {name: build_augmentation(**{name: value}, seed=seed) for name, value in strengths.items()}


def _as_array(tensor):
    from .._keras import load_keras

    return load_keras().ops.convert_to_numpy(tensor)
