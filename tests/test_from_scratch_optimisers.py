"""Gradient descent, momentum and Adam in numpy, against Keras's optimisers."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course import ModelError

keras = cc.load_keras()


def gradient(place):
    """Of a loss that is no bowl: it has valleys."""
    a, b = place
    return np.array([np.cos(a) * b + 0.3 * a, np.sin(a) + 0.2 * b**3])


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam"])
def test_every_place_is_where_keras_goes(optimiser):
    rate = 0.05
    theirs = {
        "sgd": lambda: keras.optimizers.SGD(rate),
        "momentum": lambda: keras.optimizers.SGD(rate, momentum=0.8),
        "adam": lambda: keras.optimizers.Adam(rate),
    }[optimiser]()
    variable = keras.Variable([1.5, -1.0], dtype="float64")
    theirs.build([variable])
    expected = [variable.numpy()]
    for _ in range(60):
        theirs.apply([keras.ops.convert_to_tensor(gradient(expected[-1]))])
        expected.append(variable.numpy())
    got = cc.descend(gradient, [1.5, -1.0], optimiser, rate, momentum=0.8, updates=60)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_mini_batches_are_a_gradient_that_looks_at_other_rows_each_time():
    demo = cc.DescentDemo(batch_size=64, learning_rate=0.3, updates=40)
    x, y = np.array(demo.x), np.array(demo.y)

    def full(place):
        errors = place[0] + place[1] * x - y
        return np.array([errors.mean(), (errors * x).mean()])

    np.testing.assert_allclose(cc.descend(full, demo.start, "sgd", 0.3, updates=40), demo.path, atol=1e-9)


def test_a_path_that_leaves_the_numbers_ends_before():
    with np.errstate(over="ignore"):
        path = cc.descend(lambda w: 1e200 * w, [1.0], "sgd", 1e3, updates=50)
    assert np.isfinite(path).all() and len(path) < 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimiser": "newton"}, "sgd, momentum, adam"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"momentum": 1.0}, r"momentum in \[0, 1\)"),
    ],
)
def test_a_wrong_argument_is_named(options, message):
    with pytest.raises(ModelError, match=message):
        cc.descend(lambda w: w, [1.0], **options)
