"""Pictures that are there twice: the same bytes, or the same scene saved, scaled or captioned again.

Two of imagehash's hashes side by side find them: `phash`, which looks at the coarse waves of a picture, and `dhash`,
which looks at where it gets brighter; each alone pairs other pictures. They are computed here for many pictures at
once, as the library's own take as long as the decoding; a test holds them to the library's, bit by bit.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from .._arguments import integer
from .decoding import resized
from .rows import picture_rows

HASH_SIZE = 12  # phash and dhash of 12 x 12 bits each
BITS = 2 * HASH_SIZE**2
_GREY = 4 * HASH_SIZE  # rows and columns of the grey picture that phash wants
MAX_DISTANCE = 50  # bits of 288: precision and recall are nearest there, on drawings and on photographs
CHUNK = 16  # pictures that are looked at together
_FLAT = 2.0  # grey levels of standard deviation, below which a hash describes noise
_CELLS = 2**24  # distances that are held at a time


@dataclass(frozen=True, eq=False)
class Duplicates:
    """The pictures of a set that are there twice.

    Attributes
    ----------
    groups : array of shape (n,)
        int64; of pictures with the same number every two are duplicates. The two of a pair may have different numbers:
        where one of them has a nearer duplicate, which is none of the other.
    exact : array of shape (n,)
        int64; pictures with the same number are equal in every pixel.
    pairs : array of shape (m, 2)
        int64, the rows of two near duplicates, the smaller number first. Of pictures with the same hash each is
        paired with the first one only.
    distances : array of shape (m,)
        int64, the bits of 288 in which the hashes of a pair differ.
    mixed : array of shape (k,)
        int64, the groups that hold pictures of several classes, where the set has labels: a label is wrong, or the
        pictures only look alike.
    """

    groups: np.ndarray
    exact: np.ndarray
    pairs: np.ndarray
    distances: np.ndarray
    mixed: np.ndarray

    def extra(self) -> NDArray[np.int64]:
        """Return the rows that a set without duplicates would leave out: all but the first of each group.

        Returns
        -------
        array of int
        """
        return _repeats(self.groups)

    def __repr__(self):
        near, exact = len(self.extra()), len(_repeats(self.exact))
        words = f"Duplicates: {near} of {len(self.groups)} pictures repeat another one, {exact} of them in every pixel"
        return words + (f"; {len(self.mixed)} groups hold several classes" if len(self.mixed) else "")


def _repeats(groups):
    """Return the rows that are not the first of their group."""
    return np.setdiff1d(np.arange(len(groups)), np.unique(groups, return_index=True)[1])


def find_duplicates(data: Any, max_distance: int = MAX_DISTANCE) -> Duplicates:
    """Return the exact and the near duplicates of a set of pictures.

    Parameters
    ----------
    data : ImageDataset, LazyImageDataset or array of shape (n, height, width, channels)
        uint8, 0 to 255.
    max_distance : int
        Bits of 288 in which the hashes of near duplicates may differ, from 0. More bits find pictures that were
        changed more, and pair more that only look alike.

    Returns
    -------
    Duplicates

    Raises
    ------
    DataError
        If `data` are no pictures, or `max_distance` is out of range.

    Notes
    -----
    Of a group every two pictures are near duplicates: a chain of pictures, each a little different from the last, is
    no group. Found are copies at another size or quality, a little brighter or darker, or cut by a few per cent; not
    those that were turned, mirrored or cut in half. Things photographed alike, one in the middle of each picture, are
    paired too often (one pair in 700 of Fashion-MNIST): take fewer bits. A picture of one colour has no hash that means
    anything; it is the duplicate of its equals only.

    References
    ----------
    Zauner (2010), Implementation and benchmarking of perceptual image hash functions; `imagehash.phash` and `dhash`.

    Examples
    --------
    >>> from cnn_course import example_image
    >>> china, flower = example_image("china"), example_image("flower")
    >>> find_duplicates(np.stack([china, flower, china, china // 2])).groups
    array([0, 1, 0, 0])
    """
    integer("max_distance", max_distance, 0, BITS)
    rows = picture_rows(data)
    n = len(rows)

    def look(start):
        images = rows.take(np.arange(start, min(start + CHUNK, n)))
        return fingerprints(images), [_digest(image) for image in images]

    with ThreadPoolExecutor() as pool:
        looked = list(pool.map(look, range(0, n, CHUNK)))
    pairs, distances = _near_pairs([one for prints, _ in looked for one in prints], max_distance)
    digests = [one for _, chunk in looked for one in chunk]
    groups = _tight_groups(pairs, distances, n)
    return Duplicates(groups, _numbered(digests), pairs, distances, mixed_groups(groups, rows.labels))


def mixed_groups(groups: NDArray[np.int64], labels: NDArray | None) -> NDArray[np.int64]:
    """Return the groups that hold rows of several classes."""
    if labels is None or np.ndim(labels) != 1:
        return np.zeros(0, np.int64)
    known = labels >= 0
    numbers = np.unique(np.stack([groups[known], labels[known]]), axis=1)[0]
    found, counts = np.unique(numbers, return_counts=True)
    return found[counts > 1]


def group(prints: list, max_distance: int = MAX_DISTANCE) -> NDArray[np.int64]:
    """Return the number of the group of each fingerprint, counted from 0 in the order of the pictures."""
    pairs, distances = _near_pairs(prints, max_distance)
    return _tight_groups(pairs, distances, len(prints))


def fingerprints(images: NDArray[np.uint8]) -> list:
    """Return what pictures are found again by.

    Parameters
    ----------
    images : array of shape (n, height, width, 1 or 3)
        uint8; n small, as all are looked at together.

    Returns
    -------
    list of array of bool of shape (288,), or bytes
        `imagehash.phash` and `imagehash.dhash` of each; of a picture of one colour a digest of its pixels.
    """
    if not len(images):
        return []
    grey = _small_grey(images)
    waves = dctn(grey.astype(np.float64), axes=(1, 2))[:, :HASH_SIZE, :HASH_SIZE]
    steps = np.diff(_each_resized(grey, (HASH_SIZE, HASH_SIZE + 1)).astype(np.int16), axis=2)
    bits = np.concatenate([waves > np.median(waves, axis=(1, 2), keepdims=True), steps > 0], axis=1)
    flat = grey.std(axis=(1, 2)) < _FLAT
    return [_digest(image) if one else own.ravel() for image, own, one in zip(images, bits, flat, strict=True)]


def _small_grey(images):
    """Return the pictures in grey, of the size that phash wants: shape (n, 48, 48)."""
    n, height, width, channels = images.shape
    column = images.reshape(n * height, width, channels)
    grey = cv2.cvtColor(column, cv2.COLOR_RGB2GRAY) if channels == 3 else column
    grey = grey.reshape(n, height, width)
    step = min(height, width) // _GREY
    if step > 1:  # averaging by a whole number first takes half the time
        grey = _each_resized(grey, (height // step, width // step))
    return _each_resized(grey, (_GREY, _GREY))


def _each_resized(greys, size):
    """Return grey pictures, one below the other while they shrink: means of areas never reach into the next one."""
    n, height, width = greys.shape
    if height < size[0] or width < size[1]:
        return np.stack([resized(grey, size) for grey in greys])
    return resized(greys.reshape(n * height, width), (n * size[0], size[1])).reshape(n, *size)


def digests(images: NDArray[np.uint8]) -> list[bytes]:
    """Return what equal pictures, and no others, have in common: bytes for each."""
    return [_digest(image) for image in images]


def _digest(image):
    return blake2b(image.tobytes(), digest_size=16).digest()


def _near_pairs(prints, max_distance):
    """Return the pairs of rows whose fingerprints are at most so far apart, and their distances.

    Equal fingerprints are paired with the first of them: a thousand copies of one picture make a thousand pairs.
    """
    codes = [code if isinstance(code, bytes) else np.packbits(code).tobytes() for code in prints]
    of_row = _numbered(codes)
    first = np.unique(of_row, return_index=True)[1]
    again = _repeats(of_row)
    found = [np.stack([first[of_row[again]], again, np.zeros_like(again)], axis=1)]
    hashed = np.array([row for row in first if not isinstance(prints[row], bytes)], np.int64)
    # With bits as -1 and 1 the product of two hashes is 288 minus twice the bits that differ: one matrix product.
    signs = np.array([prints[row] for row in hashed], np.float32).reshape(-1, BITS) * 2 - 1
    step = max(1, _CELLS // max(1, len(hashed)))
    for start in range(0, len(hashed), step):
        distances = (BITS - signs[start : start + step] @ signs[start:].T) / 2
        i, j = np.nonzero(np.triu(distances <= max_distance, 1))
        found.append(np.stack([hashed[start + i], hashed[start + j], distances[i, j].astype(np.int64)], axis=1))
    table = np.concatenate(found)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return table[:, :2], table[:, 2]


def _numbered(codes):
    """Return a number for each code, equal for equal ones, counted in the order in which they first come."""
    numbers = {}
    return np.array([numbers.setdefault(code, len(numbers)) for code in codes], np.int64)


def _tight_groups(pairs, distances, n):
    """Return for each of `n` rows the number of its group, in which every row is paired with every other one.

    The nearest pairs come first; two groups become one only if all pairs across are there, so that no chain of small
    steps leads from a picture to another that looks quite different.
    """
    group = np.arange(n)
    equal = distances == 0
    group[pairs[equal, 1]] = pairs[equal, 0]  # the same hash; only the first of them is in the other pairs
    members, links = {}, {}  # of a group, by its first row: its rows; how many pairs lead to each other group
    for a, b in pairs[~equal].tolist():
        links.setdefault(a, {})[b] = links.setdefault(b, {})[a] = 1
    own = {row: row for row in links}
    for a, b in pairs[~equal][np.argsort(distances[~equal], kind="stable")].tolist():
        a, b = own[a], own[b]
        size = len(members.get(a, (a,))) * len(members.get(b, (b,)))
        if a == b or links[a].get(b, 0) < size:
            continue
        kept, gone = (a, b) if len(links[a]) >= len(links[b]) else (b, a)
        members[kept] = [*members.get(kept, (kept,)), *members.pop(gone, (gone,))]
        own.update(dict.fromkeys(members[kept], kept))
        for other, number in links.pop(gone).items():
            del links[other][gone]
            if other != kept:
                links[kept][other] = links[other][kept] = links[kept].get(other, 0) + number
    for rows in members.values():
        group[rows] = min(rows)
    return np.unique(group[group], return_inverse=True)[1].astype(np.int64)
