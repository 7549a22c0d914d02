"""What can be said before a training starts: that data and model fit each other, and fit into the memory."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .._arguments import is_integer, is_number
from .._graph import leaves
from .._keras import Model, load_keras, on_gpu
from ..errors import DataError, ModelError
from .identity import compiled
from .inputs import TrainingWarning, as_array, check_inputs, check_shape, row_shape
from .losses import check_loss, class_numbers, last_activation, loss_takes_logits


def check_fit(model, rows, name="data"):
    """Raise an error if the model is not compiled, or these rows are not what it takes and gives."""
    if not hasattr(model, "fit") or not hasattr(model, "layers"):
        raise ModelError(f"model must be a Keras model, as the build_* functions return it. Received: {model!r}")
    if not getattr(model, "compiled", False):
        raise ModelError(
            "The model must be compiled before it can be trained. Try model.compile(optimizer='adam', "
            "loss='sparse_categorical_crossentropy', metrics=['accuracy'])."
        )
    check_shape(model, rows.shape, name, len(rows))
    answers = None
    if not model.built or last_activation(model) is None:
        # a Sequential without an Input, or a class of one's own: it has no weights until it is called
        answers = as_array(model(rows.take(np.arange(min(8, len(rows)))).astype("float32"), training=False))
    check_loss(model, rows.labels, name, answers)
    check_inputs(model, rows, name)


def check_compiled_for(model: Model) -> None:
    """Raise if layers were opened or closed since a model was compiled, where Keras would not train what is open now.

    Its optimizer knows the weights that it began with. One that is opened later it refuses, or TensorFlow, which keeps
    the step that it has compiled, leaves it out without a word. One that is closed later goes on changing there, and
    JAX gives up; torch does as is meant.

    Raises
    ------
    ModelError
        The message names the layers, and the way out.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # mixed precision wraps it
    if not getattr(optimizer, "built", False):  # nothing has begun: Keras looks at `trainable` when it does
        return
    known = {id(variable) for variable in optimizer._trainable_variables}
    backend = load_keras().backend.backend()
    keeps_closed = backend == "jax" or (backend == "tensorflow" and model.train_function is not None)
    now = {id(variable) for variable in model.trainable_variables}
    changed = [layer.name for layer in leaves(model) if _changed(layer, known, now, keeps_closed)]
    if changed or now - known:
        which = ", ".join(map(repr, changed[:3])) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        raise ModelError(
            f"trainable was changed{f' (of {which})' * bool(changed)} after the model had begun to train, and Keras "
            "would go on as before. Call model.compile(...) again with a new optimizer; freeze(model) and "
            "unfreeze(model) do that by themselves."
        )


def _changed(layer, known, now, keeps_closed):
    """Return whether a weight of a layer is open and not known, or known and closed where that is not seen."""
    weights = {id(variable) for variable in layer.weights}
    return bool(weights & (now - known) or (keeps_closed and weights & (known - now)))


def class_weights(class_weight, rows, classes=None):
    """Return how much each class counts, as `Model.fit` takes it, or None.

    Parameters
    ----------
    class_weight : dict, sequence of float, "balanced" or None
        By the numbers or the names of the classes; or in the order of the classes, as scikit-learn's
        ``compute_class_weight`` gives them.
    rows : Rows
    classes : int, optional
        How many classes the model has, where one more than there are labels may be meant.
    """
    if class_weight is None:
        return None
    numbers = class_numbers(np.asarray(rows.labels))
    if numbers.ndim != 1 or numbers.dtype.kind not in "ui":
        raise DataError(
            "class_weight needs one class for each picture. "
            f"Received: labels of shape {numbers.shape}, dtype {numbers.dtype}"
        )
    found, counts = np.unique(numbers, return_counts=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        return {int(c): len(rows) / (len(found) * int(n)) for c, n in zip(found, counts, strict=True)}
    weights = _weights_by_number(class_weight, found, rows.class_names, classes)
    missing = [int(c) for c in found if c not in weights]
    if missing:
        raise DataError(f"class_weight must hold every class that occurs. Received: none for {missing}")
    for number, weight in weights.items():
        if not is_number(weight, 0):
            raise DataError(f"class_weight must be finite numbers of at least 0. Received: {weight!r} for {number}")
    return {number: float(weight) for number, weight in weights.items()}


def _weights_by_number(given, found, names, classes):
    """Return the weights by the numbers of their classes."""
    if isinstance(given, Mapping):
        known = {name: number for number, name in enumerate(names or ())}
        strange = [key for key in given if not is_integer(key, 0) and key not in known]
        if strange:
            there = f"are {', '.join(map(repr, known))}, or their numbers" if known else "have numbers here, no names"
            raise DataError(f"class_weight must be of the classes, which {there}. Received: {strange[0]!r}")
        return {key if is_integer(key) else known[key]: value for key, value in given.items()}
    weights = np.asarray(given) if not isinstance(given, str) else np.asarray(None)
    if weights.ndim == 1 and weights.dtype.kind in "uif" and len(weights) in (len(found), classes):
        places = found if len(weights) == len(found) else range(len(weights))
        return dict(zip(map(int, places), map(float, weights), strict=True))
    raise DataError(
        "class_weight must be a dict, a number for each class that occurs, 'balanced' or None. "
        f"Received: class_weight={given!r}"
    )


def warn_of_threshold(model):
    """Warn where accuracy is counted from 0.5 on, and the model gives logits, for which 0 is the middle."""
    units = row_shape(model, "output")
    if units != (1,) or last_activation(model) != "linear" or not loss_takes_logits(model):
        return
    metrics = compiled(model).get("metrics") or []
    if any(metric in ("accuracy", "acc", "binary_accuracy") for metric in metrics if isinstance(metric, str)):
        warnings.warn(
            "The accuracy will be wrong: it counts from 0.5 on, and the model gives logits, whose middle is 0. Compile "
            "with metrics=[keras.metrics.BinaryAccuracy(name='accuracy', threshold=0.0)].",
            TrainingWarning,
            stacklevel=3,
        )


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
