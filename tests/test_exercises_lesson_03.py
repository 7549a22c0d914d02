"""The network of one's own: many ways to be right, none refused, and a model that the check leaves as it was."""

import keras
import numpy as np
import pytest

from cnn_course import find_exercise
from cnn_course.exercises.judge import judge

L = keras.layers


def convolutions():
    return [L.Rescaling(1 / 255), L.Conv2D(8, 3, activation="relu"), L.MaxPooling2D(4), L.BatchNormalization()]


def network(*parts, loss="sparse_categorical_crossentropy"):
    model = keras.Sequential([keras.Input((28, 28, 1)), *parts])
    model.compile("adam", loss)
    return model


def end():
    return L.Flatten(), L.Dense(10, activation="softmax")


def inside():
    return network(keras.Sequential([keras.Input((28, 28, 1)), *convolutions()]), *end())


def late():
    model = keras.Sequential([*convolutions(), *end()])
    model.build((None, 28, 28, 1))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def only_convolutions():
    return network(*convolutions(), L.Conv2D(10, 1), L.GlobalAveragePooling2D(), L.Softmax())


RIGHT = {
    "in a row": lambda: network(*convolutions(), *end()),
    "a model in the model": inside,
    "built late": late,
    "no dense layer": only_convolutions,
    "no rescaling": lambda: network(*convolutions()[1:], *end()),
    "separable": lambda: network(L.SeparableConv2D(8, 3), L.MaxPooling2D(), *end()),
}


@pytest.mark.parametrize("build", RIGHT.values(), ids=RIGHT)
def test_a_right_network_passes(build):
    assert judge(find_exercise("build-cnn"), build()).passed


def frozen():
    model = network(*convolutions(), *end())
    model.trainable = False
    return model


WRONG = {
    "dense first": (lambda: network(L.Dense(4), *convolutions(), *end()), "a convolution before the first dense"),
    "dense inside": (
        lambda: network(keras.Sequential([L.Dense(4)]), *convolutions(), *end()),
        "before the first dense",
    ),
    "sigmoid": (lambda: network(*convolutions(), L.Flatten(), L.Dense(10, activation="sigmoid")), "probabilities"),
    "dummies": (lambda: network(*convolutions(), *end(), loss="categorical_crossentropy"), "Is the loss"),
    "frozen": (frozen, "may the layers learn"),
    "open size": (lambda: keras.Sequential([*convolutions(), *end()]), "begin with `keras.Input"),
    "a list": (convolutions, "Hand in a Keras model"),
}


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize(("build", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_network_hears_why(build, words):
    result = judge(find_exercise("build-cnn"), build())
    assert not result.passed and words in result.message


def test_the_check_leaves_weights_statistics_and_optimizer_as_they_were():
    model = network(*convolutions(), *end())
    model.train_on_batch(np.ones((4, 28, 28, 1), "float32"), np.arange(4))
    everything = [*model.variables, *model.optimizer.variables]
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in everything]
    assert judge(find_exercise("build-cnn"), model).passed
    for variable, value in zip(everything, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)


@pytest.mark.parametrize("order", [1, -1], ids=["carried back, first layer first", "a jump, last layer first"])
def test_layers_in_the_wrong_order_hear_what_is_true_of_both_ways(order):
    def backward(layers):
        seen = 1
        for kernel, strides in layers:
            seen = (seen - 1) * strides + kernel
        return seen

    def forward(layers):
        seen, jump = 1, 1
        for kernel, strides in layers[::-1]:
            seen, jump = seen + (kernel - 1) * jump, jump * strides
        return seen

    message = judge(find_exercise("receptive-field"), backward if order == 1 else forward).message
    assert message.startswith("Your layers come in the wrong order.")
