"""Evaluation as figures."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cnn_course import (
    DataError,
    calibration_curve,
    choose_threshold,
    confusion_matrix,
    evaluate_predictions,
    find_leaks,
    load_dataset,
    plot_calibration,
    plot_confusion,
    plot_errors,
    plot_leaks,
    plot_precision_recall,
    precision_recall,
)
from cnn_course.plots._style import BLUE, VERMILLION, themed_svg


@pytest.fixture
def binary():
    rng = np.random.default_rng(0)
    p = rng.random(200)
    return (rng.random(200) < p).astype(int), p


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits", n=40)


def report_of(data, wrong=()):
    """Row 5 is the most confident error, then row 2."""
    labels = data.labels.copy()
    labels[list(wrong)] = (labels[list(wrong)] + 1) % 10
    sure = np.where(np.arange(len(data)) == 5, 0.99, 0.8)[:, None]
    return evaluate_predictions(data.labels, (sure * 10 - 1) / 9 * np.eye(10)[labels] + (1 - sure) / 9)


def test_cells_hold_counts_and_what_is_right_has_a_colour_of_its_own():
    matrix = confusion_matrix([0, 0, 0, 0, 1, 2], [0, 0, 0, 1, 1, 2], ("cat", "dog", "eel"))
    ax = plot_confusion(matrix).axes[0]
    assert [int(t.get_text()) for t in ax.texts] == matrix.counts.ravel().tolist()
    cells = {(round(c.get_y() + 0.5), round(c.get_x() + 0.5)): c for c in ax.patches}
    assert {place: to_hex(c.get_facecolor()) for place, c in cells.items()} == {
        (0, 0): BLUE, (0, 1): VERMILLION, (1, 1): BLUE, (2, 2): BLUE
    }  # fmt: skip
    assert cells[0, 1].get_alpha() < cells[0, 0].get_alpha() < cells[1, 1].get_alpha() <= 0.75
    assert [t.get_text() for t in ax.get_xticklabels()] == ["cat", "dog", "eel"] and ax.get_ylim() == (2.5, -0.5)


def test_a_class_that_is_absent_and_many_classes_are_drawn():
    labels = np.arange(50)
    figure = plot_confusion(confusion_matrix(labels, labels[::-1]))
    assert not figure.axes[0].texts and len(figure.axes[0].get_xticks()) <= 40
    figure = plot_confusion(evaluate_predictions([0, 0], [0, 0], ("cat", "dog")))
    assert "2 pictures, 2 classes, 100 % right. The largest confusions: none." in repr(figure)


def test_calibration_shows_bins_with_their_intervals_and_counts(binary):
    curve = calibration_curve(*binary, bins=5, positive=1)
    above, below = plot_calibration(curve).axes
    line = next(c for c in above.containers)
    np.testing.assert_allclose(line.lines[0].get_xydata(), np.stack([curve.probability, curve.frequency], axis=1))
    ends = np.array([segment[:, 1] for segment in line.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, np.stack([curve.low, curve.high], axis=1))
    assert [bar.get_height() for bar in below.patches] == curve.counts.tolist()
    assert f"{curve.error:.3f}" in above.get_title() and "200 pictures" in repr(plot_calibration(curve))


def test_several_calibrations_share_the_axes(binary):
    curve = calibration_curve(*binary)
    figure = plot_calibration({"before": curve, "after": evaluate_predictions(*binary)})
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["before", "after"]
    assert "before: c" in repr(figure) and len(figure.axes) == 1


def test_the_curve_has_the_area_of_its_average_precision_and_the_threshold_lies_on_it(binary):
    curve, chosen = precision_recall(*binary), choose_threshold(*binary, precision=0.8)
    figure = plot_precision_recall(curve, chosen)
    ax = figure.axes[0]
    x, y = ax.lines[0].get_xdata(), ax.lines[0].get_ydata()
    assert ax.lines[0].get_drawstyle() == "steps-post"  # from each recall down to the next it keeps its precision
    assert np.sum(-np.diff(x) * y[:-1]) == pytest.approx(curve.average_precision)
    ring = next(line for line in ax.lines if line.get_fillstyle() == "none")
    assert (chosen.recall.value, chosen.precision.value) in set(zip(x, y, strict=True))
    assert ring.get_xydata()[0].tolist() == [chosen.recall.value, chosen.precision.value]
    assert f"At the threshold {chosen.value:.3f}" in repr(figure)
    assert len(plot_precision_recall({"a": curve, "b": curve}).axes[0].get_legend().get_texts()) == 3


def test_errors_are_drawn_with_both_classes_and_the_confidence(digits):
    report = report_of(digits, wrong=(2, 5, 9))
    figure = plot_errors(report, digits, n=2)
    assert len(figure.axes) == 2 and "most confident of 3 errors: row 5" in repr(figure)
    for ax, row, sure in zip(figure.axes, (5, 2), ("99 %", "80 %"), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), digits.images[row, :, :, 0])
        assert ax.get_title() == str(digits.labels[row])
        assert ax.get_xlabel() == f"{(digits.labels[row] + 1) % 10}\n{sure}"


def test_leaks_stand_one_above_the_other(digits):
    first, second = digits.subset(slice(20)), digits.subset([30, 3, 7])
    leaks = find_leaks(first, second, max_distance=0)
    figure = plot_leaks(leaks, first, second)
    assert leaks.pairs.tolist() == [[3, 1], [7, 2]] and "rows 3 and 1, rows 7 and 2" in repr(figure)
    above, below = np.reshape(figure.axes, (2, 2))
    for ax, other, (i, j) in zip(above, below, leaks.pairs, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), first.images[i, :, :, 0])
        np.testing.assert_array_equal(other.images[0].get_array(), second.images[j, :, :, 0])
        assert other.get_xlabel() == "every pixel"


def test_axes_of_the_caller_are_drawn_on_and_every_figure_speaks(binary, digits):
    curve = precision_recall(*binary)
    for plot, what in (
        (plot_confusion, confusion_matrix(*binary)),
        (plot_calibration, calibration_curve(*binary)),
        (plot_precision_recall, curve),
    ):
        ax = Figure().add_subplot()
        assert plot(what, ax=ax) is ax
        assert 'role="img" aria-label="' in themed_svg(plot(what))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda b, d: plot_errors(report_of(d), d), "There is no error to draw"),
        (lambda b, d: plot_errors(report_of(d), d.subset(slice(3))), "40 answers, 3 pictures"),
        (lambda b, d: plot_errors(evaluate_predictions(d.labels, d.labels), d), "needs probabilities"),
        (lambda b, d: plot_precision_recall(precision_recall(*b), 2.0), "threshold=2, which keeps none"),
        (lambda b, d: plot_precision_recall({"a": precision_recall(*b)}, 0.5), "on one curve only"),
        (lambda b, d: plot_leaks(find_leaks(d, d), d, d.subset([0])), "must have 40 and 40 pictures"),
        (lambda b, d: plot_leaks(find_leaks(d.subset([0]), d.subset([1])), d.subset([0]), d.subset([1])), "no pair"),
    ],
)
def test_what_cannot_be_drawn_is_said(binary, digits, call, message):
    with pytest.raises(DataError, match=message):
        call(binary, digits)
