"""Train the small network for the `hashtag` pictures that ships with the course.

``python scripts/train_hashtag_cnn.py`` writes ``cnn_course/models/weights/hashtag_cnn.npz`` and its card.
"""

import json

import numpy as np

import cnn_course as cc
from cnn_course.models.shipped import HASHTAG_CNN, build_hashtag_cnn

EPOCHS, SEED = 14, 0


def main():
    """Train, measure on new pictures with their right labels, and write weights and card."""
    train = cc.load_dataset("hashtag", n=4000, seed=1)
    test = cc.load_dataset("hashtag", "test", n=1000, seed=1)
    model = build_hashtag_cnn(augmentation=cc.build_augmentation(shift=0.08, zoom=0.08, flip=True, seed=SEED))
    cc.train_model(model, train, epochs=EPOCHS, progress=False)
    plain = build_hashtag_cnn()
    for weight, learned in zip(plain.trainable_weights, model.trainable_weights, strict=True):
        weight.assign(learned)
    found = plain.predict(test.images, verbose=0).argmax(axis=1)
    right = float((found == test.clean_labels).mean())
    protest = test.clean_labels == 0
    np.savez_compressed(HASHTAG_CNN, **{f"w{n:02d}": w for n, w in enumerate(plain.get_weights()) if w.ndim})
    parameters = sum(int(np.prod(w.shape)) for w in plain.trainable_weights)
    card = {
        "what": "A small convolutional network for the generated hashtag pictures.",
        "network": f"build_small_cnn, filters (16, 32, 64, 64), {parameters:,} parameters, pictures 64 x 64 x 3.",
        "trained_on": f"load_dataset('hashtag', n=4000, seed=1), 5 % of its labels wrong; {EPOCHS} epochs.",
        "accuracy": round(right, 3),
        "protest": {
            "precision": round(float(protest[found == 0].mean()), 3),
            "recall": round(float((found[protest] == 0).mean()), 3),
        },
        "measured_on": "load_dataset('hashtag', 'test', n=1000, seed=1), against the right labels.",
        "licence": "CC0: made from generated pictures alone.",
        "limits": "It knows drawings, not photographs. Do not use it on real pictures.",
        "made": "scripts/train_hashtag_cnn.py",
    }
    HASHTAG_CNN.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(card, HASHTAG_CNN.stat().st_size)


if __name__ == "__main__":
    main()
