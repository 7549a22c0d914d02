"""Which pixels speak for a class: saliency, Grad-CAM and occlusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import number, positive_integer
from .._keras import Model, load_keras
from ..errors import DataError, ModelError
from ._gradients import gradient_of
from ._graph import Run, find_call, last_map
from ._inputs import (
    class_scores,
    classes_of,
    forward,
    pictures_of,
    single_or_all,
    to_numpy,
    to_tensor,
    trace,
)

keras = load_keras()
_METHODS = ("plain", "smooth", "integrated")


def saliency(
    model: Model,
    image: Any,
    class_index: int | Sequence[int] | ArrayLike | None = None,
    method: str = "plain",
    of: str = "score",
    samples: int = 32,
    noise: float = 25.0,
    baseline: float = 0.0,
    seed: int = 0,
    signed: bool = False,
) -> NDArray:
    """Return how much each pixel moves the score of a class.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional; models inside it are no obstacle.
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255.
    class_index : int or sequence of int, optional
        The class to explain, or one for each picture; by default the one that the model finds. Of a model with one
        probability 0 or 1.
    method : {"plain", "smooth", "integrated"}
        The gradient; its mean over noisy copies of the picture (SmoothGrad); or its mean on the way from the baseline
        to the picture, times what was travelled (integrated gradients).
    of : {"score", "probability"}
        Before the softmax (or sigmoid) at the end, or what the model itself gives. A network that is sure has hardly
        any gradient after a softmax.
    samples : int
        Noisy copies, or points on the way.
    noise : float
        Standard deviation of the noise, in grey levels of 255.
    baseline : float or array of shape (height, width, channels)
        Where the way begins, in grey levels: black by default.
    seed : int
        Of the noise.
    signed : bool
        Whether to return the numbers for each channel with their sign, (height, width, channels). Integrated ones add
        up to the score of the picture less that of the baseline, the better the more samples.

    Returns
    -------
    array of float32, shape (height, width), or (n, height, width)
        The largest absolute value over the channels, 0 or more.

    Raises
    ------
    ModelError, DataError
        If an argument is not as said above.

    References
    ----------
    Simonyan, Vedaldi and Zisserman (2014), Deep inside convolutional networks. Smilkov et al. (2017), SmoothGrad.
    Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks.

    Examples
    --------
    >>> import cnn_course as cc
    >>> heat = saliency(cc.build_lenet(seed=0), np.zeros((28, 28, 1), "uint8"), class_index=3)
    >>> heat.shape, bool(heat.min() >= 0)
    ((28, 28), True)
    """
    if method not in _METHODS:
        raise ModelError(f"method must be one of {', '.join(map(repr, _METHODS))}. Received: method={method!r}")
    positive_integer("samples", samples, ModelError)
    number("noise", noise, error=ModelError, rule="a number, 0 or more")
    pictures, single = pictures_of(model, image)
    score = class_scores(model, classes_of(model, pictures, class_index), of)
    gradient = gradient_of(
        lambda x: score(Run(model, x, scores=of == "score").output), compiled=method != "plain" and samples > 8
    )
    if method == "plain":
        values = gradient(pictures)[1]
    elif method == "smooth":
        rng = np.random.default_rng(seed)
        values = sum(gradient(pictures + rng.normal(0, noise, pictures.shape))[1] for _ in range(samples)) / samples
    else:
        way = pictures - _baseline(baseline, pictures.shape[1:])
        points = (np.arange(samples) + 0.5) / samples  # the middle of each step
        values = way * sum(gradient(pictures - (1 - share) * way)[1] for share in points) / samples
    values = values.astype(np.float32)
    return single_or_all(values if signed else np.abs(values).max(axis=-1), single)


def _baseline(baseline, shape):
    grey = np.asarray(baseline, np.float32)
    grey = grey[..., None] if grey.ndim == 2 else grey
    try:
        return np.broadcast_to(grey, shape)
    except ValueError:
        raise DataError(
            f"baseline must be a grey level or have the shape {shape}. Received: {np.shape(baseline)}"
        ) from None


def grad_cam(
    model: Model,
    image: Any,
    class_index: int | Sequence[int] | ArrayLike | None = None,
    layer: Any = None,
    method: str = "grad_cam",
    of: str = "score",
    resize: bool = True,
) -> NDArray:
    """Return where a network sees the class: its last maps, weighted by what they do for the score.

    Parameters
    ----------
    model : keras.Model
        With a convolution; models inside it are no obstacle.
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255.
    class_index : int or sequence of int, optional
        As for `saliency`.
    layer : str, optional
        By default the last layer with maps (a pooling is passed over).
    method : {"grad_cam", "hires_cam"}
        A weight for each map, its mean gradient; or each number of a map times its own gradient. HiResCAM shows only
        places that the score was computed from, which Grad-CAM does not promise.
    of : {"score", "probability"}
        Before the softmax at the end, or what the model itself gives.
    resize : bool
        Whether to enlarge the map to the picture's size, bilinearly.

    Returns
    -------
    array of float32, shape (height, width), or (n, height, width)
        0 where nothing speaks for the class; the scale is the model's.

    Raises
    ------
    ModelError
        If the model has no convolution, or the layer gives no maps.
    DataError
        If the picture does not fit the model.

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM. Draelos and Carin (2020), Use HiResCAM instead of Grad-CAM for faithful
    explanations of convolutional neural networks.

    Examples
    --------
    >>> import cnn_course as cc
    >>> model = cc.build_small_cnn((32, 32, 3), seed=0)
    >>> picture = np.zeros((32, 32, 3), "uint8")
    >>> grad_cam(model, picture).shape, grad_cam(model, picture, resize=False).shape
    ((32, 32), (8, 8))
    """
    if method not in ("grad_cam", "hires_cam"):
        raise ModelError(f'method must be "grad_cam" or "hires_cam". Received: method={method!r}')
    pictures, single = pictures_of(model, image)
    score = class_scores(model, classes_of(model, pictures, class_index), of)
    calls = trace(model, pictures)
    found = last_map(calls)
    if layer is not None:
        found = find_call(calls, layer)
        if not found.is_map:
            raise ModelError(
                f"layer must give maps (rows, columns, channels). {found.path!r} gives {found.after.shape}"
            )
    x = to_tensor(pictures)
    maps = to_numpy(Run(model, x, until=found.path).calls[-1].after)
    gradients = gradient_of(lambda a: score(Run(model, x, {found.path: a}, scores=of == "score").output))(maps)[1]
    if method == "grad_cam":
        gradients = gradients.mean(axis=(1, 2), keepdims=True)
    heat = np.maximum((maps * gradients).sum(axis=-1), 0)
    if resize:
        size = pictures.shape[1:3]
        heat = to_numpy(keras.ops.image.resize(to_tensor(heat[..., None]), size, interpolation="bilinear"))[..., 0]
    return single_or_all(heat, single)


def occlusion(
    model: Model,
    image: Any,
    class_index: int | Sequence[int] | ArrayLike | None = None,
    size: int | None = None,
    strides: int | None = None,
    fill: ArrayLike | None = None,
    of: str = "score",
) -> NDArray:
    """Return how much the score of a class falls when a place of the picture is covered.

    Parameters
    ----------
    model : keras.Model
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255.
    class_index : int or sequence of int, optional
        As for `saliency`.
    size : int, optional
        Of the square that covers, in pixels; a quarter of the shorter side by default.
    strides : int, optional
        From one place to the next, in pixels; half the size by default.
    fill : float, optional
        Grey level of the square, 0 to 255; by default the mean of each picture.
    of : {"score", "probability"}
        Before the softmax at the end, or what the model itself gives.

    Returns
    -------
    array of float32, shape (height, width), or (n, height, width)
        Mean fall over the squares that cover a pixel; negative where covering helps.

    Raises
    ------
    ModelError, DataError
        If an argument is not as said above.

    References
    ----------
    Zeiler and Fergus (2014), Visualizing and understanding convolutional networks, section 4.2.

    Examples
    --------
    >>> import cnn_course as cc
    >>> occlusion(cc.build_logit((8, 8, 1), seed=0), np.ones((8, 8, 1), "uint8"), size=4).shape
    (8, 8)
    """
    pictures, single = pictures_of(model, image)
    classes = classes_of(model, pictures, class_index)
    score = class_scores(model, classes, of)
    height, width = pictures.shape[1:3]
    size = max(1, min(height, width) // 4) if size is None else size
    positive_integer("size", size, ModelError)
    strides = max(1, size // 2) if strides is None else strides
    positive_integer("strides", strides, ModelError)
    if size > min(height, width) or strides > size:
        raise ModelError(
            f"size must fit into {height} x {width} pixels, and strides must not skip any: at most size. "
            f"Received: size={size}, strides={strides}"
        )
    places = [(i, j) for i in _starts(height, size, strides) for j in _starts(width, size, strides)]
    heat = np.zeros((len(pictures), height, width))
    times = np.zeros((height, width))
    for i, j in places:
        times[i : i + size, j : j + size] += 1
    before = to_numpy(score(to_tensor(forward(model, pictures, of == "score"))))
    for n, picture in enumerate(pictures):
        covered = np.repeat(picture[None], len(places), axis=0)
        for one, (i, j) in zip(covered, places, strict=True):
            one[i : i + size, j : j + size] = picture.mean() if fill is None else fill
        after = class_scores(model, np.repeat(classes[n], len(places)), of)(
            to_tensor(forward(model, covered, of == "score"))
        )
        for fall, (i, j) in zip(before[n] - to_numpy(after), places, strict=True):
            heat[n, i : i + size, j : j + size] += fall
    return single_or_all((heat / times).astype(np.float32), single)


def _starts(length, size, strides):
    """Return where squares begin: the last one ends at the border."""
    return sorted({*range(0, length - size + 1, strides), length - size})
