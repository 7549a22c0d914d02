"""How hard the generated sets are, and how fast they are made.

Balanced accuracy on the clean labels of 1,000 test pictures after training on 2,000 of 64 x 64 (with the labels as
they are), mean and range over three seeds of data and network; the limits are in `LIMITS`. Run it from the
repository; it writes ``benchmarks/results/generated_sets.md``::

    python benchmarks/generated_sets.py
"""

import argparse
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

import keras
import numpy as np

import cnn_course as cc

LIMITS = {  # (set, network): (least, most)
    ("shapes", "logit"): (0, 0.5),
    ("shapes", "MLP"): (0, 0.8),
    ("shapes", "CNN"): (0.9, 1),
    ("hashtag", "logit"): (0, 0.7),
    ("hashtag", "MLP"): (0, 1),
    ("hashtag", "CNN"): (0.85, 1),
}
EPOCHS = {"logit": 30, "MLP": 30, "CNN": 20}
OUT = Path(__file__).parent / "results" / "generated_sets.md"


def build(kind, shape, classes, seed):
    """Return a compiled network of this kind, the course's own."""
    if kind == "logit":
        return cc.build_logit(shape, classes, seed=seed)
    if kind == "MLP":
        return cc.build_mlp(shape, classes, units=(256, 64), seed=seed)
    return cc.build_small_cnn(shape, classes, dropout=0.3, seed=seed)


def balanced_accuracy(model, test):
    """Return the mean over the classes of the share of right answers, on clean labels."""
    truth = test.labels if test.clean_labels is None else test.clean_labels
    said = model.predict(test.images, batch_size=250, verbose=0).argmax(axis=1)
    return float(np.mean([np.mean(said[truth == c] == c) for c in range(test.classes)]))


def measure(name, kind, seed):
    """Train one network on one set; return its balanced accuracy and the seconds."""
    train = cc.load_dataset(name, "train", n=2000, image_size=64, seed=seed)
    test = cc.load_dataset(name, "test", n=1000, image_size=64, seed=seed)
    model = build(kind, train.shape, train.classes, seed)
    began = time.perf_counter()
    keras.utils.set_random_seed(seed)
    model.fit(train.images, train.labels, epochs=EPOCHS[kind], batch_size=32, verbose=0)
    return balanced_accuracy(model, test), time.perf_counter() - began


def main():
    """Measure, print and write the table; return 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=["shapes", "hashtag"])
    parser.add_argument("--networks", nargs="*", default=list(EPOCHS))
    options = parser.parse_args()
    lines = [
        "# How hard the generated sets are",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} CPU cores ({platform.machine()}).",
        "",
        "| set | network | balanced accuracy, mean | lowest | highest | limit | seconds of training |",
        "|---|---|---|---|---|---|---|",
    ]
    passed = True
    for name in options.sets:
        for kind in options.networks:
            found, seconds = zip(*(measure(name, kind, seed) for seed in range(options.seeds)), strict=True)
            least, most = LIMITS[name, kind]
            passed &= least <= np.mean(found) <= most
            lines.append(
                f"| {name} | {kind} | {np.mean(found):.3f} | {min(found):.3f} | {max(found):.3f} | {least} to {most} "
                f"| {np.mean(seconds):.0f} |"
            )
            print(lines[-1], flush=True)
    lines += ["", "| set | 2,000 pictures of 64 x 64, seconds |", "|---|---|"]
    for name in options.sets:
        began = time.perf_counter()
        cc.load_dataset(name, n=2000, image_size=64, seed=9)
        lines.append(f"| {name} | {time.perf_counter() - began:.1f} |")
        print(lines[-1])
    if options.seeds >= 3 and len(options.networks) == 3 and len(options.sets) == 2:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not passed


if __name__ == "__main__":
    sys.exit(main())
