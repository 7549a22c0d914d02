"""Does Grad-CAM point at the object? Drawn pictures, a shape on the left and clutter on the right.

``python benchmarks/grad_cam_pointing.py [seeds]`` trains a network for each seed on pictures with the shape on either
side, and counts, of 100 new pictures with the shape on the left that the network gets right, on how many at least half
of the map's mass lies on the left half: trained, and with its weights shuffled.
"""

import platform
import sys
from datetime import date
from pathlib import Path

import numpy as np

import cnn_course as cc

RESULTS = Path(__file__).parent / "results" / "grad_cam_pointing.md"


def side_by_side(split, n, seed):
    """Return pictures (n, 32, 64, 3), a shape on the left and strokes on the right, and the outline of each shape."""
    from PIL import Image, ImageDraw

    shapes = cc.load_dataset("shapes", split, n=n, image_size=32, clutter=False, noise=0, seed=seed)
    rng = np.random.default_rng([seed, len(split)])
    pictures = np.empty((n, 32, 64, 3), np.uint8)
    for picture, shape in zip(pictures, shapes.images, strict=True):
        clutter = Image.new("RGB", (32, 32), tuple(int(v) for v in shape[0, 0]))
        pen = ImageDraw.Draw(clutter)
        colours = shape.reshape(-1, 3)
        for _ in range(12):
            ends = rng.integers(0, 32, 2).repeat(2).reshape(2, 2).T + rng.integers(-7, 8, (2, 2))
            colour = colours[rng.integers(len(colours))]
            pen.line(
                [tuple(map(int, end)) for end in ends], fill=tuple(map(int, colour)), width=int(rng.integers(1, 3))
            )
        picture[:] = np.concatenate([shape, np.asarray(clutter)], axis=1)
    noisy = pictures + rng.normal(0, 4, pictures.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), shapes.labels


def trained(seed, n=1800, epochs=12):
    """Return a network that names the shape, wherever it is, and its accuracy on new pictures."""
    pictures, labels = side_by_side("train", n, seed)
    turned = np.random.default_rng(seed).random(n) < 0.5
    pictures[turned] = pictures[turned, :, ::-1]
    model = cc.build_resnet_small((32, 64, 3), 6, filters=(16, 32), seed=seed, learning_rate=0.003)
    model.fit(pictures, labels, epochs=epochs, batch_size=32, verbose=0)
    new, right = side_by_side("test", 400, seed)
    return model, float((model.predict(new, verbose=0).argmax(axis=1) == right).mean())


def on_the_left(model, pictures, classes):
    """Return on how many pictures at least half of the map's mass lies on the left half."""
    heat = cc.grad_cam(model, pictures, classes)
    mass = heat.sum(axis=(1, 2))
    return int((heat[:, :, :32].sum(axis=(1, 2)) > 0.5 * np.maximum(mass, 1e-12)).sum())


def measure(seed):
    """Return the accuracy, and the counts of 100 for the trained and for the shuffled network."""
    model, accuracy = trained(seed)
    new, labels = side_by_side("test", 400, seed)
    right = np.flatnonzero(model.predict(new, verbose=0).argmax(axis=1) == labels)[:100]
    shuffled = [cc.randomise_weights(model, seed=k) for k in range(5)]
    counts = [on_the_left(m, new[right], labels[right]) for m in (model, *shuffled)]
    return accuracy, len(right), counts[0], counts[1:]


if __name__ == "__main__":
    lines = [
        "# Does Grad-CAM point at the object?",
        "",
        f"{date.today()}, {platform.machine()}, CPU. Of 100 pictures with the shape on the left, on how many does at "
        "least half of the map lie there? Made by `benchmarks/grad_cam_pointing.py`.",
        "",
        "| seed | accuracy | trained | five times with shuffled weights |",
        "|---|---|---|---|",
    ]
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        share, of, count, others = measure(number)
        lines.append(f"| {number} | {share:.2f} | {count} of {of} | {', '.join(map(str, others))} |")
        print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
