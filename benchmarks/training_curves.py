"""What lesson 04 says about training, on three seeds of data order, first weights and (where drawn) pictures.

It writes the table that ships with the course, ``cnn_course/training/data/training_curves.csv``, row by row, and goes
on where it was stopped; ``--fresh`` begins again. It ends with an error if a sentence of the lesson does not hold::

    python benchmarks/training_curves.py
"""

import argparse
import csv
import os
import platform
import sys
from datetime import date

import keras
import numpy as np

import cnn_course as cc
from cnn_course.training.curves import NUMBERS, TABLE

SEEDS = (0, 1, 2)
AUGMENTATION = {"shift": 0.1, "flip": True, "rotation": 15}


def mlp(units, optimizer, seed):
    """Return a compiled network with one hidden layer for the digits."""
    model = cc.build_mlp((8, 8, 1), classes=10, units=units, seed=seed)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def without_pooling(seed):
    """Return the layers of `build_small_cnn` without its pooling."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    maps = [layers.Conv2D(filters, 3, activation="relu") for filters in (16, 32, 64)]
    dense = [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(6, activation="softmax")]
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), *maps, *dense])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, *data, seed, **options):
    """Train quietly."""
    return cc.train_model(model, *data, seed=seed, progress=False, **options)


def batch_sizes(seed):
    """Yield the same epochs with one picture, 32 and all in a step."""
    digits, test = (cc.load_dataset("digits", part) for part in ("train", "test"))
    for size in (1, 32, len(digits)):
        model = mlp(32, keras.optimizers.SGD(0.1), seed)
        yield str(size), train(model, digits, test, epochs=10, batch_size=size, seed=seed)


def equal_loss(seed):
    """Yield small batches and the full batch, each trained until the training loss is below 0.01."""

    class Until(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = logs["loss"] < 0.01

    few, test = cc.load_dataset("digits", n=200, seed=seed), cc.load_dataset("digits", "test")
    for size in (8, 200):
        model = mlp(64, keras.optimizers.SGD(0.2), seed)
        history = train(model, few, epochs=4000, batch_size=size, seed=seed, callbacks=[Until()])
        loss, accuracy = model.evaluate(test.images, test.labels, verbose=0)
        yield str(size), history, {"val_loss": loss, "val_accuracy": accuracy}


def learning_rates(seed):
    """Yield five epochs with small, middling and large steps, and with other optimisers."""
    digits, test = (cc.load_dataset("digits", part) for part in ("train", "test"))
    optimisers = {f"SGD {rate:g}": keras.optimizers.SGD(rate) for rate in (0.001, 0.01, 0.1, 10.0)}
    optimisers["momentum 0.01"] = keras.optimizers.SGD(0.01, momentum=0.9)
    optimisers["Adam 0.01"] = keras.optimizers.Adam(0.01)
    for name, optimizer in optimisers.items():
        yield name, train(mlp(32, optimizer, seed), digits, test, epochs=5, seed=seed)


def overfitting(seed):
    """Yield networks on 300 pictures, and what helps."""
    few, many = (cc.load_dataset("shapes", n=n, image_size=32, seed=seed) for n in (300, 1200))
    test = cc.load_dataset("shapes", "test", n=500, image_size=32)
    augmented = cc.build_augmentation(**AUGMENTATION, seed=seed)
    yield "no pooling", train(without_pooling(seed), few, test, epochs=15, seed=seed)
    yield "no pooling, early stop", train(without_pooling(seed), few, test, epochs=15, patience=3, seed=seed)
    settings = {
        "pooling": {},
        "pooling, dropout": {"dropout": 0.5},
        "pooling, augmentation": {"augmentation": augmented},
    }
    for name, options in settings.items():
        model = cc.build_small_cnn((32, 32, 3), classes=6, seed=seed, **options)
        yield name, train(model, few, test, epochs=30, seed=seed)
    model = cc.build_small_cnn((32, 32, 3), classes=6, seed=seed)
    yield "pooling, 1,200 pictures", train(model, many, test, epochs=30, seed=seed)


def rare_class(seed):
    """Yield a network that looks for the protest, one picture in five, with equal and with balanced weights."""
    few = cc.load_dataset("hashtag", n=600, image_size=32, seed=seed)
    test = cc.load_dataset("hashtag", "test", n=500, image_size=32, seed=seed)
    truth = test.clean_labels == 0
    for name, weights in {"equal": None, "balanced": "balanced"}.items():
        model = cc.build_small_cnn((32, 32, 3), 2, filters=(16, 32), units=32, dropout=0.3, seed=seed)
        history = train(model, (few.images, (few.labels == 0).astype(int)), epochs=8, class_weight=weights, seed=seed)
        said = model.predict(test.images, verbose=0)[:, 0] > 0.5
        yield name, history, {"val_accuracy": np.mean(said == truth), "recall": np.mean(said[truth])}


CLAIMS = {
    "batch size": batch_sizes,
    "full batch, equal loss": equal_loss,
    "learning rate": learning_rates,
    "overfitting": overfitting,
    "rare class": rare_class,
}


def sentences(curves):
    """Yield what the lesson says, and whether it holds for every seed."""

    def of(claim, setting, number="val_accuracy"):
        return curves.values(claim, setting, number)

    some, all_ = (of("batch size", size) for size in ("32", "1198"))
    yield "in ten epochs the full batch has hardly begun", (all_ < 0.6).all() and (some > all_ + 0.2).all()
    seconds = of("batch size", "1", "seconds") / of("batch size", "32", "seconds")
    yield "one picture at a time takes at least twice as long as 32", (seconds > 2).all()
    gap = of("full batch, equal loss", "8") - of("full batch, equal loss", "200")
    yield "at the same training loss both batches are as good on new digits", abs(gap.mean()) < 0.02
    best = of("learning rate", "SGD 0.1")
    for setting in ("SGD 0.001", "SGD 10"):
        yield f"{setting} is worse than SGD 0.1", (of("learning rate", setting) < best - 0.2).all()
    for setting in ("momentum 0.01", "Adam 0.01"):
        plain = of("learning rate", "SGD 0.01")
        yield f"{setting} gets further than plain SGD", (of("learning rate", setting) > plain + 0.2).all()
    plain = of("overfitting", "no pooling")
    rise = of("overfitting", "no pooling", "val_loss") / of("overfitting", "no pooling", "lowest_val_loss")
    yield "without pooling it learns by heart", (of("overfitting", "no pooling", "accuracy") > 0.9).all()
    yield "and its validation loss rises by a tenth at least", (rise > 1.1).all()
    yield "pooling helps", (of("overfitting", "pooling") > plain + 0.15).all()
    for setting in ("pooling, augmentation", "pooling, 1,200 pictures"):
        yield f"{setting} helps more", (of("overfitting", setting) > of("overfitting", "pooling")).all()
    stopped, early = (of("overfitting", "no pooling, early stop", number) for number in ("val_loss", "val_accuracy"))
    yield "early stopping ends lower", (stopped < of("overfitting", "no pooling", "val_loss")).all()
    yield "and is not right more often", early.mean() <= plain.mean() + 0.02
    saved = of("overfitting", "no pooling, early stop", "epochs") / of("overfitting", "no pooling", "epochs")
    yield "it takes a third of the epochs away at least", (saved <= 2 / 3).all()
    pooled, dropped = of("overfitting", "pooling"), of("overfitting", "pooling, dropout")
    narrower = of("overfitting", "pooling, dropout", "accuracy") - dropped
    yield "dropout narrows the gap", (narrower < of("overfitting", "pooling", "accuracy") - pooled).all()
    yield "and does not gain much here", abs(dropped.mean() - pooled.mean()) < 0.05
    recall = of("rare class", "balanced", "recall") - of("rare class", "equal", "recall")
    yield "balanced weights find more protests", (recall > 0).all()
    yield "and are wrong more often", (of("rare class", "balanced") < of("rare class", "equal")).all()
    none = of("rare class", "equal", "recall") == 0
    yield (
        "without them one network of three finds none, and is 80 % right",
        (none.sum() == 1 and abs(of("rare class", "equal")[none] - 0.8).max() < 0.005),
    )


def numbers_of(history, more=None):
    """Return the row's numbers; the weights are those of the restored epoch, if there is one."""
    epoch = history.restored_epoch or history.epochs
    last = {"epochs": history.epochs, "seconds": round(sum(history.seconds), 2), **history.at(epoch)}
    if "val_loss" in history.metrics:
        last["lowest_val_loss"] = min(history.metrics["val_loss"])
    last.update(more or {})
    return {name: f"{last[name]:.5g}" if name in last else "" for name in NUMBERS}


def main():
    """Measure what is missing, print the table; return 1 if a sentence does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    if options.fresh or not TABLE.exists():
        TABLE.parent.mkdir(exist_ok=True)
        made = (
            f"# {date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, Python "
            f"{platform.python_version()}, {os.cpu_count()} CPU cores ({platform.machine()})."
        )
        TABLE.write_text(f"{made}\n{','.join(('claim', 'setting', 'seed', *NUMBERS))}\n", encoding="utf-8")
    done = {(row["claim"], row["seed"]) for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()[1:])}
    for claim, function in CLAIMS.items():
        for seed in SEEDS:
            if (claim, str(seed)) in done:
                continue
            rows = [
                {"claim": claim, "setting": setting, "seed": seed, **numbers_of(*found)}
                for setting, *found in function(seed)
            ]
            with TABLE.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, list(rows[0]), lineterminator="\n").writerows(rows)
            print(claim, seed, flush=True)
    curves = cc.training_curves()
    print(curves)
    held = {sentence: bool(holds) for sentence, holds in sentences(curves)}
    print("\n".join(f"{'holds  ' if holds else 'FAILS  '}{sentence}" for sentence, holds in held.items()))
    return not all(held.values())


if __name__ == "__main__":
    sys.exit(main())
