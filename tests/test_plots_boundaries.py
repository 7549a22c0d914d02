"""Regions of classes in the plane."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cnn_course import DataError, build_logit, load_dataset, plot_boundaries


def test_each_point_of_the_plane_has_the_colour_of_its_class():
    data = load_dataset("three_classes", n=300)
    model = LogisticRegression().fit(data.x, data.labels)
    ax = plot_boundaries(model, data).axes[0]
    shown, (left, right, bottom, top) = ax.images[0].get_array(), ax.images[0].get_extent()
    rows, columns = np.array([[10, 100, 180], [20, 90, 190]])
    points = np.stack([np.linspace(left, right, 200)[columns], np.linspace(bottom, top, 200)[rows]], axis=1)
    colours = {label: ax.collections[label].get_facecolor()[0, :3] for label in range(3)}
    for row, column, label in zip(rows, columns, model.predict(points), strict=True):
        np.testing.assert_allclose(shown[row, column], 0.35 * colours[label] + 0.65, atol=1e-6)
    assert sum(len(points.get_offsets()) for points in ax.collections) == 300


def test_a_network_of_keras_and_a_function_are_drawn_too():
    data = load_dataset("xor", n=40)
    assert "40 points" in repr(plot_boundaries(build_logit((2,), classes=2, seed=0), data))
    figure = plot_boundaries(lambda x: x[:, 0] * x[:, 1] < 0, data)
    share = float(repr(figure).split(": ")[2].split(" ")[0])
    assert share > 90 or share < 10


def test_several_models_stand_side_by_side_with_their_shares():
    data = load_dataset("xor", n=40)
    figure = plot_boundaries({"all": lambda x: x[:, 0] > 99, "right": lambda x: x[:, 0] * x[:, 1] < 0}, data)
    assert [ax.get_title().split(":")[0] for ax in figure.axes] == ["all", "right"]
    assert figure.axes[0].get_title() == "all: 50 %" and "all 50 %" in repr(figure)


def test_axes_of_the_caller_are_drawn_on():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert plot_boundaries(lambda x: x[:, 0] > 0, load_dataset("rings", n=20), ax=ax) is ax


def test_what_is_no_probability_of_each_class_is_refused():
    data = load_dataset("three_classes", n=20)
    with pytest.raises(DataError, match=r"each of 3 classes, .*Received: shape \(20, 2\)"):
        plot_boundaries(lambda x: x, data)


@pytest.mark.parametrize("name", ["rings", "xor", "spirals"])
def test_the_names_of_the_models_stand_inside_the_figure(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = plot_boundaries({"one": lambda x: x[:, 0] > 0, "two": lambda x: x[:, 0] < 0}, load_dataset(name, n=50))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for ax in figure.axes:
        assert ax.title.get_window_extent(canvas.get_renderer()).y1 <= figure.bbox.y1
