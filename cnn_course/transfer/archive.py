"""A model's archive (``.keras``) from anybody: sizes, layers and weights are looked at before any of it is made."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .._graph import leaves
from .._keras import load_keras
from ..errors import ModelError
from .allowed import foreign_parts, holds_program
from .hdf5 import check_hdf5

keras = load_keras()

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_TEXT = 1 << 24  # bytes of a configuration or a card; the longest of Keras's own networks takes 1 MB
_DEEPEST = 100  # of lists and dicts within each other; Keras's own networks take 11
_FLOOR, _EXPANSION = 1 << 28, 100  # bytes; times: weights do not pack well
_SPARE = 1_000_000  # weights that a file need not hold


def read_archive(path: Path, card: str) -> tuple[Any, dict]:
    """Return the card as JSON gives it (None where there is none), and the configuration, of an archive.

    Parameters
    ----------
    path : pathlib.Path
    card : str
        Name of the card in the archive.

    Raises
    ------
    ModelError
        If it is no such archive, or one of the two is too large or too deep.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            written = _read_json(archive, card, path) if card in archive.namelist() else None
            config = _read_json(archive, _CONFIG, path)
    except ModelError:
        raise
    except Exception as error:  # whatever zipfile, its decompressors and JSON raise on what is damaged
        raise ModelError(f"{path} {_what(path)}: {_first_line(error)}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path} is no classifier: its {_CONFIG} holds no model.")
    return written, config


def load_archive(path: Path, config: dict) -> Any:
    """Return the model of an archive, made of this configuration and its weights; no other part of it is read.

    Raises
    ------
    ModelError
        If it holds a program or a part that is not known here, asks for more weights than it holds, or is damaged.
    """
    check_parts(config, path)
    try:
        with tempfile.TemporaryDirectory() as folder:
            weights, clean = Path(folder, _WEIGHTS), Path(folder, "clean.keras")
            _copy_weights(path, weights)
            numbers = _count(weights, path)
            with zipfile.ZipFile(clean, "w") as archive:
                archive.writestr(_CONFIG, json.dumps(without_foreign_compiling(config)))
                archive.write(weights, _WEIGHTS)
            weights.unlink()
            with warnings.catch_warnings(), _at_most(numbers + _SPARE, path):
                # of a model that was saved before it was trained; a classifier is for use
                warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
                model = keras.saving.load_model(clean, safe_mode=True)
        layer = layer_with_nan(model)
        if layer is not None:
            raise ModelError(f"{path} holds numbers that are not finite, in the layer {layer.name}.")
        return model
    except ModelError:
        raise
    except Exception as error:  # whatever Keras raises on a configuration that fits nothing
        raise ModelError(f"{path} was not loaded: {_why(error)}") from error


def check_parts(config: dict, path: Path | str) -> None:
    """Raise if a configuration holds a program, or a part that is nobody's here."""
    layer, what = next(foreign_parts(config), (None, ""))
    if holds_program(what):
        raise ModelError(f"{path} holds code (a Lambda layer or the like), and is not loaded: it could do anything.")
    if what:
        raise ModelError(
            f"{path} was not loaded: it holds {what}{f', in {layer!r}' if layer and layer != what else ''}, which is "
            "neither a layer of Keras for pictures nor registered here. If it is somebody's own, import the module "
            "that registers it first."
        )


def without_foreign_compiling(config: dict) -> dict:
    """Return a configuration without the loss, optimizer and metrics, if these hold what is not known here.

    A classifier is used, and needs none of them; those of models inside the model are never needed.
    """
    own = config.get("compile_config")
    foreign = own is not None and next(foreign_parts(own), None) is not None
    return {**_without_compiling(config), "compile_config": None if foreign else own}


def layer_with_nan(model: Any) -> Any | None:
    """Return the first layer with a weight that is no finite number, if there is one."""
    broken = (layer for layer in leaves(model) if not all(np.isfinite(w).all() for w in layer.get_weights()))
    return next(broken, None)


def _without_compiling(node):
    if isinstance(node, list):
        return [_without_compiling(part) for part in node]
    if isinstance(node, dict):
        return {key: _without_compiling(part) for key, part in node.items() if key != "compile_config"}
    return node


def _read_json(archive, name, path):
    info = archive.getinfo(name)
    with archive.open(info) as stream:
        text = stream.read(_TEXT + 1)  # not one byte more, whatever the archive says of its size
    if max(len(text), info.file_size) > _TEXT:
        raise ModelError(f"{path} was not loaded: its {name} has {info.file_size:,} bytes, and {_TEXT:,} are allowed.")
    try:
        value = json.loads(text)
    except RecursionError:
        value = None
    if value is None or _is_too_deep(value):
        raise ModelError(f"{path} was not loaded: its {name} is nested deeper than any network.")
    return value


def _is_too_deep(value):
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for node in level
            if isinstance(node, dict | list)
            for part in (node.values() if isinstance(node, dict) else node)
        ]
    return bool(level)


def _copy_weights(path, target):
    with zipfile.ZipFile(path) as archive:
        if _WEIGHTS not in archive.namelist():
            raise ModelError(f"{path} was not loaded: it holds no weights ({_WEIGHTS}).")
        info = archive.getinfo(_WEIGHTS)
        if info.file_size > max(_FLOOR, _EXPANSION * info.compress_size):
            raise ModelError(
                f"{path} was not loaded: its weights claim {info.file_size:,} bytes, and {info.compress_size:,} are "
                "there."
            )
        with archive.open(info) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)


def _count(weights, path):
    import h5py

    with h5py.File(weights) as file:
        return check_hdf5(file, path)


@contextmanager
def _at_most(numbers: int, path: Path) -> Iterator[None]:
    """Let layers make no more weights than this: a configuration asks for a thousand million in one word."""
    make, left = keras.Layer.add_weight, numbers

    def counted(layer, shape=None, *arguments, **options):
        nonlocal left
        left -= math.prod(shape if isinstance(shape, list | tuple) else (shape or 1,))
        if left < 0:
            raise ModelError(
                f"{path} was not loaded: its layer {layer.name!r} asks for more weights than the file has in all, "
                f"{numbers - _SPARE:,}."
            )
        return make(layer, shape, *arguments, **options)

    keras.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.Layer.add_weight = make


def _what(path):
    """Return in words what a file is that is no archive of a model."""
    with path.open("rb") as stream:
        start = stream.read(64).lstrip()
    if start.startswith(b"<"):
        return "is a web page, not a classifier: an error or a login page was saved under this name"
    return "is no classifier, or was cut off" if start else "is empty"


def _why(error):
    if getattr(error, "errno", None):  # of the system; HDF5's own errors have none
        return f"{error.strerror}: it is unpacked into the temporary folder. Make room there."
    return (
        f"{_first_line(error).rstrip('.')}. It is damaged, or has a layer of somebody's own in it: import the module "
        "that registers that layer first."
    )


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0]
