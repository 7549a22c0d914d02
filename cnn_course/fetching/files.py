"""What is known of a file before it is downloaded."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


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

    def is_at(self, path: str | os.PathLike) -> bool:
        """Return whether the file at `path` has the right bytes."""
        path = Path(path)
        return path.is_file() and self.size in (0, path.stat().st_size) and self.matches(path)

    def matches(self, path: str | os.PathLike) -> bool:
        """Return whether a file has the right hash, and the right first bytes."""
        kind, known = self.known_hash
        magic = bytes.fromhex(self.magic)
        with Path(path).open("rb") as stream:
            begins = stream.read(len(magic)) == magic
            stream.seek(0)
            return begins and (not known or hashlib.file_digest(stream, kind).hexdigest() == known)

    @property
    def known_hash(self) -> tuple[str, str]:
        """The hash's kind and its digits, or ("", "")."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else ("", "")
