"""The networks of lesson 01: a multinomial logit, and hidden layers before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import Size
from .._keras import Model
from .parts import Seeds, finished, hidden, vector_input


def build_logit(
    input_shape: Sequence[int],
    classes: int | None = 10,
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.01,
) -> Model:
    """Return a multinomial logit: every input number has one weight for each class.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255, or ``(d,)`` for points, which are
        not rescaled.
    classes : int or None
        Number of classes, at least 2; None for a linear regression.
    dropout : float
        Share of the inputs set to zero in training, in [0, 1).
    augmentation : keras.layers.Layer or list of them, optional
        Put right behind the input, so it works on the scale of the pictures.
    seed : int, optional
        The same seed gives the same first weights on the same backend. No global state is touched.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
        Of Adam, positive.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    Examples
    --------
    >>> model = build_logit((8, 8, 1), classes=10)
    >>> model.count_params()
    650
    >>> [layer.name for layer in model.layers]
    ['picture', 'rescaling', 'flatten', 'probabilities']
    """
    seeds = Seeds(seed)
    inputs, x = vector_input(input_shape, augmentation)
    return finished("logit", inputs, x, classes, dropout, seeds, learning_rate)


def build_mlp(
    input_shape: Sequence[int],
    classes: int | None = 10,
    units: Size = (64,),
    activation: Any = "relu",
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return a network with hidden layers: ``Z = σ(α'X)``, then a logit (or a regression) on Z.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255, or ``(d,)`` for points, which are
        not rescaled.
    classes : int or None
        Number of classes, at least 2; None for a regression, which ends in the identity.
    units : int or tuple of int
        Size of each hidden layer.
    activation : str or callable
        σ of the hidden layers, by Keras's name: ``"sigmoid"``, ``"tanh"``, ``"relu"``.
    dropout : float
        Share of the last hidden layer set to zero in training, in [0, 1).
    augmentation, seed, learning_rate
        As for `build_logit`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 11.3.

    Examples
    --------
    >>> model = build_mlp((2,), classes=3, units=4, activation="tanh")
    >>> model.count_params()
    27
    """
    seeds = Seeds(seed)
    inputs, x = vector_input(input_shape, augmentation)
    x = hidden(x, units, seeds, activation)
    return finished("mlp", inputs, x, classes, dropout, seeds, learning_rate)
