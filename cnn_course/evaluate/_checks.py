"""What comes in: labels, predictions, probabilities; each checked once, and brought into one form."""

from dataclasses import dataclass

import numpy as np

from .._arguments import is_integer
from ..errors import DataError
from ..training.losses import class_numbers

_TOLERANCE = 1e-3  # of the sum of a row: float16 is nearer than that, logits and two sigmoids are not


@dataclass(frozen=True, eq=False)
class Answers:
    """Labels, and what a model says, row by row.

    Attributes
    ----------
    labels : array of shape (n,)
        int64; -1 where a picture has no label.
    predictions : array of shape (n,)
        int64.
    probabilities : array of shape (n, classes) or None
        float64; None where only predictions were given.
    class_names : tuple of str
    """

    labels: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray | None
    class_names: tuple[str, ...]

    @property
    def labelled(self):
        """Row numbers of the pictures with a label."""
        return np.flatnonzero(self.labels >= 0)


def read_answers(labels, answers, class_names=None):
    """Return labels and answers that fit each other.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; -1 where a picture has no label.
    answers : array of shape (n, classes), (n,) or (n, 1)
        Floats are probabilities (one number for each picture: of class 1 of two), integers the predicted classes.
    class_names : sequence of str, optional
        The default is the classes' numbers.

    Raises
    ------
    DataError
        If they are something else, differ in length, or no picture has a label.
    """
    labels = _label_array(labels)
    answers = np.asarray(answers)
    if len(np.shape(answers)) == 0 or len(answers) != len(labels):
        raise DataError(
            f"Each picture needs a label and an answer. Received: {len(labels)} labels, "
            f"answers of shape {answers.shape}"
        )
    if answers.dtype.kind in "bui" and answers.ndim == 1:
        predictions, probabilities = answers.astype(np.int64), None
        found = int(max(labels.max(initial=-1), predictions.max(initial=-1))) + 1
    else:
        probabilities = as_probabilities(answers)
        predictions, found = probabilities.argmax(axis=1), probabilities.shape[1]
    names = tuple(map(str, range(max(2, found)) if class_names is None else class_names))
    if probabilities is not None and len(names) != found:
        raise DataError(
            f"Each class needs a name and a probability. Received: {len(names)} class names, "
            f"probabilities of {found} classes"
        )
    for what, values, least in (("labels", labels, -1), ("predictions", predictions, 0)):
        if len(values) and not least <= values.min() <= values.max() < len(names):
            raise DataError(
                f"{what} must be integers from {least} to {len(names) - 1}, as there are {len(names)} classes. "
                f"Received: from {values.min()} to {values.max()}"
            )
    if not (labels >= 0).any():
        raise DataError(f"At least one picture must have a label. Received: {len(labels)} pictures, none with a label")
    return Answers(labels, predictions, probabilities, names)


def _label_array(labels):
    labels = class_numbers(np.asarray(labels))
    if labels.ndim != 1 or labels.dtype.kind not in "bui":
        hint = " Rows become numbers by labels.argmax(axis=1), if one class is right." if labels.ndim == 2 else ""
        raise DataError(
            "labels must be one integer for each picture, the number of its class (-1: not labelled). "
            f"Received: shape {labels.shape}, dtype {labels.dtype}.{hint}"
        )
    return labels.astype(np.int64)


def as_probabilities(given, name="probabilities"):
    """Return probabilities as float64 of shape (n, classes); one number for each row is that of class 1 of two."""
    values = as_scores(given, name)
    outside = (values < -_TOLERANCE) | (values > 1 + _TOLERANCE)
    if outside.any():
        raise DataError(
            f"{name} must lie between 0 and 1. Received: {values[outside][0]:.4g} in row "
            f"{np.argwhere(outside)[0][0]}. Are they logits? scipy.special.softmax(x, axis=1), or expit(x) for one "
            "number a picture, makes probabilities of them; predicted classes must be integers."
        )
    values = np.clip(values, 0, 1)
    if values.shape[1] == 1:
        return np.concatenate([1 - values, values], axis=1)
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > _TOLERANCE)
    if len(wrong):
        raise DataError(
            f"The {name} of a picture must sum to 1. Received: a sum of {sums[wrong[0]]:.4g} in row {wrong[0]}, and "
            f"{len(wrong)} such rows in all. A softmax as the last activation gives such probabilities."
        )
    return values


def as_scores(given, name):
    """Return finite numbers as float64 of shape (n, columns)."""
    values = np.asarray(given)
    if values.ndim not in (1, 2) or values.dtype.kind not in "buif" or 0 in values.shape[1:]:
        raise DataError(
            f"{name} must be numbers of shape (n, classes), or (n,) or (n, 1) for two classes. "
            f"Received: shape {values.shape}, dtype {values.dtype}"
        )
    values = values.astype(np.float64).reshape(len(values), -1)
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(broken):
        raise DataError(
            f"{name} must be finite numbers. Received: NaN or infinity in {len(broken)} of {len(values)} rows, first "
            f"in row {broken[0]}. Did the loss become NaN in training?"
        )
    return values


def class_number(answers, wanted, argument="positive"):
    """Return the number of a class given by its name or its number; None is class 1 of two."""
    names = answers.class_names
    if wanted is None and len(names) == 2:
        return 1
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    if is_integer(wanted, 0, len(names) - 1):
        return int(wanted)
    raise DataError(
        f"{argument} must be one of the classes {', '.join(map(repr, names))}, or its number. "
        f"Received: {argument}={wanted!r}"
    )


def need_probabilities(answers):
    """Return the probabilities; raise where only predicted classes were given."""
    if answers.probabilities is None:
        raise DataError(
            "This needs probabilities, floats of shape (n, classes) or (n,). Received: integers, the predicted classes"
        )
    return answers.probabilities


def checked_groups(groups, n):
    """Return the number of the group of each of `n` rows, counted from 0, or None where no group has two rows."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise DataError(f"groups must be one number for each of {n} pictures. Received: shape {groups.shape}")
    numbers = np.unique(groups, return_inverse=True)[1]
    return None if numbers.max(initial=-1) + 1 == n else numbers
