"""Weights of backbones: in the box, in Keras's cache, downloaded, or from a file; looked at before they are loaded."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .._keras import load_keras
from ..errors import ModelError
from ..fetching import RemoteFile, fetch
from .hdf5 import check_hdf5

STD = (0.229, 0.224, 0.225)  # of ImageNet's pictures on 0 to 1
HDF5 = b"\x89HDF\r\n\x1a\n"
BOX = RemoteFile(
    "transfer",
    "mobilenet_0.25_imagenet_no_top.h5",
    942694,
    "f682f08da945db43da11c7d0b4f1d3966a7c187b180e1a250465e6f84f374bcf",
    (),
)


def find_weights(entry: Any, top: bool = False) -> Path:
    """Return the path of a backbone's ImageNet weights; download them where they are not on this machine.

    Parameters
    ----------
    entry : Backbone
    top : bool
        Whether with the head for ImageNet's 1,000 classes.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ModelError
        If the package's own file is not what it was.
    DownloadError
        If it cannot be downloaded.
    """
    if entry.in_the_box and not top:
        path = Path(__file__).parent / "data" / BOX.name
        if not BOX.is_at(path):
            raise ModelError(f"{path} is not the file that the course ships. Install cnn-course again.")
        return path
    file = entry.remote_file(top)
    keras_home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    in_keras = keras_home / "models" / file.name
    return in_keras if file.is_at(in_keras) else fetch(file)


def load_weights(model: Any, path: str | os.PathLike, title: str, classes: int | None = None) -> None:
    """Load a file of weights into a backbone, if it is made for it.

    Parameters
    ----------
    model : keras.Model
    path : str or Path
        HDF5, as Keras writes it: ``.h5`` of any age, or ``.weights.h5``.
    title : str
        Of the backbone, for the messages.
    classes : int, optional
        Of its head, where it has one.

    Raises
    ------
    ModelError
        If the file is none, is cut off, or belongs to another model; the message says which.
    """
    import h5py

    from .archive import layer_with_nan
    from .parts import settle  # here: they load Keras, and `backbones` is read without

    if not isinstance(path, str | os.PathLike):
        raise ModelError(f"weights must be 'imagenet', None, or a path. Received: weights={path!r}")
    path = Path(path).expanduser()
    _check_kind(path)
    try:
        with h5py.File(path) as file:
            check_hdf5(file, path)
            newer = "layers" in file and "layer_names" not in file.attrs
            (_check_shapes if newer else _load_by_layer)(model, file, path, title, classes)
    except ModelError:
        raise
    except (OSError, KeyError) as error:
        raise ModelError(
            f"{path} cannot be read to its end: {error}. Its {path.stat().st_size:,} bytes look like a download that "
            "was cut off: fetch it again."
        ) from error
    except Exception as error:  # whatever h5py raises on what is no layer, no name, no array
        raise ModelError(f"{path} is HDF5, but does not hold weights as Keras writes them: {error}") from error
    if newer:
        _load_newer(model, path, title)
    layer = layer_with_nan(model)
    if layer is not None:
        raise ModelError(f"{path} holds numbers that are not finite, in the layer {layer.name}.")
    _take_roots_for_variances(model)
    settle(model)


def _check_kind(path):
    """Raise unless the file begins as HDF5 does."""
    if not path.is_file():
        raise ModelError(
            f"weights must be 'imagenet', None, or the path of a file of weights. There is no file {str(path)!r}."
        )
    with path.open("rb") as stream:
        start = stream.read(512)
    if start.startswith(HDF5):
        return
    found = "is no file of weights (HDF5)"
    if start.lstrip().startswith(b"<"):
        found = "is a web page, not weights: an error or a login page was saved under this name. Download it again"
    elif start.startswith(b"PK"):
        found = "is a whole model, not weights: load_classifier opens it, and build_transfer_model takes that model"
    elif not start:
        found = "is empty: the download did not begin"
    raise ModelError(f"{path} {found}.")


def _load_newer(model, path, title):
    """Let Keras load its newer format, which has been looked at."""
    if not path.name.endswith(".weights.h5"):
        raise ModelError(f"{path} has the format of .weights.h5: give it a name that ends so.")
    try:
        model.load_weights(path)
    except Exception as error:  # whatever Keras raises on names and forms that are not its own
        raise ModelError(f"{path} does not fit {title}: {error}") from error


def _take_roots_for_variances(model):
    """Square what EfficientNet's files give as variances of the pictures: it is their standard deviations.

    Keras knows it, and puts one more layer behind when it is asked for "imagenet" (TensorFlow's issue 49930); the
    squares give the same numbers, also for a file by path.
    """
    for layer in model.layers:
        if isinstance(layer, load_keras().layers.Normalization) and layer.weights:
            mean, variance, count = layer.get_weights()
            if np.allclose(variance, STD, rtol=0.01):
                layer.set_weights([mean, np.square(variance), count])


def _load_by_layer(model, file, path, title, classes):
    """Load Keras's older format: the layers with weights, in their order."""
    root = file.get("model_weights", file)
    if "layer_names" not in root.attrs:
        raise ModelError(f"{path} is HDF5, but holds no weights of Keras: it has {', '.join(file) or 'nothing'} in it.")
    saved = [(_text(name), [_text(w) for w in root[name].attrs["weight_names"]]) for name in root.attrs["layer_names"]]
    saved = [(name, weights) for name, weights in saved if weights]
    layers = [layer for layer in model.layers if layer.weights]
    wanted = [[tuple(w.shape) for w in _in_old_order(layer)] for layer in layers]
    there = [[root[name][weight].shape for weight in weights] for name, weights in saved]
    if wanted != there:
        raise ModelError(f"{path} {_difference(there, wanted, [layer.name for layer in layers], title, classes)}")
    for layer, (name, weights) in zip(layers, saved, strict=True):
        values = [root[name][weight][()] for weight in weights]
        for variable, value in zip(_in_old_order(layer), values, strict=True):
            variable.assign(value)


def _in_old_order(layer):
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _check_shapes(model, file, path, title, classes):
    """Raise unless a file in Keras's newer format holds as many arrays of each shape as the model has."""
    there = []
    file["layers"].visititems(lambda _, node: there.append(tuple(node.shape)) if hasattr(node, "shape") else None)
    wanted = [tuple(weight.shape) for weight in model.weights]
    more, fewer = Counter(there) - Counter(wanted), Counter(wanted) - Counter(there)
    if not more and not fewer:
        return
    head = _classes([list(more)])
    if not fewer and head:
        raise ModelError(f"{path} {_has_a_head(head)}")
    if classes and head and sum(fewer.values()) == sum(more.values()) <= 2:
        raise ModelError(f"{path} {_other_classes(head, classes)}")
    raise ModelError(
        f"{path} is of another architecture or width: it holds {len(there)} arrays, {title} has {len(wanted)}, and "
        f"{sum(more.values())} of the file's have a shape that it lacks."
    )


def _difference(there, wanted, names, title, classes):
    """Return in words why the file's shapes, layer by layer, are not the model's."""
    if there[: len(wanted)] == wanted:
        return _has_a_head(_classes(there[len(wanted) :]))
    if wanted[: len(there)] == there:
        return f"ends after {len(there)} of the {len(wanted)} layers of {title}: it has no head. Take the one that has."
    if classes and len(there) == len(wanted) and there[:-1] == wanted[:-1]:
        return _other_classes(_classes(there[-1:]), classes)
    place = next(i for i, (a, b) in enumerate(zip(there, wanted, strict=False)) if a != b)
    return (
        f"is of another architecture or width: it has {len(there)} layers with weights, {title} has {len(wanted)}, "
        f"and {names[place]} should have the shapes {wanted[place]}, but has {there[place]}."
    )


def _has_a_head(classes):
    return (
        f"has a head of {classes} classes, and a backbone has none: take the file without it (its name says no_top "
        "or notop), or keep the head by include_top=True."
    )


def _other_classes(found, classes):
    return f"has a head of {found} classes, and classes={classes} was asked for."


def _classes(shapes):
    """Return the classes of the last layer among these, 0 where none looks like one."""
    last = [shape for shape in (shapes[-1] if shapes else []) if len(shape) > 1] or [(0,)]
    return last[-1][-1]


def _text(name):
    return name.decode() if isinstance(name, bytes) else str(name)
