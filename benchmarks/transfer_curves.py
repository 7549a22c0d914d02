"""Accuracy against the number of labelled pictures: from scratch, frozen features, fine-tuned; mean of five seeds.

Each row is one training: balanced accuracy on test pictures that no training saw, seconds, and the weights that
training could change. A seed decides which pictures are labelled, and everything else. Rows are written as they come,
and a run that was stopped goes on where it was. Run it from the repository::

    CNN_COURSE_TEST_DATA=../shared/data python benchmarks/transfer_curves.py
    python benchmarks/transfer_curves.py --check      # are the margins that the lesson speaks of there?

It writes ``cnn_course/transfer/data/transfer_curves.csv``, which the lesson draws. `flowers` and `trashnet` are real
photographs and need the folder; `hashtag` and `digits` come with the course.

The networks from scratch were chosen on other seeds, 100 and 101. Flowers, 20 labels, mean of both: this one 0.48;
twice as long 0.52; twice as wide 0.49; four convolutions and no hidden layer 0.50. Digits, 5 labels: 16 x 16 pixels
0.89, 8 x 8 0.87, and twice as long 0.88. No choice among these changes a sign in the table.
"""

import argparse
import csv
import os
import platform
import sys
import time
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

import cnn_course as cc

keras = cc.load_keras()
OUT = Path(__file__).parents[1] / "cnn_course" / "transfer" / "data" / "transfer_curves.csv"
COLUMNS = ("data", "labels", "method", "seed", "accuracy", "seconds", "weights")
METHODS = ("scratch", "frozen", "fine-tuned")
SETS = {"flowers": 160, "trashnet": 160, "hashtag": 160, "digits": 96}  # pixels for the backbone
MARGINS = (  # (data, labels, better, worse, least difference of the means)
    *((name, labels, "frozen", "scratch", 0.10) for name in ("flowers", "trashnet") for labels in (5, 20)),
    ("digits", 5, "scratch", "frozen", 0.10),
    ("digits", 20, "scratch", "frozen", 0.05),
)


@cache
def pictures(name, size):
    """Return the pool of labelled pictures and the test set, at this size; None is the set's own size."""
    if name in ("hashtag", "digits"):
        numbers = {"hashtag": (1000, 500), "digits": (None, None)}[name]
        parts = [
            cc.load_dataset(name, s, n=n, image_size=size) for s, n in zip(("train", "test"), numbers, strict=True)
        ]
        return parts[0], parts[1]
    folder = Path(os.environ["CNN_COURSE_TEST_DATA"]) / name
    if name == "trashnet":
        return cc.load_images_from_folder(folder, image_size=size).split(1 / 3, seed=0)
    return tuple(cc.load_images_from_folder(folder / part, image_size=size) for part in ("train", "val"))


def balanced_accuracy(model, test):
    """Return the mean over the classes of the share of right answers, on clean labels."""
    truth = test.labels if test.clean_labels is None else test.clean_labels
    said = model.predict(test.images, batch_size=64, verbose=0).argmax(axis=1)
    return float(np.mean([np.mean(said[truth == c] == c) for c in range(test.classes)]))


def from_scratch(name, labels, seed):
    """Train a small network that knows nothing; return it and its test set."""
    if name == "digits":
        augmentation = cc.build_augmentation(shift=0.1, zoom=0.15, rotation=10, seed=seed)
        size, options = 16, {"filters": (32, 64), "dropout": 0.3, "learning_rate": 0.002}
    else:
        augmentation = cc.build_augmentation(shift=0.1, zoom=0.2, rotation=15, flip=True, contrast=0.3, seed=seed)
        size, options = 64, {"filters": (16, 32, 64), "dropout": 0.3}
    pool, test = pictures(name, size)
    few = cc.few_labels(pool, labels, seed)
    model = cc.build_small_cnn(few.shape, few.classes, augmentation=augmentation, seed=seed, **options)
    steps = -(-len(few) // 32)
    cc.train_model(model, few, epochs=max(1, 300 // steps), seed=seed, progress=False)
    return model, test


def transferred(name, labels, seed, fine):
    """Train a head on the box's backbone, and then, if asked, its last blocks; return the model and its test set."""
    pool, test = pictures(name, SETS[name])
    few = cc.few_labels(pool, labels, seed)
    model = cc.build_transfer_model("MobileNet", few.classes, few.shape, alpha=0.25, seed=seed)
    plan = {"stages": (0, 3), "epochs": (50, 20)} if fine else {"stages": (0,), "epochs": 50, "learning_rate": 0.01}
    cc.fine_tune(model, few, seed=seed, progress=False, **plan)
    return model, test


def measure(name, labels, method, seed):
    """Return one row."""
    keras.utils.set_random_seed(seed)
    pictures(name, SETS[name])
    began = time.perf_counter()
    if method == "scratch":
        model, test = from_scratch(name, labels, seed)
    else:
        model, test = transferred(name, labels, seed, method == "fine-tuned")
    seconds = time.perf_counter() - began
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    row = (name, labels, method, seed, f"{balanced_accuracy(model, test):.4f}", f"{seconds:.1f}", weights)
    keras.backend.clear_session()
    return row


def rows():
    """Return the rows that are there."""
    if not OUT.exists():
        return []
    lines = [line for line in OUT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def begin():
    """Write the head of the table: when, with what, on what."""
    OUT.write_text(
        f"# {date.today()}; Keras {keras.__version__} on {keras.backend.backend()}, Python "
        f"{platform.python_version()}; {os.cpu_count()} cores of an {_cpu()}, other work beside it\n"
        + ",".join(COLUMNS)
        + "\n",
        encoding="utf-8",
    )


def _cpu():
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def check():
    """Print the means and the margins; return whether all margins are there."""
    found = {}
    for row in rows():
        found.setdefault((row["data"], int(row["labels"]), row["method"]), []).append(float(row["accuracy"]))
    for key, values in found.items():
        print(*key, f"mean {np.mean(values):.3f}  lowest {min(values):.3f}  highest {max(values):.3f}  n={len(values)}")
    good = True
    for name, labels, better, worse, least in MARGINS:
        margin = np.mean(found[name, labels, better]) - np.mean(found[name, labels, worse])
        good &= margin >= least
        print(f"{name}, {labels} labels: {better} is {margin:+.3f} ahead of {worse} (at least {least:.2f})")
    return good


def main():
    """Measure what is missing, or check what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, nargs="*", default=[5, 10, 20, 40])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return not check()
    if not OUT.exists():
        begin()
    done = {tuple(row[name] for name in COLUMNS[:4]) for row in rows()}
    wanted = [
        (name, labels, method, seed)
        for seed in range(options.seeds)
        for labels in options.labels
        for name in options.sets
        for method in METHODS
    ]
    for job in wanted:
        if tuple(map(str, job)) not in done:
            row = measure(*job)
            print(*row, flush=True)
            with OUT.open("a", encoding="utf-8") as table:
                table.write(",".join(map(str, row)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
