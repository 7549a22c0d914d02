"""Curves of transfer, and the open blocks of a network, as figures."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from cnn_course import (
    CurveRow,
    DataError,
    TransferCurves,
    build_mlp,
    build_small_cnn,
    freeze,
    plot_open_blocks,
    plot_transfer_curves,
    transfer_curves,
    unfreeze,
)


def curves(measured=((5, 0.2), (20, 0.4))):
    rows = [
        CurveRow("photos", labels, method, seed, accuracy + seed / 10, 1.0, 10)
        for labels, accuracy in measured
        for method in ("scratch", "frozen", "fine-tuned")
        for seed in (0, 1)
    ]
    return TransferCurves(tuple(rows), "today")


def test_lines_go_through_the_means_and_each_seed_is_a_mark():
    figure = plot_transfer_curves(curves())
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert set(lines) == {"pretrained, fine-tuned", "pretrained, frozen", "from scratch"}
    np.testing.assert_allclose(lines["from scratch"].get_ydata(), [0.25, 0.45])
    marks = sorted({float(y) for line in ax.lines if line.get_label().startswith("_") for y in line.get_ydata()})
    np.testing.assert_allclose(marks, [0.2, 0.3, 0.4, 0.5])
    assert "photos, 5 labels: fine-tuned 0.25" in figure.alt
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["5", "20"]


def test_four_numbers_of_labels_have_four_ticks_and_lines_through_them():
    figure = plot_transfer_curves(curves(((40, 0.6), (5, 0.2), (10, 0.3), (20, 0.4))))
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["5", "10", "20", "40"]
    line = next(line for line in ax.lines if line.get_label() == "from scratch")
    np.testing.assert_allclose(line.get_xdata(), [0, 1, 2, 3])
    np.testing.assert_allclose(line.get_ydata(), [0.25, 0.35, 0.45, 0.65])
    assert figure.alt.count("labels:") == 4


def test_the_courses_table_has_a_panel_for_each_set():
    assert [ax.get_title() for ax in plot_transfer_curves().axes] == list(transfer_curves().sets)
    with pytest.raises(DataError, match=r"data must be among .*Received: data='cats'"):
        plot_transfer_curves(data="cats")


def test_open_blocks_are_filled_as_far_as_they_are_open():
    model = freeze(build_small_cnn((28, 28, 1), 10, filters=(4, 8), units=()))
    ax = plot_open_blocks(model).axes[0]
    outlines, filled = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert outlines == [40, 296, 3930] and filled == [0, 0, 3930]
    assert [text.get_text() for text in ax.texts] == ["closed", "closed", "open"]
    deep = build_mlp((4,), 3, units=(2,) * 45)
    crowded = plot_open_blocks(deep).axes[0]
    assert len(crowded.get_xticklabels()) <= 20 and not crowded.texts
    own = Figure().add_subplot()
    assert plot_open_blocks(unfreeze(model, 1), ax=own) is own
    assert "open: conv_2, head (4,226 weights" in repr(plot_open_blocks(model))
