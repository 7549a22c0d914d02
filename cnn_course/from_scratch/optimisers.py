"""Gradient descent, momentum and Adam on one screen: where they go from a gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import is_integer, is_number
from ..errors import ModelError

_EPSILON = 1e-7  # Keras's, against a division by zero


def descend(
    gradient: Callable[[NDArray], ArrayLike],
    start: ArrayLike,
    optimiser: str = "sgd",
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    updates: int = 100,
) -> NDArray:
    """Return the path of an optimiser downhill.

    Parameters
    ----------
    gradient : callable
        ``gradient(place)`` is the gradient there, an array like `start`. One that looks at another mini-batch in each
        call makes the path of mini-batches.
    start : array of shape (d,)
    optimiser : {"sgd", "momentum", "adam"}
        ``"sgd"`` steps by ``-learning_rate * gradient``. ``"momentum"`` adds the share `momentum` of its last step.
        ``"adam"`` divides a running mean of the gradients by the root of a running mean of their squares, so that each
        parameter has a step of its own, about `learning_rate` long.
    learning_rate : float
        Above 0.
    momentum : float
        In [0, 1); for ``"momentum"`` only.
    updates : int

    Returns
    -------
    array of shape (updates + 1, d)
        The places, `start` first. It ends early where a step leaves the numbers (infinity).

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods. Kingma and Ba (2015), Adam, ICLR,
    algorithm 1 (0.9, 0.999, and the correction of both means for their start at 0).

    Examples
    --------
    >>> descend(lambda place: 2 * place, [4.0, 1.0], learning_rate=0.25, updates=2)
    array([[4.  , 1.  ],
           [2.  , 0.5 ],
           [1.  , 0.25]])
    """
    if optimiser not in _STEPS:
        raise ModelError(f"optimiser must be one of {', '.join(_STEPS)}. Received: optimiser={optimiser!r}")
    if not (
        is_number(learning_rate, 0)
        and learning_rate
        and is_number(momentum, 0)
        and momentum < 1
        and is_integer(updates, 0)
    ):
        raise ModelError(
            "learning_rate must be above 0, momentum in [0, 1), updates at least 0. "
            f"Received: learning_rate={learning_rate!r}, momentum={momentum!r}, updates={updates!r}"
        )
    places = [np.array(start, float)]
    step = _STEPS[optimiser](learning_rate, momentum)
    for _ in range(updates):
        place = places[-1] + step(np.asarray(gradient(places[-1]), float))
        if not np.isfinite(place).all():
            break
        places.append(place)
    return np.array(places)


def _plain(learning_rate, _momentum):
    return lambda gradient: -learning_rate * gradient


def _with_momentum(learning_rate, momentum):
    last = 0.0

    def step(gradient):
        nonlocal last
        last = momentum * last - learning_rate * gradient
        return last

    return step


def _adam(learning_rate, _momentum):
    mean = square = 0.0
    t = 0

    def step(gradient):
        nonlocal mean, square, t
        t += 1
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        rate = learning_rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return -rate * mean / (np.sqrt(square) + _EPSILON)

    return step


_STEPS = {"sgd": _plain, "momentum": _with_momentum, "adam": _adam}
