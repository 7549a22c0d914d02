"""Draw what excites twelve channels of MobileNetV2 most: ``python scripts/feature_pictures.py WEIGHTS PHOTOS``.

WEIGHTS is a file for ``keras.applications.MobileNetV2(include_top=False)``, or ``imagenet`` to have Keras fetch it.
PHOTOS is a folder of photographs, of which each channel's 99th percentile is taken. The pictures and their card go to
``cnn_course/explain/pictures``.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import cnn_course as cc

OUT = Path(__file__).resolve().parents[1] / "cnn_course" / "explain" / "pictures"
SIZE, STEPS, SEED = 160, 256, 0
# Before the ReLU, so that there is a slope everywhere: lines first, the last four are scary.
CHANNELS = {
    "block_2_expand_BN": (3, 12, 105, 0),
    "block_6_expand_BN": (47, 71, 113, 186),
    "block_14_expand_BN": (225, 594, 124, 43),
}


def network(weights):
    """Return MobileNetV2 for pictures of 0 to 255, as a model inside a model."""
    keras = cc.load_keras()
    base = keras.applications.MobileNetV2((SIZE, SIZE, 3), include_top=False, weights=weights, name="mobilenet_v2")
    inputs = keras.Input((SIZE, SIZE, 3), name="picture")
    return keras.Model(inputs, base(keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)))


def photographs(folder, every=1):
    """Return the photographs under a folder, cut to squares and made small."""
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".bmp", ".png"))[::every]
    return np.stack([square(file) for file in files])


def square(file):
    """Return the middle square of a picture file, `SIZE` pixels along each side."""
    with Image.open(file) as picture:
        picture.draft("RGB", (2 * SIZE, 2 * SIZE))
        picture = picture.convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        box = (left, top, left + side, top + side)
        return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX, box))


def activations(model, pictures, layers):
    """Return the mean of each channel over all places, ``{layer: (n, channels)}``."""
    parts = [cc.feature_maps(model, pictures[i : i + 64], layers) for i in range(0, len(pictures), 64)]
    short = {path: path.rpartition("/")[2] for path in parts[0]}
    return {short[path]: np.concatenate([part[path].mean(axis=(1, 2)) for part in parts]) for path in short}


def main(weights, folder):
    """Draw the pictures, look how much they excite, and write both."""
    model = network(weights)
    photos = activations(model, photographs(folder), list(CHANNELS))
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.jpg"):
        old.unlink()
    rows = []
    for layer, channels in CHANNELS.items():
        made = cc.activation_maximisation(model, layer, channels, steps=STEPS, seed=SEED)
        for channel, picture in zip(channels, made, strict=True):
            file = OUT / f"{layer}_{channel}.jpg"
            Image.fromarray(picture).save(file, quality=88, optimize=True)
        stored = np.stack([np.asarray(Image.open(OUT / f"{layer}_{channel}.jpg")) for channel in channels])
        reached = activations(model, stored, [layer])[layer]
        for n, channel in enumerate(channels):
            bound = np.quantile(photos[layer][:, channel], 0.99)
            row = {"file": f"{layer}_{channel}.jpg", "layer": layer, "channel": channel}
            rows.append({**row, "mean": round(float(reached[n, channel]), 3), "photos_99": round(float(bound), 3)})
            print(rows[-1])
    card = {
        "what": "What excites twelve channels of MobileNetV2 1.0 most: activation maximisation, before the ReLU.",
        "network": "MobileNetV2 1.0, trained on ImageNet; weights dequantised from the int8 model of "
        "google-coral/test_data, Apache-2.0.",
        "photos": f"{len(next(iter(photos.values())))} photographs (tf_flowers, CC BY 2.0; trashnet, MIT; "
        "google-coral/test_data, CC BY 2.0) to compare with; none of them is shipped.",
        "licence": "CC BY 4.0",
        "made": f"scripts/feature_pictures.py: {STEPS} steps, {SIZE} pixels, seed {SEED}.",
        "pictures": rows,
    }
    (OUT / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
