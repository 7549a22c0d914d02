"""What a data set is: the one place that knows the forms in which pictures and labels come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import positive_integer
from ..errors import DataError


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """Pictures (or points) in one form, wherever they lie.

    Attributes
    ----------
    take : callable
        Gives the pictures of some row numbers, as an array ``(len(indices), *shape)``.
    count : int
        Rows in all.
    shape : tuple of int
        Of one row: height, width and channels of a picture.
    labels : array of shape (n,) or (n, classes), or None
    class_names : tuple of str or None
        Where the set knows them.
    groups, paths : array of shape (n,) or None
        Where the set knows them.
    array : array of shape (n, ...) or None
        All rows, where they are in memory.
    """

    take: Callable[[Any], NDArray]
    count: int
    shape: tuple[int, ...]
    labels: Any = None
    class_names: tuple[str, ...] | None = None
    groups: NDArray | None = None
    paths: NDArray | None = None
    array: NDArray | None = None

    def __len__(self) -> int:
        return self.count

    def pair(self, indices: NDArray) -> tuple[NDArray, NDArray]:
        """Return the pictures and the labels of these rows; for data that has labels."""
        assert self.labels is not None  # rows_of has seen to it
        return self.take(indices), self.labels[indices]

    def batches(self, batch_size: int = 32) -> Iterator[NDArray]:
        """Yield all pictures in their order, so many at a time; the last ones may be fewer."""
        return in_batches(self.take, self.count, batch_size)


def rows_of(data: Any, name: str = "data", labelled: bool = True) -> Rows:
    """Return the data in the one form that the course works with.

    Parameters
    ----------
    data : ImageDataset, LazyImageDataset, PointDataset, pair of arrays or array
        An array alone only where no labels are needed.
    name : str
        What an error calls it.
    labelled : bool
        Whether there must be labels, and at least one row.

    Returns
    -------
    Rows

    Raises
    ------
    DataError
        If it is none of these, or pictures and labels do not fit each other.

    Examples
    --------
    >>> rows = rows_of((np.zeros((3, 8, 8, 1), "uint8"), [0, 1, 1]))
    >>> len(rows), rows.shape, rows.take([2]).shape
    (3, (8, 8, 1), (1, 8, 8, 1))
    """
    if isinstance(data, Rows):
        return data
    known = {part: getattr(data, part, None) for part in ("labels", "class_names", "groups", "paths")}
    array = next((getattr(data, part) for part in ("images", "x") if hasattr(data, part)), None)
    if known["labels"] is not None and array is not None:
        return _in_memory(array, name, labelled, **known)
    if known["labels"] is not None and hasattr(data, "take") and hasattr(data, "batches"):
        return Rows(data.take, len(data), tuple(data.shape), **known)
    if isinstance(data, tuple | list):
        pair = len(data) == 2 and (labelled or np.ndim(data[0]) > np.ndim(data[1]))
        if labelled and not pair:
            raise DataError(f"{name} must be a pair (pictures, labels) or a data set. Received: {len(data)} parts")
        return _in_memory(data[0], name, labelled, data[1]) if pair else _in_memory(data, name, labelled)
    if isinstance(data, np.ndarray) and not labelled:
        return _in_memory(data, name, labelled)
    if not labelled:
        raise DataError(
            f"{name} must be a data set of pictures, or uint8 of shape (n, height, width, channels). "
            f"Received: {type(data).__name__}"
        )
    raise DataError(
        f"{name} must be a data set of the course or a pair (pictures, labels). Received: {type(data).__name__}. "
        "Try load_dataset(...) or load_images_from_folder(...), or (x, y) for two arrays."
    )


def picture_rows(data: Any, name: str = "data") -> Rows:
    """Return the data in one form, as `rows_of`, if they are uint8 pictures; labels are not needed.

    Raises
    ------
    DataError
        If they are none.

    Examples
    --------
    >>> picture_rows(np.zeros((3, 8, 8, 1), "uint8")).shape
    (8, 8, 1)
    """
    rows = rows_of(data, name, labelled=False)
    kind = np.dtype(np.uint8) if rows.array is None else rows.array.dtype
    if len(rows.shape) != 3 or rows.shape[2] not in (1, 3) or kind != np.uint8:
        raise DataError(
            f"{name} must be a data set of pictures, or uint8 of shape (n, height, width, 1 or 3). "
            f"Received: {kind} of shape {(len(rows), *rows.shape)}"
        )
    return rows


def _in_memory(array, name, labelled, labels=None, **known):
    x, labels = np.asarray(array), None if labels is None else np.asarray(labels)
    counts = (len(x) if x.ndim else 0, None if labels is None else len(labels) if labels.ndim else 0)
    if x.ndim < 2 or counts[1] not in (None, counts[0]) or (labelled and not counts[0]):
        raise DataError(
            f"{name} must hold a label for each picture, and at least one picture of shape (height, width, "
            f"channels). Received: pictures of shape {x.shape}, labels of shape {getattr(labels, 'shape', None)}"
        )
    if x.dtype.kind not in "buif":
        raise DataError(f"Pictures must be numbers, best uint8. Received: dtype {x.dtype}")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise DataError("Pictures must be finite numbers; these hold NaN or infinity. Look where they come from.")
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:  # as keras.datasets gives them
        labels = labels[:, 0]
    if labels is not None and labels.dtype == bool:
        labels = labels.astype("uint8")
    return Rows(x.__getitem__, counts[0], x.shape[1:], labels, array=x, **known)


def in_batches(take: Callable[[Any], NDArray], n: int, batch_size: int) -> Iterator[NDArray]:
    """Yield ``take`` of the row numbers from 0 to n - 1, so many at a time."""
    positive_integer("batch_size", batch_size)
    return (take(np.arange(start, min(start + batch_size, n))) for start in range(0, n, batch_size))


def match_classes(rows: Rows, class_names: Sequence[str] | None, name: str = "data", other: str = "the model") -> Rows:
    """Return the rows with their labels counted in the order of `class_names`: classes are matched by their names.

    Call it wherever two sets, or a model and a set, meet: trained on (blue, green, red), a folder with (blue, red)
    calls red 1, and the model calls it 2.

    Parameters
    ----------
    rows : Rows
        As `rows_of` gives them.
    class_names : sequence of str or None
        The order that is wanted. Where it, or that of the rows, is not known, the labels stay as they are.
    name, other : str
        What an error calls the rows, and whatever has the other order.

    Returns
    -------
    Rows

    Raises
    ------
    DataError
        If a class of the rows that has pictures is not among `class_names`; the message shows both orders.

    Examples
    --------
    >>> rows = replace(rows_of((np.zeros((2, 8, 8, 1), "uint8"), [0, 1])), class_names=("blue", "red"))
    >>> match_classes(rows, ("blue", "green", "red")).labels
    array([0, 2])
    """
    if (
        class_names is None
        or rows.class_names is None
        or rows.labels is None
        or tuple(rows.class_names) == tuple(class_names)
    ):
        return rows
    wanted, own = tuple(map(str, class_names)), tuple(map(str, rows.class_names))
    if wanted == own:
        return rows
    used = set(np.unique(rows.labels[rows.labels >= 0]).tolist())
    strange = [own[k] for k in sorted(used) if own[k] not in wanted]
    if strange:
        raise DataError(
            f"The classes must be the same. {other} has, in this order: {', '.join(wanted)}; {name} has: "
            f"{', '.join(own)}, and {', '.join(map(repr, strange))} is not among the first. "
            "load_images_from_folder(..., class_names=[...]) gives a folder the classes and the order that you name."
        )
    place = np.array([*(wanted.index(one) if one in wanted else -1 for one in own), -1])  # the last for the label -1
    return replace(rows, labels=place[rows.labels], class_names=wanted)
