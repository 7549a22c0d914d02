"""A generated hashtag: what was posted under a protest's name, most of it something else."""

import io

import numpy as np

from ..._arguments import number as checked_number
from ..cards import DataCard
from ..core import ImageDataset

CLASS_NAMES = ("protest", "meme", "cat", "news screenshot", "odd")
SHARES = (0.20, 0.30, 0.14, 0.21, 0.15)
EXACT, NEAR = 0.07, 0.11  # shares of the pictures that repeat another one
WRONG_LABELS = 0.05
_DEFAULT_SIZE = 64

CARD = DataCard(
    name="hashtag",
    what="Generated: the pictures under a protest's hashtag, one in five of a protest; memes, cats, news, odd things.",
    how_many="as many as are asked for; 2,000 to train and 1,000 to test otherwise",
    shape="64 x 64 x 3",
    source="Drawn by the course with Pillow, from the seed alone.",
    licence="CC0",
    consent="No person is in it: every face is drawn. Real scraped pictures show people who were not asked.",
    known_faults="Made like a scraped set: 7 % exact and 11 % near duplicates (the same number in groups), 5 % wrong "
    "labels (clean_labels has the right ones), unequal classes. Drawings are easier than photographs.",
    citation="cnn-course",
)


def load_hashtag(
    split: str, n: int | None, image_size: tuple[int, int] | None, seed: int, wrong_labels: float = WRONG_LABELS
) -> ImageDataset:
    """Return the pictures of the hashtag.

    Parameters
    ----------
    split, n, image_size, seed
        As in `load_dataset`.
    wrong_labels : float
        Share of pictures with the label of another class, 0 to 0.5.

    Returns
    -------
    ImageDataset
        With `clean_labels`; `groups` holds duplicates together.
    """
    checked_number("wrong_labels", wrong_labels, 0, 0.5, rule="a share from 0 to 0.5")
    number = n or (2000 if split == "train" else 1000)
    rng = np.random.default_rng([seed, 0 if split == "train" else 1])
    clean = rng.permutation(np.repeat(np.arange(len(CLASS_NAMES)), _counts(number)))
    source = _sources(clean, rng)
    labels = clean.copy()
    wrong = rng.permutation(number)[: round(wrong_labels * number)]
    labels[wrong] = (clean[wrong] + rng.integers(1, len(CLASS_NAMES), len(wrong))) % len(CLASS_NAMES)
    images = _images(clean, source, image_size or (_DEFAULT_SIZE, _DEFAULT_SIZE), rng)
    _, groups = np.unique(np.abs(source), return_inverse=True)
    return ImageDataset(images, labels, CLASS_NAMES, groups, CARD, clean)


def _counts(number):
    """Return how many pictures each class has: the shares, rounded so that they add up."""
    ends = np.rint(np.cumsum(SHARES) * number).astype(int)
    return np.diff(ends, prepend=0)


def _sources(clean, rng):
    """Return the picture that each one repeats, counted from 1: itself, another one, or, near copies, minus another."""
    source = np.arange(1, len(clean) + 1)
    for label in range(len(CLASS_NAMES)):
        members = rng.permutation(np.flatnonzero(clean == label))
        exact, near = round(EXACT * len(members)), round(NEAR * len(members))
        originals = members[exact + near :]
        if len(originals):
            copied = 1 + originals[rng.integers(0, len(originals), exact + near)]
            source[members[:exact]] = copied[:exact]
            source[members[exact : exact + near]] = -copied[exact:]
    return source


def _images(clean, source, size, rng):
    from . import scenes
    from ._canvas import Canvas

    draw = (scenes.protest, scenes.meme, scenes.cat, scenes.news_screenshot, scenes.odd)
    images = np.empty((len(clean), *size, 3), np.uint8)
    generators = rng.spawn(len(clean))
    side = max(size) * (2 if max(size) <= 128 else 1)
    for position in np.argsort(np.abs(source) - 1 != np.arange(len(source)), kind="stable"):  # originals first
        original = abs(source[position]) - 1
        if original == position:
            canvas = Canvas(side, generators[position])
            draw[clean[position]](canvas)
            if clean[position] in (0, 2, 4):
                canvas.grade()
            images[position] = _posted(canvas.picture, size, generators[position])
        elif source[position] > 0:
            images[position] = images[original]
        else:
            images[position] = _reposted(images[original], generators[position])
    return images


def _posted(picture, size, rng):
    """Return the picture as it was uploaded: at its size, with a camera's noise."""
    from PIL import Image

    small = np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BOX), float)
    return np.clip(np.rint(small + rng.normal(0, rng.uniform(0, 6), small.shape)), 0, 255).astype(np.uint8)


def _reposted(image, rng):
    """Return the picture as somebody else posted it again: brighter or darker, cut a little, compressed once more."""
    from PIL import Image

    height, width = image.shape[:2]
    cut = 0.03 * rng.random(4)
    box = (cut[0] * width, cut[1] * height, (1 - cut[2]) * width, (1 - cut[3]) * height)
    picture = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC, box)
    lit = np.clip(np.rint(np.asarray(picture, float) * rng.uniform(0.85, 1.15) + rng.uniform(-8, 8)), 0, 255)
    file = io.BytesIO()
    Image.fromarray(lit.astype(np.uint8)).save(file, "JPEG", quality=int(rng.integers(55, 85)))
    return np.asarray(Image.open(file).convert("RGB"))


SETS = {"hashtag": (load_hashtag, CARD)}
