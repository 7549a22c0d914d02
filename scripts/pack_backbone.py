"""Write MobileNet 0.25's ImageNet weights, without head, into the package: the same numbers in fewer bytes.

The file of Keras's first release takes 2.1 MB for 874 kB of numbers; HDF5's newer layout needs less around them. It
stays a file that Keras itself loads. Run it from the repository::

    python scripts/pack_backbone.py ../shared/data/weights/mobilenet_v1_0.25/mobilenet_2_5_224_tf_no_top.h5
    python scripts/pack_backbone.py --check ../shared/...   # is the packed file the same numbers, to the bit?
"""

import argparse
import hashlib
import sys
from pathlib import Path

import h5py

SOURCE_SHA256 = "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf"
PACKED = Path(__file__).parents[1] / "cnn_course" / "transfer" / "data" / "mobilenet_0.25_imagenet_no_top.h5"


def tensors(path):
    """Yield (layer, weight, array) in the file's order, of the layers that have weights."""
    with h5py.File(path) as file:
        for layer in file.attrs["layer_names"]:
            for weight in file[layer].attrs["weight_names"]:
                yield layer, weight, file[layer][weight][()]


def pack(source, target):
    """Write the tensors of one file into another, in Keras's own arrangement."""
    found = list(tensors(source))
    layers = list(dict.fromkeys(layer for layer, _, _ in found))
    with h5py.File(target, "w", libver="latest") as file:
        file.attrs["layer_names"] = layers
        file.attrs["backend"] = "tensorflow"
        for layer in layers:
            group = file.create_group(layer)
            group.attrs["weight_names"] = [weight for name, weight, _ in found if name == layer]
        for layer, weight, array in found:
            file[layer].create_dataset(weight, data=array)


def same(one, other):
    """Return whether two files hold the same tensors, in the same order, to the bit."""
    pairs = [list(tensors(path)) for path in (one, other)]
    alike = [
        a[:2] == b[:2] and a[2].dtype == b[2].dtype and a[2].shape == b[2].shape and a[2].tobytes() == b[2].tobytes()
        for a, b in zip(*pairs, strict=False)
    ]
    return len(pairs[0]) == len(pairs[1]) and all(alike)


def main(arguments=None):
    """Pack or check; return 1 where the numbers are not those of the source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    if hashlib.sha256(options.source.read_bytes()).hexdigest() != SOURCE_SHA256:
        print(f"{options.source} is not the file that is packed: its sha256 is not {SOURCE_SHA256}.")
        return 1
    if not options.check:
        pack(options.source, PACKED)
    equal = same(options.source, PACKED)
    digest = hashlib.sha256(PACKED.read_bytes()).hexdigest()
    print(f"{PACKED.name}: {PACKED.stat().st_size:,} bytes, sha256 {digest}, same numbers: {equal}")
    return not equal


if __name__ == "__main__":
    sys.exit(main())
