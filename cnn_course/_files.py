"""Files that are whole or not there, the folders that the course writes to, and the cores that it may use."""

import glob
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import DataError

_LEFT_OVER = 24 * 3600  # seconds after which nobody writes to a partial file any more


@contextmanager
def write_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside `path` to write to; afterwards `path` is complete or untouched, whatever kills the process.

    Parameters
    ----------
    path : str or path-like
        Its folder is made if need be. A link stays one: the file that it leads to is replaced.

    Yields
    ------
    pathlib.Path
        A new name in the same folder, with the same ending. Where the block raises, nothing of it is left.

    Raises
    ------
    OSError
        If the folder cannot be written, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with write_atomically(path) as partial:
    ...     _ = partial.write_text("whole")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('whole', 1)
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        with partial.open("r+b") as file:
            os.fsync(file.fileno())  # the name must not reach the disk before the bytes do
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _sweep(path):
    """Take away what a killed process left half written under this name, long ago."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial{glob.escape(path.suffix)}"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_OVER:
                left.unlink()


def state_folder() -> Path:
    """Return the folder of what a student has done, which the first write makes.

    Returns
    -------
    pathlib.Path
        ``CNN_COURSE_STATE`` where it is set, else the platform's own place.

    Raises
    ------
    DataError
        If the variable begins with the home (``~name``) of a user who is not there.
    """
    import platformdirs

    return chosen_folder("CNN_COURSE_STATE", platformdirs.user_state_dir("cnn-course", False))


def cache_folder() -> Path:
    """Return the folder of the downloads, which the first download makes.

    Returns
    -------
    pathlib.Path
        ``CNN_COURSE_CACHE`` where it is set, else the platform's folder for caches.

    Raises
    ------
    DataError
        If the variable begins with the home (``~name``) of a user who is not there.

    Examples
    --------
    >>> cache_folder().name
    'cache'
    """
    import platformdirs

    return chosen_folder("CNN_COURSE_CACHE", platformdirs.user_cache_dir("cnn-course", False))


def chosen_folder(variable: str, usual: str) -> Path:
    """Return the folder that an environment variable names, else the usual one; ``~`` is the home."""
    chosen = os.environ.get(variable) or usual
    try:
        return Path(chosen).expanduser()
    except RuntimeError:
        raise DataError(f"{variable} must be a folder. Received: {chosen!r}, and there is no such user.") from None


def usable_cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
