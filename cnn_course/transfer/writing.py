"""A trained model is written so that it can be loaded again, and is loaded once before anybody relies on it."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .._files import write_atomically
from .._graph import all_layers
from .._keras import load_keras
from ..errors import ModelError
from .allowed import foreign_parts, holds_program
from .archive import layer_with_nan, load_archive, read_archive

keras = load_keras()

_REGISTER = "put @keras.saving.register_keras_serializable() above it"


def write_archive(model: Any, path: Path, card_name: str, card: dict) -> None:
    """Write a model with its card to one file, if it can be loaded again and gives the same.

    A loss, optimizer or metric that could not be loaded is left out: a classifier needs none.

    Raises
    ------
    ModelError
        If a layer or function could not be loaded again: the message names it.
    OSError
        If the file cannot be written.
    """
    bare = keras.Model(model.inputs[0], model.outputs[0], name=model.name)  # the same layers, and nothing compiled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own word on lambdas: they are refused here
        _refuse_foreign(bare)
        written = model if _is_kept(model) else bare
        _refuse_broken(model)
        with write_atomically(path) as partial:
            written.save(partial)
            with zipfile.ZipFile(partial, "a") as archive:
                archive.writestr(card_name, json.dumps(card, indent=1))
            _refuse_other(model, _loaded(partial, card_name, bare))


def config_of(part: Any) -> dict:
    """Return what Keras writes down of a model or a layer, as it comes back from a file."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(part)))


def _refuse_foreign(model):
    try:
        config = config_of(model)
    except Exception as error:  # of somebody's own get_config
        raise ModelError(_culprit(model, error)) from error
    layer, what = next(foreign_parts(config), (None, ""))
    if holds_program(what):
        raise ModelError(
            f"The layer {layer!r} holds code ({what}), which load_classifier refuses. Use a layer of Keras in its "
            "place, or a registered class or function of your own."
        )
    if what:
        raise ModelError(
            f"The layer {layer!r} could not be loaded again: it is or holds {what}, which is not registered. If it is "
            f"your own, {_REGISTER}."
        )


def _is_kept(model):
    """Return whether loss, optimizer, metrics, and the model's own class, could be loaded again."""
    try:
        config = config_of(model)
    except Exception:  # of somebody's own get_config: then it is not
        return False
    return not any(foreign_parts(config)) and not any(foreign_parts(config.get("compile_config")))


def _refuse_broken(model):
    """Raise if a weight is NaN or infinite: every picture would get the first class."""
    layer = layer_with_nan(model)
    if layer is not None:
        raise ModelError(
            f"The layer {layer.name!r} holds weights that are no finite numbers: its training went wrong. Build and "
            "train it again, with a smaller learning rate."
        )


def _loaded(partial, card_name, model):
    try:
        return load_archive(partial, read_archive(partial, card_name)[1])
    except ModelError as error:
        raise ModelError(_culprit(model, error)) from error


def _culprit(model, error):
    """Return in words which layer it is that does not come back from what is written of it."""
    for _, layer in all_layers(model):
        try:
            keras.saving.deserialize_keras_object(config_of(layer))
        except Exception as own:  # whatever it is, it is the answer
            return f"The layer {layer.name!r} could not be loaded again: {_first_sentence(own)}"
    return f"The model could not be loaded again: {_first_sentence(error)}"


def _first_sentence(error):
    return (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0].rstrip(".") + "."


def _refuse_other(model, again):
    shape = [4 if size is None else size for size in model.input_shape[:1]]
    shape += [224 if size is None else size for size in model.input_shape[1:]]
    # dark ones too: a softmax of large numbers is 0 and 1, whatever became of them
    contrast = 4.0 ** -np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    pictures = (np.random.default_rng(0).integers(0, 256, shape) * contrast).astype("float32")
    first, second, loaded = (_outputs(one, pictures) for one in (model, model, again))
    if not np.allclose(first, second, rtol=1e-4, atol=1e-5):  # it draws lots when it predicts: nothing to compare
        return
    if not np.allclose(first, loaded, rtol=1e-3, atol=1e-4):
        raise ModelError(
            "The model was written, and gave other outputs when it was loaded again: a layer of your own keeps "
            "something that Keras does not write. Make it a weight (add_weight), or return it from get_config."
        )


def _outputs(model, pictures):
    return keras.ops.convert_to_numpy(model(pictures, training=False))
