"""The trained network that comes with the course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._keras import Model
from ..datasets.readers import read_npz
from .convolutional import build_small_cnn

HASHTAG_CNN = Path(__file__).parent / "weights" / "hashtag_cnn.npz"


def build_hashtag_cnn(augmentation: Any = None) -> Model:
    """Return the network of `load_hashtag_cnn` before it has learned anything.

    Parameters
    ----------
    augmentation : keras.layers.Layer, optional

    Returns
    -------
    keras.Model
    """
    return build_small_cnn(
        (64, 64, 3), 5, filters=(16, 32, 64, 64), units=32, dropout=0.2, augmentation=augmentation, seed=0
    )


def load_hashtag_cnn() -> Model:
    """Return a small network, trained, that sorts the pictures of ``load_dataset("hashtag")``.

    Classes in the order of the data set: protest, meme, cat, news screenshot, odd. How it was made and what it reaches
    stands in the card beside its weights, ``cnn_course/models/weights/hashtag_cnn.json``.

    Returns
    -------
    keras.Model
        For pictures (64, 64, 3), 0 to 255; compiled.

    Examples
    --------
    >>> load_hashtag_cnn().output_shape
    (None, 5)
    """
    model = build_hashtag_cnn()
    names = [f"w{n:02d}" for n in range(len(model.trainable_weights))]
    arrays = read_npz(HASHTAG_CNN, names)
    for weight, name in zip(model.trainable_weights, names, strict=True):
        weight.assign(arrays[name])
    return model
