"""Write `cnn_course/transfer/data/backbones.json`: what the installed Keras says of each of its backbones.

Parameters, sizes, and name, address and hash of each file of weights, taken from Keras's own call for it; nothing is
downloaded, and no weight is made. Run it from the repository (four minutes)::

    python scripts/list_backbones.py
    python scripts/list_backbones.py VGG16 MobileNet    # does the file say of these what Keras says?
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


class AskedError(Exception):
    """Carries what Keras asked for: name, address and hash of a file."""


def asked_file(build, **options):
    """Return name, address and hash of the file that Keras would download."""

    def note(name, origin, cache_subdir=None, file_hash=None, **_):
        raise AskedError(name, origin, file_hash or "")

    file_utils = sys.modules["keras.src.utils.file_utils"]
    original, file_utils.get_file = file_utils.get_file, note
    try:
        build(weights="imagenet", **options)
    except AskedError as asked:
        return list(asked.args)
    finally:
        file_utils.get_file = original
    raise RuntimeError("Keras asked for no file.")


def empty(build, **options):
    """Return the model without making its weights."""
    with keras.StatelessScope():
        return build(weights=None, **options)


def entries(names=()):
    """Yield a dict for each backbone and width."""
    for name, build in inspect.getmembers(keras.applications, inspect.isfunction):
        if names and name not in names:
            continue
        family = inspect.unwrap(build).__module__.rsplit(".", 1)[1]
        for alpha in WIDTHS.get(name, (None,)):
            options = {} if alpha is None else {"alpha": alpha}
            size = empty(build, **options).input_shape[1] or 224
            options["input_shape"] = (size, size, 3)
            body = empty(build, include_top=False, **options)
            yield {
                "name": name,
                "alpha": alpha,
                "family": family,
                "size": size,
                "parameters": sum(prod(weight.shape) for weight in body.weights),
                "no_top": asked_file(build, include_top=False, **options),
                "top": asked_file(build, **options),
            }
            keras.backend.clear_session()


def main(names):
    """Write the file, or compare some of it; return 1 where Keras says otherwise."""
    if not names:
        OUT.write_text(json.dumps(list(entries()), indent=0) + "\n", encoding="utf-8")
        return 0
    known = [entry for entry in json.loads(OUT.read_text(encoding="utf-8")) if entry["name"] in names]
    found = list(entries(names))
    print(f"{len(found)} entries, as in the file: {found == known}")
    return found != known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
