"""Write `cnn_course/transfer/data/backbones.json`: what the installed Keras says of each of its backbones.

Parameters, sizes, and name, address and md5 of each file of weights, taken from Keras's own call for it; nothing is
downloaded, and no weight is made. Run it from the repository::

    python scripts/list_backbones.py
"""

import inspect
import json
import sys
from math import prod
from pathlib import Path

from cnn_course import load_keras

keras = load_keras()
OUT = Path(__file__).parents[1] / "cnn_course" / "transfer" / "data" / "backbones.json"
WIDTHS = {
    "MobileNet": (1.0, 0.75, 0.5, 0.25),
    "MobileNetV2": (1.0, 0.35, 0.5, 0.75, 1.3, 1.4),
    "MobileNetV3Large": (1.0, 0.75),
    "MobileNetV3Small": (1.0, 0.75),
}


class Asked(Exception):
    """Carries what Keras asked for."""


def asked_file(build, module, **options):
    """Return name, address and md5 of the file that Keras would download, and the parameters of the model."""
    counted = {}

    def note(name, origin, cache_subdir=None, file_hash=None, **_):
        raise Asked(name, origin, file_hash or "")

    def note_model(model, *_args, **_kwargs):
        raise AssertionError("a file was loaded")

    original, module.file_utils.get_file = module.file_utils.get_file, note
    try:
        build(weights="imagenet", **options)
    except Asked as asked:
        counted["file"] = asked.args
    finally:
        module.file_utils.get_file = original
    return counted["file"]


def parameters(build, **options):
    """Return the number of weights, without making any."""
    with keras.StatelessScope():
        model = build(weights=None, **options)
    return sum(prod(weight.shape) for weight in model.weights)


def entries():
    """Yield a dict for each backbone and width."""
    for name, build in inspect.getmembers(keras.applications, inspect.isfunction):
        module = sys.modules[inspect.unwrap(build).__module__]
        family = module.__name__.rsplit(".", 1)[1]
        if family == "resnet_v2" or (name.endswith(("V2",)) and name.startswith("ResNet")):
            family = "resnet_v2"
        size = 331 if name == "NASNetLarge" else None
        for alpha in WIDTHS.get(name, (None,)):
            options = {} if alpha is None else {"alpha": alpha}
            with keras.StatelessScope():
                size = size or build(weights=None, **options).input_shape[1] or 224
            shaped = {**options, "input_shape": (size, size, 3)}
            yield {
                "name": name,
                "alpha": alpha,
                "family": family,
                "size": size,
                "parameters": parameters(build, include_top=False, **shaped),
                "no_top": asked_file(build, loader_of(name, module), include_top=False, **shaped),
                "top": asked_file(build, loader_of(name, module), **shaped),
            }
            keras.backend.clear_session()
            print(name, alpha, flush=True)


def loader_of(name, module):
    """Return the module whose `get_file` a builder calls: ResNet V2's is in `resnet`."""
    return sys.modules["keras.src.applications.resnet"] if name.startswith("ResNet") else module


if __name__ == "__main__":
    OUT.write_text(json.dumps(list(entries()), indent=0) + "\n", encoding="utf-8")
