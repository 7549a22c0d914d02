"""Whose checkpoint is it? What makes a training this one, so that a folder is not taken for another training's."""

import hashlib
import re
import warnings
import zlib
from pathlib import Path

import numpy as np

_HASH = re.compile("[0-9a-f]{16}")


def describe_run(model, rows, held_out, batch_size, seed, class_weight):
    """Return what makes a training this one, as plain values for `Checkpoint`."""
    return {
        "weights": str([tuple(variable.shape) for variable in model.variables]),
        "model": _config(model),
        "loss": plain(compiled(model)).get("loss"),
        "optimizer": plain(model.optimizer.get_config()) | {"class": type(model.optimizer).__name__},
        "first weights": hash_of(model.get_weights()),
        "batch_size": batch_size,
        "seed": seed,
        **_of_data("data", rows),
        **(_of_data("validation_data", held_out) if held_out is not None else {"pictures of validation_data": None}),
        "class_weight": None if class_weight is None else {str(k): float(v) for k, v in class_weight.items()},
    }


def compiled(model):
    """Return what a model was compiled with, as Keras writes it down; {} where it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a lambda as the loss cannot be loaded again; nobody will
            return model.get_compile_config() or {}
    except (NotImplementedError, TypeError, ValueError, AttributeError):  # an object that Keras cannot write down
        return {}


def folder_name(setting):
    """Return a name for the folder of a setting: its own where a file may be called so, with a hash where not.

    Examples
    --------
    >>> folder_name("small"), folder_name("rate 0.1/2") != folder_name("rate 0.1 2")
    ('small', True)
    """
    name = str(setting)
    plain_name = re.sub(r"[^\w.-]", "_", name).strip(".")[:80]
    return name if plain_name == name else f"{plain_name}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"


def _of_data(name, rows):
    """Return hashes of pictures and labels; of pictures on disk by their files, and by some that are read."""
    if rows.array is not None:
        pictures = hash_of([rows.array])
    else:
        some = np.unique(np.linspace(0, len(rows) - 1, 32).astype(int))
        # The class's folder and the file: the whole may have been moved, or named from another folder.
        files = [] if rows.paths is None else ["/".join(Path(path).parts[-2:]) for path in rows.paths]
        pictures = hash_of([np.array(files, "U"), rows.take(some)])
    return {f"pictures of {name}": pictures, f"labels of {name}": hash_of([rows.labels])}


def hash_of(arrays):
    """Return a short hash of arrays: their types, shapes and values."""
    digest = hashlib.blake2b(digest_size=8)
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.view(np.uint8).data if array.size and array.ndim else array.tobytes())
    return digest.hexdigest()


def _config(model):
    try:
        return plain(model.get_config())
    except (NotImplementedError, TypeError, ValueError, AttributeError):  # a class of one's own that does not say
        return type(model).__name__


_LEFT_OUT = re.compile(r"name|seed|.*_initializer|build_config|compile_config|registered_name|shared_object_id")


def plain(config):
    """Return a Keras config as plain values, without what differs from one build to the next.

    Names are counted on in each session, a layer without a seed draws one, and the first weights are hashed themselves.
    """
    names = {}

    def number(node):
        """Give the layers numbers in place of their names."""
        if isinstance(node, dict):
            inner = node.get("config")
            if isinstance(inner, dict) and isinstance(inner.get("name"), str):
                names.setdefault(inner["name"], f"layer {len(names)}")
            for value in node.values():
                number(value)
        elif isinstance(node, list | tuple):
            for value in node:
                number(value)

    def cleaned(node):
        if isinstance(node, dict):
            if node.get("class_name") == "__lambda__":  # its bytes know the line that it stands in
                return "lambda"
            return {str(key): cleaned(value) for key, value in node.items() if not _LEFT_OUT.fullmatch(str(key))}
        if isinstance(node, list | tuple):
            return [cleaned(value) for value in node]
        if isinstance(node, str):
            return names.get(node, node)
        return node if node is None or isinstance(node, bool | int | float) else str(node)

    number(config)
    return cleaned(config)


def seeded(model):
    """Return whether every random first weight of a model has a seed, so that it begins the same each time."""
    seeds = []

    def look(node):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if str(key).endswith("_initializer") and isinstance(value, dict) and "seed" in value.get("config", {}):
                seeds.append(value["config"]["seed"])
            elif isinstance(value, dict | list | tuple):
                look(value)

    try:
        look(model.get_config())
    except (NotImplementedError, TypeError, ValueError, AttributeError):
        return False
    return bool(seeds) and None not in seeds


def difference(name, was, now):
    """Return the first place where two plain values differ, in words; '' if they are equal."""
    if was == now:
        return ""
    if isinstance(was, dict) and isinstance(now, dict):
        parts = [(f".{key}" if key != "config" else "", was.get(key), now.get(key)) for key in {**now, **was}]
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        parts = [(f".{place}", *pair) for place, pair in enumerate(zip(was, now, strict=True))]
    elif isinstance(now, str) and _HASH.fullmatch(now):
        return f"the {name} are others"
    else:
        return f"{name} was {_short(was)}, is {_short(now)}"
    return next(filter(None, (difference(name + part, *pair) for part, *pair in parts)))


def _short(value):
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
