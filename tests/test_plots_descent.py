"""Paths downhill, from above."""

import numpy as np
import pytest

from cnn_course import DataError, descend, plot_descent


def bowl(a, b):
    return a**2 + 4 * b**2


def test_every_update_is_drawn_and_the_words_say_where_it_ends():
    path = descend(lambda w: 2 * w * [1, 4], [2.0, 1.0], learning_rate=0.1, updates=12)
    figure = plot_descent({"steady": path}, bowl, labels=("a", "b"))
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata(), path)
    assert f"steady to {bowl(*path[-1]):.3g}" in repr(figure) and "12 updates" in repr(figure)
    assert figure.axes[0].get_xlabel() == "a"


def test_a_path_that_runs_away_does_not_make_the_others_invisible():
    far = descend(lambda w: 2 * w * [1, 4], [2.0, 1.0], learning_rate=0.5, updates=12)
    near = descend(lambda w: 2 * w * [1, 4], [2.0, 1.0], learning_rate=0.1, updates=12)
    figure = plot_descent({"far": far, "near": near}, bowl)
    left, right = figure.axes[1].get_xlim()
    assert right - left < 12 and np.abs(far).max() > 100


@pytest.mark.parametrize("paths", [{}, {"one": np.zeros((3, 3))}])
def test_paths_of_other_shapes_are_refused(paths):
    with pytest.raises(DataError, match="paths must map names"):
        plot_descent(paths, bowl)
