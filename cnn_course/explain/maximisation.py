"""Pictures that excite one channel of a network most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import integer, is_integer, positive_integer
from .._graph import graph_of
from .._keras import Model, load_keras
from ..errors import ModelError
from ._gradients import gradient_of
from ._graph import Run, bends, find_call
from ._inputs import trace

keras = load_keras()
# How the colours of natural pictures vary together: lightness much, blue against yellow less, red against green least.
_COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
_COLOURS /= np.linalg.norm(_COLOURS, axis=0).max()


def activation_maximisation(
    model: Model,
    layer: Any,
    channel: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    steps: int = 128,
    learning_rate: float = 0.05,
    jitter: int = 8,
    decay: float = 1.0,
    decorrelate: bool = True,
    seed: int = 0,
) -> NDArray:
    """Return the picture that excites a channel of a layer most: what that channel looks for.

    Gradient ascent on the picture. Without help it ends in noise that the eye reads nothing in; three things help: the
    picture is made of waves, slow ones first (frequency space); its colours vary as those of photographs do
    (decorrelated colour); and it is moved a little before each step (jitter).

    Parameters
    ----------
    model : keras.Model
    layer : str
        Its name or path, as for `feature_maps`. Its own ReLU or softmax is left out: on the flat, nothing climbs.
    channel : int or sequence of int
        One picture for each.
    size : int or (int, int), optional
        Height and width, where the model leaves them open.
    steps : int
    learning_rate : float
        Of Adam, for the waves.
    jitter : int
        Largest move in each direction, in pixels; 0 for none.
    decay : float
        How much smaller a wave's share is the faster it is: 1 as in photographs, 0 for all alike.
    decorrelate : bool
        Whether colours vary as those of photographs.
    seed : int
        Of the first picture and the moves.

    Returns
    -------
    array of uint8, shape (height, width, channels), or (n, height, width, channels) for several

    Raises
    ------
    ModelError
        If there is no such layer or channel, or the gradient is zero wherever one begins.

    References
    ----------
    Erhan et al. (2009), Visualizing higher-layer features of a deep network. Olah, Mordvintsev and Schubert (2017),
    Feature visualization, Distill: waves, colours and moves, with the constants of their library lucid.

    Examples
    --------
    >>> import cnn_course as cc
    >>> model = cc.build_lenet(seed=0)
    >>> activation_maximisation(model, "conv_2", [0, 1], steps=2).shape
    (2, 28, 28, 1)
    """
    positive_integer("steps", steps, ModelError)
    integer("jitter", jitter, 0, error=ModelError, rule="a whole number, 0 or more")
    shape = _picture_shape(model, size)
    calls = trace(model, np.zeros((1, *shape), np.float32))
    call = find_call(calls, layer)
    channels, several = np.atleast_1d(channel), np.ndim(channel) > 0
    most = call.after.shape[-1]
    if channels.dtype.kind not in "ui" or channels.ndim != 1 or channels.min() < 0 or channels.max() >= most:
        raise ModelError(f"channel must be from 0 to {most - 1}, or several. Received: channel={channel!r}")
    spectrum = _Spectrum((len(channels), *shape), decay, decorrelate, np.random.default_rng([seed, 0]))
    ascend = gradient_of(_objective(model, call, channels), compiled=steps > 8)
    rng = np.random.default_rng([seed, 1])
    for _ in range(steps):
        move = tuple(rng.integers(-jitter, jitter + 1, 2)) if jitter else (0, 0)
        _, gradients = ascend(np.roll(spectrum.pictures(), move, (1, 2)))
        spectrum.climb(np.roll(gradients, (-move[0], -move[1]), (1, 2)), learning_rate)
    spectrum.refuse_flat()
    pictures = np.rint(spectrum.pictures()).astype(np.uint8)
    return pictures if several else pictures[0]


def _picture_shape(model, size):
    wanted = getattr(model, "input_shape", None)
    if not isinstance(wanted, tuple) or len(wanted) != 4 or wanted[3] not in (1, 3):
        raise ModelError(f"model must take pictures with 1 or 3 channels. Received: input_shape={wanted}")
    given = (size, size) if is_integer(size) else tuple(size or wanted[1:3])
    if len(given) != 2 or None in given or any(a not in (None, b) for a, b in zip(wanted[1:3], given, strict=True)):
        raise ModelError(
            f"size must be (height, width) as the model takes them: {wanted[1:3]}. Received: size={size!r}"
        )
    return (*map(int, given), wanted[3])


def _objective(model, call, channels):
    """Return the function to climb: the mean of the channel over the inner places, for each picture its own.

    At the border a layer sees the zeros of the padding, and the corners would be made for them.
    """
    inside = graph_of(call.layer) is not None  # a model in the model: to its end, and before a softmax there
    how_far = {"scores": True} if inside else {"until": call.path, "linear": call.path if bends(call.layer) else None}
    one_hot = np.eye(call.after.shape[-1], dtype=np.float32)[channels]

    def value(x):
        run = Run(model, x, **how_far)
        after = next(c.after for c in reversed(run.calls) if c.path == call.path)
        after = keras.ops.cast(after, "float32")
        if len(after.shape) == 4:
            top, left = (length // 16 for length in after.shape[1:3])
            after = after[:, top : after.shape[1] - top, left : after.shape[2] - left]
        axes = tuple(range(1, len(after.shape) - 1))
        means = keras.ops.mean(after, axis=axes) if axes else after
        return keras.ops.sum(means * keras.ops.convert_to_tensor(one_hot), axis=-1)

    return value


class _Spectrum:
    """Pictures as sums of waves, and Adam on the height of each wave."""

    def __init__(self, shape, decay, decorrelate, rng):
        self._shape = shape
        rows, columns = np.fft.fftfreq(shape[1])[:, None], np.fft.rfftfreq(shape[2])[None]
        frequency = np.maximum(np.hypot(rows, columns), 1 / max(shape[1:3]))
        self._scale = (frequency**-decay * np.sqrt(shape[1] * shape[2]) / 4)[None, ..., None]
        waves = (shape[0], shape[1], shape[2] // 2 + 1, shape[3], 2)
        self._rng, self._climbed = rng, np.zeros(shape[0], bool)
        self._waves = rng.normal(0, 0.01, waves).astype(np.float32)
        self._first, self._second, self._steps = np.zeros_like(self._waves), np.zeros_like(self._waves), 0
        self._colours = _COLOURS if shape[3] == 3 and decorrelate else np.eye(shape[3], dtype=np.float32)

    def pictures(self):
        """Return the pictures, float32, 0 to 255."""
        waves = (self._waves[..., 0] + 1j * self._waves[..., 1]) * self._scale
        plain = np.fft.irfft2(waves, s=self._shape[1:3], axes=(1, 2))
        self._squashed = 1 / (1 + np.exp(-plain @ self._colours.T))
        return (255 * self._squashed).astype(np.float32)

    def refuse_flat(self):
        """Raise if some picture never found a way up."""
        if not self._climbed.all():
            raise ModelError(
                "The gradient was zero at every step: the channel answers to no picture that was tried (dead ReLUs). "
                "Try another seed or channel."
            )

    def climb(self, gradients, learning_rate):
        """Take one step up, given the gradients at the pictures that were last returned."""
        inner = (255 * gradients * self._squashed * (1 - self._squashed)) @ self._colours
        waves = np.fft.rfft2(inner, axes=(1, 2)) * self._scale
        slope = np.stack([waves.real, waves.imag], axis=-1)
        size = np.sqrt((slope**2).mean(axis=(1, 2, 3, 4), keepdims=True))
        flat = size == 0
        self._climbed |= ~flat.ravel()
        if flat.any():  # every ReLU on the way is shut: try from elsewhere
            self._waves = np.where(flat, self._rng.normal(0, 0.1, self._waves.shape), self._waves).astype(np.float32)
        slope = slope / np.where(flat, 1, size)  # Adam does not mind; its small constant does
        self._steps += 1
        self._first += 0.1 * (slope - self._first)
        self._second += 0.001 * (slope**2 - self._second)
        mean = self._first / (1 - 0.9**self._steps)
        spread = np.sqrt(self._second / (1 - 0.999**self._steps))
        self._waves += (learning_rate * mean / (spread + 1e-8)).astype(np.float32)
