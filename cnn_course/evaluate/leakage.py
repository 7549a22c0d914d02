"""Pictures that sit in both parts of a split, so that the test asks what the training has told."""

from dataclasses import dataclass, field

import numpy as np

from ..datasets.duplicates import MAX_DISTANCE, find_duplicates, fingerprints
from ..datasets.rows import Rows
from ..errors import DataError

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Leaks:
    """The pictures of one part that are also in another one.

    Attributes
    ----------
    pairs : array of shape (m, 2)
        int64: the row in the first part and the row in the second. Each picture of the second part that is also in
        the first stands here once, with the nearest of its duplicates; in the order of the second part.
    distances : array of shape (m,)
        int64, the bits of 288 in which their hashes differ. More than was asked for where the two are duplicates by way
        of a third picture.
    exact : array of shape (m,)
        bool: equal in every pixel.
    sizes : (int, int)
        Pictures in the parts.
    relabelled : array of shape (m,)
        bool: the two have different labels.
    paths : array of shape (m, 2) or None
        The files of the pairs, where both parts know theirs.
    """

    pairs: np.ndarray
    distances: np.ndarray
    exact: np.ndarray
    sizes: tuple[int, int]
    relabelled: np.ndarray
    paths: np.ndarray | None = field(default=None, repr=False)

    def __len__(self):
        return len(self.pairs)

    def clean(self):
        """Return the rows of the second part that are not in the first: ``test.subset(leaks.clean())``.

        Returns
        -------
        array of int
        """
        return np.setdiff1d(np.arange(self.sizes[1]), self.pairs[:, 1])

    def __repr__(self):
        lines = [
            f"Leaks: {len(self):,} of {self.sizes[1]:,} pictures of the second part are also in the first "
            f"({self.sizes[0]:,} pictures), {self.exact.sum():,} of them in every pixel"
            + (f", {self.relabelled.sum():,} with another label" if self.relabelled.any() else "")
        ]
        for k, (first, second) in enumerate(self.pairs[:_SHOWN]):
            names = f"row {first}  =  row {second}" if self.paths is None else "  =  ".join(map(str, self.paths[k]))
            what = "every pixel" if self.exact[k] else f"{self.distances[k]} bits differ"
            lines.append(f"  {names}  ({what}{', another label' if self.relabelled[k] else ''})")
        if len(self) > _SHOWN:
            lines.append(f"  ... and {len(self) - _SHOWN:,} more in .pairs")
        return "\n".join(lines)


def find_leaks(first, second, max_distance=MAX_DISTANCE):
    """Return the pictures of the second part that are also in the first.

    A picture leaks if `find_duplicates` puts it into one group with a picture of the first part: the same bytes, or
    the same scene saved, scaled or captioned again, directly or by way of a third picture.

    Parameters
    ----------
    first, second : ImageDataset, LazyImageDataset or array of shape (n, height, width, channels)
        For instance training and test; uint8, 0 to 255, of the same size.
    max_distance : int
        Bits of 288 in which the hashes of near duplicates may differ, as for `find_duplicates`.

    Returns
    -------
    Leaks

    Raises
    ------
    DataError
        If these are no pictures, or their sizes differ.

    Examples
    --------
    >>> from cnn_course import example_image
    >>> china, flower = example_image("china"), example_image("flower")
    >>> find_leaks(np.stack([flower, china]), np.stack([china // 2, 255 - flower]))
    Leaks: 1 of 2 pictures of the second part are also in the first (2 pictures), 0 of them in every pixel
      row 1  =  row 0  (2 bits differ)
    """
    both = _Both(first, second)
    found = find_duplicates(Rows(both.take, len(both), both.shape), max_distance)
    n = both.sizes[0]
    leaked = n + np.flatnonzero(np.isin(found.groups[n:], found.groups[:n]))
    pairs, distances = [], []
    for group in np.unique(found.groups[leaked]):
        members = np.flatnonzero(found.groups == group)
        own = leaked[found.groups[leaked] == group]
        before, distance = _nearest(both, members[members < n], own, found.exact)
        pairs += zip(before, own - n, strict=True)
        distances += list(distance)
    pairs = np.array(pairs, np.int64).reshape(-1, 2)
    order = np.argsort(pairs[:, 1])
    pairs, distances = pairs[order], np.array(distances, np.int64)[order]
    rows = pairs + np.array([0, n])
    exact = found.exact[rows[:, 0]] == found.exact[rows[:, 1]]
    return Leaks(pairs, distances, exact, both.sizes, both.relabelled(pairs), both.paths(pairs))


def _nearest(both, before, own, exact):
    """Return for each of the rows `own` the nearest of the rows `before`, and the bits in which they differ."""
    if len(np.unique(exact[np.concatenate([before, own])])) == 1:
        return np.full(len(own), before[0]), np.zeros(len(own), np.int64)
    left, right = (np.array([p for row in rows for p in fingerprints(both.take([row]))]) for rows in (before, own))
    distances = np.stack([np.sum(left != one, axis=1) for one in right])
    # of pictures with the same hash the one that is equal in every pixel
    nearest = np.argmin(2 * distances - (exact[own][:, None] == exact[before]), axis=1)
    return before[nearest], distances[np.arange(len(own)), nearest]


class _Both:
    """Two parts as one set of pictures, those of the first part first."""

    def __init__(self, first, second):
        self._parts = [part if _is_set(part) else _Bare(part) for part in (first, second)]
        shapes = [tuple(part.shape) for part in self._parts]
        if shapes[0] != shapes[1]:
            raise DataError(
                f"The pictures of both parts must have the same height, width and channels. Received: {shapes[0]} and "
                f"{shapes[1]}"
            )
        self.sizes, self.shape = tuple(map(len, self._parts)), shapes[0]

    def __len__(self):
        return sum(self.sizes)

    def take(self, rows):
        """Return the pictures of these rows."""
        rows = np.asarray(rows)
        later = rows >= self.sizes[0]
        if later.all() or not later.any():
            return _pictures(self._parts[int(later.any())], rows - self.sizes[0] * later)
        made = [_pictures(self._parts[0], rows[~later]), _pictures(self._parts[1], rows[later] - self.sizes[0])]
        images = np.empty((len(rows), *made[0].shape[1:]), np.uint8)
        images[~later], images[later] = made
        return images

    def relabelled(self, pairs):
        """Return which pairs have two different labels."""
        if not all(hasattr(part, "labels") for part in self._parts):
            return np.zeros(len(pairs), bool)
        one, two = (part.labels[rows] for part, rows in zip(self._parts, pairs.T, strict=True))
        return (one >= 0) & (two >= 0) & (one != two)

    def paths(self, pairs):
        """Return the files of the pairs, or None."""
        known = [getattr(part, "paths", None) for part in self._parts]
        if any(paths is None for paths in known):
            return None
        return np.stack([paths[rows] for paths, rows in zip(known, pairs.T, strict=True)], axis=1)


class _Bare:
    """An array of pictures."""

    def __init__(self, images):
        self.images = np.asarray(images)
        if self.images.ndim != 4 or self.images.dtype != np.uint8 or self.images.shape[3] not in (1, 3):
            raise DataError(
                "Both parts must be data sets of pictures, or uint8 of shape (n, height, width, 1 or 3). "
                f"Received: {self.images.dtype} of shape {self.images.shape}"
            )
        self.shape = self.images.shape[1:]

    def __len__(self):
        return len(self.images)


def _is_set(part):
    return hasattr(part, "labels") and (hasattr(part, "images") or hasattr(part, "batches"))


def _pictures(part, rows):
    return part.images[rows] if hasattr(part, "images") else part.take(rows)
