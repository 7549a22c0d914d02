"""`fine_tune`: the head first, then the last blocks, then as far as asked, with one history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import integer
from .._keras import load_keras
from ..datasets.rows import rows_of
from ..errors import DataError, ModelError
from ..training import TrainingHistory, train_model
from ..training.checks import check_fit
from .freezing import FINE, check_rate, chosen_blocks, freeze, unfreeze
from .parts import features_of, parts_of

keras = load_keras()

_BATCH = 64  # pictures at once on their way to the features
_HEAD_EPOCHS, _HEAD_RATE = 50, 0.01
_EPOCHS = 10


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
    model: Any,
    data: Any,
    validation_data: Any = None,
    stages: Any = None,
    epochs: int | Sequence[int] | None = None,
    learning_rate: float | Sequence[float] | None = None,
    batch_size: int = 32,
    seed: int = 0,
    class_weight: Any = None,
    progress: bool = True,
) -> FineTuning:
    """Train the head of a model, then open it block by block, and return all epochs in one history.

    While the body is closed its features never change, so they are computed once, and the head learns from them:
    fifty epochs take seconds. (So augmentation acts in the later stages, not in the first.)

    Parameters
    ----------
    model : keras.Model
        As `build_transfer_model` makes it; compiled.
    data, validation_data
        As for `train_model`.
    stages : sequence of int, str or None, optional
        What `unfreeze` takes as ``last``, stage after stage: 0 is the head alone, None is everything. The default is
        the head alone, then the last two blocks, or the one that there is.
    epochs : int or sequence of int, optional
        Of each stage. The default is 50 for the head alone, which are quick, and 10 for every other stage.
    learning_rate : float or sequence of float, optional
        Of each stage. The default is 0.01 for the head alone, and 0.0001 for every other stage.
    batch_size, seed, class_weight, progress
        As for `train_model`.

    Returns
    -------
    FineTuning
        A `TrainingHistory` that also knows its stages. Stopped by hand, it holds the epochs done so far.

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
    plan = _plan(parts_of(model), stages, epochs, learning_rate)
    check_fit(model, rows_of(data))
    if validation_data is not None:
        check_fit(model, rows_of(validation_data, "validation_data"), "validation_data")
    options = {"batch_size": batch_size, "seed": seed, "class_weight": class_weight, "progress": progress}
    histories, notes = [], []
    for last, number, rate in plan:
        if last == 0:
            freeze(model, rate)
            found = _train_head(model, data, validation_data, epochs=number, **options)
        else:
            unfreeze(model, last, rate)
            found = train_model(model, data, validation_data, epochs=number, **options)
        histories.append(found)
        notes.append((_title(last), found.epochs, _open_weights(model)))
        if found.epochs < number:  # stopped by hand, or the loss is no longer a number
            break
    return _joined(histories, notes)


def backbone_features(model: Any, pictures: Any) -> NDArray:
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
    DataError
        If the pictures are not of the model's shape.
    """
    rows = rows_of(pictures, "pictures", labelled=False)
    extractor = keras.Model(model.inputs[0], features_of(model))
    wanted = tuple(model.input_shape[1:])
    if len(wanted) != len(rows.shape) or any(w not in (None, s) for w, s in zip(wanted, rows.shape, strict=True)):
        raise DataError(
            f"The model takes pictures of shape {wanted}. Received: pictures of shape {tuple(rows.shape)}. One "
            "picture goes in as picture[None]; image_size= of the loaders makes pictures of the right size."
        )
    batch = min(_BATCH, len(rows))
    chunks = np.split(np.arange(len(rows)), range(batch, len(rows), batch))
    return np.concatenate([_forward(extractor, rows.take(chunk), batch) for chunk in chunks])


def _forward(extractor, pictures, batch):
    """Return the features of some pictures; a last, short batch is filled up, or it would be compiled for anew."""
    missing = batch - len(pictures)
    filled = np.concatenate([pictures, np.zeros((missing, *pictures.shape[1:]), pictures.dtype)])
    return np.asarray(extractor.predict_on_batch(filled))[: len(pictures)]


def _train_head(model, data, validation_data, **options):
    """Train the head by itself on the features, and put its weights into the model."""
    pairs = [
        None if part is None else (backbone_features(model, part), rows_of(part).labels)
        for part in (data, validation_data)
    ]
    # Of a copy: a model that begins at a layer of this one would leave a second way into that layer.
    copy = keras.models.clone_model(model)
    layers = list(zip(parts_of(model).head, parts_of(copy).head, strict=True))
    features = features_of(copy)
    head = keras.Model(features, copy.outputs[0], name=model.name)
    for layer, twin in layers:
        twin.set_weights(layer.get_weights())
    head.compile_from_config(model.get_compile_config())
    history = train_model(head, *pairs, **options)
    for layer, twin in layers:
        layer.set_weights(twin.get_weights())
    return history


def _plan(parts, stages, epochs, learning_rate):
    """Return (last, epochs, learning rate) of each stage, all of them looked at before the first one begins."""
    if stages is None:
        stages = (0, min(2, len(parts.blocks)))
    stages = tuple(stages) if isinstance(stages, list | tuple) else (stages,)
    if not stages:
        raise ModelError(f"stages must name at least one, 0 for the head alone. Received: stages={stages!r}")
    epochs = _for_each("epochs", epochs, stages, _HEAD_EPOCHS, _EPOCHS)
    rates = _for_each("learning_rate", learning_rate, stages, _HEAD_RATE, FINE)
    for last, number, rate in zip(stages, epochs, rates, strict=True):
        chosen_blocks(parts, last, "each of the stages")
        integer("epochs", number, 1)
        check_rate(rate)
    return tuple(zip(stages, epochs, rates, strict=True))


def _for_each(name, given, stages, of_head, of_others):
    """Return one value for each stage."""
    if given is None:
        return tuple(of_head if last == 0 else of_others for last in stages)
    values = tuple(given) if isinstance(given, list | tuple) else (given,) * len(stages)
    if len(values) != len(stages):
        raise ModelError(
            f"{name} must be one number, or one for each of the stages {stages}. Received: {name}={given!r}"
        )
    return values


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
    done = "; ".join(f"{title}: {number} epochs, {weights:,} weights" for title, number, weights in notes) + "."
    return FineTuning(
        metrics,
        sum((history.seconds for history in histories), ()),
        first.pictures,
        first.batch_size,
        first.monitor,
        ended=" ".join(filter(None, [done, last.ended])),
        backend=last.backend,
        seed=first.seed,
        stages=tuple(notes),
    )
