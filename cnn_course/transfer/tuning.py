"""`fine_tune`: the head first, then the last blocks, then as far as asked, with one history."""

from dataclasses import dataclass

import numpy as np

from .._keras import load_keras
from ..errors import ModelError
from ..training import TrainingHistory, train_model
from ..training.pipeline import rows_of
from ._parts import parts_of
from .freezing import freeze, unfreeze

keras = load_keras()

_BATCH = 64  # pictures at once on their way to the features


@dataclass(frozen=True)
class FineTuning(TrainingHistory):
    """The epochs of all stages in a row, as a `TrainingHistory`.

    Attributes
    ----------
    stages : tuple of (str, int, int)
        What was open, the epochs of this stage, and the weights that it could change.
    """

    stages: tuple = ()

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "stages", tuple(tuple(stage) for stage in self.stages))


def fine_tune(
    model,
    data,
    validation_data=None,
    stages=(0, 2),
    epochs=(50, 10),
    learning_rate=(0.01, 0.0001),
    batch_size=32,
    seed=0,
    class_weight=None,
    progress=True,
):
    """Train the head of a model, then open it block by block, and return all epochs in one history.

    While the body is closed its features never change, so they are computed once, and the head learns from them:
    fifty epochs take seconds. (So augmentation acts in the later stages, not in the first.)

    Parameters
    ----------
    model : keras.Model
        As `build_transfer_model` makes it; compiled.
    data, validation_data
        As for `train_model`.
    stages : sequence of int, str or None
        What `unfreeze` takes as ``last``, stage after stage: 0 is the head alone, None is everything.
    epochs : int or sequence of int
        Of each stage.
    learning_rate : float or sequence of float
        Of each stage.
    batch_size, seed, class_weight, progress
        As for `train_model`.

    Returns
    -------
    FineTuning
        A `TrainingHistory` that also knows its stages.

    Raises
    ------
    ModelError
        If the stages, epochs and learning rates do not fit each other or the model.
    DataError
        If data and model do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_course import build_small_cnn
    >>> pictures, labels = np.random.default_rng(0).integers(0, 256, (8, 28, 28, 1), "uint8"), np.arange(8) % 4
    >>> model = build_small_cnn((28, 28, 1), 4, filters=(4, 8), units=(), seed=0)
    >>> history = fine_tune(model, (pictures, labels), stages=(0, 1), epochs=(5, 2), progress=False)
    >>> history.epochs, history.stages
    (7, (('head', 5, 1572), ('last block', 2, 1868)))
    """
    stages, epochs, rates = _plan(stages, epochs, learning_rate)
    if not getattr(model, "compiled", False):
        raise ModelError("The model must be compiled before it can be trained: build_transfer_model gives it so.")
    parts_of(model)
    options = {"batch_size": batch_size, "seed": seed, "class_weight": class_weight, "progress": progress}
    histories, notes = [], []
    for last, number, rate in zip(stages, epochs, rates, strict=True):
        if last == 0:
            freeze(model, rate)
            found = _train_head(model, data, validation_data, epochs=number, **options)
        else:
            unfreeze(model, last, rate)
            found = train_model(model, data, validation_data, epochs=number, **options)
        histories.append(found)
        notes.append((_title(last), found.epochs, _open_weights(model)))
    return _joined(histories, notes)


def backbone_features(model, pictures):
    """Return what a model's head sees of the pictures: a row of numbers for each.

    Parameters
    ----------
    model : keras.Model
        With a body and a head, as `build_transfer_model` makes it.
    pictures : data set, or array of shape (n, height, width, channels)
        uint8, 0 to 255.

    Returns
    -------
    numpy.ndarray
        float32, shape (n, features).

    Raises
    ------
    ModelError
        If the model has no body and head.
    """
    rows = rows_of((pictures, np.zeros(len(pictures), int)) if isinstance(pictures, np.ndarray) else pictures)
    extractor = keras.Model(model.input, parts_of(model).head[0].input)
    chunks = np.split(np.arange(len(rows)), range(_BATCH, len(rows), _BATCH))
    return np.concatenate([_forward(extractor, rows.take(chunk)[0]) for chunk in chunks])


def _forward(extractor, pictures):
    """Return the features of a batch; a short one is filled up, or the backend would compile once more."""
    missing = _BATCH - len(pictures)
    filled = np.concatenate([pictures, np.zeros((missing, *pictures.shape[1:]), pictures.dtype)])
    return np.asarray(extractor.predict_on_batch(filled))[: len(pictures)]


def _train_head(model, data, validation_data, **options):
    """Train the head by itself on the features, and put its weights into the model."""
    layers = parts_of(model).head
    pairs = [
        None if part is None else (backbone_features(model, part), rows_of(part).labels)
        for part in (data, validation_data)
    ]
    # Copies: a layer that is called twice has two inputs, and could no longer be asked for the one in the model.
    copies = [type(layer).from_config(layer.get_config()) for layer in layers]
    head = keras.Sequential([keras.Input(pairs[0][0].shape[1:]), *copies], name=model.name)
    head.set_weights([weight for layer in layers for weight in layer.get_weights()])
    head.compile_from_config(model.get_compile_config())
    history = train_model(head, *pairs, **options)
    for layer, copy in zip(layers, copies, strict=True):
        layer.set_weights(copy.get_weights())
    return history


def _plan(stages, epochs, learning_rate):
    stages = tuple(stages) if isinstance(stages, list | tuple) else (stages,)
    columns = []
    for name, value in (("epochs", epochs), ("learning_rate", learning_rate)):
        values = tuple(value) if isinstance(value, list | tuple) else (value,) * len(stages)
        if len(values) != len(stages) or not stages:
            raise ModelError(
                f"{name} must be one number, or one for each of the stages {stages}. Received: {name}={value!r}"
            )
        columns.append(values)
    return stages, *columns


def _title(last):
    if last is None:
        return "everything"
    if isinstance(last, str):
        return f"from {last} on"
    return {0: "head", 1: "last block"}.get(last, f"last {last} blocks")


def _open_weights(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def _joined(histories, notes):
    first, last = histories[0], histories[-1]
    metrics = {name: sum((history.metrics[name] for history in histories), ()) for name in first.metrics}
    return FineTuning(
        metrics,
        sum((history.seconds for history in histories), ()),
        first.pictures,
        first.batch_size,
        first.monitor,
        ended="; ".join(f"{title}: {number} epochs, {weights:,} weights" for title, number, weights in notes) + ".",
        backend=last.backend,
        seed=first.seed,
        stages=tuple(notes),
    )
