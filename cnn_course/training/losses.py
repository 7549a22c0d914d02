"""Which loss goes with which last layer and which labels: a table of Keras's losses, asked before a training starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._graph import activation_of, graph_of, last_step
from ..errors import DataError, ModelError
from .identity import compiled
from .inputs import row_shape

_RANGES = {
    "softmax": (0, 1),
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu": (0, np.inf),
    "relu6": (0, 6),
    "softplus": (0, np.inf),
    "exponential": (0, np.inf),
    "linear": (-np.inf, np.inf),
}
_NOT_NEGATIVE = tuple(name for name, (low, _) in _RANGES.items() if low == 0)
_ANY = (*_RANGES, "other")


@dataclass(frozen=True)
class _Rule:
    """What a loss takes: the labels' form, the last activations, and the least number of units."""

    labels: str
    activations: tuple[str, ...]
    units: int = 1


# Keras's classes; each has its function and its short names. With from_logits=True the last activation is "linear".
_RULES = {
    "SparseCategoricalCrossentropy": _Rule("numbers of the classes", ("softmax",), 2),
    "CategoricalCrossentropy": _Rule("one-hot rows", ("softmax",), 2),
    "CategoricalFocalCrossentropy": _Rule("one-hot rows", ("softmax",), 2),
    "CategoricalGeneralizedCrossEntropy": _Rule("numbers of the classes", ("softmax",), 2),  # for all its name
    "KLDivergence": _Rule("one-hot rows", ("softmax",), 2),
    "CategoricalHinge": _Rule("one-hot rows", ("linear", "tanh"), 2),
    "BinaryCrossentropy": _Rule("0 and 1", ("sigmoid",)),
    "BinaryFocalCrossentropy": _Rule("0 and 1", ("sigmoid",)),
    "Hinge": _Rule("0 and 1", ("linear", "tanh")),
    "SquaredHinge": _Rule("0 and 1", ("linear", "tanh")),
    "Dice": _Rule("0 and 1", ("sigmoid", "softmax")),
    "Tversky": _Rule("0 and 1", ("sigmoid", "softmax")),
    "MeanSquaredError": _Rule("numbers", _ANY),
    "MeanAbsoluteError": _Rule("numbers", _ANY),
    "MeanAbsolutePercentageError": _Rule("numbers", _ANY),
    "MeanSquaredLogarithmicError": _Rule("numbers", _ANY),
    "Huber": _Rule("numbers", _ANY),
    "LogCosh": _Rule("numbers", _ANY),
    "CosineSimilarity": _Rule("numbers", _ANY, 2),
    "Poisson": _Rule("numbers", _NOT_NEGATIVE),
    "Circle": _Rule("numbers of the classes", ("linear", "other"), 2),
    "CTC": _Rule("sequences", ()),
}
_CHECKS: dict[str, Any] = {}


def _checks(labels):
    """Note the function as the one that looks at labels of this form."""
    return lambda check: _CHECKS.setdefault(labels, check)


def check_loss(model: Any, labels: NDArray, name: str = "data", answers: NDArray | None = None) -> None:
    """Raise, with the pair that fits, unless loss, last layer and labels go together.

    A loss, a layer or an activation of the user's own is let through.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    labels : array of shape (n,) or (n, k)
    name : str
        What an error calls the data.
    answers : array, optional
        What the model says of some pictures: it shows that a model of one's own does not end in probabilities.

    Raises
    ------
    ModelError
        If loss and last layer do not fit each other.
    DataError
        If the labels are not what they take.
    """
    loss, options = _loss_of(model)
    outputs = row_shape(model, "output") or (None if answers is None else answers.shape[1:])
    rule, labels = _RULES.get(loss), np.asarray(labels)
    if rule is None or not outputs or None in outputs or (loss == "CTC" and len(outputs) == 2):
        return
    if len(outputs) > 1 and labels.ndim < len(outputs):
        raise ModelError(
            f"The model gives {outputs} for each picture, and its label is one number. A GlobalAveragePooling2D or "
            "Flatten before the last Dense makes one row of numbers of it."
        )
    units, activation = int(outputs[-1] or 0), last_activation(model)
    if activation is None and answers is not None and ((answers < -1e-3) | (answers > 1 + 1e-3)).any():
        activation = "linear"
    logits = bool(options.get("from_logits"))
    _check_layer(loss, rule, ("linear",) if logits else rule.activations, units, activation, labels, logits)
    if len(outputs) == 1:
        _CHECKS[rule.labels](labels, units, name, loss=loss, options=options, activation=activation)


def _check_layer(loss, rule, activations, units, activation, labels, logits):
    one_softmax = units == 1 and activation == "softmax"  # always says 1
    if units >= rule.units and not one_softmax and (activation is None or activation in activations) and activations:
        return
    given = f"Dense({units}, activation={'None' if activation == 'linear' else repr(activation)})"
    wanted = loss + ("(from_logits=True)" if logits else "")
    raise ModelError(
        f"The loss {wanted} does not go with a last layer like {given}. {_right_pair(labels, units, activation)}"
    )


def _right_pair(labels, units, activation):
    """Return, in words, the loss and the last layer that go with these labels."""
    if labels.ndim == 1 and labels.dtype.kind in "uib":
        classes = max(units, int(labels.max(initial=1)) + 1)
        if classes == 2 and units == 1:
            layer, loss, logits = "Dense(1, activation='sigmoid')", "binary_crossentropy", "BinaryCrossentropy"
        else:
            layer, loss = f"Dense({classes}, activation='softmax')", "sparse_categorical_crossentropy"
            logits = "SparseCategoricalCrossentropy"
        what = "the numbers of the classes as labels"
    elif labels.ndim == 1:
        return "For numbers as labels take Dense(1) with loss='mean_squared_error'."
    elif is_one_hot(labels):
        layer, loss = f"Dense({labels.shape[1]}, activation='softmax')", "categorical_crossentropy"
        logits, what = "CategoricalCrossentropy", "one-hot labels"
    else:
        layer, loss = f"Dense({labels.shape[1]}, activation='sigmoid')", "binary_crossentropy"
        logits, what = "BinaryCrossentropy", "rows with several 1"
    without = f" Without an activation: keras.losses.{logits}(from_logits=True)." if activation == "linear" else ""
    return f"For {what} take {layer} with loss={loss!r}.{without}"


def is_one_hot(labels: NDArray) -> bool:
    """Return whether these are rows with a single 1 and otherwise 0.

    Examples
    --------
    >>> is_one_hot(np.eye(3)), is_one_hot(np.array([[1, 1], [0, 1]])), is_one_hot(np.arange(3))
    (True, False, False)
    """
    whole = labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "buif"
    return bool(whole and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all())


def class_numbers(labels: NDArray) -> NDArray:
    """Return one-hot labels as the numbers of their classes; other labels as they are.

    Examples
    --------
    >>> class_numbers(np.eye(3)[[2, 0]])
    array([2, 0])
    """
    return labels.argmax(axis=1) if is_one_hot(labels) else labels


@_checks("numbers of the classes")
def _check_numbers_of_classes(labels, units, name, loss="", options=None, **_):
    if loss == "Circle":  # the model gives places, and not a number for each class
        units = int(labels.max(initial=0)) + 1
    if labels.ndim != 1:
        column = labels.shape[1:] == (1,)
        hint = "labels.ravel() makes it so." if column else "One-hot labels become numbers by labels.argmax(axis=1)."
        raise DataError(
            f"The labels of {name} must be one integer for each picture. Received: shape {labels.shape}. {hint}"
        )
    integers = labels.dtype.kind in "ui"
    if integers and (ignored := (options or {}).get("ignore_class")) is not None:
        labels = labels[labels != ignored]
    if integers and not labels.size:
        return
    if integers and labels.min() >= 0 and labels.max() < units:
        return
    received = f"dtype {labels.dtype}" + (f" from {labels.min()} to {labels.max()}" if integers else "")
    hint = "" if integers else " labels.astype(int) makes integers of whole numbers."
    if integers and labels.min() == -1:
        hint = " -1 is a picture without a label: data.subset(np.flatnonzero(data.labels >= 0)) leaves those out."
    raise DataError(
        f"The labels of {name} must be integers from 0 to {units - 1}: the model has {units} classes. "
        f"Received: {received}.{hint}"
    )


@_checks("one-hot rows")
def _check_one_hot(labels, units, name, loss, options, **_):
    if labels.ndim == 1:
        plain = loss == "CategoricalCrossentropy" and not options.get("label_smoothing")
        rows = f"keras.utils.to_categorical(labels, {units}) makes such rows."
        sparse = "Compile the model with loss='sparse_categorical_crossentropy', or make rows: "
        raise DataError(
            f"The loss {loss} takes a row of 0 and 1 for each picture. Received: one label for each of {name}. "
            f"{sparse if plain else ''}{rows}"
        )
    if labels.shape[1:] != (units,):
        raise DataError(
            f"The labels of {name} must have a column for each of the model's {units} classes. "
            f"Received: shape {labels.shape}. keras.utils.to_categorical(numbers, {units}) makes such rows."
        )
    shares = labels.dtype.kind in "buif" and (labels >= 0).all() and np.allclose(labels.sum(axis=1), 1, atol=1e-3)
    if not shares:
        raise DataError(
            f"Each row of the labels of {name} must sum to 1 for the loss {loss}. Where several classes may be right "
            f"at once take Dense({units}, activation='sigmoid') with loss='binary_crossentropy'."
        )


@_checks("0 and 1")
def _check_yes_and_no(labels, units, name, loss, **_):
    if units == 1:
        both = "Hinge" in loss and labels.ndim == 1 and labels.dtype.kind in "if" and set(np.unique(labels)) <= {-1, 1}
        shares = "Hinge" not in loss and labels.dtype.kind == "f" and ((labels >= 0) & (labels <= 1)).all()
        return None if both or (shares and labels.ndim == 1) else _check_numbers_of_classes(labels, 2, name)
    if labels.ndim == 1:
        raise ModelError(
            f"The loss {loss} takes a row of 0 and 1 for each picture where the model gives {units} numbers. Received: "
            f"one label for each of {name}. {_right_pair(labels, units, 'sigmoid')}"
        )
    inside = labels.dtype.kind in "buif" and ((labels >= 0) & (labels <= 1)).all()
    if labels.shape[1:] != (units,) or not inside:
        raise DataError(
            f"The labels of {name} must be rows of {units} numbers between 0 and 1, as the model gives them. "
            f"Received: shape {labels.shape}, dtype {labels.dtype}"
        )
    return None


@_checks("numbers")
def _check_numbers(labels, units, name, loss, activation, **_):
    shape = labels.shape[1:] if labels.ndim > 1 else (1,)
    if labels.dtype.kind not in "buif" or shape != (units,):
        hint = _right_pair(labels, units, activation) if labels.dtype.kind in "ui" and labels.ndim == 1 else ""
        raise DataError(
            f"The loss {loss} takes as many numbers for each picture as the model gives, {units}. Received: labels of "
            f"{name} of shape {labels.shape}, dtype {labels.dtype}. {hint}".rstrip()
        )
    low, high = _RANGES.get(activation, (-np.inf, np.inf))
    if not np.isfinite(labels).all() or labels.min() < low or labels.max() > high:
        raise DataError(
            f"The labels of {name} must be finite numbers that the last layer can give, {low:g} to {high:g} "
            f"({activation or 'its activation'}). Received: from {labels.min():g} to {labels.max():g}. A last Dense "
            "without an activation gives any number."
        )


def _loss_of(model):
    """Return the name of Keras's class of the loss, and its options; ``("", {})`` for one that is not Keras's own."""
    from .._keras import load_keras

    losses, loss, written = load_keras().losses, getattr(model, "loss", None), compiled(model)
    if "loss" in written and written["loss"] is None:  # Keras keeps the loss of an earlier compile
        loss = None
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    if loss is None and not getattr(model, "losses", None):
        raise ModelError("The model was compiled without a loss: model.compile('adam', loss=...) names it.")
    if isinstance(loss, losses.Loss):
        own = getattr(losses, type(loss).__name__, None) is type(loss)
        return (type(loss).__name__, loss.get_config()) if own else ("", {})
    function = losses.get(loss) if isinstance(loss, str) else loss
    if isinstance(function, losses.Loss):
        return type(function).__name__, function.get_config()
    known = {name.lower(): name for name in _RULES}
    name = known.get(getattr(function, "__name__", "").replace("_", ""), "")
    own = getattr(losses, getattr(function, "__name__", ""), None) is function
    return (name, {}) if own else ("", {})


def loss_takes_logits(model: Any) -> bool:
    """Return whether the loss of a compiled model is one of Keras's with ``from_logits=True``."""
    return bool(_loss_of(model)[1].get("from_logits"))


def last_activation(model: Any) -> str | None:
    """Return the name of a model's last activation: ``"linear"`` for none, ``"other"`` for one of the many that bend.

    None where the model does not tell: a class or an activation of one's own.

    Examples
    --------
    >>> from cnn_course import build_logit
    >>> last_activation(build_logit((2,), classes=2)), last_activation(build_logit((2,), classes=None))
    ('sigmoid', 'linear')
    """
    from .._keras import load_keras

    if graph_of(model) is None:
        return None
    name = activation_of(last_step(model).layer)
    if name is None or name in _RANGES:
        return name
    return "other" if hasattr(load_keras().activations, name) else None
