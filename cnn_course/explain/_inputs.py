"""What every function of this room is given: a model, a picture or several, and a class."""

import numpy as np

from .._graph import graph_of
from .._keras import load_keras
from ..datasets.rows import rows_of
from ..errors import DataError, ModelError
from ..training.inputs import warn_of_scale
from ._graph import Run, checked_graph, kind_of_output

keras = load_keras()


def is_set(image):
    """Return whether it is a data set, in memory or on disk, and no array."""
    return hasattr(image, "take") and hasattr(image, "batches")


def input_shape_of(model):
    """Return the shape of the model's input, the batch first, if it takes pictures.

    Raises
    ------
    ModelError
        If it takes none, or several, or is not built.
    """
    if graph_of(model) is not None:
        checked_graph(model)
    wanted = getattr(model, "input_shape", None)
    if not isinstance(wanted, tuple) or len(wanted) != 4:
        raise ModelError(
            "model must take pictures (height, width, channels) and be Sequential or functional: is it built? "
            f"Received: a {type(model).__name__} with input_shape={wanted}"
        )
    return wanted


def pictures_of(model, image):
    """Return pictures as float32 ``(n, height, width, channels)``, and whether it was a single one.

    Raises
    ------
    ModelError, DataError
        If the model takes no pictures, or other ones.
    """
    wanted = input_shape_of(model)
    array = np.asarray(rows_of(image, "image", labelled=False).take(np.arange(len(image))) if is_set(image) else image)
    shape = array.shape
    if array.dtype.kind not in "uif":
        raise DataError(f"image must be an array of numbers from 0 to 255. Received: dtype {array.dtype}")
    if array.ndim == 2 or (array.ndim == 3 and wanted[3] == 1 and array.shape[2] != 1):
        array = array[..., None]
    single = array.ndim == 3
    array = array[None] if single else array
    fits = array.ndim == 4 and all(a in (None, b) for a, b in zip(wanted[1:], array.shape[1:], strict=False))
    if not fits or not len(array):
        raise DataError(
            f"image must be a picture of shape {wanted[1:]}, as the model takes it, or several: (n, ...). "
            f"Received: shape {shape}"
        )
    warn_of_scale(model, array)
    return array.astype(np.float32), single


def classes_of(model, pictures, class_index, name="class_index"):
    """Return the class to explain for each picture, ``(n,)``: the given ones, or those that the model finds.

    Raises
    ------
    ModelError
        If a class is not one of the model's.
    """
    kind, n = kind_of_output(model), len(pictures)
    number = {"classes": model.output_shape[-1], "binary": 2, "number": 1}[kind]
    if class_index is None:
        outputs = forward(model, pictures)
        return (outputs[:, 0] > 0.5).astype(int) if number == 2 else outputs.argmax(axis=1)
    chosen = np.asarray(class_index)
    if chosen.dtype.kind not in "ui" or chosen.shape not in ((), (n,)) or chosen.min() < 0 or chosen.max() >= number:
        raise ModelError(
            f"{name} must be a class from 0 to {number - 1}, or one for each of {n} pictures. "
            f"Received: {name}={class_index!r}"
        )
    return np.broadcast_to(chosen, (n,))


def forward(model, pictures, scores=False, batch_size=64):
    """Return the model's output for each picture, as an array."""
    pieces = [pictures[i : i + batch_size] for i in range(0, len(pictures), batch_size)]
    return np.concatenate([to_numpy(Run(model, to_tensor(piece), scores=scores).output) for piece in pieces])


def select(outputs, classes, kind):
    """Return the number that stands for the class of each row: its score, or its probability."""
    if kind == "classes":
        one_hot = keras.ops.one_hot(keras.ops.convert_to_tensor(classes), outputs.shape[-1], dtype=outputs.dtype)
        return keras.ops.sum(outputs * one_hot, axis=-1)
    if kind == "number":
        return outputs[:, 0]
    sign = keras.ops.convert_to_tensor(np.where(classes == 1, 1.0, -1.0).astype("float32"))
    return keras.ops.cast(outputs[:, 0], "float32") * sign


def class_scores(model, classes, of="score"):
    """Return a function of the run's output: the number for the class, before or after the softmax."""
    if of not in ("score", "probability"):
        raise ModelError(f'of must be "score" or "probability". Received: of={of!r}')
    kind = kind_of_output(model)
    return lambda outputs: select(outputs, classes, kind)


def to_tensor(array):
    """Return the array as a float32 tensor of the backend."""
    return keras.ops.convert_to_tensor(np.asarray(array, np.float32))


def to_numpy(tensor):
    """Return the tensor as a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


def single_or_all(array, single):
    """Return the first entry for a single picture, all for several."""
    return array[0] if single else array


def trace(model, pictures):
    """Return the calls of a run over the first picture: every layer's path and the shape that it gives."""
    return Run(model, to_tensor(pictures[:1])).calls
