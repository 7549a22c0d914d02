"""The gap that the lessons teach: a logit, an MLP and a small CNN, on pictures as they are and with shuffled pixels.

Balanced accuracy on clean labels of test pictures, mean and range over three seeds of data and network: `digits` (real,
8 x 8), `shapes` and `hashtag` (generated, 2,000 of 64 x 64, tested on 1,000). The shuffle is one fixed order of the
pixels for all pictures of a set. The limits are in `LIMITS`. Run it from the repository; it writes
``benchmarks/results/network_gap.md``::

    python benchmarks/network_gap.py
"""

import argparse
import os
import platform
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import keras
import numpy as np

import cnn_course as cc

LIMITS = {  # (set, network): (least, most) of the accuracy, and (least, most) that the shuffle costs
    ("digits", "logit"): ((0.9, 1), (-0.03, 0.03)),
    ("digits", "MLP"): ((0.9, 1), (-0.03, 0.03)),
    ("digits", "CNN"): ((0.93, 1), (0, 1)),
    ("shapes", "logit"): ((0, 0.5), (-0.05, 0.05)),
    ("shapes", "MLP"): ((0, 0.8), (-0.1, 0.1)),
    ("shapes", "CNN"): ((0.9, 1), (0.2, 1)),
    ("hashtag", "logit"): ((0, 0.7), (-0.05, 0.05)),
    ("hashtag", "MLP"): ((0, 0.75), (-0.1, 0.1)),
    ("hashtag", "CNN"): ((0.85, 1), (0.1, 1)),
}
EPOCHS = {"logit": 30, "MLP": 30, "CNN": 20}
OUT = Path(__file__).parent / "results" / "network_gap.md"


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


def shuffled(data):
    """Return the set with one fixed order of the pixels in all pictures."""
    height, width, channels = data.shape
    order = np.random.default_rng(0).permutation(height * width)
    pixels = data.images.reshape(len(data), -1, channels)[:, order]
    return replace(data, images=pixels.reshape(data.images.shape))


def load(name, seed):
    """Return the training and the test part."""
    if name == "digits":
        return cc.load_dataset(name, "train"), cc.load_dataset(name, "test")
    sizes = {"train": 2000, "test": 1000}
    return tuple(cc.load_dataset(name, part, n=n, image_size=64, seed=seed) for part, n in sizes.items())


def measure(parts, kind, seed):
    """Train one network; return its balanced accuracy and the seconds."""
    train, test = parts
    model = build(kind, train.shape, train.classes, seed)
    began = time.perf_counter()
    cc.train_model(model, train, epochs=EPOCHS[kind], batch_size=32, seed=seed, progress=False)
    return balanced_accuracy(model, test), time.perf_counter() - began


def main():
    """Measure, print and write the table; return 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=["digits", "shapes", "hashtag"])
    parser.add_argument("--networks", nargs="*", default=list(EPOCHS))
    options = parser.parse_args()
    lines = [
        "# A logit, an MLP and a CNN, in place and shuffled",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} CPU cores ({platform.machine()}). Balanced accuracy, mean of {options.seeds} seeds "
        "(lowest to highest).",
        "",
        "| set | network | in place | limit | pixels shuffled | the shuffle costs | limit | seconds of training |",
        "|---|---|---|---|---|---|---|---|",
    ]
    passed = True
    for name in options.sets:
        parts = [load(name, seed) for seed in range(options.seeds)]
        moved = [tuple(map(shuffled, pair)) for pair in parts]
        for kind in options.networks:
            found, seconds = zip(*(measure(pair, kind, seed) for seed, pair in enumerate(parts)), strict=True)
            after, _ = zip(*(measure(pair, kind, seed) for seed, pair in enumerate(moved)), strict=True)
            cost = np.mean(found) - np.mean(after)
            (least, most), (cheapest, dearest) = LIMITS[name, kind]
            passed &= least <= np.mean(found) <= most and cheapest <= cost <= dearest
            lines.append(
                f"| {name} | {kind} | {_spread(found)} | {least} to {most} | {_spread(after)} | {cost:.3f} "
                f"| {cheapest} to {dearest} | {np.mean(seconds):.0f} |"
            )
            print(lines[-1], flush=True)
    lines += ["", "| set | 2,000 pictures of 64 x 64, seconds |", "|---|---|"]
    for name in [name for name in options.sets if name != "digits"]:
        began = time.perf_counter()
        cc.load_dataset(name, n=2000, image_size=64, seed=9)
        lines.append(f"| {name} | {time.perf_counter() - began:.1f} |")
        print(lines[-1])
    if options.seeds >= 3 and len(options.networks) == 3 and len(options.sets) == 3:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not passed


def _spread(numbers):
    return f"{np.mean(numbers):.3f} ({min(numbers):.3f} to {max(numbers):.3f})"


if __name__ == "__main__":
    sys.exit(main())
