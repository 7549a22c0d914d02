"""The case between: Fashion-MNIST, grey thumbnails, where features of photographs are hardly better than the pixels.

For 5 and 20 labels a class, five draws each: a head on frozen features of the box's backbone at 96 x 96 pixels, a small
network from scratch, and a multinomial logit on the 28 x 28 pixels. Share right on the first 2,000 test pictures. No
times: they are not what this is about. It writes ``benchmarks/results/transfer_fashion.md``; run it from the
repository::

    mkdir -p /tmp/mirror && ln -s "$(realpath ../shared/data/fashion-mnist)" /tmp/mirror/fashion_mnist
    CNN_COURSE_MIRROR=/tmp/mirror python benchmarks/transfer_fashion.py
"""

import sys
from datetime import date
from pathlib import Path

import numpy as np

import cnn_course as cc

keras = cc.load_keras()
OUT = Path(__file__).parent / "results" / "transfer_fashion.md"
POOL, TEST, SEEDS = 2000, 2000, range(5)


def share_right(model, pictures, labels):
    """Return the share of right answers."""
    return float(np.mean(model.predict(pictures, batch_size=64, verbose=0).argmax(axis=1) == labels))


def frozen(few, test, seed):
    """Return the share right of a head on frozen features, with the settings of `transfer_curves.py`."""
    model = cc.build_transfer_model("MobileNet", few.classes, few.shape, alpha=0.25, seed=seed)
    cc.fine_tune(model, few, stages=0, seed=seed, progress=False)
    return share_right(model, test.images, test.labels)


def from_scratch(few, test, seed):
    """Return the share right of a small network, with the settings that `transfer_curves.py` has for digits."""
    augmentation = cc.build_augmentation(shift=0.1, zoom=0.15, rotation=10, seed=seed)
    options = {"filters": (32, 64), "dropout": 0.3, "learning_rate": 0.002}
    model = cc.build_small_cnn(few.shape, few.classes, augmentation=augmentation, seed=seed, **options)
    cc.train_model(model, few, epochs=max(1, 300 // -(-len(few) // 32)), seed=seed, progress=False)
    return share_right(model, test.images, test.labels)


def logit_on_pixels(few, test, seed):
    """Return the share right of scikit-learn's logit, with its own penalty."""
    from sklearn.linear_model import LogisticRegression

    x, new = (data.images.reshape(len(data), -1) / 255 for data in (few, test))
    return LogisticRegression(max_iter=2000, random_state=seed).fit(x, few.labels).score(new, test.labels)


def main():
    """Measure, print and write the table."""
    sets = {
        size: [cc.load_dataset("fashion_mnist", s, n=n, image_size=size) for s, n in (("train", POOL), ("test", TEST))]
        for size in (28, 96)
    }
    lines = [
        "# Fashion-MNIST with few labels",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}; mean (lowest to highest) of five "
        f"draws, share right on {TEST:,} test pictures.",
        "",
        "| labels a class | frozen features, 96 x 96 | from scratch, 28 x 28 | logit on the pixels |",
        "|---|---|---|---|",
    ]
    for labels in (5, 20):
        found = []
        for method, size in ((frozen, 96), (from_scratch, 28), (logit_on_pixels, 28)):
            pool, test = sets[size]
            values = [method(cc.few_labels(pool, labels, seed), test, seed) for seed in SEEDS]
            found.append(f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
            keras.backend.clear_session()
        lines.append(f"| {labels} | {' | '.join(found)} |")
        print(lines[-1], flush=True)
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
