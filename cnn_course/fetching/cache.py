"""Where downloaded files lie on this machine, and what to do by hand where the network says no."""

import errno
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from .._files import cache_folder, chosen_folder
from ..errors import DataError, DownloadError
from .connection import download
from .files import RemoteFile

_WAIT = 3600  # seconds for another process that downloads the same
_FORGOTTEN = 30 * 24 * 3600  # seconds after which nobody goes on with a download


def fetch(file: RemoteFile) -> Path:
    """Return the path of a file with the right bytes; download it where there is none.

    Parameters
    ----------
    file : RemoteFile

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DownloadError
        If no address gives it, the disk is full, the cache cannot be written, or ``CNN_COURSE_OFFLINE=1``
        forbids the network. The message says which file to put where by hand.
    """
    place, mirror = cache_folder() / file.folder / file.name, _in_mirror_folder(file)
    try:
        found = next((path for path in (place, mirror) if path is not None and file.is_at(path)), None)
        if found is None and not _offline():
            found = _download(file, place)
    except DownloadError as error:
        reason = f"None of its addresses gave it:\n{error}"
        if _wrong(place, mirror):
            reason = f"{_wrong(place, mirror)}. {reason}"
        raise DownloadError(_by_hand(file, place, reason)) from None
    except OSError as error:
        raise DownloadError(_by_hand(file, place, _explain(error, place))) from error
    if found is None:
        state = _wrong(place, mirror) or "there is no such file in the cache"
        raise DownloadError(_by_hand(file, place, f"CNN_COURSE_OFFLINE is set, and {state}."))
    return found


def _offline():
    """Return whether the user forbids the network."""
    return os.environ.get("CNN_COURSE_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def _download(file, place):
    """Put the file into the cache, alone among the processes of this machine; return its path."""
    part = place.with_name(file.name + ".part")
    with _alone(place.parent):
        if not file.is_at(place):  # another process may have brought it meanwhile
            _sweep(part)
            download(file, _addresses(file), part)
            with part.open("r+b") as stream:
                os.fsync(stream.fileno())  # the name must not reach the disk before the bytes do
            part.replace(place)
    return place


@contextmanager
def _alone(folder):
    """Hold the lock of a folder; the operating system takes it back from a process that dies."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=_WAIT):
            yield
    except Timeout:
        message = f"another process has been downloading into {folder} for {_WAIT // 60} minutes"
        raise OSError(errno.EBUSY, message) from None
    except NotImplementedError:
        raise OSError(errno.ENOLCK, "this file system cannot lock a file") from None


def _sweep(part):
    """Take away parts that nobody goes on with, and what stands in the place of this one and is no file."""
    for other in part.parent.glob("*.part"):
        with suppress(OSError):
            if other != part and time.time() - other.stat().st_mtime > _FORGOTTEN:
                other.unlink()
    if part.is_symlink() or (part.exists() and not part.is_file()):
        part.unlink()


def _mirror():
    """Return the address or the folder of ``CNN_COURSE_MIRROR``, "" where it is not set."""
    return os.environ.get("CNN_COURSE_MIRROR", "").rstrip("/")


def _addresses(file):
    """Return the addresses to try, the user's own mirror first."""
    own = [f"{_mirror()}/{file.folder}/{file.name}"] if _mirror().startswith(("http://", "https://")) else []
    return [*own, *file.addresses]


def _in_mirror_folder(file):
    """Return the file's place in the folder that ``CNN_COURSE_MIRROR`` names, None where it names none."""
    mirror = _mirror()
    if not mirror or mirror.startswith(("http://", "https://")):
        return None
    folder = chosen_folder("CNN_COURSE_MIRROR", mirror)
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        raise DataError(
            f"CNN_COURSE_MIRROR must be an address (https://...) or a folder that exists. Received: {mirror!r}"
        )
    return folder / file.folder / file.name


def _wrong(place, mirror):
    """Return in words which of the places has another file than the right one; "" where both have none."""
    wrong = [str(path) for path in (place, mirror) if path is not None and path.exists()]
    return f"{' and '.join(wrong)} has other bytes than the course knows (a half download?)" if wrong else ""


def _explain(error, place):
    """Return in words why the cache could not be written."""
    reasons = {
        errno.ENOSPC: "The disk is full",
        errno.EDQUOT: "The disk is full (your share of it)",
        errno.EACCES: "The folder cannot be written",
        errno.EPERM: "The folder cannot be written",
        errno.EROFS: "The folder cannot be written",
    }
    reason = reasons.get(error.errno, "The file could not be written")
    return f"{reason}: {place.parent} ({error.strerror or error}). CNN_COURSE_CACHE=/another/folder moves the cache."


def _by_hand(file, place, reason):
    """Return the message that helps without a network."""
    addresses = "\n".join(f"     {address}" for address in file.addresses)
    kind, known = file.known_hash
    size = f" ({file.size / 1e6:,.1f} MB)" if file.size else ""
    return (
        f"{file.folder}: {file.name}{size} could not be had. {reason}\n"
        f"By hand:\n"
        f"  1. Download it with a browser, from any of\n{addresses}\n"
        f"  2. Save it, not unpacked, as\n     {place}\n"
        f"     {f'Its {kind} is {known}.' if known else 'Its publisher gives no hash of it.'}\n"
        f"Or set CNN_COURSE_MIRROR to a folder or an address that has {file.folder}/{file.name}."
    )
