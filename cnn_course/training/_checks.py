"""What can be said before a training starts: that data and model fit each other, and fit into the memory."""

import os
import warnings
from pathlib import Path

import numpy as np

from .._keras import load_keras, on_gpu
from ..errors import DataError, ModelError


class TrainingWarning(UserWarning):
    """A training that stopped for a bad reason, or that may not go as was meant."""


def check_fit(model, rows, name="data"):
    """Raise an error if the model is not compiled, or these rows are not what it takes and gives."""
    if not hasattr(model, "fit") or not hasattr(model, "layers"):
        raise ModelError(f"model must be a Keras model, as the build_* functions return it. Received: {model!r}")
    if not getattr(model, "compiled", False):
        raise ModelError(
            "The model must be compiled before it can be trained. Try model.compile(optimizer='adam', "
            "loss='sparse_categorical_crossentropy', metrics=['accuracy'])."
        )
    _check_shape(model, rows, name)
    if not model.built:  # a Sequential without an Input, or a class of one's own: it has no weights until it is called
        model(rows.take(np.arange(1)))
    _check_labels(model, rows, name)
    _check_scale(model, rows)


def _check_shape(model, rows, name):
    wanted = _shape_of(model, "input_shape")
    if wanted is None:
        return
    fits = len(wanted) == len(rows.shape) and all(w in (None, s) for w, s in zip(wanted, rows.shape, strict=True))
    if not fits:
        grey = len(rows.shape) == 2 and len(wanted) == 3
        hint = (
            "A grey picture has a channel too: x[..., None] adds it."
            if grey
            else "image_size= of the loaders makes pictures of the size that a model takes."
        )
        raise DataError(
            f"The model takes inputs of shape {wanted}. Received: {name} with inputs of shape {rows.shape}. {hint}"
        )


def _shape_of(model, which):
    """Return the shape of one input or output; None where the model has several, or does not know."""
    shape = getattr(model, which, None)
    return shape[1:] if isinstance(shape, tuple) and shape and not isinstance(shape[0], tuple) else None


def _check_labels(model, rows, name):
    loss, outputs = _loss_name(model), _shape_of(model, "output_shape")
    labels = np.asarray(rows.labels)
    if loss == "categorical_crossentropy" and labels.ndim == 1:
        raise DataError(
            "The loss 'categorical_crossentropy' takes a row of 0 and 1 for each picture. Received: one label for "
            "each. Compile the model with loss='sparse_categorical_crossentropy'."
        )
    if loss not in ("sparse_categorical_crossentropy", "binary_crossentropy") or not outputs:
        return
    if labels.ndim != 1:
        column = labels.shape[1:] == (1,)
        hint = "labels.ravel() makes it so." if column else "One-hot labels become numbers by labels.argmax(axis=1)."
        raise DataError(
            f"The labels of {name} must be one integer for each picture. Received: shape {labels.shape}. {hint}"
        )
    classes = max(2, int(outputs[-1]))
    integers = labels.dtype.kind in "ui"
    if integers and labels.min() >= 0 and labels.max() < classes:
        return
    received = f"dtype {labels.dtype}" + (f" from {labels.min()} to {labels.max()}" if integers else "")
    hint = "" if integers else " labels.astype(int) makes integers of whole numbers."
    if integers and labels.min() == -1:
        hint = " -1 is a picture without a label: data.subset(np.flatnonzero(data.labels >= 0)) leaves those out."
    raise DataError(
        f"The labels of {name} must be integers from 0 to {classes - 1}: the model has {classes} classes. "
        f"Received: {received}.{hint}"
    )


def _loss_name(model):
    """Return the name of the loss, whether it was given as a name, a function or an object."""
    loss = getattr(model, "loss", None)
    return loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", None))


def _check_scale(model, rows):
    """Warn of pictures in 0..1 for a model that divides by 255 itself."""
    first = rows.take(np.arange(min(32, len(rows))))
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
    if class_weight is None:
        return None
    classes, counts = np.unique(rows.labels, return_counts=True)
    if isinstance(class_weight, dict):
        missing = [int(c) for c in classes if c not in class_weight]
        if missing:
            raise DataError(f"class_weight must hold every class that occurs. Received: none for {missing}")
        return class_weight
    if class_weight != "balanced":
        raise DataError(f"class_weight must be a dict, 'balanced' or None. Received: class_weight={class_weight!r}")
    return {int(c): len(rows) / (len(classes) * int(n)) for c, n in zip(classes, counts, strict=True)}


def warn_if_too_large(model, batch_size):
    """Warn with a batch size that would fit, if a step of training will hardly fit into the free memory."""
    free = _free_on_card() if model.variables and on_gpu(model.variables[-1]) else free_memory()
    if free is None:
        return
    try:
        fixed, each = _needed(model)
    except ModelError:  # a network that `describe` cannot read is trained all the same
        return
    if fixed + batch_size * each <= free:
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


def _free_on_card():
    """Return the free memory of the card that trains, in bytes; None under TensorFlow, which does not say it."""
    backend = load_keras().backend.backend()
    if backend == "torch":
        import torch

        return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else None
    if backend == "jax":
        import jax

        memory = jax.local_devices()[0].memory_stats() or {}
        return memory["bytes_limit"] - memory["bytes_in_use"] if "bytes_limit" in memory else None
    return None


def free_memory():
    """Return the free memory of this computer in bytes, or None where the system does not say.

    On Linux what holds copies of files counts as free: the system gives it away when a program asks.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _gigabytes(number):
    return f"{number / 1e9:.1f} GB"
