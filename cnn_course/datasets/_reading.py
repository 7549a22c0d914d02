"""Files of pictures to an array: decoded by several threads, each picture put where it belongs."""

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import usable_cores
from .._progress import progress_bar
from .decoding import UnusableError, decode, read_file
from .duplicates import CHUNK

_WAITING = 64  # chunks that wait for a thread


@dataclass
class Look:
    """What became of one file."""

    reason: str = ""  # why it gave no picture
    remarks: list[str] = field(default_factory=list)
    fingerprint: Any = None


def read_pictures(
    root: Path,
    paths: Sequence[str],
    size: tuple[int, int],
    crop: bool,
    prints: Callable[[NDArray], list] | None = None,
    title: str = "",
) -> tuple[NDArray[np.uint8], list[Look]]:
    """Return the pictures of these files, and a `Look` at each; those that gave none are left out.

    Parameters
    ----------
    root : pathlib.Path
    paths : sequence of str
        Relative to `root`.
    size : (int, int)
    crop : bool
    prints : callable, optional
        Gives the fingerprints of some pictures.
    title : str
        Of the progress bar; "" for none.

    Returns
    -------
    images : array of shape (n, height, width, 3)
        uint8.
    looks : list of Look
    """
    images = np.empty((len(paths), *size, 3), np.uint8)

    def work(rows):
        return _decode_all(root, [paths[i] for i in rows], images[rows.start : rows.stop], crop, prints)

    looks = list(_in_threads(work, len(paths), title))
    good = [i for i, look in enumerate(looks) if not look.reason]
    return _closed_up(images, good) if len(good) < len(paths) else images, looks


def look_at_pictures(
    root: Path,
    paths: Sequence[str],
    size: tuple[int, int],
    crop: bool,
    prints: Callable[[NDArray], list] | None = None,
    title: str = "",
) -> list[Look]:
    """Return a `Look` at each of these files, and keep no picture; the parameters as in `read_pictures`."""

    def work(rows):
        pictures = np.empty((len(rows), *size, 3), np.uint8)
        return _decode_all(root, [paths[i] for i in rows], pictures, crop, prints)

    return list(_in_threads(work, len(paths), title))


def _decode_all(root, paths, pictures, crop, prints):
    """Put some pictures into their places; return what became of them."""
    looks = [_decode_one(root / path, picture, crop) for path, picture in zip(paths, pictures, strict=True)]
    good = [i for i, look in enumerate(looks) if not look.reason] if prints else []
    whole = pictures if len(good) == len(pictures) else pictures[good]
    for i, found in zip(good, prints(whole) if prints else (), strict=True):
        looks[i].fingerprint = found
    return looks


def _decode_one(path, picture, crop):
    look = Look()
    try:
        decode(read_file(path), picture.shape[:2], crop, out=picture, remarks=look.remarks)
    except UnusableError as reason:
        look.reason = str(reason)
    return look


def _in_threads(work, n, title):
    """Yield the results of work(rows) for all rows; decoders let go of Python's lock, so threads are enough."""
    cores = usable_cores()
    step = max(1, min(CHUNK, n // (32 * cores)))  # few large photographs: no core waits for another one's last chunk
    chunks = [range(start, min(start + step, n)) for start in range(0, n, step)]
    show = progress_bar(title, n) if title else nullcontext(lambda amount: None)
    with warnings.catch_warnings(), show as advance, ThreadPoolExecutor(cores) as pool:
        warnings.simplefilter("ignore")  # of the decoders; what matters is in the report
        for start in range(0, len(chunks), _WAITING):
            for done in pool.map(work, chunks[start : start + _WAITING]):
                yield from done
                advance(len(done))


def _closed_up(images, rows):
    """Return these rows of `images`, moved to its beginning: a copy would take the memory twice."""
    for new, old in enumerate(rows):
        if new != old:
            images[new] = images[old]
    return images[: len(rows)]
