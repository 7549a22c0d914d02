"""Pictures that sit in both parts of a split, so that the test asks what the training has told."""

from dataclasses import dataclass, field

import numpy as np

from ..datasets.duplicates import MAX_DISTANCE, find_duplicates
from ..datasets.rows import Rows, picture_rows
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
        int64, the bits of 288 in which their hashes differ.
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

    A picture leaks if `find_duplicates` pairs it with a picture of the first part: the same bytes, or the same scene
    saved, scaled or captioned again.

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
    nearest = _nearest(found, n)
    pairs = np.array([(before, row - n) for row, (before, _) in nearest.items()], np.int64).reshape(-1, 2)
    distances = np.array([distance for _, distance in nearest.values()], np.int64)
    rows = pairs + np.array([0, n])
    exact = found.exact[rows[:, 0]] == found.exact[rows[:, 1]]
    return Leaks(pairs, distances, exact, both.sizes, both.relabelled(pairs), both.paths(pairs))


def _nearest(found, n):
    """Return {row from n on: (nearest duplicate before n, bits in which the two differ)}, where there is one."""
    code = np.arange(len(found.groups))  # of a hash: the first row that has it, which alone is paired with others
    equal = found.distances == 0
    code[found.pairs[equal, 1]] = found.pairs[equal, 0]
    having = {}
    for row in range(n):
        having.setdefault(code[row], []).append(row)
    reached = {own: (own, 0) for own in having}
    for k in np.argsort(found.distances, kind="stable"):
        a, b = found.pairs[k]
        for own, other in ((a, b), (b, a)):
            if other in having and own not in reached:
                reached[own] = other, found.distances[k]
    nearest = {}
    for row in range(n, len(code)):
        if code[row] in reached:
            other, distance = reached[code[row]]
            same = [before for before in having[other] if found.exact[before] == found.exact[row]]
            nearest[row] = (same or having[other])[0], distance
    return nearest


class _Both:
    """Two parts as one set of pictures, those of the first part first."""

    def __init__(self, first, second):
        self._parts = picture_rows(first, "first"), picture_rows(second, "second")
        shapes = [part.shape for part in self._parts]
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
        images = np.empty((len(rows), *self.shape), np.uint8)
        for part, mine, before in zip(self._parts, (~later, later), (0, self.sizes[0]), strict=True):
            if mine.any():
                images[mine] = part.take(rows[mine] - before)
        return images

    def relabelled(self, pairs):
        """Return which pairs have two different labels: classes are compared by name, where both parts know theirs."""
        if any(part.labels is None or part.labels.ndim != 1 for part in self._parts):
            return np.zeros(len(pairs), bool)
        labels = [part.labels[rows] for part, rows in zip(self._parts, pairs.T, strict=True)]
        known = (labels[0] >= 0) & (labels[1] >= 0)
        if all(part.class_names for part in self._parts):
            names = [np.array([*part.class_names, ""], object) for part in self._parts]
            labels = [own[numbers] for own, numbers in zip(names, labels, strict=True)]
        return known & (labels[0] != labels[1])

    def paths(self, pairs):
        """Return the files of the pairs, or None."""
        if any(part.paths is None for part in self._parts):
            return None
        return np.stack([part.paths[rows] for part, rows in zip(self._parts, pairs.T, strict=True)], axis=1)
