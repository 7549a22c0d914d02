"""The real handwritten digits and the photographs that scikit-learn carries."""

import numpy as np

from ..errors import DataError
from .cards import DataCard
from .core import ImageDataset, at_size, drawn

DIGITS = DataCard(
    name="digits",
    what="Handwritten digits, real ones, small: what a laptop learns in seconds.",
    how_many="1,797: 1,198 to train, 599 to test, about 180 of each digit",
    shape="8 x 8 x 1",
    source="The test part of the UCI set Optical Recognition of Handwritten Digits, as scikit-learn carries it; grey "
    "levels 0 to 16, here scaled to 0 to 255.",
    licence="CC BY 4.0 (UCI)",
    consent="43 people wrote digits for research; no person can be recognised.",
    known_faults="Writers are not named, so one writer's digits stand in both parts: accuracy is a little too high for "
    "new writers. Shrunk from 32 x 32; a few digits cannot be read.",
    citation="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
    "doi:10.24432/C50P49.",
)
PHOTOS = DataCard(
    name="photos",
    what="Two photographs to look at through filters: a pagoda and a dahlia.",
    how_many="2, to train; there is no test part",
    shape="427 x 640 x 3",
    source="scikit-learn's sample images, from Flickr: danielbuechele (china), vultilion (flower).",
    licence="CC BY 2.0",
    consent="No person can be recognised.",
    known_faults="Two pictures are no sample of anything.",
    citation="sklearn.datasets.load_sample_images and the README beside the pictures.",
)


def load_digits(split: str, n: int | None, image_size: tuple[int, int] | None, seed: int) -> ImageDataset:
    """Return the digits: a fixed third of each digit is the test part."""
    from sklearn import datasets

    raw = datasets.load_digits()
    grey = np.rint(raw.images * (255 / 16)).astype(np.uint8)[..., None]
    whole = ImageDataset(grey, raw.target, tuple("0123456789"), card=DIGITS)
    train, test = whole.split(1 / 3, seed=0)
    return at_size(drawn(train if split == "train" else test, n, seed), image_size)


def load_photos(split: str, n: int | None, image_size: tuple[int, int] | None, seed: int) -> ImageDataset:
    """Return the photographs."""
    from .examples import example_image

    if split == "test":
        raise DataError("photos has no test part: the two pictures are there to look at. Received: split='test'")
    names = ("china", "flower")
    images = np.stack([example_image(name) for name in names])
    return at_size(drawn(ImageDataset(images, np.arange(2), names, card=PHOTOS), n, seed), image_size)


SETS = {"digits": (load_digits, DIGITS), "photos": (load_photos, PHOTOS)}
