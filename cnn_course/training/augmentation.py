"""Augmentation as Keras layers: random changes of a picture that act in training only."""

from .._arguments import number
from .._keras import load_keras
from ..errors import ModelError

keras = load_keras()
layers, ops = keras.layers, keras.ops

FILL_MODES = ("nearest", "constant", "reflect", "wrap")


@keras.saving.register_keras_serializable("cnn_course")
class RandomNoise(layers.Layer):
    """A Keras layer that adds normal noise to every value in training, and keeps the values in 0 to 255.

    Keras's own `GaussianNoise` takes a standard deviation of at most 1: it is made for pictures in 0 to 1.

    Parameters
    ----------
    stddev : float
        Standard deviation in grey levels of 255, at least 0.
    seed : int, optional
        For the same noise in every run.

    Raises
    ------
    ModelError
        If `stddev` is negative or not a number.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((1, 64, 64, 1), 128, "float32")
    >>> noisy = RandomNoise(10.0, seed=0)(grey, training=True)
    >>> bool(9.5 < np.std(keras.ops.convert_to_numpy(noisy)) < 10.5)
    True
    """

    def __init__(self, stddev, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.stddev = _strength("stddev", stddev, 255, "in grey levels of 255")
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._build_at_init()

    def call(self, inputs, training=False):
        """Return the pictures with noise in training, as they are otherwise."""
        inputs = ops.cast(inputs, self.compute_dtype)
        if not training or self.stddev == 0:
            return inputs
        noise = keras.random.normal(ops.shape(inputs), stddev=self.stddev, dtype=inputs.dtype, seed=self.seed_generator)
        return ops.clip(inputs + noise, 0.0, 255.0)

    def compute_output_shape(self, input_shape):
        """Return the shape of the pictures, which stays."""
        return input_shape

    def get_config(self):
        """Return what makes the same layer again."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@keras.saving.register_keras_serializable("cnn_course")
class Augmentation(keras.Sequential):
    """Augmenting layers in a row, which act only when they are called with ``training=True``.

    Keras's own augmenting layers act unless they are told ``training=False``. `fit` and `predict` tell them, but
    ``model(pictures)`` does not: there a model would look at pictures that were changed at random.
    """

    def call(self, inputs, training=False, mask=None):
        """Return the pictures, changed if `training` is true."""
        return super().call(inputs, training=bool(training), mask=mask)


def build_augmentation(
    shift=0.0, zoom=0.0, rotation=0.0, flip=False, contrast=0.0, noise=0.0, fill_mode="nearest", seed=None
):
    """Return Keras layers that change each picture at random in training and leave it alone otherwise.

    They work on a batch at once, on the scale 0 to 255. Put them behind the input of a model
    (``build_small_cnn((28, 28, 1), augmentation=build_augmentation(shift=0.1))``), so that they are saved with it,
    or call them with ``training=True`` to see what they do. They act in training only, also where a model is
    called as a function (Keras's own layers do not: see `Augmentation`).

    Parameters
    ----------
    shift : float
        Each picture moves by up to this share of its height and width, either way, in [0, 1].
    zoom : float
        Each picture grows or shrinks by up to this share, in [0, 1). Its proportions stay.
    rotation : float
        Each picture turns by up to so many degrees, either way, in [0, 180].
    flip : bool or str
        Mirror half of the pictures: ``True`` or ``"horizontal"`` left to right, ``"vertical"``, or
        ``"horizontal_and_vertical"``.
    contrast : float
        Distances from the picture's mean grow or shrink by up to this share, in [0, 1].
    noise : float
        Standard deviation of normal noise on every value, in grey levels of 255, in [0, 255].
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What fills the border that a shift, a zoom or a rotation lays bare: the edge's own pixels, black, the
        picture mirrored, or its other side.
    seed : int, optional
        For the same changes in every run.

    Returns
    -------
    Augmentation
        A `keras.Sequential`. Shape ``(n, height, width, channels)`` in and out, float32, 0 to 255.

    Raises
    ------
    ModelError
        If a strength is out of its range, or nothing is asked for.

    References
    ----------
    Simard, Steinkraus and Platt (2003), Best practices for convolutional neural networks applied to visual
    document analysis.

    Examples
    --------
    >>> layers = build_augmentation(shift=0.1, flip=True, noise=5, seed=0)
    >>> [layer.name for layer in layers.layers]
    ['shift', 'flip', 'noise']
    """
    if fill_mode not in FILL_MODES:
        raise ModelError(f"fill_mode must be one of {', '.join(FILL_MODES)}. Received: fill_mode={fill_mode!r}")
    steps = {
        "shift": _strength("shift", shift, 1, "a share of the picture's side"),
        "zoom": _strength("zoom", zoom, 0.99, "a share"),
        "rotation": _strength("rotation", rotation, 180, "in degrees"),
        "flip": _flip_mode(flip),
        "contrast": _strength("contrast", contrast, 1, "a share"),
        "noise": _strength("noise", noise, 255, "in grey levels of 255"),
    }
    chosen = [
        _layer(name, strength, fill_mode, None if seed is None else seed + place)
        for place, (name, strength) in enumerate(steps.items())
        if strength
    ]
    if not chosen:
        raise ModelError(f"Nothing to change: every strength is 0. Give one, for example shift=0.1. It has {[*steps]}.")
    return Augmentation(chosen, name="augmentation")


def _layer(name, strength, fill_mode, seed):
    options = {"seed": seed, "name": name}
    border = {**options, "fill_mode": fill_mode}
    if name == "shift":
        return layers.RandomTranslation(strength, strength, **border)
    if name == "zoom":
        return layers.RandomZoom((-strength, strength), **border)
    if name == "rotation":
        return layers.RandomRotation(strength / 360, **border)
    if name == "flip":
        return layers.RandomFlip(strength, **options)
    if name == "contrast":
        return layers.RandomContrast(strength, value_range=(0, 255), **options)
    return RandomNoise(strength, **options)


def _strength(name, value, largest, unit):
    return number(name, value, 0, largest, ModelError, f"a number from 0 to {largest}, {unit}")


def _flip_mode(flip):
    modes = ("horizontal", "vertical", "horizontal_and_vertical")
    if flip in (None, False):
        return None
    if flip is True:
        return modes[0]
    if flip not in modes:
        raise ModelError(f"flip must be True, False or one of {', '.join(modes)}. Received: flip={flip!r}")
    return flip
