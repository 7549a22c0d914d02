"""Files that are downloaded once: data sets and weights, known by their bytes.

`files` says what is known of a file, `cache` where it lies on this machine, `connection` how it comes from a server.
"""

from .cache import fetch
from .files import RemoteFile

__all__ = ["RemoteFile", "fetch"]
