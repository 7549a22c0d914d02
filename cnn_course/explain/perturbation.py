"""Pictures changed a little so that a network sees something else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import number, positive_integer
from .._keras import Model, load_keras
from ..errors import ModelError
from ._gradients import gradient_of
from ._graph import Run, kind_of_output
from ._inputs import classes_of, pictures_of, single_or_all

keras = load_keras()


def loss_gradient(model: Model, image: Any, labels: ArrayLike | None = None) -> NDArray:
    """Return the gradient of the loss at a picture: where each pixel should go to make the network more wrong.

    Parameters
    ----------
    model : keras.Model
        A classifier.
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255.
    labels : int or sequence of int, optional
        The right class, or one for each picture; by default what the model finds.

    Returns
    -------
    array of float32, of the shape of `image`
        Of the cross-entropy, for each grey level.

    Raises
    ------
    ModelError
        If the model is a regression, or a label is not one of its classes.
    DataError
        If the picture does not fit the model.

    Examples
    --------
    >>> import cnn_course as cc
    >>> loss_gradient(cc.build_lenet(seed=0), np.zeros((28, 28, 1), "uint8"), 3).shape
    (28, 28, 1)
    """
    pictures, single = pictures_of(model, image)
    return single_or_all(gradient_of(_loss(model, classes_of(model, pictures, labels, "labels")))(pictures)[1], single)


def adversarial(
    model: Model,
    image: Any,
    strength: float,
    target: int | ArrayLike | None = None,
    steps: int = 1,
    labels: ArrayLike | None = None,
) -> NDArray:
    """Return the picture changed by at most `strength` grey levels so that the network errs.

    One step in the direction of the gradient's signs (FGSM), or several small ones.

    Parameters
    ----------
    model : keras.Model
        A classifier.
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255.
    strength : float
        Largest change of any pixel, in grey levels of 255; not negative.
    target : int or sequence of int, optional
        The class that the network should find; by default any other one will do.
    steps : int
        1 for FGSM; more find smaller changes that work.
    labels : int or sequence of int, optional
        The right class of each picture; by default what the model finds, so that the truth does not leak into it.

    Returns
    -------
    array of float32, of the shape of `image`
        0 to 255. With a whole `strength`, one step and whole grey levels it holds whole numbers; round it otherwise,
        if a picture file is wanted.

    Raises
    ------
    ModelError, DataError
        If an argument is not as said above.

    References
    ----------
    Goodfellow, Shlens and Szegedy (2015), Explaining and harnessing adversarial examples. Kurakin, Goodfellow and
    Bengio (2017), Adversarial examples in the physical world. Madry et al. (2018), Towards deep learning models
    resistant to adversarial attacks (steps of 2.5 times an equal share).

    Examples
    --------
    >>> import cnn_course as cc
    >>> picture = np.full((28, 28, 1), 100, "uint8")
    >>> changed = adversarial(cc.build_lenet(seed=0), picture, strength=8)
    >>> float(np.abs(changed - picture).max())
    8.0
    """
    positive_integer("steps", steps, ModelError)
    number("strength", strength, 0, 255, ModelError, "from 0 to 255, in grey levels")
    pictures, single = pictures_of(model, image)
    away = target is None
    classes = classes_of(model, pictures, *((labels, "labels") if away else (target, "target")))
    gradient = gradient_of(_loss(model, classes, odds=True), compiled=steps > 8)
    step = strength if steps == 1 else 2.5 * strength / steps
    changed = pictures.copy()
    for _ in range(steps):
        signs = np.sign(gradient(changed)[1])
        changed = changed + step * (signs if away else -signs)
        changed = np.clip(np.clip(changed, pictures - strength, pictures + strength), 0, 255)
    return single_or_all(changed.astype(np.float32), single)


def _loss(model, classes, odds=False):
    """Return the cross-entropy of each picture, or minus the log odds of its class.

    The gradients of the two are parallel, but that of the cross-entropy is rounded to 0 where the softmax gives 1.
    """
    kind = kind_of_output(model)
    if kind == "number":
        raise ModelError("model must be a classifier, ending in probabilities. Received: one that ends in a number")
    targets = np.asarray(classes)

    def loss(x):
        scores = keras.ops.cast(Run(model, x, scores=True).output, "float32")
        if kind == "binary":
            sign = keras.ops.convert_to_tensor(np.where(targets == 1, -1.0, 1.0).astype("float32"))
            return scores[:, 0] * sign if odds else keras.ops.softplus(scores[:, 0] * sign)
        one_hot = keras.ops.convert_to_tensor(np.eye(scores.shape[-1], dtype="float32")[targets])
        if odds:
            others = keras.ops.logsumexp(scores - 1e9 * one_hot, axis=-1)
            return others - keras.ops.sum(scores * one_hot, axis=-1)
        return -keras.ops.sum(keras.ops.log_softmax(scores) * one_hot, axis=-1)

    return loss
