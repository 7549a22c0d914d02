"""Frozen features of real ImageNet weights, loaded by path, on the flowers: as good as recorded for these files.

500 pictures to train the head, 150 to test, 160 x 160 pixels; mean and range over three seeds of the head. Run it from
the repository; it writes ``benchmarks/results/transfer_backbones.md``::

    CNN_COURSE_TEST_DATA=../shared/data python benchmarks/transfer_backbones.py
"""

import os
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

import cnn_course as cc

keras = cc.load_keras()
OUT = Path(__file__).parent / "results" / "transfer_backbones.md"
DATA = Path(os.environ["CNN_COURSE_TEST_DATA"])
BACKBONES = {  # title: (name, options, file, accuracy recorded in SOURCES.md)
    "MobileNet 0.25": ("MobileNet", {"alpha": 0.25}, "mobilenet_v1_0.25/*.h5", 0.77),
    "MobileNetV2 0.35": ("MobileNetV2", {"alpha": 0.35}, "mobilenet_v2_0.35/*.h5", 0.80),
    "MobileNetV2 1.0": ("MobileNetV2", {}, "mobilenet_v2_1.0/*no_top.weights.h5", 0.83),
}
SPREAD = 0.05  # of the recorded accuracies: 3 to 5 points


def main():
    """Measure, print and write the table; return 1 if one falls below what was recorded, less the spread."""
    train, test = (cc.load_images_from_folder(DATA / "flowers" / part, image_size=160) for part in ("train", "val"))
    lines = [
        "# Frozen features on the flowers",
        "",
        f"{date.today()}, Keras {keras.__version__} on {keras.backend.backend()}, {os.cpu_count()} CPU cores; "
        f"{len(train)} pictures to train, {len(test)} to test, 160 x 160 pixels, three seeds of the head.",
        "",
        "| backbone | accuracy, mean | lowest | highest | recorded | seconds each |",
        "|---|---|---|---|---|---|",
    ]
    good = True
    for title, (name, options, pattern, recorded) in BACKBONES.items():
        path = next((DATA / "weights").glob(pattern))
        began, found = time.perf_counter(), []
        for seed in range(3):
            model = cc.build_transfer_model(name, 5, train.shape, weights=path, seed=seed, **options)
            cc.fine_tune(model, train, stages=0, epochs=30, learning_rate=0.003, seed=seed, progress=False)
            said = model.predict(test.images, batch_size=64, verbose=0).argmax(axis=1)
            found.append(np.mean(said == test.labels))
            keras.backend.clear_session()
        good &= bool(np.mean(found) >= recorded - SPREAD)
        lines.append(
            f"| {title} | {np.mean(found):.3f} | {min(found):.3f} | {max(found):.3f} | {recorded:.2f} "
            f"| {(time.perf_counter() - began) / 3:.0f} |"
        )
        print(lines[-1], flush=True)
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not good


if __name__ == "__main__":
    sys.exit(main())
