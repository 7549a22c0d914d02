"""Pictures of one's own: a folder becomes a data set, in memory or read batch by batch; nothing on disk is changed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import positive_integer
from ..errors import DataError, DataWarning
from ._listing import EMPTY, list_folder, readable
from ._reading import look_at_pictures, read_pictures
from .cards import DataCard
from .core import ImageDataset, Labelled, as_class_names, as_labels, check_rows
from .duplicates import digests, fingerprints, group, mixed_groups
from .registry import checked_size
from .report import FileNote, FolderReport
from .rows import in_batches


@dataclass(frozen=True, eq=False, repr=False)
class FolderDataset(ImageDataset):
    """Pictures of a folder in memory: an `ImageDataset` that knows its files.

    Attributes
    ----------
    paths : array of shape (n,)
        The file of each picture, relative to the folder.
    report : FolderReport
        The files that were left out, each with its reason.
    """

    paths: np.ndarray | None = None
    report: FolderReport | None = field(default=None, repr=False)

    _rows = (*ImageDataset._rows, "paths")


@dataclass(frozen=True, eq=False, repr=False)
class LazyImageDataset(Labelled):
    """Pictures of a folder that stay on disk until they are asked for.

    Each file has been decoded once, so that labels, groups and report are those of the pictures that will come.

    Attributes
    ----------
    root : pathlib.Path
    paths : array of shape (n,)
        The file of each picture, relative to `root`.
    labels : array of shape (n,)
        int64, from 0 to classes - 1; -1 where a picture has no label.
    class_names : tuple of str
    groups : array of shape (n,)
        Pictures with the same number are duplicates and are never split.
    image_size : (int, int)
        Height and width.
    batch_size : int
    card : DataCard
    report : FolderReport
        The files that were left out, each with its reason.
    """

    root: Path
    paths: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    groups: np.ndarray
    image_size: tuple[int, int]
    batch_size: int
    crop_to_aspect_ratio: bool = False
    card: DataCard | None = field(default=None, repr=False)
    report: FolderReport | None = field(default=None, repr=False)

    _rows = ("paths", "labels", "groups")

    def __post_init__(self):
        object.__setattr__(self, "class_names", as_class_names(self.class_names))
        object.__setattr__(self, "labels", as_labels(self.labels, self.classes))
        check_rows(vars(self), self._rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a picture."""
        return (*self.image_size, 3)

    def take(self, indices: Any) -> NDArray[np.uint8]:
        """Return the pictures of these rows, read from their files.

        Parameters
        ----------
        indices : array of int, slice or array of bool
            Row numbers, in any order.

        Returns
        -------
        array of shape (len(indices), height, width, 3)
            uint8, 0 to 255.

        Raises
        ------
        DataError
            If a row does not exist, or a file is no longer there or no longer a picture.
        """
        paths = self.paths[self._numbers(indices)]
        images, looks = read_pictures(self.root, paths, self.image_size, self.crop_to_aspect_ratio)
        for name, look in zip(paths, looks, strict=True):
            if look.reason:
                raise DataError(
                    f"{self.root / name} was a picture when the folder was read, and is none now: {look.reason}"
                )
        return images

    def batches(self, batch_size: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures in the order of `labels`, some at a time.

        Parameters
        ----------
        batch_size : int, optional
            The default is the one that was given when the folder was read.

        Yields
        ------
        array of shape (batch_size, height, width, 3)
            uint8; the last one may be shorter.
        """
        return in_batches(self.take, len(self), self.batch_size if batch_size is None else batch_size)

    def load(self) -> FolderDataset:
        """Return the set with all pictures in memory.

        Returns
        -------
        FolderDataset
        """
        rows = {name: getattr(self, name) for name in ("labels", "class_names", "groups", "card", "paths", "report")}
        return FolderDataset(self.take(np.arange(len(self))), **rows)

    def __repr__(self):
        size = " x ".join(map(str, self.shape))
        return f"LazyImageDataset: {len(self)} pictures of {size} in {self.root}, {self.classes} classes"


def load_images_from_folder(
    path: str | os.PathLike,
    image_size: int | tuple[int, int],
    labels: Any = "folders",
    batch_size: int | None = None,
    crop_to_aspect_ratio: bool = False,
    class_names: Sequence[str] | None = None,
    near_duplicates: bool = True,
) -> FolderDataset | LazyImageDataset:
    """Return the pictures of a folder as a data set.

    JPEG, PNG, WebP, GIF, BMP and TIFF files are turned upright, made red, green and blue, and scaled. A file that
    gives no picture is left out and stands in `report` with its reason; no file is moved or changed. Exact and near
    duplicates get the same number in `groups`, so that `split` keeps them together.

    Parameters
    ----------
    path : str or pathlib.Path
    image_size : int or (int, int)
        Height and width, in pixels; one number for square pictures.
    labels : {"folders", None}, str, pathlib.Path, dict or list
        ``"folders"``: each folder in `path` that holds a picture is a class, in the order of the alphabet, with all
        that is below it. None: no labels (they are -1). Otherwise a table with the columns ``file`` (relative to
        `path`, with or without its ending) and ``label``, ``{file: label}``, or a label for each file in the order of
        their paths. A label is a class's name or its number; an empty one is none.
    batch_size : int, optional
        None for an array in memory; a number for a set whose pictures stay on disk and come in batches.
    crop_to_aspect_ratio : bool
        Whether the middle part with the shape of `image_size` is taken. Otherwise pictures are stretched.
    class_names : sequence of str, optional
        The classes and their order, as ``train.class_names`` for a folder to validate on; pictures of others are left
        out. The default is the classes that occur.
    near_duplicates : bool
        Whether pictures that only look alike are grouped, too. False where many do and are different pictures (small
        ones, or things photographed alike): then only pictures that are equal in every pixel are.

    Returns
    -------
    FolderDataset or LazyImageDataset
        `FolderDataset` is an `ImageDataset` with `paths` and `report`.

    Raises
    ------
    DataError
        If there is no such folder, no usable picture in it, an argument does not fit, or the pictures would not
        fit into memory.

    Warns
    -----
    DataWarning
        If folders are hardly classes (``train`` and ``test``, one folder around all others, one without a picture), or
        groups of duplicates reach over two classes.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, colour in (("dogs", "brown"), ("cats", "black")):
    ...         Path(folder, name).mkdir()
    ...         Image.new("RGB", (60, 40), colour).save(Path(folder, name, "one.png"))
    ...     load_images_from_folder(folder, 32)
    ImageDataset: 2 pictures of 32 x 32 x 3, 2 classes (cats 1, dogs 1), 2 groups
    """
    root = _folder(path)
    size = checked_size(image_size)
    if size is None:
        raise DataError("image_size must be an integer, or (height, width). Received: image_size=None")
    if batch_size is not None:
        batch_size = positive_integer("batch_size", batch_size)
    wanted = None if class_names is None else as_class_names(class_names)
    listing = list_folder(root, labels, wanted)
    if batch_size is None:
        _fits_into_memory(len(listing.paths), size)
    prints = fingerprints if near_duplicates else digests
    reading = (root, listing.paths, size, crop_to_aspect_ratio, prints, f"Reading {root.name}")
    images: Any
    images, looks = read_pictures(*reading) if batch_size is None else (None, look_at_pictures(*reading))
    report = _report(listing, looks)
    if not report.loaded:
        raise DataError(f"There is no picture in {root} that can be used.\n{report}")
    kept = np.array([not look.reason for look in looks])
    rows: dict[str, Any] = {
        "labels": np.array(listing.labels)[kept],
        "class_names": listing.class_names,
        "groups": group([look.fingerprint for look in looks if not look.reason]),
        "paths": np.array(listing.paths, dtype=object)[kept],
    }
    remarks = list(listing.remarks)
    if wanted is None and isinstance(labels, str) and labels == "folders":
        report = _without_empty_classes(rows, report, remarks)
    rows |= {"report": report}
    rows["card"] = _card(root, size, rows)
    _remark_on_groups(rows, remarks)
    for remark in remarks:
        warnings.warn(remark, DataWarning, stacklevel=2)
    if images is not None:
        return FolderDataset(images, **rows)
    rows |= {"image_size": size, "batch_size": batch_size, "crop_to_aspect_ratio": crop_to_aspect_ratio}
    return LazyImageDataset(root, **rows)


def _folder(path):
    """Return the path of a folder that is there."""
    if isinstance(path, str | os.PathLike):
        root = Path(os.path.expanduser(path))  # noqa: PTH111 - an unknown user's home is a folder that is not there
        if os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises where a folder on the way is shut
            return root
    raise DataError(f"path must be a folder that exists. Received: path={str(path)!r}")


def _without_empty_classes(rows, report, remarks):
    """Take the classes that have no picture out of the rows; return the report that says so."""
    used, labels = np.unique(rows["labels"], return_inverse=True)
    names = rows["class_names"]
    empty = [name for k, name in enumerate(names) if k not in used]
    rows |= {"labels": labels, "class_names": tuple(names[k] for k in used)}
    notes = [FileNote(name, False, "no class: it holds no picture that can be used") for name in empty]
    without = [*empty, *(note.path for note in report.notes if note.reason == EMPTY)]
    if without:
        remarks.append(
            f"No class, for no picture is in it: {', '.join(sorted(without))}. With class_names=[...] it remains one."
        )
    return FolderReport(report.loaded, tuple(sorted([*report.notes, *notes], key=lambda note: note.path)))


def _remark_on_groups(rows, remarks):
    """Remark on groups of duplicates that hold pictures of several classes."""
    groups = rows["groups"]
    mixed = mixed_groups(groups, rows["labels"])
    if len(mixed):
        remarks.append(
            f"Duplicates in different classes: {np.isin(groups, mixed).sum():,} of {len(groups):,} pictures, "
            f"{len(mixed):,} group{'s' * (len(mixed) != 1)}. Their labels are wrong, or they only look alike: "
            "find_duplicates(data) shows the pairs; near_duplicates=False groups none but equal pictures."
        )


def _fits_into_memory(n, size):
    """Raise where the array would be larger than the machine's memory."""
    needed = n * size[0] * size[1] * 3
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return
    if needed > 0.9 * memory:
        raise DataError(
            f"{n:,} pictures of {size[0]} x {size[1]} need {needed / 1e9:.1f} GB, and this machine has "
            f"{memory / 1e9:.1f}. Try batch_size=32, which leaves them on disk, or a smaller image_size."
        )


def _report(listing, looks):
    """Return the report, in the order of the paths."""
    failed = [
        FileNote(readable(name), False, look.reason)
        for name, look in zip(listing.paths, looks, strict=True)
        if look.reason
    ]
    gone = {note.path for note in failed}
    notes = [note for note in listing.notes if note.path not in gone] + failed
    for name, look in zip(listing.paths, looks, strict=True):
        notes += [FileNote(readable(name), True, words) for words in look.remarks if not look.reason]
    return FolderReport(len(listing.paths) - len(failed), tuple(sorted(notes, key=lambda note: note.path)))


def _card(root, size, rows):
    """Return what is known of the folder; the rest is for its owner to find out."""
    n, groups = len(rows["labels"]), len(np.unique(rows["groups"]))
    names = ", ".join(rows["class_names"][:20]) or "none"
    left_out = rows["report"].reasons()
    return DataCard(
        name=root.resolve().name,
        what=f"Pictures of your own folder; classes: {names}",
        how_many=f"{n:,}; no part is held back for testing: split() does that",
        shape=f"{size[0]} x {size[1]} x 3",
        source=str(root.resolve()),
        licence="Not known to the course. Find out before you pass a picture on.",
        consent="Not known to the course. Did the people in them agree, to this use?",
        known_faults=f"{n - groups:,} repeat another one; left out or remarked on: "
        + (", ".join(f"{reason} {count:,}" for reason, count in left_out.items()) or "none"),
        citation="Yours to write.",
    )
