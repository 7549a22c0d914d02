"""What can be said before a training starts: that data and model fit each other, and fit into the memory."""

import os
import warnings
from numbers import Integral

import numpy as np

from ..errors import DataError, ModelError


class TrainingWarning(UserWarning):
    """A training that stopped for a bad reason, or that may not go as was meant."""


def check_integer(name, value, least):
    """Return `value` if it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise DataError(f"{name} must be an integer of at least {least}. Received: {name}={value!r}")
    return int(value)


def check_fit(model, rows):
    """Raise an error if the model is not compiled, or these rows are not what it takes and gives."""
    if not getattr(model, "compiled", False):
        raise ModelError(
            "The model must be compiled before it can be trained. Try model.compile(optimizer='adam', "
            "loss='sparse_categorical_crossentropy', metrics=['accuracy'])."
        )
    _check_shape(model, rows)
    _check_labels(model, rows)
    _check_scale(model, rows)


def _check_shape(model, rows):
    wanted = getattr(model, "input_shape", None)
    if not isinstance(wanted, tuple) or (wanted and isinstance(wanted[0], tuple)):
        return
    wanted = wanted[1:]
    fits = len(wanted) == len(rows.shape) and all(w in (None, s) for w, s in zip(wanted, rows.shape, strict=True))
    if not fits:
        hint = "A grey picture has a channel too: x[..., None] adds it." if len(rows.shape) == 2 else ""
        hint = hint or "image_size= of the loaders makes pictures of the size that a model takes."
        raise DataError(f"The model takes inputs of shape {wanted}. Received: inputs of shape {rows.shape}. {hint}")


def _check_labels(model, rows):
    if model.loss not in ("sparse_categorical_crossentropy", "binary_crossentropy"):
        return
    labels = np.asarray(rows.labels)
    classes = max(2, int(model.output_shape[-1]))
    if labels.ndim != 1:
        raise DataError(f"labels must be one integer for each picture. Received: labels of shape {labels.shape}")
    if labels.dtype.kind not in "bui" or labels.min() < 0 or labels.max() >= classes:
        raise DataError(
            f"labels must be integers from 0 to {classes - 1}: the model has {classes} classes. "
            f"Received: labels of dtype {labels.dtype} from {labels.min()} to {labels.max()}"
        )


def _check_scale(model, rows):
    """Warn of pictures in 0..1 for a model that divides by 255 itself."""
    first = rows.take(np.arange(min(32, len(rows))))[0]
    rescales = any(type(layer).__name__ == "Rescaling" for layer in model.layers)
    if first.ndim == 4 and first.dtype.kind == "f" and rescales and 0 < first.max() <= 1:
        warnings.warn(
            "The pictures lie in 0..1 and the model divides by 255 once more: give it the pictures as they were "
            "loaded, 0 to 255.",
            TrainingWarning,
            stacklevel=4,
        )


def class_weights(class_weight, rows):
    """Return how much each class counts, as `Model.fit` takes it, or None."""
    if class_weight is None or isinstance(class_weight, dict):
        return class_weight
    if class_weight != "balanced":
        raise DataError(f"class_weight must be a dict, 'balanced' or None. Received: class_weight={class_weight!r}")
    classes, counts = np.unique(rows.labels, return_counts=True)
    return {int(c): len(rows) / (len(classes) * int(n)) for c, n in zip(classes, counts, strict=True)}


def warn_if_too_large(model, batch_size):
    """Warn with a batch size that would fit, if a step of training will hardly fit into the free memory."""
    free = free_memory()
    fixed, each = _needed(model)
    if free is None or fixed + batch_size * each <= free:
        return
    fitting = int((free - fixed) // each) if each else 0
    advice = f"Try batch_size={fitting}." if fitting >= 1 else "Not even one picture fits: make the network smaller."
    warnings.warn(
        f"A step on {batch_size} pictures needs about {_gigabytes(fixed + batch_size * each)}, and "
        f"{_gigabytes(free)} of memory are free. {advice}",
        TrainingWarning,
        stacklevel=3,
    )


def _needed(model):
    """Return the bytes that a step needs whatever its size, and those of each picture.

    Weights, their gradients and Adam's two moments; each activation is kept for the way back, with its gradient.
    """
    from ..model_table import describe

    table = describe(model, batch_size=1)
    return 16 * table.parameters, 2 * table.activation_bytes


def free_memory():
    """Return the free memory of this computer in bytes, or None where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _gigabytes(number):
    return f"{number / 1e9:.1f} GB"
