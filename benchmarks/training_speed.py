"""How much the course's way of training costs beside plain `model.fit`, and what each augmentation costs.

One epoch of the lesson's CNN (`build_small_cnn`) on 10,000 Fashion-MNIST pictures: plain `fit` on arrays,
`train_model` as a terminal shows it, with its line of progress, and `train_model` with each augmentation; one after
the other, round by round, medians. With
``--accuracy`` all 60,000 are trained on until the test accuracy passes 90 %. It needs the real files
(``CNN_COURSE_TEST_DATA``), and writes ``benchmarks/results/training_speed.md``::

    python benchmarks/training_speed.py --accuracy
"""

import argparse
import contextlib
import io
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

import keras
import numpy as np

import cnn_course as cc
from cnn_course.datasets.readers import read_idx

LIMITS = {"train_model": 1.05, "shift and flip": 1.3}
AUGMENTATIONS = {
    "shift and flip": {"shift": 0.1, "flip": True},
    "shift": {"shift": 0.1},
    "flip": {"flip": True},
    "zoom": {"zoom": 0.1},
    "rotation": {"rotation": 10},
    "contrast": {"contrast": 0.2},
    "noise": {"noise": 10},
}
OUT = Path(__file__).parent / "results" / "training_speed.md"


def fashion(part):
    """Return pictures and labels of a part of Fashion-MNIST, from the real files."""
    folder = Path(os.environ["CNN_COURSE_TEST_DATA"]) / "fashion-mnist"
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz", 3)
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz", 1)
    return images[..., None], labels


def build(**augmentation):
    """Return the lesson's CNN, with an augmentation or without."""
    layers = cc.build_augmentation(seed=0, **augmentation) if augmentation else None
    return cc.build_small_cnn((28, 28, 1), classes=10, augmentation=layers, seed=0)


class Terminal(io.StringIO):
    """A terminal that nobody looks at: the line of progress is written as it would be."""

    def isatty(self):
        """Return what makes `train_model` write its line."""
        return True


def train_as_in_a_terminal(model, data):
    """Train for one epoch with the line of progress."""
    with contextlib.redirect_stdout(Terminal()):
        cc.train_model(model, data, epochs=1, batch_size=32)


def measure_speed(x, y, rounds):
    """Return the seconds of an epoch for each way, by round; the first, which compiles, is not counted."""
    plain = build()
    ways = {"fit": lambda: plain.fit(x, y, batch_size=32, epochs=1, verbose=0)}
    for name, settings in {"train_model": {}, **AUGMENTATIONS}.items():
        model = build(**settings)
        ways[name] = lambda model=model: train_as_in_a_terminal(model, (x, y))
    seconds = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name in list(ways) if number % 2 else list(ways)[::-1]:
            began = time.perf_counter()
            ways[name]()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def measure_accuracy(aim=0.9):
    """Train on all pictures until the test accuracy passes the aim; return it, the epochs and the seconds."""
    x, y = fashion("train")
    test = fashion("t10k")
    model = build()
    began = time.perf_counter()
    for epoch in range(1, 31):
        model.fit(x, y, batch_size=32, initial_epoch=epoch - 1, epochs=epoch, verbose=0)
        accuracy = model.evaluate(*test, batch_size=256, verbose=0, return_dict=True)["accuracy"]
        if accuracy > aim:
            break
    return accuracy, epoch, time.perf_counter() - began


def main():
    """Measure, print and write the table; return 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--accuracy", action="store_true", help="also train on all 60,000 pictures to 90 %%")
    options = parser.parse_args()
    x, y = fashion("train")
    seconds = measure_speed(x[: options.pictures], y[: options.pictures], options.rounds)
    lines = [
        "# What training costs",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, Python {platform.python_version()}, "
        f"{os.cpu_count()} CPU cores ({platform.machine()}). One epoch of `build_small_cnn` on {options.pictures:,} "
        f"Fashion-MNIST pictures in batches of 32, median of {options.rounds}, the ways one after the other in "
        "each round.",
        "",
        "| way | seconds | lowest | highest | times `fit` (median of the rounds) | limit |",
        "|---|---|---|---|---|---|",
    ]
    passed = True
    for name, found in seconds.items():
        ratio = float(np.median(np.array(found) / np.array(seconds["fit"])))
        limit = LIMITS.get(name)
        passed &= limit is None or ratio <= limit
        lines.append(
            f"| {name} | {np.median(found):.2f} | {min(found):.2f} | {max(found):.2f} | {ratio:.2f} | {limit or ''} |"
        )
    if options.accuracy:
        accuracy, epochs, duration = measure_accuracy()
        passed &= accuracy > 0.9 and duration < 300
        lines += [
            "",
            f"All 60,000 pictures: test accuracy {accuracy:.3f} after {epochs} epochs and {duration:.0f} s "
            "(asked: above 0.9 in 300 s).",
        ]
    print("\n".join(lines))
    if options.accuracy and options.rounds >= 7:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not passed


if __name__ == "__main__":
    sys.exit(main())
