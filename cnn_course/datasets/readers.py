"""Readers for the formats of the downloads: each bounded by its header, none able to run code.

The `Unpickler` of Python runs what a file tells it to; CIFAR-10 is therefore read from its binary version, and an
npz only with ``allow_pickle=False``.
"""

import gzip
import lzma
import math
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

LARGEST = 2**30  # bytes of one array: Fashion-MNIST has 47 million
# What gzip, tarfile and zipfile raise on damaged files; fuzzing found each of them.
_BROKEN = (
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
_NPY_HEADER = re.compile(
    r"\{'descr': '(?P<dtype>[<>|](?:[iu][1248]|f[248]|b1))', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,12},? ?){0,8})\), \}\s*"
)


@contextmanager
def _named(path, kind):
    """Raise the errors of the libraries again, with the file that caused them."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{Path(path).name} is not {kind}: {error}") from None
    except (FileNotFoundError, PermissionError):
        raise
    except _BROKEN as error:
        raise DataError(f"{Path(path).name} is not {kind}, or only half of one: {error}") from None


def read_idx(path: str | os.PathLike, ndim: int) -> NDArray[np.uint8]:
    """Return the array of an IDX file, the format of MNIST.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; one that ends in ``.gz`` is unpacked on the way.
    ndim : int
        The number of axes that are expected: 1 for labels, 3 for pictures.

    Returns
    -------
    numpy.ndarray
        uint8, with `ndim` axes.

    Raises
    ------
    DataError
        If it is no IDX file of unsigned bytes, has another number of axes, or does not end where its header says.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database: "The IDX file format".

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
    10
    >>> read_idx(path, ndim=1)
    array([7, 9], dtype=uint8)
    """
    opened = gzip.open if Path(path).suffix == ".gz" else open
    with _named(path, "an IDX file of unsigned bytes"), opened(path, "rb") as stream:
        magic = stream.read(4)
        if magic != bytes([0, 0, 8, ndim]):
            raise DataError(f"it must begin with 0 0 8 {ndim}. Received: {' '.join(map(str, magic)) or 'nothing'}.")
        shape = [int.from_bytes(_exactly(stream, 4)) for _ in range(ndim)]
        _bound(shape)
        array = np.frombuffer(_exactly(stream, math.prod(shape)), np.uint8).reshape(shape)
        if stream.read(1):
            raise DataError(f"it goes on after the {shape} bytes of its header.")
        return array


def read_cifar(stream: Any, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the pictures and the labels of one CIFAR-10 binary batch.

    Parameters
    ----------
    stream : binary file
        Each picture is a label (1 byte) and 32 x 32 red, then green, then blue values.
    count : int
        The pictures that it must hold: 10,000 in each batch of CIFAR-10.

    Returns
    -------
    images : numpy.ndarray
        uint8, shape (count, 32, 32, 3).
    labels : numpy.ndarray
        uint8, shape (count,), 0 to 9.

    Raises
    ------
    DataError
        If there are more or fewer bytes, or a label above 9.

    References
    ----------
    Krizhevsky (2009), Learning multiple layers of features from tiny images; "Binary version" on its page.

    Examples
    --------
    >>> import io
    >>> images, labels = read_cifar(io.BytesIO(bytes([3]) + bytes(3072)), 1)
    >>> images.shape, labels
    ((1, 32, 32, 3), array([3], dtype=uint8))
    """
    _bound([count, 3073])
    rows = np.frombuffer(_exactly(stream, count * 3073), np.uint8).reshape(count, 3073)
    if stream.read(1):
        raise DataError(f"it goes on after {count} pictures.")
    labels = rows[:, 0].copy()
    if count and labels.max() > 9:
        raise DataError(f"labels must be 0 to 9. Received: {labels.max()}.")
    return np.ascontiguousarray(rows[:, 1:].reshape(count, 3, 32, 32).transpose(0, 2, 3, 1)), labels


def read_cifar_archive(
    path: str | os.PathLike, names: Sequence[str], count: int = 10_000
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the pictures and the labels of some batches of CIFAR-10's archive, which is not unpacked.

    Parameters
    ----------
    path : str or pathlib.Path
        ``cifar-10-binary.tar.gz``.
    names : sequence of str
        The batches, as ``"data_batch_1.bin"``.
    count : int
        The pictures of one batch.

    Returns
    -------
    images : numpy.ndarray
        uint8, shape (len(names) * count, 32, 32, 3).
    labels : numpy.ndarray
        uint8.

    Raises
    ------
    DataError
        If the archive or one of the batches is not whole.
    """
    batches = {}
    with _named(path, "CIFAR-10's archive"), tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if name in names and member.isfile():
                batches[name] = read_cifar(archive.extractfile(member), count)
        missing = [name for name in names if name not in batches]
        if missing:
            raise DataError(f"it has no {', '.join(missing)}.")
    images, labels = zip(*(batches[name] for name in names), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def read_photo_archive(path: str | os.PathLike, folders: Sequence[str]) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """Return the names and the bytes of the JPEG files in some folders of a tar.gz, which is not unpacked.

    Parameters
    ----------
    path : str or pathlib.Path
    folders : sequence of str
        The folders, one for each class, at any depth.

    Returns
    -------
    names : tuple of str
        Sorted; as ``"flower_photos/daisy/1.jpg"``.
    files : tuple of bytes

    Raises
    ------
    DataError
        If the archive is not whole, has nothing in one of the folders, or holds more than a course's archive would.
    """
    files, total = {}, 0
    with _named(path, "an archive of photographs"), tarfile.open(path, "r:gz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if not member.isfile() or folder.rpartition("/")[2] not in folders or not name.lower().endswith(".jpg"):
                continue
            total += member.size
            _bound([total])
            files[member.name] = bytes(_exactly(archive.extractfile(member), member.size))
        missing = set(folders) - {name.split("/")[-2] for name in files}
        if missing:
            raise DataError(f"it has no photographs in {', '.join(sorted(missing))}.")
    names = tuple(sorted(files))
    return names, tuple(files[name] for name in names)


def read_npz(path: str | os.PathLike, names: Sequence[str]) -> dict[str, NDArray]:
    """Return some arrays of an npz file, as a dict; no array that would run code is loaded.

    Parameters
    ----------
    path : str or pathlib.Path
    names : sequence of str
        The arrays that are wanted.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    DataError
        If it is no npz file, lacks an array, holds Python objects, or is larger than a course's file could be.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "small.npz"
    >>> np.savez(path, x=np.arange(3))
    >>> read_npz(path, ["x"])["x"]
    array([0, 1, 2])
    """
    with _named(path, "an npz file"), zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        arrays = {}
        for name in names:
            if f"{name}.npy" not in sizes:
                raise DataError(f"it has no array {name!r}, but {', '.join(sorted(sizes)) or 'nothing'}.")
            _bound([sizes[f"{name}.npy"]])
            with archive.open(f"{name}.npy") as stream:
                arrays[name] = _read_npy(stream, sizes[f"{name}.npy"])
        return arrays


def _read_npy(stream, size):
    """Return the array of an npy stream of `size` bytes; its header is matched, not evaluated."""
    magic = bytes(_exactly(stream, 8))
    if magic not in (b"\x93NUMPY\1\0", b"\x93NUMPY\2\0"):
        raise DataError("an array in it is not numpy's format 1.0 or 2.0.")
    length = int.from_bytes(_exactly(stream, 2 if magic[6] == 1 else 4), "little")
    _bound([length])
    header = bytes(_exactly(stream, length)).decode("latin1")
    if "O'" in header:
        raise DataError("it holds Python objects, and loading those can run code.")
    found = _NPY_HEADER.fullmatch(header)
    if found is None:
        raise DataError(f"it must hold plain numbers. Received the header {header.strip()[:100]!r}.")
    dtype, order = np.dtype(found["dtype"]), "F" if found["fortran"] == "True" else "C"
    shape = tuple(int(axis) for axis in re.findall(r"\d+", found["shape"]))
    if math.prod(shape) * dtype.itemsize > size:
        raise DataError(f"its header promises {shape} of {dtype}, more than its {size} bytes.")
    flat = np.frombuffer(_exactly(stream, math.prod(shape) * dtype.itemsize), dtype)
    return flat.reshape(shape, order=order)


def _exactly(stream, size):
    """Return `size` bytes; raise where there are fewer."""
    pieces, left = [], size
    while left:
        piece = stream.read(min(left, 2**24))
        if not piece:
            raise DataError(f"it ends {left:,} bytes too early.")
        pieces.append(piece)
        left -= len(piece)
    return bytearray().join(pieces)  # of which numpy makes arrays that can be written


def _bound(shape):
    """Raise before memory is asked for that no file of the course needs."""
    if math.prod(shape) > LARGEST:
        raise DataError(f"its header promises {' x '.join(map(str, shape))} bytes, more than {LARGEST:,}.")
