"""A convolutional network in numpy: each layer knows its own derivative, and the chain rule does the rest.

Every layer has `forward(x)` and `backward(gradient)`. Forward keeps what backward needs. Backward takes the gradient
of the loss with respect to the layer's output, keeps those of its weights in `gradients`, and returns the one with
respect to its input: that is all of backpropagation.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import ModelError


class Dense:
    """A dense layer: ``x @ weights + bias``, for x of shape (n, inputs).

    Parameters
    ----------
    weights : array of shape (inputs, units)
    bias : array of shape (units,)
    """

    def __init__(self, weights, bias):
        self.weights = [np.asarray(weights, float), np.asarray(bias, float)]

    def forward(self, x):
        """Return the output, (n, units)."""
        self._x = x
        return x @ self.weights[0] + self.weights[1]

    def backward(self, gradient):
        """Return the gradient at the input, and keep those of the weights."""
        self.gradients = [self._x.T @ gradient, gradient.sum(axis=0)]
        return gradient @ self.weights[0].T


class Convolution:
    """A convolution with stride 1 and no padding, for x of shape (n, height, width, channels).

    Parameters
    ----------
    kernel : array of shape (height, width, channels, filters)
    bias : array of shape (filters,)
    """

    def __init__(self, kernel, bias):
        self.weights = [np.asarray(kernel, float), np.asarray(bias, float)]

    def forward(self, x):
        """Return the feature maps, (n, height', width', filters)."""
        self._windows = sliding_window_view(x, self.weights[0].shape[:2], axis=(1, 2))  # (n, h', w', c, kh, kw)
        return np.einsum("nijckl,klcf->nijf", self._windows, self.weights[0], optimize=True) + self.weights[1]

    def backward(self, gradient):
        """Return the gradient at the input: every output hands its gradient back to the window it came from."""
        kernel = self.weights[0]
        rows, columns = kernel.shape[0] - 1, kernel.shape[1] - 1
        self.gradients = [
            np.einsum("nijckl,nijf->klcf", self._windows, gradient, optimize=True),
            gradient.sum(axis=(0, 1, 2)),
        ]
        padded = np.pad(gradient, ((0, 0), (rows, rows), (columns, columns), (0, 0)))
        windows = sliding_window_view(padded, kernel.shape[:2], axis=(1, 2))
        return np.einsum("nijfkl,klcf->nijc", windows, kernel[::-1, ::-1], optimize=True)


class MaxPooling:
    """The largest value of each block; rows and columns that fill no block are left out.

    Parameters
    ----------
    size : int
        Height and width of a block, in pixels.
    """

    weights = ()

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        """Return the maxima, (n, height // size, width // size, channels)."""
        n, height, width, channels = x.shape
        s, rows, columns = self.size, height // self.size, width // self.size
        blocks = x[:, : rows * s, : columns * s].reshape(n, rows, s, columns, s, channels)
        self._shape, self._blocks = (
            x.shape,
            blocks.transpose(0, 1, 3, 5, 2, 4).reshape(n, rows, columns, channels, s * s),
        )
        return self._blocks.max(axis=-1)

    def backward(self, gradient):
        """Return the gradient at the input: only the (first) largest value of a block had a say."""
        n, rows, columns, channels, _ = self._blocks.shape
        s, routed = self.size, np.zeros(self._blocks.shape)
        np.put_along_axis(routed, self._blocks.argmax(axis=-1)[..., None], gradient[..., None], axis=-1)
        blocks = routed.reshape(n, rows, columns, channels, s, s).transpose(0, 1, 4, 2, 5, 3)
        whole = np.zeros(self._shape)
        whole[:, : rows * s, : columns * s] = blocks.reshape(n, rows * s, columns * s, channels)
        return whole


class ReLU:
    """Negative values become 0."""

    weights = ()

    def forward(self, x):
        """Return max(x, 0)."""
        self._positive = x > 0
        return x * self._positive

    def backward(self, gradient):
        """Return the gradient where x was positive, and 0 elsewhere."""
        return gradient * self._positive


class Dropout:
    """A share of the values becomes 0 in training, and the others grow to keep the mean.

    Parameters
    ----------
    rate : float
        Share of zeros, from 0 to below 1.
    rng : numpy.random.Generator or None
        Draws the mask; None switches dropout off, as it is when a network predicts.
    """

    weights = ()

    def __init__(self, rate, rng=None):
        self.rate, self.rng = rate, rng

    def forward(self, x):
        """Return x with zeros, rescaled."""
        kept = 1.0 if self.rng is None else (self.rng.random(x.shape) >= self.rate) / (1 - self.rate)
        self._kept = kept
        return x * kept

    def backward(self, gradient):
        """Return the gradient of what was kept."""
        return gradient * self._kept


class Flatten:
    """Each picture becomes one long row."""

    weights = ()

    def forward(self, x):
        """Return x as (n, height * width * channels)."""
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient):
        """Return the gradient in the form of the picture."""
        return gradient.reshape(self._shape)


def softmax_cross_entropy(t: NDArray, labels: NDArray) -> tuple[float, NDArray]:
    """Return the mean cross-entropy of a softmax, and its gradient with respect to t.

    Parameters
    ----------
    t : array of shape (n, classes)
        Any numbers: the softmax makes probabilities of them.
    labels : array of shape (n,)
        Integers from 0 to classes - 1.

    Returns
    -------
    (float, array of shape (n, classes))

    Examples
    --------
    >>> loss, gradient = softmax_cross_entropy(np.zeros((1, 2)), np.array([0]))
    >>> round(loss, 4), gradient
    (0.6931, array([[-0.5,  0.5]]))
    """
    t = t - t.max(axis=1, keepdims=True)
    log_probabilities = t - np.log(np.exp(t).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    gradient = np.exp(log_probabilities)
    gradient[rows, labels] -= 1
    return float(-log_probabilities[rows, labels].mean()), gradient / len(labels)


class Network:
    """Layers in a row that end in a softmax, trained by gradient descent.

    Parameters
    ----------
    layers : list
        Of this module; the last one gives a number for each class.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, labels = rng.normal(size=(50, 2)), rng.integers(0, 2, 50)
    >>> network = Network([Dense(rng.normal(size=(2, 8)), np.zeros(8)), ReLU(), Dense(rng.normal(size=(8, 2)), [0, 0])])
    >>> losses = [network.train_step(x, labels, 0.1) for _ in range(50)]
    >>> losses[-1] < losses[0]
    True
    """

    def __init__(self, layers):
        self.layers = list(layers)

    def forward(self, x):
        """Return the numbers before the softmax, (n, classes)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def predict(self, x):
        """Return the probabilities, (n, classes)."""
        t = self.forward(x)
        t = np.exp(t - t.max(axis=1, keepdims=True))
        return t / t.sum(axis=1, keepdims=True)

    def backward(self, x, labels):
        """Return the loss and the gradient at the picture; the layers keep the gradients of their weights."""
        if np.asarray(labels).ndim != 1 or len(labels) != len(x):
            raise ModelError(f"labels must be one integer for each of {len(x)} rows. Received: {np.shape(labels)}")
        loss, gradient = softmax_cross_entropy(self.forward(x), labels)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return loss, gradient

    def train_step(self, x, labels, learning_rate):
        """Take one step down the gradient; return the loss before it."""
        loss, _ = self.backward(x, labels)
        for layer in self.layers:
            for weight, gradient in zip(layer.weights, getattr(layer, "gradients", ()), strict=True):
                weight -= learning_rate * gradient
        return loss
