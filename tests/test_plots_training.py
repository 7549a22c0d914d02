"""Learning curves, comparisons and augmentations as figures."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course import DataError, TrainingHistory, plot_augmentations, plot_comparison, plot_history


def history(values=(0.9, 0.5, 0.6), **others):
    return TrainingHistory({"loss": values, **others}, seconds=(2.0,) * len(values))


def test_training_and_validation_share_a_panel_and_the_best_epoch_is_ringed():
    figure = plot_history(history(val_loss=(0.8, 0.7, 0.9), accuracy=(0.1, 0.2, 0.3)))
    loss = next(ax for ax in figure.axes if ax.get_title() == "loss")
    (legend,) = figure.legends  # one for all panels, beside them and not on the curves
    assert len(figure.axes) == 2 and [t.get_text() for t in legend.get_texts()] == ["training", "validation"]
    ring = next(line for line in loss.lines if line.get_fillstyle() == "none")
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (2, 0.5)


@pytest.mark.parametrize(("monitor", "above"), [("val_loss", False), ("val_accuracy", True)])
def test_the_word_best_stands_where_no_curve_is_and_inside_its_panel(monitor, above):
    curves = TrainingHistory(
        {
            "accuracy": (0.2, 0.5, 0.9),
            "val_accuracy": (0.2, 0.4, 0.3),
            "loss": (1.9, 1, 0.2),
            "val_loss": (1.8, 1.5, 2),
        },
        seconds=(1.0,) * 3,
        monitor=monitor,
    )
    figure = plot_history(curves)
    figure.canvas.draw()
    ax, word = next((ax, text) for ax in figure.axes for text in ax.texts if text.get_text() == "best")
    box, panel = word.get_window_extent(), ax.get_window_extent()
    assert panel.y0 <= box.y0 and box.y1 <= panel.y1 and panel.x0 <= box.x0 and box.x1 <= panel.x1
    assert (box.y0 > ax.transData.transform(word.xy)[1]) == above


def test_live_curves_number_the_epochs_of_a_resumed_training_and_begin_anew_with_each_training(tmp_path):
    from cnn_course import LiveCurves, build_logit, train_model

    x = np.random.default_rng(0).normal(size=(60, 2))
    curves = LiveCurves()
    for epochs, first in ((2, 0), (4, 2)):
        model = build_logit((2,), 2, seed=0)
        train_model(model, (x, x[:, 0] > 0), epochs=epochs, checkpoint=tmp_path, callbacks=curves, progress=False)
        line = curves.figure.axes[0].lines[0]
        assert len(line.get_xdata()) == epochs and np.isnan(line.get_ydata()).sum() == first
    assert "nan" not in repr(curves.figure)


def test_comparison_runs_over_epochs_or_over_time():
    both = {"a": history(), "b": history((0.9, 0.8, 0.7))}
    by_time = plot_comparison(both, x="seconds").axes[0]
    np.testing.assert_array_equal(by_time.lines[0].get_xdata(), [2, 4, 6])
    assert by_time.get_xlim()[1] < 7
    np.testing.assert_array_equal(plot_comparison(both).axes[0].lines[1].get_ydata(), [0.9, 0.8, 0.7])


def test_augmentations_stand_beside_the_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (12, 12, 3), "uint8")
    figure = plot_augmentations(picture, examples=3)
    assert len(figure.axes) == 6 * 4
    for row in range(6):
        np.testing.assert_array_equal(figure.axes[4 * row].images[0].get_array(), picture)
        assert any((figure.axes[4 * row + k].images[0].get_array() != picture).any() for k in (1, 2, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: plot_history(TrainingHistory({})),
        lambda: plot_history(history(), ["accuracy"]),
        lambda: plot_comparison({}),
        lambda: plot_comparison({"a": history()}, metric="val_loss"),
        lambda: plot_comparison({"a": history()}, x="days"),
        lambda: plot_augmentations(np.zeros((12, 12))),
        lambda: plot_augmentations(np.zeros((12, 12, 3)), examples=0),
    ],
)
def test_what_cannot_be_drawn_is_said(call):
    with pytest.raises(DataError):
        call()


def test_what_keras_own_fit_returns_is_drawn_too():
    keras = cc.load_keras()
    model = cc.build_logit((2,), 2, seed=0)
    x, labels = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    history = model.fit(x, labels, validation_split=0.5, epochs=2, verbose=0)
    assert isinstance(history, keras.callbacks.History)
    ours = cc.TrainingHistory(history.history, seconds=(1, 1), monitor="val_loss")
    for given in (history, history.history):
        assert repr(cc.plot_history(given)) == repr(cc.plot_history(ours))
        assert repr(cc.plot_comparison({"a": given})) == repr(cc.plot_comparison({"a": ours}))
        with pytest.raises(cc.DataError, match="notes no times"):
            cc.plot_comparison({"a": given}, x="seconds")
    with pytest.raises(cc.DataError, match=r"Received: Functional\. Write history = model\.fit"):
        cc.plot_history(model)
