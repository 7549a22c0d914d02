"""What a model's configuration may be made of: Keras's own layers and what they need, and what is registered here.

Keras's ``safe_mode`` forbids lambdas, and was passed by more than once: by functions of other modules and of Keras
itself, by layers that load a program or a file from a path. So here only what is on the list is made.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from .._keras import load_keras

keras = load_keras()

# Layers that are a program, or that read files whose names stand in the configuration.
_PROGRAMS = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
_READERS = {"StringLookup", "IntegerLookup", "TextVectorization"}
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__"}
_ROOMS = {
    "keras.layers": keras.layers,
    "keras.initializers": keras.initializers,
    "keras.regularizers": keras.regularizers,
    "keras.constraints": keras.constraints,
    "keras.dtype_policies": keras.dtype_policies,
    "keras.optimizers": keras.optimizers,
    "keras.optimizers.schedules": keras.optimizers.schedules,
    "keras.losses": keras.losses,
    "keras.metrics": keras.metrics,
}
_MODELS = {
    ("keras", "Sequential"),
    ("keras", "Functional"),
    ("keras", "Model"),
    ("keras.models", "Sequential"),
    ("keras.models", "Functional"),
    ("keras.models", "Model"),
    ("keras.src.models.functional", "Functional"),
    ("keras.src.models.sequential", "Sequential"),
    ("keras", "DTypePolicy"),
    ("keras", "FloatDTypePolicy"),
}
_FUNCTIONS = {
    "builtins": (keras.activations, keras.losses, keras.metrics),  # so Keras writes its own down
    "keras.activations": (keras.activations,),
    "keras.ops": (keras.activations,),
    "keras.losses": (keras.losses,),
    "keras.metrics": (keras.metrics,),
}
_OPERATIONS = re.compile(r"keras\.src\.ops\.[a-z_]+")  # x / 255 in a functional model


def foreign_parts(config: Any, around: str = "") -> Iterator[tuple[str, str]]:
    """Yield what `load_classifier` makes nothing of: the name of the layer around it, and what it is.

    Parameters
    ----------
    config : object
        A part of what Keras writes down of a model, as JSON gives it; what stands under ``compile_config`` is left out.
    around : str
        Name of the layer that it stands in.
    """
    if isinstance(config, list):
        for part in config:
            yield from foreign_parts(part, around)
    elif isinstance(config, dict):
        inner = config.get("config")
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            around = inner["name"]
        if "class_name" in config and not _is_known(config):
            yield around, _title(config)
        for key, part in config.items():
            if key != "compile_config":
                yield from foreign_parts(part, around)


def holds_program(what: str) -> bool:
    """Return whether a part, by its title from `foreign_parts`, is a program of its own."""
    return what in _PROGRAMS or what == "a lambda"


def _title(config):
    kind = config["class_name"]
    if kind == "__lambda__":
        return "a lambda"
    if kind == "function":
        return f"the function {str(config.get('config'))[:60]}"
    return str(kind)[:60]


def _is_known(config):
    kind, module, written = config["class_name"], config.get("module"), config.get("config")
    if not isinstance(kind, str) or not isinstance(module, str | None):
        return False
    if kind in _VALUES:
        return True
    if kind == "function":
        return isinstance(written, str) and (_is_registered(written) or _is_function(module, written))
    if _is_registered(config.get("registered_name", kind)) or (module, kind) in _MODELS:
        return True
    if module in _ROOMS:
        return isinstance(getattr(_ROOMS[module], kind, None), type) and kind not in _PROGRAMS | _READERS
    return bool(module and _OPERATIONS.fullmatch(module)) and _is_operation(sys.modules.get(module), kind)


def _is_registered(name):
    """Return whether somebody registered this name in this very process: then Keras takes theirs, and so do we."""
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _is_function(module, name):
    if name.startswith("_") or name in ("get", "serialize", "deserialize"):
        return False
    return any(callable(getattr(room, name, None)) for room in _FUNCTIONS.get(module, ()))


def _is_operation(module, name):
    found = getattr(module, name, None)
    if not isinstance(found, type) or found.__module__ != module.__name__:
        return False
    return issubclass(found, keras.Operation)
