"""Bytes become the picture that Pillow sees, or are refused as Pillow refuses them, in bounded memory."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnn_course import load_images_from_folder
from cnn_course.datasets import decoding
from cnn_course.datasets.decoding import UnusableError, decode
from tests import odd_files

RNG = np.random.default_rng(0)
NOISE = Image.fromarray(RNG.integers(0, 256, (48, 64, 3), "uint8"))


def is_refused(read, content):
    try:
        read(content)
    except Exception:
        return True
    return False


@pytest.mark.parametrize("options", [{}, {"save_all": True, "append_images": [odd_files.scene()]}], ids=["PNG", "APNG"])
def test_a_flipped_bit_in_a_png_is_seen_where_pillow_sees_it(options):
    whole = odd_files.saved(NOISE, "PNG", **options)
    start = whole.index(b"IDAT") + 4
    length = int.from_bytes(whole[start - 8 : start - 4])
    refused = 0
    for place, bit in zip(RNG.integers(length, size=300), RNG.integers(8, size=300), strict=True):
        damaged = bytearray(whole)
        damaged[start + place] ^= 1 << bit
        by_pillow = is_refused(lambda content: Image.open(io.BytesIO(content)).load(), damaged)
        by_us = is_refused(lambda content: decode(content, (48, 64)), bytes(damaged))
        assert by_us or not by_pillow
        refused += by_us
        if not by_pillow:
            seen = np.asarray(Image.open(io.BytesIO(damaged)).convert("RGB"))
            np.testing.assert_array_equal(decode(bytes(damaged), (48, 64)), seen)
    assert refused >= 290


XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="{}"/></x:xmpmeta>'


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "note"),
    [*((kind, "exif") for kind in ("JPEG", "PNG", "WEBP", "TIFF", "TIFF, packed")), ("JPEG", "xmp"), ("WEBP", "xmp")],
)
def test_a_turned_picture_is_as_pillow_turns_it(kind, note, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif} if note == "exif" else {"xmp": XMP.format(orientation).encode()}
    if "packed" in kind:
        options["compression"] = "tiff_lzw"
    content = odd_files.saved(odd_files.scene(), kind.partition(",")[0], **options)
    seen = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")).astype(int)
    made = decode(content, seen.shape[:2]).astype(int)
    assert np.abs(made - seen).mean() < (2 if kind in ("JPEG", "WEBP") else 1e-9)


def test_what_threads_decode_together_is_no_more_than_the_largest_picture(monkeypatch):
    monkeypatch.setattr(decoding, "LARGEST_PICTURE", 8_000)
    seen, scaled = [], decoding.resized

    def slowly(pixels, size, out=None):
        seen.append(sum(decoding._in_use))
        time.sleep(0.01)
        return scaled(pixels, size, out)

    monkeypatch.setattr(decoding, "resized", slowly)
    files = [odd_files.saved(NOISE, kind) for kind in ("PNG", "TIFF", "BMP", "JPEG")] * 4
    files += [odd_files.saved(NOISE, "PNG")[:-200], odd_files.saved(NOISE, "JPEG")[:-200]] * 4
    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda content: is_refused(lambda c: decode(c, (8, 8)), content), files))
    assert refused == [False] * 16 + [True] * 8
    assert 3_072 < max(seen) <= 8_000 and decoding._in_use == []


def test_twelve_bits_in_sixteen_are_remarked_on(tmp_path):
    (tmp_path / "a").mkdir()
    ramp = np.linspace(0, 4095, 48 * 64).reshape(48, 64).astype(np.uint16)
    for name, values in {"twelve.png": ramp, "sixteen.png": ramp * 16, "twelve.tif": ramp}.items():
        Image.fromarray(values).save(tmp_path / "a" / name)
    data = load_images_from_folder(tmp_path, 8)
    notes = {note.path: (note.used, note.reason) for note in data.report.notes}
    words = "dark: its 16 bits hold values up to 4,095 (12-bit data? multiply by 16)"
    assert notes == {"a/twelve.png": (True, words), "a/twelve.tif": (True, words)} and len(data) == 3


def test_a_file_that_went_away_is_no_link(tmp_path):
    with pytest.raises(UnusableError, match="gone"):
        decoding.read_file(tmp_path / "none.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "none.png")
    with pytest.raises(UnusableError, match="a link to a file that is not there"):
        decoding.read_file(tmp_path / "link.png")


@pytest.mark.parametrize("name", [name for name in odd_files.GOOD if not name.endswith((".jpg", ".jpeg"))])
def test_a_picture_in_bands_is_the_same(name, monkeypatch):
    content = odd_files.GOOD[name][0]
    whole = decode(content, (48, 64))
    monkeypatch.setattr(decoding, "_BAND", 200)
    np.testing.assert_array_equal(decode(content, (48, 64)), whole)
