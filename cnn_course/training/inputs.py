"""What goes into a model: one rule on shape and scale for every door, read from the model's own first layers.

Training, evaluation, explanation and loaded classifiers ask here, so that what one of them notices all of them notice.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .._graph import sublayers
from ..datasets.rows import Rows
from ..errors import DataError, ModelError

_LOOKED_AT = 32  # pictures whose scale is looked at, spread over the set


_CLASSES: WeakKeyDictionary = WeakKeyDictionary()


class TrainingWarning(UserWarning):
    """A training that stopped for a bad reason, or that may not go as was meant."""


class ScaleWarning(TrainingWarning):
    """Pictures on another scale than the one that the model's first layers were made for."""


# What tells the backbones of `keras.applications` whose preprocessing is not inside: the module, the first layer with
# weights, and a layer near it.
_FAMILIES = (
    ("vgg16", "block1_conv1", "block3_conv3"),
    ("xception", "block1_conv1", "block1_conv1_bn"),
    ("resnet_v2", "conv1_conv", "conv2_block1_preact_bn"),
    ("densenet", "conv1_conv", "conv2_block1_concat"),
    ("resnet", "conv1_conv", "conv1_bn"),
    ("mobilenet", "conv1", "conv_dw_1"),
    ("mobilenet_v2", "Conv1", "bn_Conv1"),
    ("nasnet", "stem_conv1", "stem_bn1"),
    ("inception_v3", r"conv2d(_\d+)?", "mixed0"),
    ("inception_resnet_v2", r"conv2d(_\d+)?", "mixed_5b"),
)


def check_inputs(model: Any, rows: Rows, name: str = "data") -> None:
    """Raise if a model cannot take these rows; warn if they lie on another scale than its first layers were made for.

    Parameters
    ----------
    model : keras.Model
    rows : Rows
        As `rows_of` gives them.
    name : str
        What an error calls them.

    Raises
    ------
    DataError
        If their shape is not the model's.
    ModelError
        If the model has several inputs or outputs.

    Warns
    -----
    ScaleWarning
        See `scale_remark`.
    """
    check_shape(model, rows.shape, name, len(rows))
    if not len(rows):
        return
    pictures = rows.take(np.unique(np.linspace(0, len(rows) - 1, _LOOKED_AT).astype(int)))
    _check_size(model, pictures[:1], name)
    warn_of_scale(model, pictures)


def warn_of_scale(model: Any, pictures: NDArray) -> None:
    """Warn with `scale_remark`, if there is one, at the line of the user's own that led here."""
    remark = scale_remark(model, pictures)
    if remark:
        warnings.warn(remark, ScaleWarning, stacklevel=_levels_to_the_user())


def _levels_to_the_user():
    """Return the `stacklevel` of the first frame outside this package, seen from the caller."""
    package, frame, level = __name__.partition(".")[0] + ".", sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        frame, level = frame.f_back, level + 1
    return level


def check_shape(model: Any, shape: tuple[int, ...], name: str = "data", count: int | None = None) -> None:
    """Raise, with the way out, if a model takes inputs of another shape than this one of a single row.

    Parameters
    ----------
    model : keras.Model
    shape : tuple of int
        Of one row.
    name : str
        What the error calls the data.
    count : int, optional
        Rows in all: tells a single picture from many rows.

    Raises
    ------
    DataError, ModelError
    """
    for what in ("input", "output"):
        several = getattr(model, f"{what}s", None)
        if isinstance(several, list | tuple) and len(several) > 1:
            raise ModelError(
                f"The model must have one {what}. Received: {getattr(model, 'name', 'a model')!r} with {len(several)} "
                f"{what}s. Such a model is trained with Keras's own model.fit and asked with model.predict."
            )
    wanted = row_shape(model, "input")
    if wanted is None or _fits(wanted, shape):
        return
    raise DataError(
        f"The model takes inputs of shape {wanted}. Received: {name} with inputs of shape {shape}. "
        f"{_way_out(wanted, shape, count)}"
    )


def row_shape(model: Any, which: str) -> tuple[int | None, ...] | None:
    """Return the shape of one row of a model's ``"input"`` or ``"output"``; None where the model does not know."""
    shape = getattr(model, f"{which}_shape", None)
    return shape[1:] if isinstance(shape, tuple) and shape and not isinstance(shape[0], tuple) else None


def note_classes(model: Any, class_names: Sequence[str] | None) -> None:
    """Remember, as long as the model lives, the names and the order of the classes that it learned."""
    _CLASSES[model] = class_names


def classes_of(model: Any) -> tuple[str, ...] | None:
    """Return the class names in the order that the model learned, where `train_model` saw them."""
    return _CLASSES.get(model) if hasattr(model, "fit") and hasattr(model, "layers") else None


def _fits(wanted, shape):
    return len(wanted) == len(shape) and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))


def _way_out(wanted, shape, count):
    if count is not None and _fits(wanted, (count, *shape)):
        return "One picture is a batch of one: picture[None]."
    if len(wanted) == 1 and len(shape) > 1 and wanted[0] == np.prod(shape):
        return "x.reshape(len(x), -1) makes one row of numbers of each picture."
    if len(wanted) == 3 and len(shape) == 2:
        return "A grey picture has a channel too: x[..., None] adds it."
    if len(wanted) == len(shape) == 3:
        if shape[2] != wanted[2] and _fits(wanted, (*shape[1:], shape[0])):
            return "The channels come last: np.moveaxis(x, 1, -1)."
        channels = {(1, 3): "np.repeat(x, 3, axis=-1) makes three channels of a grey one.",
                    (4, 3): "x[..., :3] leaves the fourth channel, the transparency, out.",
                    (3, 1): "A model for colours has input_shape=(height, width, 3)."}  # fmt: skip
        if (shape[2], wanted[2]) in channels:
            return channels[shape[2], wanted[2]]
    return "image_size= of the loaders makes pictures of the size that a model takes."


def _check_size(model, picture, name):
    """Raise if an open network has nothing left of pictures of this size: its answers would be no numbers."""
    wanted = row_shape(model, "input")
    if wanted is None or len(wanted) != 3 or None not in wanted or _answers(model, picture):
        return
    height, width, channels = picture.shape[1:]
    enough = (
        size for size in range(min(height, width) + 1, 129) if _answers(model, np.ones((1, size, size, channels)))
    )
    large = next(enough, None) if _answers(model, np.ones((1, 256, 256, channels))) else None
    if large is None:  # not the size: weights that are no numbers, say
        return
    raise DataError(
        f"The pictures of {name} are too small for this network: {height} x {width} leave nothing after its poolings "
        f"or convolutions. It takes pictures from {large} x {large} on; image_size= of the loaders sets the size."
    )


def _answers(model, picture):
    """Return whether a network gives finite numbers for a picture."""
    try:
        found = as_array(model(np.asarray(picture, "float32"), training=False))
    except Exception as error:  # a backend's own error of a size below 1, of whatever class
        if isinstance(error, MemoryError):
            raise
        return False
    return bool(np.isfinite(found).all())


def as_array(tensor: Any) -> NDArray:
    """Return a tensor of the backend as an array."""
    from .._keras import load_keras

    return np.asarray(load_keras().ops.convert_to_numpy(tensor))


@dataclass(frozen=True)
class Front:
    """What a model does to a picture before its first weights.

    Attributes
    ----------
    low, high : float
        What becomes of 0 (the smallest of its channels) and of 255 (the largest).
    layer : str
        Name of the first layer with weights.
    """

    low: float
    high: float
    layer: str

    @property
    def leaves_alone(self) -> bool:
        """Whether the picture goes in as it is."""
        return abs(self.low) < 1e-3 and abs(self.high - 255) < 0.1

    @property
    def takes(self) -> tuple[float, float] | None:
        """The scale of pictures that it was made for; None where it does not say."""
        span = self.high - self.low
        if self.leaves_alone or span < 1e-6:  # standardised picture by picture: any scale does
            return None
        return (0, 1) if span > 510 else (0, 255)


def front_of(model: Any, shape: tuple[int, ...]) -> Front | None:
    """Return what a model does to pictures of this shape before its first weights; None where it has none.

    It is tried, not read: a black and a white picture are sent in, so it does not matter whether a `Rescaling` does it,
    inside an inner model or not, an adapted `Normalization`, an operation, or a `call` of one's own.
    """
    ends = np.stack([np.zeros(shape, "float32"), np.full(shape, 255, "float32")])
    reached = _until_weights(model, ends)
    if reached is None or not reached[1].size:
        return None
    layer, (black, white) = reached
    if not (np.isfinite(black).all() and np.isfinite(white).all()):  # each picture by its own spread, which is 0 here
        return None
    return Front(float(black.min()), float(white.max()), layer.name)


class _Reached(BaseException):
    """Ends a call in the middle; no `Exception`, which Keras would dress up."""


def _until_weights(model, pictures):
    """Return the first layer with weights that pictures reach, and what they are by then."""
    from .._keras import load_keras

    keras, found = load_keras(), []

    def stopping(layer):
        def call(inputs, *_args, **_kwargs):
            found.append((layer, as_array(inputs).astype("float64")))
            raise _Reached

        return call

    stops = [
        layer
        for layer in sublayers(model)
        if layer.weights and not isinstance(layer, keras.layers.Normalization) and len(sublayers(layer)) == 1
    ]
    try:
        for layer in stops:
            vars(layer)["call"] = stopping(layer)  # beside Keras's bookkeeping of attributes
        model(pictures, training=False)
    except _Reached:
        return found[0]
    finally:
        for layer in stops:
            vars(layer).pop("call", None)
    return None


def scale_remark(model: Any, pictures: NDArray) -> str:
    """Return a sentence if pictures lie on another scale than a model's first layers were made for, else ``""``.

    Parameters
    ----------
    model : keras.Model
    pictures : array of shape (n, height, width, channels)
        Of any scale; what is no picture gets no remark.

    Returns
    -------
    str

    Examples
    --------
    >>> from cnn_course import build_small_cnn
    >>> model = build_small_cnn((8, 8, 1), classes=2)
    >>> scale_remark(model, np.full((1, 8, 8, 1), 200, "uint8"))
    ''
    >>> scale_remark(model, np.full((1, 8, 8, 1), 0.8))
    "The pictures lie in 0.8..0.8, and the model's own first layers bring 0..255 to 0..1: ...0 to 255."
    """
    if pictures.ndim != 4 or not pictures.size or pictures.dtype.kind not in "buif":
        return ""
    low, high = float(pictures.min()), float(pictures.max())
    front = front_of(model, pictures.shape[1:])
    if front is None or low == high == 0 or _learned_from_these(model, pictures):
        return ""
    scale = _scale_of(low, high)
    if front.takes is None:
        return _backbone_remark(model, front, low, high)
    to = f"{front.low:.3g}..{front.high:.3g}"
    if front.takes == (0, 1):
        if scale == "0..1" or scale == "signed":
            return ""
        return (
            f"The pictures lie in {low:.3g}..{high:.3g}, and the model's own first layers bring 0..255 to {to}: it "
            "takes pictures divided by 255."
        )
    if scale == "deep" and front.high - front.low < 0.3:  # made for 16 bits: 0..65535 to 0..1
        return ""
    if scale != "0..255":
        hint = {
            "signed": " Have they been through preprocess_input already? The model does that itself.",
            "deep": " Pictures of 12 or 16 bits become so by x / x.max() * 255.",
        }.get(scale, "")
        return (
            f"The pictures lie in {low:.3g}..{high:.3g}, and the model's own first layers bring 0..255 to {to}: give "
            f"it the pictures as they were loaded, 0 to 255.{hint}"
        )
    if front.high - front.low < 0.1:
        return (
            f"The model's own first layers bring 0..255 to {to}, where nearly nothing can be told apart. Does it "
            "divide twice? Many backbones of keras.applications have their preprocessing inside."
        )
    return _backbone_remark(model, front, front.low, front.high)


def _learned_from_these(model, pictures):
    """Return whether an adapted `Normalization` alone brings these pictures, of whatever unit, to mean 0, spread 1.

    A black and a white picture say nothing of it where a pixel never changes, or where values are no grey levels.
    """
    kinds = [type(layer).__name__ for layer in sublayers(model)]
    if "Normalization" not in kinds or "Rescaling" in kinds:
        return False
    reached = _until_weights(model, pictures.astype("float32"))
    if reached is None or not np.isfinite(reached[1]).all():
        return False
    return bool(abs(reached[1].mean()) < 1 and 0.3 < reached[1].std() < 3)


def _scale_of(low, high):
    """Return on which scale pictures lie; a little over the ends is what a bicubic filter leaves."""
    if high > 32:
        return "signed" if low < -50 else "deep" if high > 320 else "0..255"
    if low < 0:
        return "signed"
    return "0..1" if high <= 1 else "0..255"


def _backbone_remark(model, front, low, high):
    """Return a sentence if a known backbone gets other values than those that it learned from."""
    family = _family_of(model, front.layer)
    if family is None:
        return ""
    least, most = _learned_from(family)
    span, reached = most - least, high - low
    tolerance = 0.1 * span
    same = low >= least - tolerance and high <= most + tolerance and reached >= tolerance and (least >= 0 or low < 0)
    if front.leaves_alone and same:
        return ""
    if not front.leaves_alone and abs(low - least) <= tolerance and abs(high - most) <= tolerance:
        return ""
    return (
        f"What reaches the first weights of this backbone lies in {low:.3g}..{high:.3g}; ImageNet's weights learned "
        f"from {least:.3g}..{most:.3g}. keras.applications.{family}.preprocess_input makes pictures of 0..255 so, and "
        "build_transfer_model has it inside the model."
    )


def _family_of(model, first):
    names = {layer.name for layer in sublayers(model)}
    if {"block1_conv1", "block1_conv3"} <= names:  # build_vgg_like: VGG has two convolutions in its first block
        return None
    found = (module for module, pattern, other in _FAMILIES if re.fullmatch(pattern, first) and other in names)
    return next(found, None)


@cache
def _learned_from(family):
    """Return the smallest and the largest value that this family's `preprocess_input` gives."""
    from .._keras import load_keras

    ends = np.stack([np.zeros((1, 1, 3), "float32"), np.full((1, 1, 3), 255, "float32")])
    made = np.asarray(getattr(load_keras().applications, family).preprocess_input(ends, data_format="channels_last"))
    return float(made.min()), float(made.max())
