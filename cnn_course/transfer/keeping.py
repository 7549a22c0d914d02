"""`save_classifier` and `load_classifier`: a trained model with a card inside that says what it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arguments import is_number
from .._graph import activation_of, graph_of, last_step
from .._keras import load_keras
from ..datasets.rows import rows_of
from ..errors import DataError, ModelError
from ..training import augmentation  # noqa: F401 - registers the course's layers, so that models with them load
from ..training.inputs import warn_of_scale
from . import building  # noqa: F401 - as above
from .archive import load_archive, read_archive
from .writing import write_archive

keras = load_keras()

_CARD = "classifier.json"


@dataclass(frozen=True, kw_only=True)
class ClassifierCard:
    """What must be known of a classifier before it is used.

    Attributes
    ----------
    class_names : tuple of str
        In the order of the model's outputs.
    input_shape : tuple of int
        Of one picture.
    preprocessing : str
        What to do with a picture before it goes in.
    metrics : dict of str to float
        As the one who saved it measured them.
    data_sha256 : str
        Of the pictures and labels that it learned from, all of them in their order; ``""`` where they were not given.
    pictures : int
        How many these were.
    made : str
        Date, and the version of Keras.
    note : str
    """

    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    preprocessing: str
    metrics: dict = field(default_factory=dict)
    data_sha256: str = ""
    pictures: int = 0
    made: str = ""
    note: str = ""

    def learned_from(self, data: Any) -> bool:
        """Return whether it learned from this data set: the same pictures and labels, in the same order.

        Parameters
        ----------
        data : as for `train_model`

        Returns
        -------
        bool
        """
        return _hash(data)[0] == self.data_sha256


@dataclass(frozen=True)
class Classifier:
    """A model that was saved, and its card.

    Attributes
    ----------
    model : keras.Model
    card : ClassifierCard
    """

    model: Any
    card: ClassifierCard

    def classify(self, pictures: ArrayLike) -> tuple[str, ...]:
        """Return the name of the most probable class of each picture.

        Parameters
        ----------
        pictures : array of shape (n, height, width, channels)
            uint8, 0 to 255, of any number.

        Returns
        -------
        tuple of str

        Raises
        ------
        DataError
            If the pictures are not of the card's shape, or not finite numbers.

        Warns
        -----
        ScaleWarning
            If they lie on another scale than the model's first layers were made for.
        """
        checked = self._checked(np.asarray(pictures))
        if not len(checked):
            return ()
        said = np.asarray(self.model.predict(checked, verbose=0))
        places = (said[:, 0] > 0.5).astype(int) if said.shape[1] == 1 else said.argmax(axis=1)
        return tuple(self.card.class_names[place] for place in places)

    def _checked(self, pictures):
        wanted, found = self.card.input_shape, pictures.shape[1:]
        if len(found) != len(wanted) or any(w not in (None, f) for w, f in zip(wanted, found, strict=True)):
            raise DataError(
                f"pictures must have the shape (n, {', '.join(map(str, wanted))}). Received: shape {pictures.shape}. "
                "One picture goes in as picture[None]; image_size= of the loaders makes pictures of the right size."
            )
        if pictures.dtype.kind not in "buif" or not np.isfinite(pictures).all():
            raise DataError(f"pictures must be finite numbers, best uint8. Received: dtype {pictures.dtype}")
        if len(pictures):
            warn_of_scale(self.model, pictures)
        return pictures


def save_classifier(
    model: Any,
    path: str | os.PathLike,
    class_names: Sequence[str],
    metrics: Mapping[str, float] | None = None,
    data: Any = None,
    note: str = "",
) -> Path:
    """Write a trained model to one file, with a card inside, and return the path.

    Parameters
    ----------
    model : keras.Model
        It takes one picture, and ends in one probability for each class, or in one for the second of two. Its layers
        and functions are Keras's, the course's, or your own with `keras.saving.register_keras_serializable`; it has no
        code in it (a ``Lambda`` layer). A loss, optimizer or metric that is none of these is left out.
    path : str or Path
        Ends in ``.keras``. The file is complete, or it is not there; one that is there is replaced.
    class_names : sequence of str
        In the order of the model's outputs.
    metrics : mapping of str to float, optional
        What you measured, on pictures that it has not seen: ``{"accuracy": 0.81}``.
    data : as for `train_model`, optional
        What it learned from: the card holds a hash of it, and tells later whether a set is the same
        (`ClassifierCard.learned_from`).
    note : str, optional

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ModelError
        If the path does not end in ``.keras`` or cannot be written, the names do not fit the model, or it could not
        be loaded again: the message names the layer or function. The file is loaded once before it gets its name.

    Examples
    --------
    >>> import tempfile
    >>> from cnn_course import build_small_cnn
    >>> model = build_small_cnn((28, 28, 1), 3, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_classifier(model, f"{folder}/pets.keras", ["cat", "dog", "fish"], {"accuracy": 0.9})
    ...     load_classifier(path).card.class_names
    ('cat', 'dog', 'fish')
    """
    file = _path(path)
    if file.suffix != ".keras":
        raise ModelError(f"path must end in .keras, Keras's own format. Received: path={str(file)!r}")
    names = _fitting_names(model, class_names)
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping) or not all(is_number(v) and np.isfinite(v) for v in metrics.values()):
        raise ModelError(f"metrics must be a dict of names to finite numbers. Received: metrics={metrics!r}")
    digest, number = ("", 0) if data is None else _hash(data)
    card = ClassifierCard(
        class_names=names,
        input_shape=tuple(model.input_shape[1:]),
        preprocessing="none: the model takes pictures as they were loaded, 0 to 255",
        metrics={str(name): float(value) for name, value in metrics.items()},
        data_sha256=digest,
        pictures=number,
        made=f"{date.today()}, Keras {keras.__version__}",
        note=str(note),
    )
    try:
        write_archive(model, file, _CARD, asdict(card))
    except OSError as error:
        raise ModelError(
            f"{file} cannot be written: {error.strerror or error}. Is the disk full, or the folder closed to you? "
            "What was there before is still there."
        ) from error
    return file


def _fitting_names(model, class_names):
    """Return the names, if the model is a classifier of so many classes that can be loaded again."""
    outputs = _outputs(model, "The model")
    if outputs == 1 and activation_of(last_step(model).layer) != "sigmoid":
        raise ModelError("A model with one output must end in a probability, a sigmoid. Is it a regression?")
    names = () if class_names is None or isinstance(class_names, str) else tuple(map(str, class_names))
    classes = max(2, outputs)
    if len(names) != classes or len(set(names)) != classes:
        raise ModelError(
            f"class_names must be a list of {classes} different names, one for each class. "
            f"Received: class_names={class_names!r}"
        )
    return names


def _outputs(model, name):
    """Return how many numbers a model gives for a picture, if it is one that takes one picture and gives one row."""
    if not isinstance(model, keras.Model):
        raise ModelError(f"model must be a Keras model. Received: {type(model).__name__}")
    if graph_of(model) is None:
        raise ModelError(
            f"{name} must be a Sequential with an Input, or a functional model: {type(model).__name__} does not say "
            "what it takes and gives."
        )
    inputs, outputs = len(model.inputs), len(model.outputs)
    if (inputs, outputs) != (1, 1):
        raise ModelError(
            f"{name} must take one picture and give one row of probabilities. Received: {inputs} inputs and "
            f"{outputs} outputs"
        )
    shape = tuple(model.output_shape)
    if len(shape) != 2 or not shape[1]:
        raise ModelError(f"{name} must give a row of numbers for each picture, (n, classes). It gives {shape}.")
    return int(shape[1])


def load_classifier(path: str | os.PathLike) -> Classifier:
    """Return a classifier that `save_classifier` wrote; the file can hold numbers and layers, and no code.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Classifier
        With ``.model``, ``.card`` and ``.classify(pictures)``.

    Raises
    ------
    ModelError
        If there is no such file; it is cut off or something else; it holds code, a layer or function that is neither
        Keras's nor registered in this session, or weights that lie in another file; or it is larger than it says.
    """
    file = _path(path)
    if not file.is_file():
        raise ModelError(f"There is no file {str(file)!r}.")
    written, config = read_archive(file, _CARD)
    if written is None:
        raise ModelError(f"{file} holds no card of save_classifier. keras.saving.load_model opens a plain Keras model.")
    card = _card_from(written, file)
    model = load_archive(file, config)
    found = (tuple(model.input_shape[1:]), max(2, _outputs(model, f"The model in {file}")))
    if found != (card.input_shape, len(card.class_names)):
        raise ModelError(
            f"{file} was changed: its card speaks of pictures of shape {card.input_shape} and {len(card.class_names)} "
            f"classes, its model takes {found[0]} and gives {found[1]}."
        )
    return Classifier(model, card)


def _card_from(written, path):
    """Return the card; what a later version wrote into it besides is left out."""
    known = {one.name for one in fields(ClassifierCard)}
    try:
        values = {name: value for name, value in written.items() if name in known}
        names, shape = values["class_names"], values["input_shape"]
        good = isinstance(names, list) and isinstance(shape, list) and all(isinstance(name, str) for name in names)
        if not good or len(set(names)) != len(names) or not isinstance(values.get("metrics", {}), dict):
            raise TypeError("names, shape or metrics are of another kind")
        return ClassifierCard(**{**values, "class_names": tuple(names), "input_shape": tuple(shape)})
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError(f"The card in {path} is damaged: {error}") from error


def _path(path):
    if not isinstance(path, str | os.PathLike):
        raise ModelError(f"path must be the path of a file. Received: path={path!r}")
    return Path(path).expanduser()


def _hash(data):
    """Return a hash of pictures and labels in their order, and how many there are."""
    rows, digest = rows_of(data), hashlib.sha256()
    labels = _numbers(np.asarray(rows.labels))
    for place, label in enumerate(labels):
        digest.update(np.ascontiguousarray(rows.take(np.array([place]))).tobytes())
        digest.update(str(int(label)).encode())
    return digest.hexdigest(), len(rows)


def _numbers(labels):
    """Return one number for each picture, also where the labels are rows of 0 and 1 or a column."""
    if labels.ndim == 1:
        return labels
    return labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.ravel()
