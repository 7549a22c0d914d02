"""Pictures of one's own: a folder becomes a data set, in memory or read batch by batch; nothing on disk is changed."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from .._arguments import positive_integer
from .._files import usable_cores
from .._progress import progress_bar
from ..errors import DataError
from ._listing import list_folder, readable
from .cards import DataCard
from .core import ImageDataset, Labelled, as_labels, check_rows
from .decoding import UnusableError, decode, read_file
from .duplicates import CHUNK, fingerprints, group
from .registry import checked_size
from .report import FileNote, FolderReport
from .rows import in_batches

_WAITING = 64  # chunks that wait for a thread


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
        object.__setattr__(self, "labels", as_labels(self.labels, self.classes))
        check_rows(vars(self), self._rows)

    @property
    def shape(self):
        """Height, width and channels of a picture."""
        return (*self.image_size, 3)

    def take(self, indices):
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
        images, _, reasons = _read(self.root, paths, self.image_size, self.crop_to_aspect_ratio)
        if reasons:
            name, reason = next(iter(reasons.items()))
            raise DataError(f"{self.root / name} was a picture when the folder was read, and is none now: {reason}")
        return images

    def batches(self, batch_size=None):
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

    def load(self):
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


def load_images_from_folder(path, image_size, labels="folders", batch_size=None, crop_to_aspect_ratio=False):
    """Return the pictures of a folder as a data set.

    JPEG, PNG, WebP, GIF, BMP and TIFF files are turned upright, made red, green and blue, and scaled. A file that
    gives no picture is left out and stands in `report` with its reason; no file is moved or changed. Exact and near
    duplicates get the same number in `groups`, so that `split` keeps them together.

    Parameters
    ----------
    path : str or pathlib.Path
    image_size : int or (int, int)
        Height and width, in pixels; one number for square pictures.
    labels : {"folders", None}, str or pathlib.Path
        ``"folders"``: each folder in `path` is a class, in the order of the alphabet, with all that is below it.
        None: no labels (they are -1). Otherwise a table in UTF-8 with the columns ``file`` (relative to `path`) and
        ``label``; an empty label is none.
    batch_size : int, optional
        None for an array in memory; a number for a set whose pictures stay on disk and come in batches.
    crop_to_aspect_ratio : bool
        Whether the middle part with the shape of `image_size` is taken. Otherwise pictures are stretched.

    Returns
    -------
    FolderDataset or LazyImageDataset
        `FolderDataset` is an `ImageDataset` with `paths` and `report`.

    Raises
    ------
    DataError
        If there is no such folder, no usable picture in it, an argument does not fit, or the pictures would not
        fit into memory.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> for name, colour in (("dogs", "brown"), ("cats", "black")):
    ...     Path(tempfile.gettempdir(), "pets", name).mkdir(parents=True, exist_ok=True)
    ...     Image.new("RGB", (60, 40), colour).save(Path(tempfile.gettempdir(), "pets", name, "one.png"))
    >>> load_images_from_folder(Path(tempfile.gettempdir(), "pets"), 32)
    ImageDataset: 2 pictures of 32 x 32 x 3, 2 classes (cats 1, dogs 1), 2 groups
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(f"path must be a folder that exists. Received: path={str(path)!r}")
    size = checked_size(image_size)
    if size is None:
        raise DataError("image_size must be an integer, or (height, width). Received: image_size=None")
    if batch_size is not None:
        positive_integer("batch_size", batch_size)
    listing = list_folder(root, labels if labels in ("folders", None) else _table(labels, root))
    if batch_size is None:
        _fits_into_memory(len(listing.paths), size)
    images, prints, reasons = _read(
        root, listing.paths, size, crop_to_aspect_ratio, keep=batch_size is None, title=f"Reading {root.name}"
    )
    report = _report(listing, reasons)
    if not report.loaded:
        raise DataError(f"There is no picture in {root} that can be used.\n{report}")
    kept = np.array([name not in reasons for name in listing.paths])
    rows = {
        "labels": np.array(listing.labels)[kept],
        "class_names": listing.class_names,
        "groups": group(prints),
        "paths": np.array(listing.paths, dtype=object)[kept],
        "report": report,
    }
    rows["card"] = _card(root, size, rows)
    if batch_size is None:
        return FolderDataset(images, **rows)
    reading = {"image_size": size, "batch_size": int(batch_size), "crop_to_aspect_ratio": crop_to_aspect_ratio}
    return LazyImageDataset(root, **rows, **reading)


def _table(labels, root):
    """Return the path of a table of labels, which may lie in the folder or elsewhere."""
    for place in (Path(labels).expanduser(), root / labels):
        if place.is_file():
            return place
    raise DataError(f"labels must be 'folders', None, or a table that exists. Received: labels={str(labels)!r}")


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


def _read(root, paths, size, crop, keep=True, title=None):
    """Return the pictures, their fingerprints, and {path: reason} of the files that gave none.

    Without `keep` there is no array of pictures; with a `title` there are fingerprints, and a progress bar.
    """
    images = np.empty((len(paths) if keep else 0, *size, 3), np.uint8)
    work = partial(_read_some, root, paths, images if keep else None, size, crop, title is not None)
    results = _in_threads(work, len(paths), title)
    reasons = {name: str(r) for name, r in zip(paths, results, strict=True) if isinstance(r, UnusableError)}
    if keep and reasons:
        images = _closed_up(images, [i for i, name in enumerate(paths) if name not in reasons])
    return images, [r for r in results if not isinstance(r, UnusableError)], reasons


def _read_some(root, paths, images, size, crop, fingerprinted, rows):
    """Put some pictures into their places; return of each its fingerprint, or what is wrong with it."""
    pictures = np.empty((len(rows), *size, 3), np.uint8) if images is None else images[rows.start : rows.stop]
    results = [_read_one(root / paths[i], picture, crop) for i, picture in zip(rows, pictures, strict=True)]
    if fingerprinted:
        read = [i for i, reason in enumerate(results) if reason is None]
        whole = pictures if len(read) == len(pictures) else pictures[read]
        for i, found in zip(read, fingerprints(whole), strict=True):
            results[i] = found
    return results


def _read_one(path, picture, crop):
    """Put one picture into its place; return what is wrong with it, if anything."""
    try:
        decode(read_file(path), picture.shape[:2], crop, out=picture)
    except UnusableError as reason:
        return reason


def _in_threads(work, n, title):
    """Return the results of work(rows) for all rows; decoders let go of Python's lock, so threads are enough."""
    step = max(
        1, min(CHUNK, n // (32 * usable_cores()))
    )  # few large photographs: no core waits for another one's last chunk
    chunks = [range(start, min(start + step, n)) for start in range(0, n, step)]
    results = []
    show = progress_bar(title, n) if title else nullcontext(lambda amount: None)
    with warnings.catch_warnings(), show as advance, ThreadPoolExecutor(usable_cores()) as pool:
        warnings.simplefilter("ignore")  # of the decoders; what matters is in the report
        for start in range(0, len(chunks), _WAITING):
            for done in pool.map(work, chunks[start : start + _WAITING]):
                results += done
                advance(len(done))
    return results


def _closed_up(images, rows):
    """Return these rows of `images`, moved to its beginning: a copy would take the memory twice."""
    for new, old in enumerate(rows):
        if new != old:
            images[new] = images[old]
    return images[: len(rows)]


def _report(listing, reasons):
    """Return the report, in the order of the paths."""
    failed = [FileNote(readable(name), False, reason) for name, reason in reasons.items()]
    gone = {note.path for note in failed}
    notes = [note for note in listing.notes if note.path not in gone] + failed
    return FolderReport(len(listing.paths) - len(reasons), tuple(sorted(notes, key=lambda note: note.path)))


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
