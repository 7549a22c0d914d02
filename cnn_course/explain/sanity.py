"""Does an explanation depend on what the network has learned? If not, it explains nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arguments import listed, positive_integer
from .._graph import graph_of, leaves
from .._keras import Model, load_keras
from ..errors import ModelError
from ._inputs import classes_of, pictures_of

keras = load_keras()


def randomise_weights(model: Model, seed: int = 0, layers: Sequence[str] | None = None) -> Model:
    """Return a copy of a model that has forgotten what it learned: the numbers in each weight array are shuffled.

    So every array keeps its values, and only their places are lost.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, also with models inside; it stays as it is.
    seed : int
    layers : sequence of str, optional
        Which layers, by name; all by default.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If the model cannot be copied, or has no layer of that name.

    References
    ----------
    Adebayo et al. (2018), Sanity checks for saliency maps.

    Examples
    --------
    >>> import cnn_course as cc
    >>> model = cc.build_lenet(seed=0)
    >>> first, other = (m.get_layer("conv_1").get_weights()[0] for m in (model, randomise_weights(model)))
    >>> bool((first == other).all()), bool((np.sort(first, axis=None) == np.sort(other, axis=None)).all())
    (False, True)
    """
    if graph_of(model) is None:
        raise ModelError(f"model must be a built Sequential or functional model. Received: {type(model).__name__}")
    try:
        copy = keras.models.clone_model(model)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ModelError(f"model cannot be copied: a layer of your own needs get_config. Keras says: {error}") from None
    copy.set_weights(model.get_weights())
    rng = np.random.default_rng(seed)
    known = [layer for layer in leaves(copy) if not any("seed_generator" in v.path for v in layer.variables)]
    missing = set(layers or ()) - {layer.name for layer in known}
    if missing:
        has = listed(min(missing), (layer.name for layer in known))
        raise ModelError(f"The model has no layer {', '.join(map(repr, sorted(missing)))}. It has {has}.")
    for layer in known:
        if layers is None or layer.name in layers:
            layer.set_weights([_shuffled(weight, rng) for weight in layer.get_weights()])
    return copy


def _shuffled(weight, rng):
    return rng.permutation(weight.ravel()).reshape(weight.shape) if weight.size > 1 else weight


@dataclass(frozen=True)
class SanityCheck:
    """An explanation of a network, beside that of the same network with its weights shuffled.

    Parameters
    ----------
    original : array of shape (height, width), or (n, height, width)
    randomised : array of the same shape
        Of the first of the shuffled networks.
    correlation : float
        Rank correlation of the two, the mean over pictures and shuffles: near 1, and the explanation would be the same
        if the network had learned nothing.
    """

    original: np.ndarray
    randomised: np.ndarray
    correlation: float


def sanity_check(
    function: Callable[..., ArrayLike],
    model: Model,
    image: Any,
    class_index: int | Sequence[int] | ArrayLike | None = None,
    shuffles: int = 3,
    seed: int = 0,
) -> SanityCheck:
    """Return whether an explanation changes when the network's weights are shuffled.

    Parameters
    ----------
    function : callable
        ``function(model, image, class_index)`` returns a map or several: `saliency`, `grad_cam`, `occlusion`, yours.
    model : keras.Model
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
    class_index : int or sequence of int, optional
        By default what the model finds; the shuffled ones are asked about the same class.
    shuffles : int
    seed : int

    Returns
    -------
    SanityCheck

    Raises
    ------
    ModelError, DataError
        If the model or the picture cannot be used.

    References
    ----------
    Adebayo et al. (2018), Sanity checks for saliency maps.

    Examples
    --------
    >>> import cnn_course as cc
    >>> def edges(model, image, class_index):
    ...     return np.abs(np.diff(image[..., 0].astype(float), axis=1))
    >>> model, picture = cc.build_lenet(seed=0), cc.load_dataset("digits", image_size=28).images[0]
    >>> round(sanity_check(edges, model, picture).correlation, 3)  # it never looked at the network
    1.0
    """
    from scipy.stats import spearmanr

    positive_integer("shuffles", shuffles, ModelError)
    pictures, single = pictures_of(model, image)
    classes = classes_of(model, pictures, class_index)
    asked = int(classes[0]) if single else classes
    original = np.asarray(function(model, image, asked))
    others = [np.asarray(function(randomise_weights(model, seed + k), image, asked)) for k in range(shuffles)]
    rows = original.reshape(len(pictures), -1)
    found = [
        spearmanr(a, b).statistic if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0  # an empty map is like no other
        for other in others
        for a, b in zip(rows, other.reshape(len(pictures), -1), strict=True)
    ]
    return SanityCheck(original, others[0], float(np.mean(found)))
