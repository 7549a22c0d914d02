"""The pictures that excite channels of an ImageNet network most, as they come with the course."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "pictures"


@dataclass(frozen=True)
class FeaturePicture:
    """What excites one channel of MobileNetV2 most.

    Parameters
    ----------
    layer : str
    channel : int
    mean : float
        Mean of the channel over all places of the picture, before the ReLU.
    photos_99 : float
        What one real photograph in a hundred exceeds.
    picture : array of uint8, shape (160, 160, 3)
    """

    layer: str
    channel: int
    mean: float
    photos_99: float
    picture: np.ndarray = field(repr=False)


def load_feature_pictures() -> tuple[FeaturePicture, ...]:
    """Return the twelve pictures that were made for channels of MobileNetV2 at three depths, lines first.

    They were drawn by `activation_maximisation`; ``cnn_course/explain/pictures/card.json`` says from which weights.

    Returns
    -------
    tuple of FeaturePicture

    Examples
    --------
    >>> pictures = load_feature_pictures()
    >>> len(pictures), pictures[0].picture.shape
    (12, (160, 160, 3))
    """
    from PIL import Image

    card = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))
    names = ("layer", "channel", "mean", "photos_99")
    return tuple(
        FeaturePicture(**{name: row[name] for name in names}, picture=np.asarray(Image.open(FOLDER / row["file"])))
        for row in card["pictures"]
    )
