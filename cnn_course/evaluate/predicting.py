"""`evaluate_model`: a model is asked about every picture, and its answers are judged."""

import numpy as np

from .._arguments import integer
from ..errors import DataError, ModelError
from .report import evaluate_predictions

_BATCH = 256  # without gradients a batch needs little memory, and large ones are faster


def evaluate_model(model, data, batch_size=_BATCH, confidence=0.95):
    """Return what a model gets right on a set of pictures.

    Parameters
    ----------
    model : keras.Model, scikit-learn classifier or callable
        Ends in a probability for each class, or in one number, the probability of class 1 of two.
    data : ImageDataset, LazyImageDataset, PointDataset or pair of arrays
        Pictures ``(n, height, width, channels)``, uint8, 0 to 255, and labels ``(n,)`` from 0 to classes - 1. Pictures
        with the label -1 are left out of every count. Groups make the intervals wider.
    batch_size : int
        Pictures that go through the model at a time.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If the data cannot be used, or the model's answers are no probabilities.
    ModelError
        If the model does not have the classes of the data.

    Examples
    --------
    >>> from cnn_course import load_dataset
    >>> rings = load_dataset("rings", n=200, seed=0)
    >>> evaluate_model(lambda x: 1.0 * (x[:, 0] > 0), rings).confusion.counts.sum()
    np.int64(200)
    """
    _, labels = _parts(data)
    if labels is None:
        raise DataError(
            "evaluate_model needs labels: a data set, or a pair (pictures, labels). Received: pictures alone. "
            "predict_probabilities says what the model thinks of those."
        )
    probabilities = predict_probabilities(model, data, batch_size)
    names = getattr(data, "class_names", None)
    columns = 2 if probabilities.ndim == 1 else probabilities.shape[1]
    if names is not None and len(names) != max(2, columns):
        raise ModelError(
            f"The model must have the classes of the data: {len(names)}. Received: a model with {columns} classes"
        )
    return evaluate_predictions(labels, probabilities, names, getattr(data, "groups", None), confidence)


def predict_probabilities(model, data, batch_size=_BATCH):
    """Return what a model says of each picture.

    Parameters
    ----------
    model : keras.Model, scikit-learn classifier or callable
    data : ImageDataset, LazyImageDataset, PointDataset or array of shape (n, ...)
    batch_size : int
        Pictures that go through the model at a time; those on disk are read as many at a time.

    Returns
    -------
    array of shape (n, classes) or (n,)
        As the model gives them; (n,) for a model that ends in one number.

    Raises
    ------
    DataError
        If the data cannot be used.
    ModelError
        If the model's answers are not a row of numbers for each picture.

    Examples
    --------
    >>> predict_probabilities(lambda x: x.mean(axis=(1, 2, 3), keepdims=False) / 255, np.zeros((3, 8, 8, 1)))
    array([0., 0., 0.])
    """
    batch_size = integer("batch_size", batch_size)
    x, _ = _parts(data)
    if x is None:
        found = np.concatenate([_ask(model, pictures, batch_size) for pictures in data.batches(batch_size)])
    else:
        found = _ask(model, x, batch_size)
    if found.ndim not in (1, 2) or len(found) != len(data if x is None else x):
        raise ModelError(
            "The model must give a row of numbers for each picture. "
            f"Received: answers of shape {found.shape} for {len(data if x is None else x)} pictures"
        )
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _parts(data):
    """Return pictures (None where they are on disk) and labels (None for a bare array)."""
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return np.asarray(data[0]), np.asarray(data[1])
    for name in ("images", "x"):
        if hasattr(data, name) and hasattr(data, "labels"):
            return np.asarray(getattr(data, name)), data.labels
    if hasattr(data, "batches") and hasattr(data, "labels"):
        return None, data.labels
    if isinstance(data, np.ndarray) and data.ndim > 1:
        return data, None
    raise DataError(
        "data must be a data set of the course or a pair (pictures, labels). "
        f"Received: {type(data).__name__}. Try load_dataset(...) or load_images_from_folder(...)."
    )


def _ask(model, x, batch_size):
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(x))
    if hasattr(model, "train_on_batch"):
        return np.asarray(model.predict(x, batch_size=batch_size, verbose=0))
    return np.asarray(model(x))
