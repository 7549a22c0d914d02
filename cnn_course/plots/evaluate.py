"""What a model gets right and wrong: confusion, calibration, precision and recall, its errors, leaks."""

import numpy as np
from matplotlib.patches import Rectangle

from ..datasets.rows import rows_of
from ..errors import DataError
from ._style import (
    BLUE,
    INK,
    LINE,
    MUTED,
    SMALL,
    VERMILLION,
    axes_for,
    bare,
    draw_picture,
    in_legend,
    new_figure,
    styled,
)

_COUNTED = 15  # classes up to which each cell holds its count
_LEGIBLE = 0.75  # opacity of the fullest cell: ink stands out on it in both themes


@styled
def plot_confusion(matrix, ax=None):
    """Draw which class was taken for which: a row for each true class, a column for each predicted one.

    A cell is the fuller the larger its share of the row; what is right lies on the diagonal in another colour. Up to 15
    classes the cells hold the counts.

    Parameters
    ----------
    matrix : ConfusionMatrix or Evaluation
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Examples
    --------
    >>> from cnn_course import confusion_matrix
    >>> plot_confusion(confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], ("cat", "dog")))
    <Figure: 5 pictures, 2 classes, 80 % right. The largest confusions: cat taken for dog (1).>
    """
    matrix = getattr(matrix, "confusion", matrix)
    counts, shares, names = matrix.counts, matrix.shares(), matrix.class_names
    n = len(names)
    side = max(3.2, min(7.5, 0.62 * n + 1))
    margin = 0.6 + 0.1 * min(14, max(map(len, names)))
    ax, returned = axes_for(ax, _confusion_in_words(matrix), height=side + margin, width=side + margin + 0.3)
    for i, j in np.argwhere(counts):
        colour = BLUE if i == j else VERMILLION
        alpha = 0.1 + (_LEGIBLE - 0.1) * shares[i, j]
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour, alpha=alpha, edgecolor="none"))
    if n <= _COUNTED:
        size = SMALL if counts.max() < 1000 or n <= 10 else SMALL - 2
        for (i, j), count in np.ndenumerate(counts):
            ax.text(j, i, f"{count}", ha="center", va="center", fontsize=size, color=INK if count else MUTED)
        for k in range(n + 1):
            for draw in (ax.axhline, ax.axvline):
                draw(k - 0.5, color=LINE, linewidth=0.6, linestyle="-", marker="")
    step = -(-n // 40)
    ticks = np.arange(0, n, step)
    shown = [_short(names[k]) for k in ticks]
    upright = n <= 12 and max(map(len, shown)) <= 4
    ax.set_xticks(ticks, shown, **({} if upright else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}))
    ax.set_yticks(ticks, shown)
    ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal", xlabel="predicted class", ylabel="true class")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return returned


def _short(name, longest=14):
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _confusion_in_words(matrix):
    right = np.trace(matrix.counts) / max(1, matrix.counts.sum())
    largest = ", ".join(f"{true} taken for {said} ({n})" for true, said, n in matrix.largest(3)) or "none"
    return (
        f"{matrix.counts.sum():,} pictures, {len(matrix.class_names)} classes, {100 * right:.0f} % right. "
        f"The largest confusions: {largest}."
    )


@styled
def plot_calibration(calibration, ax=None):
    """Draw how often it is so against how probable the model says it is, each bin with its interval.

    On the dotted line probabilities can be taken at their word; below it the model is too sure of itself. The bars
    beneath show how many pictures each bin has.

    Parameters
    ----------
    calibration : Calibration, Evaluation, or dict of str to either
        As `calibration_curve` returns it. Several, by name, are drawn together, without the bars.
    ax : matplotlib.axes.Axes, optional
        Then the bars are left out.

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Examples
    --------
    >>> from cnn_course import calibration_curve
    >>> plot_calibration(calibration_curve([0, 1, 1, 1], [0.2, 0.3, 0.9, 0.9], positive=1))
    <Figure: Calibration of the probability of 1, 4 pictures: expected calibration error 0.275, 0.265 by chance.>
    """
    several = calibration if isinstance(calibration, dict) else {"": calibration}
    curves = {name: _calibration_of(one) for name, one in several.items()}
    alt = " ".join(
        f"{name + ': c' if name else 'C'}alibration of the probability of {c.of}, {c.counts.sum():,} pictures: "
        f"expected calibration error {c.error:.3f}, {c.error_by_chance:.3f} by chance."
        for name, c in curves.items()
    )
    only = next(iter(curves.values())) if "" in curves else None
    if ax is None and only is not None:
        returned = new_figure(alt, height=5.4, width=5.2)
        ax, below = returned.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        below.bar(
            only.edges[:-1],
            only.counts,
            np.maximum(0.01, np.diff(only.edges)),
            align="edge",
            color=BLUE,
            edgecolor=LINE,
            linewidth=0.6,
        )
        below.set(xlabel=f"probability of {only.of}", ylabel="pictures")
    else:
        ax, returned = axes_for(ax, alt, height=4.6, width=5.2)
        ax.set_xlabel(f"probability of {next(iter(curves.values())).of}")
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1.4, linestyle=":", marker="")
    for name, c in curves.items():
        there = c.counts > 0
        reach = np.abs(np.stack([c.low, c.high]) - c.frequency)[:, there]
        line = ax.errorbar(c.probability[there], c.frequency[there], reach, capsize=3, elinewidth=1.4)
        line.set_label(in_legend(name))
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="how often it is so")
    if only is None:
        ax.legend()
    else:
        ax.set_title(f"expected calibration error {only.error:.3f}\n({only.error_by_chance:.3f} by chance alone)")
    return returned


def _calibration_of(given):
    return given.calibration() if hasattr(given, "confusion") else given


@styled
def plot_precision_recall(curve, threshold=None, ax=None):
    """Draw precision against recall, over all thresholds.

    Parameters
    ----------
    curve : PrecisionRecall, or dict of str to PrecisionRecall
        As `precision_recall` returns it; several, by name, are drawn together.
    threshold : Threshold or float, optional
        Marked on the curve, with what it does; only for a single curve.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.figure.Figure, or the `ax` that was given

    Raises
    ------
    DataError
        If a threshold is given for several curves, or keeps no picture.

    Examples
    --------
    >>> from cnn_course import precision_recall
    >>> plot_precision_recall(precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    <Figure: Precision against recall of 1: average precision 0.833; 0.500 by guessing.>
    """
    curves = curve if isinstance(curve, dict) else {"": curve}
    if threshold is not None and isinstance(curve, dict):
        raise DataError("threshold can be marked on one curve only. Received: several curves")
    mark = None if threshold is None else curve.at(getattr(threshold, "value", threshold))
    if mark is not None and not mark.precision.n:
        raise DataError(
            f"threshold must keep at least one picture. Received: threshold={mark.value:g}, which keeps none"
        )
    alt = " ".join(
        f"{name + ': p' if name else 'P'}recision against recall of {c.positive}: average precision "
        f"{c.average_precision:.3f}; {c.of_class / c.pictures:.3f} by guessing."
        for name, c in curves.items()
    )
    if mark is not None:
        alt += f" At the threshold {mark.value:.3f}: precision {mark.precision}, recall {mark.recall}."
    ax, returned = axes_for(ax, alt, height=4.6, width=6)
    for name, c in curves.items():
        label = f"{name}, average precision {c.average_precision:.3f}".removeprefix(", ")
        ax.plot(
            [*c.recall, 0], [*c.precision, c.precision[-1]], drawstyle="steps-post", marker="", label=in_legend(label)
        )
    base = next(iter(curves.values()))
    share = base.of_class / base.pictures
    ax.axhline(share, color=MUTED, linewidth=1.4, linestyle=":", marker="", label=f"by guessing, {share:.3f}")
    if mark is not None:
        ax.plot(mark.recall.value, mark.precision.value, "o", markersize=13, fillstyle="none", color=INK)
        ax.annotate(
            f"from {mark.value:.3f} on\nprecision {mark.precision.value:.3f}\nrecall {mark.recall.value:.3f}",
            (mark.recall.value, mark.precision.value),
            (-14 if mark.recall.value > 0.3 else 14, -14),
            textcoords="offset points",
            ha="right" if mark.recall.value > 0.3 else "left",
            va="top",
            fontsize=SMALL,
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), ylabel="precision", xlabel=f"recall of {base.positive}")
    ax.legend(loc="lower left", bbox_to_anchor=(0, share + 0.02 if share < 0.35 else 0))
    return returned


@styled
def plot_errors(evaluation, data, n=12, columns=6):
    """Draw the pictures that a model gets wrong, the most confident errors first.

    Parameters
    ----------
    evaluation : Evaluation
        With probabilities, of these pictures.
    data : ImageDataset, LazyImageDataset, pair of arrays or array
        The set that was evaluated.
    n : int
        At most so many.
    columns : int
        Pictures in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If evaluation and data differ in length, or no picture is wrong.

    Examples
    --------
    >>> from cnn_course import evaluate_predictions, load_dataset
    >>> digits = load_dataset("digits", n=20)
    >>> sure = 0.9 * np.eye(10)[(digits.labels + (np.arange(20) == 3)) % 10] + 0.01
    >>> plot_errors(evaluate_predictions(digits.labels, sure), digits)
    <Figure: The most confident of 1 error: row 3, 8 taken for 9, 91 %.>
    """
    pictures = rows_of(data, labelled=False)
    if len(evaluation) != len(pictures):
        raise DataError(
            f"evaluation and data must be of the same pictures. Received: {len(evaluation)} answers, "
            f"{len(pictures)} pictures"
        )
    rows, wrong = evaluation.errors(n), len(evaluation.errors())
    if not len(rows):
        raise DataError("There is no error to draw: every picture with a label got its class.")
    names = evaluation.class_names
    true, said = ([names[k] for k in part[rows]] for part in (evaluation.labels, evaluation.predictions))
    sure = [f"{100 * p:.0f} %" for p in evaluation.probabilities[rows].max(axis=1)]
    words = "; ".join(f"row {r}, {t} taken for {s}, {p}" for r, t, s, p in zip(rows, true, said, sure, strict=True))
    images = pictures.take(rows)
    columns = min(columns, len(rows))
    lines = -(-len(rows) // columns)
    width = max(1.45, 0.1 * min(16, max(map(len, (*true, *said)))))
    alt = f"The most confident of {wrong:,} error{'s' * (wrong != 1)}: {words}."
    figure = new_figure(alt, height=2.15 * lines + 0.1, width=max(3.0, width * columns + 0.4))
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax in grid[len(rows) :]:
        ax.set_axis_off()
    for ax, image, t, s, p in zip(grid, images, true, said, sure, strict=False):
        draw_picture(ax, image)
        ax.set_title(_short(t, 16), fontsize=SMALL)
        ax.set_xlabel(f"{_short(s, 16)}\n{p}", fontsize=SMALL, color=VERMILLION)
    for ax in grid[::columns]:
        ax.set_ylabel("true above,\npredicted below", fontsize=SMALL - 2, color=MUTED)
    return figure


@styled
def plot_leaks(leaks, first, second, n=8):
    """Draw pictures that sit in both parts of a split: above from the first, below from the second.

    Parameters
    ----------
    leaks : Leaks
        As `find_leaks` returns them.
    first, second : ImageDataset, LazyImageDataset, pair of arrays or array
        The two parts.
    n : int
        Pairs, at most; those that differ most come first.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If there is no such pair, or the parts are not those of the report.

    Examples
    --------
    >>> from cnn_course import example_image, find_leaks
    >>> parts = [example_image(name)[None] for name in ("china", "china")]
    >>> plot_leaks(find_leaks(*parts), *parts)
    <Figure: 1 of 1 pair that sits in both parts: rows 0 and 0.>
    """
    parts = (rows_of(first, "first", labelled=False), rows_of(second, "second", labelled=False))
    sizes = tuple(map(len, parts))
    if sizes != tuple(leaks.sizes):
        raise DataError(
            f"The parts must have {leaks.sizes[0]} and {leaks.sizes[1]} pictures, as those of the report. "
            f"Received: {sizes[0]} and {sizes[1]}"
        )
    if not len(leaks):
        raise DataError("There is no pair to draw: no picture sits in both parts.")
    chosen = np.argsort(-leaks.distances, kind="stable")[:n]
    words = ", ".join(f"rows {i} and {j}" for i, j in leaks.pairs[chosen])
    verb = "pair that sits" if len(leaks) == 1 else "pairs that sit"
    alt = f"{len(chosen)} of {len(leaks):,} {verb} in both parts: {words}."
    figure = new_figure(alt, height=3.4, width=max(3.0, min(9.0, 1.45 * len(chosen) + 0.5)))
    grid = figure.subplots(2, len(chosen), squeeze=False)
    for line, part, rows, name in zip(grid, parts, leaks.pairs[chosen].T, ("first", "second"), strict=True):
        for ax, image, row in zip(line, part.take(rows), rows, strict=True):
            draw_picture(bare(ax), image)
            ax.set_title(f"row {row}", fontsize=SMALL, color=MUTED)
        line[0].set_ylabel(f"{name} part")
    for ax, k in zip(grid[1], chosen, strict=True):
        ax.set_xlabel("every pixel" if leaks.exact[k] else f"{leaks.distances[k]} bits", fontsize=SMALL, color=MUTED)
    return figure
