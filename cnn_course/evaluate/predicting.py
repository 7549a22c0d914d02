"""`evaluate_model`: a model is asked about every picture, and its answers are judged."""

import numpy as np

from .._arguments import positive_integer
from ..datasets.rows import match_classes, rows_of
from ..errors import DataError, ModelError
from ..training.inputs import check_inputs, classes_of
from .report import evaluate_predictions

_BATCH = 256  # without gradients a batch needs little memory, and large ones are faster


def evaluate_model(model, data, batch_size=_BATCH, confidence=0.95):
    """Return what a model gets right on a set of pictures.

    Parameters
    ----------
    model : keras.Model, scikit-learn classifier, classifier of `load_classifier` or callable
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
    if isinstance(data, np.ndarray):
        raise DataError(
            "evaluate_model needs labels: a data set, or a pair (pictures, labels). Received: pictures alone. "
            "predict_probabilities says what the model thinks of those."
        )
    asked, learned = _asked(model)
    rows = match_classes(rows_of(data), learned)
    answers = _answers(asked, rows, positive_integer("batch_size", batch_size), classes_will_do=True)
    names = rows.class_names
    columns = int(answers.max(initial=0)) + 1 if answers.dtype.kind in "ui" else (*answers.shape, 2)[1]
    if names is not None and (columns > len(names) if answers.dtype.kind in "ui" else columns != len(names)):
        raise ModelError(
            f"The model must have the classes of the data: {len(names)}. Received: a model with {columns} classes"
        )
    return evaluate_predictions(rows.labels, answers, names, rows.groups, confidence)


def predict_probabilities(model, data, batch_size=_BATCH):
    """Return what a model says of each picture.

    Parameters
    ----------
    model : keras.Model, scikit-learn classifier, classifier of `load_classifier` or callable
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
    batch_size = positive_integer("batch_size", batch_size)
    rows = rows_of(data, labelled=not isinstance(data, np.ndarray))
    return _answers(_asked(model)[0], rows, batch_size, classes_will_do=False)


def _asked(model):
    """Return what is asked, and the names of the classes in the order that it learned, where they are known."""
    if hasattr(model, "card") and hasattr(model, "model"):  # of load_classifier
        return model.model, model.card.class_names
    return model, classes_of(model)


def _answers(model, rows, batch_size, classes_will_do):
    """Return probabilities ``(n, classes)`` or ``(n,)``; the classes ``(n,)``, int, of a model that gives no more."""
    if hasattr(model, "train_on_batch"):
        check_inputs(model, rows)
        if rows.array is not None:
            found = [np.asarray(model.predict(rows.array, batch_size=batch_size, verbose=0))]
        else:
            found = [np.asarray(model.predict_on_batch(x)) for x in rows.batches(batch_size)]
    elif hasattr(model, "classes_"):
        found = [_of_scikit_learn(model, x, rows.class_names, classes_will_do) for x in rows.batches(batch_size)]
    elif callable(model) and not isinstance(model, type):
        found = [np.asarray(model(x)) for x in ([rows.array] if rows.array is not None else rows.batches(batch_size))]
    else:
        raise ModelError(
            "model must be a Keras model, a fitted classifier of scikit-learn, or a function of the pictures. "
            f"Received: {type(model).__name__}"
        )
    found = np.concatenate(found) if len(found) > 1 else found[0]
    if found.ndim not in (1, 2) or len(found) != len(rows):
        raise ModelError(
            "The model must give a row of numbers for each picture. "
            f"Received: answers of shape {found.shape} for {len(rows)} pictures"
        )
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _of_scikit_learn(model, x, names, classes_will_do):
    """Return a column for each class of the data, also where the model learned only some, or their names."""
    x = x.reshape(len(x), -1)
    wanted = getattr(model, "n_features_in_", x.shape[1])
    if wanted != x.shape[1]:
        raise DataError(f"The model takes {wanted} numbers for each picture. Received: {x.shape[1]}")
    learned = list(np.asarray(model.classes_).tolist())
    if all(isinstance(one, str) for one in learned):
        unknown = [one for one in learned if one not in (names or ())]
        if unknown:
            raise ModelError(
                f"The model's classes must be those of the data. Received: {', '.join(map(repr, learned))}; "
                f"the data has {', '.join(map(repr, names)) if names else 'no class names'}"
            )
        learned = [names.index(one) for one in learned]
    if not all(isinstance(one, int | bool) and one >= 0 for one in learned):
        raise ModelError(f"The model's classes must be numbers from 0 or names. Received: {learned}")
    if hasattr(model, "predict_proba"):
        given = np.asarray(model.predict_proba(x))
        found = np.zeros((len(x), max(len(names or ()), max(learned) + 1, 2)))
        found[:, learned] = given
        return found
    if classes_will_do:
        places = {one: number for one, number in zip(np.asarray(model.classes_).tolist(), learned, strict=True)}
        return np.array([places[one] for one in np.asarray(model.predict(x)).tolist()], np.int64)
    raise ModelError(
        f"{type(model).__name__} gives classes and no probabilities. evaluate_model takes it as it is; "
        "sklearn.calibration.CalibratedClassifierCV makes probabilities of it."
    )
