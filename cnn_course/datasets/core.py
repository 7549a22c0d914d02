"""What a data set is: pictures or points, labels, groups and a card; split by share, class and group."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import integer
from .._arguments import share as checked_share
from ..errors import DataError, DataWarning
from .cards import DataCard
from .rows import in_batches


class Labelled:
    """What sets of pictures and sets of points share. Arrays of the set run along the first axis."""

    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    _rows: ClassVar[tuple[str, ...]] = ()

    def __len__(self):
        return len(self.labels)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def counts(self) -> dict[str, int]:
        """Return how often each class occurs.

        Returns
        -------
        dict of str to int
        """
        found = np.bincount(self.labels[self.labels >= 0], minlength=self.classes)
        return {name: int(n) for name, n in zip(self.class_names, found, strict=True)}

    def subset(self, indices: Any) -> Self:
        """Return the set of these rows, in this order.

        Parameters
        ----------
        indices : array of int, slice or array of bool
            Row numbers, or a mask with an entry for each row.

        Returns
        -------
        ImageDataset or PointDataset

        Raises
        ------
        DataError
            If a row does not exist.
        """
        chosen = self._numbers(indices)
        values = {name: getattr(self, name) for name in self._rows}
        rows = {name: value[chosen] for name, value in values.items() if value is not None}
        return replace(self, **rows)  # type: ignore[type-var]  # each child is a dataclass

    def take(self, indices: Any) -> NDArray:
        """Return the pictures (or points) of these rows, in this order.

        Parameters
        ----------
        indices : array of int, slice or array of bool

        Returns
        -------
        array of shape (len(indices), ...)

        Raises
        ------
        DataError
            If a row does not exist.
        """
        return getattr(self, self._rows[0])[self._numbers(indices)]

    def batches(self, batch_size: int = 32) -> Iterator[NDArray]:
        """Yield the pictures (or points) in the order of `labels`, some at a time.

        Parameters
        ----------
        batch_size : int

        Yields
        ------
        array of shape (batch_size, ...)
            The last one may be shorter.
        """
        return in_batches(self.take, len(self), batch_size)

    def _remark_on_parts(self, held_out, share, grouped):
        """Warn where the second part has not the share that was asked for, or a class is in one part only."""
        remarks = []
        whole, part = (np.bincount(x[x >= 0], minlength=self.classes) for x in (self.labels, self.labels[held_out]))
        for name, missing in (("second", part == 0), ("first", part == whole)):
            rare = [f"{self.class_names[k]} ({n:,} in all)" for k, n in enumerate(whole) if n and missing[k]]
            if rare:
                remarks.append(f"the {name} part has no row of {', '.join(rare)}")
        off = abs(held_out.sum() - share * len(self))
        if off > max(0.1 * share * len(self), self.classes / 2 + 1):
            remarks.append(f"the second part has {held_out.mean():.1%} of the rows, not {share:.1%}")
        if remarks:
            why = "Groups stay together, and" if grouped else "Rows are not divided:"
            warnings.warn(f"{why} {'; '.join(remarks)}.", DataWarning, stacklevel=3)

    def _numbers(self, indices):
        """Return the row numbers that are meant."""
        try:
            chosen = np.arange(len(self))[indices]
        except (IndexError, TypeError, ValueError) as error:
            raise DataError(f"indices must be rows of this set of {len(self)}. Received: {error}") from None
        if chosen.ndim != 1:
            raise DataError(f"indices must be a list, a slice or a mask. Received: {indices!r}")
        return chosen

    def split(self, share: float = 0.2, seed: int = 0, stratify: bool = True) -> tuple[Self, Self]:
        """Return two sets: the larger part, and a share for testing.

        Groups stay together (duplicates must not sit in both parts). Stratified, each class gives its share
        as nearly as whole groups allow; a group counts for the class of its first row.

        Parameters
        ----------
        share : float
            Of the rows in the second part, between 0 and 1.
        seed : int
            Of the draw; the same on every machine.
        stratify : bool
            Whether each class gives its share.

        Returns
        -------
        (ImageDataset, ImageDataset) or (PointDataset, PointDataset)

        Raises
        ------
        DataError
            If `share` is out of range, or leaves one of the parts empty.

        Warns
        -----
        DataWarning
            Stratified, if groups or rare classes keep a part from its share, or a class out of a part.
        """
        checked_share("share", share)
        integer("seed", seed, 0)
        groups = getattr(self, "groups", None)
        _, first, inverse = np.unique(
            np.arange(len(self)) if groups is None else groups, return_index=True, return_inverse=True
        )
        sizes = np.bincount(inverse)
        strata = self.labels[first] if stratify else np.zeros(len(first), int)
        taken = np.zeros(len(first), bool)
        rng = np.random.default_rng(seed)
        for stratum in np.unique(strata):
            members = rng.permutation(np.flatnonzero(strata == stratum))
            ends = np.cumsum(sizes[members])
            # a group is taken as long as its middle lies within the share
            taken[members] = ends - sizes[members] / 2 <= share * ends[-1]
        held_out = taken[inverse]
        if not held_out.any() or held_out.all():
            raise DataError(f"share={share} leaves one part of these {len(self)} rows empty. Try another share.")
        if stratify:
            self._remark_on_parts(held_out, share, groups is not None)
        return self.subset(~held_out), self.subset(held_out)


def check_rows(values, names):
    """Raise unless the arrays of these names have as many rows each."""
    lengths = {name: len(values[name]) for name in names if values[name] is not None}
    if len(set(lengths.values())) != 1:
        raise DataError(f"Each row needs an entry everywhere. Received: {lengths}")


def as_labels(labels: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return the labels as int64, if they are numbers of the classes."""
    labels = np.asarray(labels)
    received = f"shape {labels.shape}, dtype {labels.dtype}"
    if labels.ndim == 1 and labels.dtype.kind in "bui":
        numbers = labels.astype(np.uint8) if labels.dtype == bool else labels
        outside = np.flatnonzero((numbers < -1) | (numbers >= classes)).tolist()
        received = f"{numbers[outside[0]]} in row {outside[0]}" if outside else ""
    if received:
        raise DataError(
            f"labels must be integers from 0 to {classes - 1}, the number of the class (-1: not labelled). "
            f"Received: {received}"
        )
    return labels.astype(np.int64)


def as_class_names(class_names: Iterable[Any]) -> tuple[str, ...]:
    """Return the names as a tuple of texts, if no two are the same."""
    if isinstance(class_names, str) or not isinstance(class_names, Iterable):
        raise DataError(f"class_names must be a list of names. Received: class_names={class_names!r}")
    names = tuple(map(str, class_names))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"class_names must be different names. Received twice: {', '.join(map(repr, twice))}")
    return names


@dataclass(frozen=True, eq=False)
class ImageDataset(Labelled):
    """Pictures in memory, with labels, groups and a data card.

    Attributes
    ----------
    images : array of shape (n, height, width, channels)
        uint8, 0 to 255; channels is 1 or 3.
    labels : array of shape (n,)
        int64, from 0 to classes - 1; -1 where a picture has no label.
    class_names : tuple of str
    groups : array of shape (n,) or None
        Pictures with the same number belong together (duplicates, one scene, one person) and are never split.
    card : DataCard or None
    clean_labels : array of shape (n,) or None
        The true labels, where the set was made with wrong ones.

    Raises
    ------
    DataError
        If the arrays do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> data = ImageDataset(np.zeros((10, 8, 8, 1), "uint8"), np.arange(10) % 2, ("cat", "dog"))
    >>> train, test = data.split(0.4)
    >>> len(train), test.counts()
    (6, {'cat': 2, 'dog': 2})
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    groups: np.ndarray | None = None
    card: DataCard | None = field(default=None, repr=False)
    clean_labels: np.ndarray | None = None

    _rows: ClassVar[tuple[str, ...]] = ("images", "labels", "groups", "clean_labels")

    def __post_init__(self):
        images = np.asarray(self.images)
        if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8:
            raise DataError(
                "images must be uint8 of shape (n, height, width, 1 or 3). "
                f"Received: {images.dtype} of shape {images.shape}. Grey pictures get their channel by x[..., None]."
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "class_names", as_class_names(self.class_names))
        for name in ("labels", "clean_labels"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, as_labels(getattr(self, name), self.classes))
        if self.groups is not None:
            object.__setattr__(self, "groups", np.asarray(self.groups))
        check_rows(vars(self), self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of a picture."""
        return self.images.shape[1:]

    def __repr__(self):
        size = " x ".join(map(str, self.shape))
        classes = ", ".join(f"{name} {n}" for name, n in self.counts().items())
        groups = "" if self.groups is None else f", {len(np.unique(self.groups))} groups"
        return f"ImageDataset: {len(self)} pictures of {size}, {self.classes} classes ({classes}){groups}"


@dataclass(frozen=True, eq=False)
class PointDataset(Labelled):
    """Points with labels and a data card.

    Attributes
    ----------
    x : array of shape (n, d)
        float64.
    labels : array of shape (n,)
        int64, from 0 to classes - 1.
    card : DataCard or None
    class_names : tuple of str
        The default is the classes' numbers.

    Raises
    ------
    DataError
        If the arrays do not fit each other.

    Examples
    --------
    >>> PointDataset([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    PointDataset: 2 points with 2 coordinates, 2 classes (0 1, 1 1)
    """

    x: np.ndarray
    labels: np.ndarray
    card: DataCard | None = field(default=None, repr=False)
    class_names: tuple[str, ...] = ()

    _rows: ClassVar[tuple[str, ...]] = ("x", "labels")

    def __post_init__(self):
        x = np.asarray(self.x, dtype=np.float64)
        if x.ndim != 2 or not np.isfinite(x).all():
            raise DataError(f"x must be finite numbers of shape (n, d). Received: shape {x.shape}")
        object.__setattr__(self, "x", x)
        names = self.class_names or range(int(np.max(self.labels, initial=-1)) + 1)
        object.__setattr__(self, "class_names", as_class_names(names))
        object.__setattr__(self, "labels", as_labels(self.labels, self.classes))
        check_rows(vars(self), self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Coordinates of a point, as a tuple."""
        return self.x.shape[1:]

    def __repr__(self):
        classes = ", ".join(f"{name} {n}" for name, n in self.counts().items())
        return (
            f"PointDataset: {len(self)} points with {self.x.shape[1]} coordinates, {self.classes} classes ({classes})"
        )


def drawn(dataset: Any, n: int | None, seed: int) -> Any:
    """Return `n` rows of the set, the same share of each class, drawn by the seed; all of them where n is None."""
    if n is None:
        return dataset
    if n > len(dataset):
        raise DataError(f"n must be at most {len(dataset)}, the rows of this part. Received: n={n}")
    classes, counts = np.unique(dataset.labels, return_counts=True)
    exact = counts * n / len(dataset)
    number = np.floor(exact).astype(int)
    number[np.argsort(number - exact, kind="stable")[: n - number.sum()]] += 1
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(dataset.labels == c))[:m] for c, m in zip(classes, number, strict=True)]
    return dataset.subset(rng.permutation(np.concatenate(chosen)))


def at_size(data: ImageDataset, image_size: tuple[int, int] | None) -> ImageDataset:
    """Return the set with its pictures at (height, width), by Pillow's bicubic filter; the set itself for None."""
    from PIL import Image

    if image_size in (None, data.shape[:2]):
        return data
    height, width = image_size
    grey = data.shape[2] == 1
    pictures = [Image.fromarray(image[:, :, 0] if grey else image) for image in data.images]
    made = np.stack([np.asarray(p.resize((width, height), Image.Resampling.BICUBIC)) for p in pictures])
    return replace(data, images=made[..., None] if grey else made)
