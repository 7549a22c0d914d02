"""The numpy network's gradients, against Keras, PyTorch and finite differences."""

import numpy as np
import pytest

from cnn_course import ModelError
from cnn_course.from_scratch.network import (
    Convolution,
    Dense,
    Dropout,
    Flatten,
    MaxPooling,
    Network,
    ReLU,
    softmax_cross_entropy,
)

SHAPES = [(3, 3, 2, 4), (4,), (3, 2, 4, 5), (5,), (5, 6), (6,), (6, 3), (3,)]


def equal(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in SHAPES]
    return rng.normal(size=(4, 9, 8, 2)), rng.integers(0, 3, 4), weights


def ours(weights):
    k1, b1, k2, b2, w3, b3, w4, b4 = weights
    return Network(
        [
            Convolution(k1, b1), ReLU(), MaxPooling(2), Convolution(k2, b2), ReLU(), Flatten(),
            Dense(np.tile(w3, (2, 1)), b3), ReLU(), Dense(w4, b4),
        ]
    )  # fmt: skip


def gradients(network):
    return [gradient for layer in network.layers for gradient in getattr(layer, "gradients", [])]


def test_gradients_equal_pytorch(problem):
    torch = pytest.importorskip("torch", reason="no PyTorch: pip install torch")
    x, labels, weights = problem
    network = ours(weights)
    loss, at_x = network.backward(x, labels)

    pictures = torch.tensor(x, requires_grad=True)
    tensors = [torch.tensor(w, requires_grad=True) for layer in network.layers for w in layer.weights]
    k1, b1, k2, b2, w3, b3, w4, b4 = tensors
    z = torch.relu(torch.conv2d(pictures.permute(0, 3, 1, 2), k1.permute(3, 2, 0, 1), b1))
    z = torch.relu(torch.conv2d(torch.max_pool2d(z, 2), k2.permute(3, 2, 0, 1), b2))
    z = torch.relu(z.permute(0, 2, 3, 1).flatten(1) @ w3 + b3) @ w4 + b4
    expected = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
    expected.backward()
    equal(loss, expected.item())
    equal(at_x, pictures.grad.numpy())
    for got, tensor in zip(gradients(network), tensors, strict=True):
        equal(got, tensor.grad.numpy())


def test_gradients_equal_keras(problem):
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
    import keras

    x, labels, weights = problem
    network = ours(weights)
    loss, at_x = network.backward(x, labels)
    double = {"dtype": "float64"}
    model = keras.Sequential(
        [
            keras.Input((9, 8, 2), **double),
            keras.layers.Conv2D(4, 3, activation="relu", **double),
            keras.layers.MaxPooling2D(**double),
            keras.layers.Conv2D(5, (3, 2), activation="relu", **double),
            keras.layers.Flatten(**double),
            keras.layers.Dense(6, activation="relu", **double),
            keras.layers.Dense(3, **double),
        ]
    )
    model.set_weights([w for layer in network.layers for w in layer.weights])
    pictures = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        losses = keras.losses.sparse_categorical_crossentropy(labels, model(pictures), from_logits=True)
        expected = tf.reduce_mean(losses)
    found = tape.gradient(expected, [pictures, *(w.value for w in model.trainable_weights)])
    equal(loss, expected.numpy())
    for got, gradient in zip([at_x, *gradients(network)], found, strict=True):
        equal(got, gradient.numpy())


def test_gradients_equal_finite_differences(problem):
    x, labels, weights = problem
    network = ours(weights)
    _, at_x = network.backward(x, labels)
    kept = [gradient.copy() for gradient in gradients(network)]
    rng, step = np.random.default_rng(1), 1e-6
    arrays = [x, *(w for layer in network.layers for w in layer.weights)]
    for array, gradient in zip(arrays, [at_x, *kept], strict=True):
        for _ in range(5):
            place = tuple(rng.integers(0, array.shape))
            before = array[place]
            losses = []
            for change in (step, -step):
                array[place] = before + change
                losses.append(softmax_cross_entropy(network.forward(x), labels)[0])
            array[place] = before
            assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(gradient[place], rel=1e-4, abs=1e-8)


def test_dropout_keeps_the_mean_and_hands_back_what_it_kept():
    layer = Dropout(0.3, np.random.default_rng(0))
    out = layer.forward(np.ones((200, 100)))
    assert abs(out.mean() - 1) < 0.02 and abs((out == 0).mean() - 0.3) < 0.01
    np.testing.assert_array_equal(layer.backward(np.ones((200, 100))), out)
    np.testing.assert_array_equal(Dropout(0.3).forward(np.ones(5)), np.ones(5))


def test_it_learns_the_digits():
    from cnn_course import load_dataset

    train, test = load_dataset("digits"), load_dataset("digits", "test")
    rng = np.random.default_rng(0)

    def drawn(*shape):
        return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1]))

    network = Network(
        [
            Convolution(drawn(3, 3, 1, 8), np.zeros(8)), ReLU(), MaxPooling(2), Flatten(),
            Dense(drawn(72, 32), np.zeros(32)), ReLU(), Dense(drawn(32, 10), np.zeros(10)),
        ]
    )  # fmt: skip
    x = train.images / 255
    for _ in range(15):
        for rows in np.array_split(rng.permutation(len(x)), len(x) // 32):
            network.train_step(x[rows], train.labels[rows], 0.1)
    assert np.mean(network.predict(test.images / 255).argmax(axis=1) == test.labels) > 0.93


def test_labels_of_another_length_are_said(problem):
    x, labels, weights = problem
    with pytest.raises(ModelError, match="labels must be one integer for each of 4 rows"):
        ours(weights).backward(x, labels[:3])
