"""How strong must an adversarial change be? ``python benchmarks/adversarial_strength.py [FASHION_MNIST_FOLDER]``.

Trains a network on digits, and one on Fashion-MNIST where the folder with its four files is given; writes the share of
right answers that flip at each strength to ``benchmarks/results/adversarial_strength.csv`` and a table beside it.
"""

import csv
import platform
import sys
from datetime import date
from pathlib import Path

import numpy as np

import cnn_course as cc
from cnn_course.datasets.readers import read_idx

STRENGTHS = (0, 1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64)
RESULTS = Path(__file__).parent / "results" / "adversarial_strength.csv"
PICTURES = 400


def digits(seed):
    """Return a LeNet for digits as lesson 03 trains it, longer, and the test part."""
    model = cc.build_lenet(seed=seed)
    train, test = (cc.load_dataset("digits", split, image_size=28) for split in ("train", "test"))
    model.fit(train.images, train.labels, epochs=12, batch_size=32, verbose=0)
    return model, test.images, test.labels


def fashion(folder, seed):
    """Return a small network for Fashion-MNIST, and the test part."""
    part = {name: read_idx(Path(folder) / f"{name}-ubyte.gz", 3 if "images" in name else 1) for name in FILES}
    model = cc.build_small_cnn((28, 28, 1), 10, filters=(16, 32), units=64, seed=seed)
    images = part["train-images-idx3"][:20_000, ..., None]
    model.fit(images, part["train-labels-idx1"][:20_000], epochs=5, batch_size=64, verbose=0)
    return model, part["t10k-images-idx3"][..., None], part["t10k-labels-idx1"]


FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def flips(model, images, labels, seed):
    """Return the flip rates at each strength: one step, ten steps, and noise of the same size."""
    right = np.flatnonzero(model.predict(images, verbose=0).argmax(axis=1) == labels)[:PICTURES]
    images, labels = images[right], labels[right]
    signs = np.random.default_rng(seed).choice([-1, 1], images.shape)
    rates = {"one step": [], "ten steps": [], "noise": []}
    for strength in STRENGTHS:
        changed = {
            "one step": cc.adversarial(model, images, strength, labels=labels),
            "ten steps": cc.adversarial(model, images, strength, labels=labels, steps=10),
            "noise": np.clip(images + strength * signs, 0, 255),
        }
        for name, pictures in changed.items():
            found = model.predict(np.asarray(pictures, "float32"), verbose=0).argmax(axis=1)
            rates[name].append(round(float((found != labels).mean()), 4))
    return rates


def half(rates):
    """Return the strength at which half of the right answers flip, between the measured ones; None if never."""
    above = [n for n, rate in enumerate(rates) if rate >= 0.5]
    return None if not above else float(np.interp(0.5, rates[: above[0] + 1][-2:], STRENGTHS[: above[0] + 1][-2:]))


def main(folder=None, seeds=(0, 1, 2)):
    """Measure, and write the table."""
    import keras

    rows, lines = [], []
    sets = {"digits": digits} | ({"fashion-mnist": lambda seed: fashion(folder, seed)} if folder else {})
    for name, train in sets.items():
        for seed in seeds:
            model, images, labels = train(seed)
            accuracy = float((model.predict(images, verbose=0).argmax(axis=1) == labels).mean())
            rates = flips(model, images, labels, seed)
            rows += [
                {"set": name, "seed": seed, "change": change, "strength": s, "flipped": r}
                for change, line in rates.items()
                for s, r in zip(STRENGTHS, line, strict=True)
            ]
            at = half(rates["one step"])
            noise = float(np.interp(at, STRENGTHS, rates["noise"])) if at else float("nan")
            steps = half(rates["ten steps"])
            lines.append(f"| {name} | {seed} | {accuracy:.3f} | {at:.1f} | {noise:.3f} | {steps:.1f} |")
            print(lines[-1], flush=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    head = (
        "# The strength that flips half\n\n"
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, {platform.machine()}, CPU. "
        f"Strengths in grey levels of 255; {PICTURES} right answers each. Made by "
        "`benchmarks/adversarial_strength.py`; every rate stands in the CSV file beside it.\n\n"
        "| set | seed | accuracy | one step flips half at | noise of that strength flips | ten steps flip half at |\n"
        "|---|---|---|---|---|---|\n"
    )
    RESULTS.with_suffix(".md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
