"""`save_classifier` and `load_classifier`: a trained model with a card inside that says what it is."""

import hashlib
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from numbers import Real
from pathlib import Path

import numpy as np

from .._keras import load_keras
from ..errors import DataError, ModelError
from ..training import augmentation  # noqa: F401 - registers the course's layers, so that models with them load
from ..training.pipeline import rows_of
from . import building  # noqa: F401 - as above

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
        Of the pictures and labels that it learned from, ``""`` where they were not given.
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


@dataclass(frozen=True)
class Classifier:
    """A model that was saved, and its card.

    Attributes
    ----------
    model : keras.Model
    card : ClassifierCard
    """

    model: object
    card: ClassifierCard

    def classify(self, pictures):
        """Return the name of the most probable class of each picture.

        Parameters
        ----------
        pictures : array of shape (n, height, width, channels)
            uint8, 0 to 255.

        Returns
        -------
        tuple of str

        Raises
        ------
        DataError
            If the pictures are not of the card's shape.
        """
        pictures = np.asarray(pictures)
        if pictures.ndim != 4 or pictures.shape[1:] != tuple(self.card.input_shape):
            raise DataError(
                f"pictures must have the shape (n, {', '.join(map(str, self.card.input_shape))}). Received: shape "
                f"{pictures.shape}. One picture goes in as picture[None]."
            )
        said = np.asarray(self.model.predict(pictures, verbose=0))
        places = (said[:, 0] > 0.5).astype(int) if said.shape[1] == 1 else said.argmax(axis=1)
        return tuple(self.card.class_names[place] for place in places)


def save_classifier(model, path, class_names, metrics=None, data=None, note=""):
    """Write a trained model to one file, with a card inside, and return the path.

    Parameters
    ----------
    model : keras.Model
        It ends in one probability for each class, or in one for the second of two.
    path : str or Path
        Ends in ``.keras``. The file is complete, or it is not there; one that is there is replaced.
    class_names : sequence of str
        In the order of the model's outputs.
    metrics : mapping of str to float, optional
        What you measured, on pictures that it has not seen: ``{"accuracy": 0.81}``.
    data : as for `train_model`, optional
        What it learned from: the card holds a hash of it, so that nobody tests on it by mistake.
    note : str, optional

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ModelError
        If the path does not end in ``.keras``, or the names do not fit the model.

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
    path = Path(path)
    names = tuple(map(str, class_names))
    classes = max(2, int(model.output_shape[-1]))
    if path.suffix != ".keras":
        raise ModelError(f"path must end in .keras, Keras's own format. Received: path={str(path)!r}")
    if len(names) != classes or len(set(names)) != classes:
        raise ModelError(f"class_names must be {classes} different names, one for each class. Received: {names}")
    if not isinstance(metrics or {}, Mapping) or not all(isinstance(v, Real) for v in (metrics or {}).values()):
        raise ModelError(f"metrics must be a dict of names to numbers. Received: metrics={metrics!r}")
    digest, number = ("", 0) if data is None else _hash(data)
    card = ClassifierCard(
        class_names=names,
        input_shape=tuple(model.input_shape[1:]),
        preprocessing="none: the model takes pictures as they were loaded, 0 to 255",
        metrics={name: float(value) for name, value in (metrics or {}).items()},
        data_sha256=digest,
        pictures=number,
        made=f"{date.today()}, Keras {keras.__version__}",
        note=note,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial.keras")
    try:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(_CARD, json.dumps(asdict(card), indent=1))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def load_classifier(path):
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
        If there is no such file, it is cut off or something else, or it holds code (Keras's ``safe_mode``).
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"There is no file {str(path)!r}.")
    try:
        with zipfile.ZipFile(path) as archive:
            written = json.loads(archive.read(_CARD))
            tuples = {name: tuple(written[name]) for name in ("class_names", "input_shape")}
            card = ClassifierCard(**{**written, **tuples})
    except KeyError as error:
        raise ModelError(
            f"{path} holds no card of save_classifier: {error}. keras.saving.load_model opens a plain Keras model."
        ) from error
    except (zipfile.BadZipFile, ValueError, TypeError) as error:
        raise ModelError(f"{path} is no classifier, or was cut off: {error}") from error
    try:
        with warnings.catch_warnings():
            # of a model that was saved before it was trained; a classifier is for use
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model = keras.saving.load_model(path, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path} was not loaded: {error}\nA file with code in it (a Lambda layer) is refused; own layers must be "
            "imported first."
        ) from error
    return Classifier(model, card)


def _hash(data):
    """Return a hash of pictures and labels in their order, and how many there are."""
    rows, digest = rows_of(data), hashlib.sha256()
    for place in range(len(rows)):
        picture, label = rows.take(np.array([place]))
        digest.update(np.ascontiguousarray(picture).tobytes())
        digest.update(str(int(label[0])).encode())
    return digest.hexdigest(), len(rows)
