"""Files that are downloaded once: checked by sha256, resumed, from the first mirror that gives them.

pooch knows the cache and the hash; it neither resumes nor tries another address, so its `downloader` is ours.
"""

import errno
import logging
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .._files import cache_folder
from ..errors import DataError, DownloadError
from ._transfer import digest, transfer

_WAIT = 3600  # seconds for another process that downloads the same


@dataclass(frozen=True)
class RemoteFile:
    """A file that the course knows by its bytes, and where it is found.

    Parameters
    ----------
    folder, name : str
        Where it lies in the cache: ``folder/name``.
    size : int
        Bytes; 0 where the publisher does not say.
    sha256 : str
        64 hexadecimal digits; "" where the publisher gives another hash, or none.
    addresses : tuple of str
        http or https, the best one first.
    md5 : str
        32 hexadecimal digits, where there is no sha256.
    magic : str
        What the file begins with, in hexadecimal digits: all that can be checked where there is no hash.
    """

    folder: str
    name: str
    size: int
    sha256: str
    addresses: tuple[str, ...]
    md5: str = ""
    magic: str = ""

    def is_at(self, path):
        """Return whether the file at `path` has the right bytes."""
        path = Path(path)
        return path.is_file() and self.size in (0, path.stat().st_size) and self.matches(path)

    def matches(self, path):
        """Return whether a file has the right hash, and the right first bytes."""
        kind, known = self.known_hash
        magic = bytes.fromhex(self.magic)
        with Path(path).open("rb") as stream:
            begins = stream.read(len(magic)) == magic
        return begins and (not known or digest(path, kind) == known)

    @property
    def known_hash(self):
        """The hash's kind and its digits, or ("", "")."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else ("", "")


def fetch(file):
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
    place = cache_folder() / file.folder / file.name
    for candidate in (place, _in_mirror_folder(file)):
        if candidate is not None and file.is_at(candidate):
            return candidate
    if os.environ.get("CNN_COURSE_OFFLINE", "0") not in ("", "0"):
        raise DownloadError(_by_hand(file, place, f"CNN_COURSE_OFFLINE is set, and {_state(place)}."))
    try:
        return _download(file, place)
    except DownloadError as error:
        raise DownloadError(_by_hand(file, place, f"None of its addresses gave it:\n{error}")) from None
    except OSError as error:
        raise DownloadError(_by_hand(file, place, _explain(error, place))) from error


def _download(file, place):
    """Return the path of a file that pooch has put into the cache, alone among the processes of this machine."""
    import pooch

    part = place.with_name(file.name + ".part")
    with _alone(place.parent), _quiet(pooch.get_logger()):
        _sweep(place.parent)

        def downloader(_url, target, _pooch):
            transfer(file, _addresses(file), part)
            part.replace(target)

        known = ":".join(file.known_hash) if file.known_hash[0] else None
        return Path(pooch.retrieve(file.addresses[0], known, file.name, place.parent, downloader=downloader))


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


def _sweep(folder):
    """Take away the temporary files that a killed process left; the lock says that nobody writes one."""
    for path in folder.iterdir():
        if re.fullmatch(r"tmp[a-z0-9_]{8}", path.name):
            path.unlink()


@contextmanager
def _quiet(logger):
    """Keep pooch's own words away: a progress bar says it."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


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
    folder = Path(mirror).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"CNN_COURSE_MIRROR must be an address (https://...) or a folder that exists. Received: {mirror!r}"
        )
    return folder / file.folder / file.name


def _state(place):
    """Return in words what lies where the file should."""
    if place.exists():
        return "the file there has other bytes than the course knows (a half download?)"
    return "there is no such file in the cache"


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
