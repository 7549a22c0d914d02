"""`save_classifier` and `load_classifier`: a trained model with a card inside that says what it is."""

import hashlib
import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path

import numpy as np

from .._arguments import is_number
from .._files import write_atomically
from .._graph import leaves
from .._keras import load_keras
from ..datasets.rows import rows_of
from ..errors import DataError, ModelError
from ..training import augmentation  # noqa: F401 - registers the course's layers, so that models with them load
from . import building  # noqa: F401 - as above

keras = load_keras()

_CARD = "classifier.json"
_CODE = {"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper"}  # what Keras writes programs down as


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

    def learned_from(self, data):
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

    model: object
    card: ClassifierCard

    def classify(self, pictures):
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
            If the pictures are not of the card's shape, or not numbers from 0 to 255.
        """
        pictures = self._checked(np.asarray(pictures))
        if not len(pictures):
            return ()
        said = np.asarray(self.model.predict(pictures, verbose=0))
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
        if pictures.dtype.kind == "f" and pictures.size and 0 < pictures.max() <= 1:
            raise DataError(
                "pictures must be 0 to 255. Received: numbers from 0 to 1. Multiply them by 255, or load them without "
                "dividing."
            )
        return pictures


def save_classifier(model, path, class_names, metrics=None, data=None, note=""):
    """Write a trained model to one file, with a card inside, and return the path.

    Parameters
    ----------
    model : keras.Model
        It ends in one probability for each class, or in one for the second of two; it has no code of its own in it
        (a ``Lambda`` layer).
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
        If the path does not end in ``.keras`` or cannot be written, the names do not fit the model, or
        `load_classifier` would refuse the file.

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
    if path.suffix != ".keras":
        raise ModelError(f"path must end in .keras, Keras's own format. Received: path={str(path)!r}")
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
        with write_atomically(path) as partial:
            model.save(partial)
            with zipfile.ZipFile(partial, "a") as archive:
                archive.writestr(_CARD, json.dumps(asdict(card), indent=1))
    except OSError as error:
        raise ModelError(
            f"{path} cannot be written: {error.strerror or error}. Is the disk full, or the folder closed to you? "
            "What was there before is still there."
        ) from error
    return path


def _fitting_names(model, class_names):
    """Return the names, if the model is a classifier of so many classes that can be loaded again."""
    layers = list(leaves(model))
    code = next((layer for layer in layers if type(layer).__name__ in _CODE), None)
    if code is not None:
        raise ModelError(
            f"The layer {code.name!r} holds code ({type(code).__name__}), which load_classifier refuses. Use a layer "
            "of Keras in its place, or a registered class of your own."
        )
    outputs = int(model.output_shape[-1])
    activation = getattr(layers[-1], "activation", None)
    if outputs == 1 and getattr(activation, "__name__", "") != "sigmoid":
        raise ModelError("A model with one output must end in a probability, a sigmoid. Is it a regression?")
    names = () if class_names is None or isinstance(class_names, str) else tuple(map(str, class_names))
    classes = max(2, outputs)
    if len(names) != classes or len(set(names)) != classes:
        raise ModelError(
            f"class_names must be a list of {classes} different names, one for each class. "
            f"Received: class_names={class_names!r}"
        )
    return names


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
    card, config = _read(path)
    if _holds_code(config):
        raise ModelError(f"{path} holds code (a Lambda layer or the like), and is not loaded: it could do anything.")
    try:
        with warnings.catch_warnings():
            # of a model that was saved before it was trained; a classifier is for use
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model = keras.saving.load_model(path, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} was not loaded: {_why(error)}") from error
    found = (tuple(model.input_shape[1:]), max(2, int(model.output_shape[-1])))
    if found != (card.input_shape, len(card.class_names)):
        raise ModelError(
            f"{path} was changed: its card speaks of pictures of shape {card.input_shape} and {len(card.class_names)} "
            f"classes, its model takes {found[0]} and gives {found[1]}."
        )
    return Classifier(model, card)


def _why(error):
    if getattr(error, "errno", None):  # of the system; HDF5's own errors have none
        return f"{error.strerror}: Keras unpacks it into the temporary folder. Make room there."
    return (
        f"{str(error).splitlines()[0].rstrip('.')}. It is damaged, or has a layer of somebody's own in it: import the "
        "module that registers that layer first."
    )


def _read(path):
    """Return the card, and the model's config as Keras wrote it, before anything of the file is made."""
    try:
        with zipfile.ZipFile(path) as archive:
            written = json.loads(archive.read(_CARD)) if _CARD in archive.namelist() else None
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, ValueError, KeyError, OSError) as error:
        with path.open("rb") as stream:
            start = stream.read(64).lstrip()
        what = "is no classifier, or was cut off"
        if start.startswith(b"<"):
            what = "is a web page, not a classifier: an error or a login page was saved under this name"
        elif not start:
            what = "is empty"
        raise ModelError(f"{path} {what}: {error}") from error
    if written is None:
        raise ModelError(f"{path} holds no card of save_classifier. keras.saving.load_model opens a plain Keras model.")
    return _card_from(written, path), config


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


def _holds_code(node):
    """Return whether a part of a config is a program; Keras's safe mode can be switched off for a whole session."""
    if isinstance(node, dict):
        return node.get("class_name") in _CODE or any(map(_holds_code, node.values()))
    return isinstance(node, list) and any(map(_holds_code, node))


def _hash(data):
    """Return a hash of pictures and labels in their order, and how many there are."""
    rows, digest = rows_of(data), hashlib.sha256()
    for place in range(len(rows)):
        picture, label = rows.pair(np.array([place]))
        digest.update(np.ascontiguousarray(picture).tobytes())
        digest.update(str(int(label[0])).encode())
    return digest.hexdigest(), len(rows)
