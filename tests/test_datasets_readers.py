"""The readers of the downloads give what numpy and Keras give, and on any other bytes a reason."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_course import DataError
from cnn_course.datasets.readers import read_cifar, read_cifar_archive, read_idx, read_npz

FUZZ = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def idx(array):
    """Return an array of unsigned bytes in the IDX format."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def npz(**arrays):
    """Return numpy's own npz file of some arrays."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def cifar(labels, seed=0):
    """Return a CIFAR-10 batch and its pictures."""
    images = np.random.default_rng(seed).integers(0, 256, (len(labels), 32, 32, 3), np.uint8)
    rows = [bytes([label]) + image.transpose(2, 0, 1).tobytes() for label, image in zip(labels, images, strict=True)]
    return b"".join(rows), images


def archive(path, files):
    """Write a tar.gz of name: bytes."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("compressed", [False, True])
def test_an_idx_file_gives_its_array(tmp_path, compressed):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    path = tmp_path / ("a.gz" if compressed else "a")
    path.write_bytes(gzip.compress(idx(pictures)) if compressed else idx(pictures))
    read = read_idx(path, 3)
    np.testing.assert_array_equal(read, pictures)
    assert read.flags.writeable


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must begin with 0 0 8 1. Received: nothing"),
        (b"\0\0\x0d\1", "Received: 0 0 13 1"),
        (b"\0\0\x08\3", "Received: 0 0 8 3"),
        (b"\0\0\x08\1\0\0", "ends 2 bytes too early"),
        (b"\0\0\x08\1\0\0\0\5abc", "ends 2 bytes too early"),
        (b"\0\0\x08\1\0\0\0\2abc", "goes on after"),
        (b"\0\0\x08\1\xff\xff\xff\xff", "promises 4294967295 bytes"),
        (b"<!DOCTYPE html>", "must begin"),
    ],
)
def test_other_bytes_than_an_idx_file_are_named(tmp_path, content, reason):
    for path, data in ((tmp_path / "labels", content), (tmp_path / "labels.gz", gzip.compress(content))):
        path.write_bytes(data)
        with pytest.raises(DataError, match=f"{path.name} is not an IDX file.*{reason}"):
            read_idx(path, 1)


def test_half_a_gzip_is_named(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(np.random.default_rng(0).integers(0, 256, 9000).astype(np.uint8)))[:-2000])
    with pytest.raises(DataError, match="only half of one"):
        read_idx(path, 1)


def test_a_cifar_batch_gives_pictures_with_the_colours_last(tmp_path):
    content, images = cifar([3, 9, 0])
    read, labels = read_cifar(io.BytesIO(content), 3)
    np.testing.assert_array_equal(read, images)
    assert labels.tolist() == [3, 9, 0]


def test_a_cifar_archive_gives_the_batches_in_the_order_asked_for(tmp_path):
    first, images1 = cifar([1, 2], seed=1)
    second, images2 = cifar([3, 4], seed=2)
    archive(tmp_path / "c.tar.gz", {"b.bin": second, "a.bin": first, "readme": b"?"})
    images, labels = read_cifar_archive(tmp_path / "c.tar.gz", ["a.bin", "b.bin"], 2)
    np.testing.assert_array_equal(images, np.concatenate([images1, images2]))
    assert labels.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (cifar([1])[0], "ends 3,073 bytes too early"),
        (cifar([1, 2, 3])[0], "goes on after 2 pictures"),
        (cifar([1, 10])[0], "labels must be 0 to 9. Received: 10"),
    ],
)
def test_a_wrong_cifar_batch_is_named(tmp_path, content, reason):
    archive(tmp_path / "c.tar.gz", {"a.bin": content})
    with pytest.raises(DataError, match=reason):
        read_cifar_archive(tmp_path / "c.tar.gz", ["a.bin"], 2)


def test_an_archive_without_the_batch_is_named(tmp_path):
    archive(tmp_path / "c.tar.gz", {"b.bin": b""})
    with pytest.raises(DataError, match=r"it has no a\.bin"):
        read_cifar_archive(tmp_path / "c.tar.gz", ["a.bin"], 2)


def test_an_npz_file_gives_the_arrays_of_numpy(tmp_path):
    arrays = {"x": np.arange(24).reshape(2, 3, 4), "y": np.asfortranarray(np.eye(3, dtype="f4")), "z": np.zeros((0, 2))}
    (tmp_path / "a.npz").write_bytes(npz(**arrays))
    for name, array in read_npz(tmp_path / "a.npz", ["x", "y", "z"]).items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.dtype == arrays[name].dtype


class Bomb:
    """An object that runs a function when it is unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("a pickle was loaded",))


def test_no_pickle_is_ever_loaded(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(npz(x=np.array([Bomb()], dtype=object)))
    with pytest.raises(DataError, match="Python objects, and loading those can run code"):
        read_npz(path, ["x"])
    path.write_bytes(pickle.dumps(Bomb()))
    for read in (lambda: read_npz(path, ["x"]), lambda: read_idx(path, 1), lambda: read_cifar_archive(path, ["a"])):
        with pytest.raises(DataError, match=r"a\.npz is not"):
            read()


def test_an_npz_that_lacks_an_array_or_promises_too_much_is_named(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(npz(x=np.arange(3)))
    with pytest.raises(DataError, match=r"no array 'y', but x\.npy"):
        read_npz(path, ["y"])
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x.npy", header.getvalue())
    with pytest.raises(DataError, match="promises"):
        read_npz(path, ["x"])


def read_or_reason(read):
    """Call a reader; anything but a value or a reason fails."""
    try:
        read()
    except DataError as error:
        assert str(error)


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_give_arrays_or_a_reason(tmp_path, content):
    path = tmp_path / "any"
    for path in (tmp_path / "any", tmp_path / "any.gz"):
        path.write_bytes(content)
        read_or_reason(lambda path=path: read_idx(path, 1))
        read_or_reason(lambda path=path: read_npz(path, ["x"]))
        read_or_reason(lambda path=path: read_cifar_archive(path, ["a.bin"], 1))
    read_or_reason(lambda: read_cifar(io.BytesIO(content), 1))


@FUZZ
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 2**16))
def test_damaged_files_give_arrays_or_a_reason(tmp_path, damage, end):
    whole = {
        "a.npz": npz(x=np.arange(12.0)),
        "b.gz": gzip.compress(idx(np.arange(60, dtype=np.uint8))),
        "c.tgz": (archive(tmp_path / "made", {"a.bin": cifar([5])[0]}), (tmp_path / "made").read_bytes())[1],
    }
    readers = {
        "a.npz": lambda path: read_npz(path, ["x"]),
        "b.gz": lambda path: read_idx(path, 1),
        "c.tgz": lambda path: read_cifar_archive(path, ["a.bin"], 1),
    }
    for name, content in whole.items():
        spoiled = bytearray(content)
        for position, value in damage:
            spoiled[position % len(spoiled)] = value
        (tmp_path / name).write_bytes(spoiled[: 1 + end % len(spoiled)] if end % 2 else spoiled)
        read_or_reason(lambda name=name: readers[name](tmp_path / name))


@FUZZ
@given(st.binary(max_size=120))
def test_any_npy_header_gives_an_array_or_a_reason(tmp_path, header):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(50))
    read_or_reason(lambda: read_npz(path, ["x"]))


SHAPES = st.one_of(st.integers(-9, 9), st.booleans(), st.none(), st.lists(st.integers(-9, 2**70)).map(tuple))
TYPES = st.sampled_from(["<f8", "|u1", "|O", "|V0", "|S0", "<U9", "M8", "m8[ns]", "?", "x", "", [("a", "<f4")], None])


@FUZZ
@given(TYPES, st.booleans() | st.none(), SHAPES)
def test_any_promise_of_an_npy_header_gives_an_array_or_a_reason(tmp_path, descr, fortran, shape):
    header = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode()
    test_any_npy_header_gives_an_array_or_a_reason.hypothesis.inner_test(tmp_path, header)
