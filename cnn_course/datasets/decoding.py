"""Bytes of a picture file to red, green and blue at the size that is wanted, or a reason why not.

JPEG is decoded by simplejpeg (libjpeg-turbo, strict about half a file), all else by Pillow; OpenCV scales. Measured by
``benchmarks/folder_loading.py``: the decoders hardly differ, Pillow's scaling takes twice as long as the decoding.
"""

import io
import os
import stat
import threading
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

# Pillow loads its decoders when they are first asked for, and not by name: those beside the usual ones are named here.
from PIL import Image, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin  # noqa: F401

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # the pair of photos that some phones save opens as a JPEG
LARGEST_FILE = 300_000_000  # bytes: a film or a disk image with the wrong name is not read into memory
LARGEST_PICTURE = 120_000_000  # pixels: above the cameras' 108 million, below what fills a laptop

_BAND = 4_000_000  # pixels that are made RGB at a time
# In blocks of this size, and not of Pillow's 16 MB, the memory of a large picture goes back to the system at once: of
# smaller ones each thread of the C library keeps what it once had.
Image.core.set_block_size(2**26)

_in_use: list[int] = []  # pixels that threads are decoding: together no more than the largest picture
_freed = threading.Condition()

# What lies between the photographs of a phone or of a scraper, by its first bytes.
_STRANGERS = (
    (4, b"ftypheic", "a HEIC photo: export it as JPEG"),
    (4, b"ftypheix", "a HEIC photo: export it as JPEG"),
    (4, b"ftypmif1", "a HEIF photo: export it as JPEG"),
    (4, b"ftypavif", "an AVIF picture: export it as JPEG or PNG"),
    (4, b"ftyp", "a film"),
    (0, b"\x1aE\xdf\xa3", "a film"),
    (0, b"%PDF", "a PDF document"),
    (0, b"8BPS", "a Photoshop file: export it as PNG"),
    (0, b"<svg", "an SVG drawing: export it as PNG"),
    (0, b"<?xml", "an XML or SVG file"),
    (0, b"<!doctype", "a web page, not the picture it was to be"),
    (0, b"<html", "a web page, not the picture it was to be"),
    (0, b"pk\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
)


class UnusableError(Exception):
    """A file that gives no picture; the message is the reason, in the words of the report."""


def read_file(path: str | os.PathLike) -> bytes:
    """Return the bytes of a file that may hold a picture.

    Raises
    ------
    UnusableError
        If it is no regular file, empty, too large, or not allowed to be read.
    """
    try:
        # Looked at before it is opened: opening a pipe waits for somebody to write into it.
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnusableError("not a regular file (a pipe, a socket or a device)")
        if status.st_size == 0:
            raise UnusableError("empty: 0 bytes")
        if status.st_size > LARGEST_FILE:
            raise UnusableError(f"huge: {status.st_size / 1e6:,.0f} MB in one file")
        return Path(path).read_bytes()
    except FileNotFoundError:
        gone = "a link to a file that is not there" if Path(path).is_symlink() else "gone: it was there a moment ago"
        raise UnusableError(gone) from None
    except OSError as error:
        raise UnusableError(f"unreadable: {error.strerror or error}") from None


def decode(
    data: bytes,
    size: tuple[int, int],
    crop_to_aspect_ratio: bool = False,
    out: NDArray[np.uint8] | None = None,
    remarks: list[str] | None = None,
) -> NDArray[np.uint8]:
    """Return the picture in these bytes, upright, at `size`.

    Parameters
    ----------
    data : bytes
        A JPEG, PNG, WebP, GIF, BMP or TIFF file; of an animation, the first frame.
    size : (int, int)
        Height and width, in pixels.
    crop_to_aspect_ratio : bool
        Whether the middle part with the shape of `size` is taken; otherwise the picture is stretched.
    out : array of shape (height, width, 3), optional
        uint8; where the picture is to be put.
    remarks : list, optional
        To which is added what the picture's owner should know, in the words of the report.

    Returns
    -------
    array of shape (height, width, 3)
        uint8. Transparent parts are white; 16 bits become 8 by their upper half; floats and 32-bit integers
        are stretched to 0..255.

    Raises
    ------
    UnusableError
        If the bytes give no picture, whatever their decoder raised.
    """
    try:
        with _memory() as hold:
            pixels, orientation = _decoded(data, size, hold, [] if remarks is None else remarks)
            asked = size if orientation < 5 else size[::-1]
            pixels = _middle(pixels, asked) if crop_to_aspect_ratio else pixels
            if orientation == 1:
                return resized(pixels, size, out)
            picture = _upright(resized(pixels, asked), orientation)
        if out is None:
            return picture
        out[:] = picture
        return out
    except UnusableError:
        raise
    except Exception as error:  # damaged files bring whatever a decoder in C or Python lets through
        raise UnusableError(f"damaged: {_short(error)}") from None


def _decoded(data, size, hold, remarks):
    """Return the pixels as RGB, as they lie in the file or fewer, and the orientation in which they were seen."""
    if not _may_be_turned(data):  # no need to ask Pillow, which takes longer
        pixels = _jpeg(data, size, hold)
        if pixels is not None:
            return pixels, 1
    image = _open(data)
    if image.format in ("JPEG", "MPO"):
        orientation = _orientation(image)
        asked = size if orientation < 5 else size[::-1]
        pixels = _jpeg(data, asked, hold)
        if pixels is None:
            hold(image.width * image.height)
            image.draft(image.mode, asked[::-1])
            pixels = _pixels(image, remarks)
        return pixels, orientation
    hold(image.width * image.height)
    # Pixels first: asking for the camera's note decodes, too, and what is damaged would be lost with it.
    pixels = _pixels(image, remarks)
    return pixels, _orientation(image)  # a TIFF is upright by now, and says so


@contextmanager
def _memory():
    """Give a function that waits until so many pixels fit beside those of the other threads; give back at the end."""
    held = 0

    def hold(pixels):
        nonlocal held
        with _freed:
            if held:
                _in_use.remove(held)
            held = 0
            _freed.notify_all()
            if pixels:
                _freed.wait_for(lambda: not _in_use or sum(_in_use) + pixels <= LARGEST_PICTURE)
                _in_use.append(pixels)
            held = pixels

    try:
        yield hold
    finally:
        hold(0)


def _may_be_turned(data):
    """Return whether a note may turn the picture: not in a JPEG whose head, before its pixels, has no EXIF or XMP."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at : at + 2] != b"\xff\xda":
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 4 : at + 9] == b"Exif\0" or data.find(b"tiff:Orientation", at, end) >= 0:
            return True
        at = end
    return data[at : at + 2] != b"\xff\xda"


def _open(data):
    """Return Pillow's picture, of which only the header has been read."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnusableError(_stranger(data)) from None
    except Image.DecompressionBombError:
        raise UnusableError("huge: more pixels than any camera's, a decompression bomb perhaps") from None
    if image.width * image.height > LARGEST_PICTURE:
        raise UnusableError(f"huge: {image.width:,} x {image.height:,} pixels")
    return image


def _stranger(data):
    """Return in words what bytes are that no decoder knows."""
    start = data[:64].lstrip().lower()
    for offset, magic, words in _STRANGERS:
        if start[offset:].startswith(magic.lower()):
            return f"not a picture that is read here: {words}"
    if not data.strip(b"\0"):
        return "not a picture: zeros only (a download that never came?)"
    return "not a picture: no JPEG, PNG, WebP, GIF, BMP or TIFF, or one whose beginning is damaged"


def _orientation(image):
    """Return the camera's turn from 1 to 8, 1 where there is none that can be read."""
    try:
        turn = image.getexif().get(0x0112, 1)
    except Exception:  # a damaged note on the camera is no reason to lose the picture
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _jpeg(data, size, hold):
    """Return the pixels of a sound JPEG in grey or colour as RGB, no more than needed for `size`; otherwise None."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in ("YCbCr", "Gray", "RGB") or height * width > LARGEST_PICTURE:
            return None
        hold(height * width // 2)  # it is scaled while it is decoded
        return simplejpeg.decode_jpeg(data, min_height=size[0], min_width=size[1], min_factor=1, fastdct=True)
    except ValueError:  # strict; Pillow forgives what viewers forgive, and refuses half a file
        return None


def _pixels(image, remarks):
    """Return a picture of any mode as an array of RGB, made in bands: a large one is not there many times at once."""
    if image.mode[0] in "IF":
        values = np.asarray(image)
        if image.mode.startswith("I;16") and 0 < values.max() < 2**12:
            remarks.append(f"dark: its 16 bits hold values up to {values.max():,} (12-bit data? multiply by 16)")
        return np.asarray(Image.fromarray(_eight_bits(values)).convert("RGB"))
    rows = max(1, _BAND // image.width)
    if rows >= image.height:
        return np.asarray(_rgb(image))
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        pixels[top:bottom] = np.asarray(_rgb(image.crop((0, top, image.width, bottom))))
    return pixels


def _rgb(image):
    """Return a picture as RGB, transparent parts white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values):
    """Return 16-bit, 32-bit or float values as uint8."""
    if values.dtype.itemsize == 2 or (values.dtype.kind == "i" and values.min() >= 0 and 255 < values.max() < 2**16):
        return (values >> 8).astype(np.uint8)
    values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    low, high = values.min(), values.max()
    return ((values - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)


def _middle(pixels, size):
    """Return the largest middle part with the shape of `size`."""
    (height, width), (rows, columns) = pixels.shape[:2], size
    h = max(1, min(height, round(width * rows / columns)))
    w = max(1, min(width, round(height * columns / rows)))
    top, left = (height - h) // 2, (width - w) // 2
    return pixels[top : top + h, left : left + w]


def resized(pixels: NDArray, size: tuple[int, int], out: NDArray | None = None) -> NDArray:
    """Return the pixels at `size`; what gets smaller is averaged, so that fine patterns leave no false ones."""
    shrinks = pixels.shape[0] >= size[0] and pixels.shape[1] >= size[1]
    return cv2.resize(pixels, size[::-1], out, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _upright(pixels, orientation):
    """Return the pixels as they were seen, by the EXIF orientation."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::rows, ::columns]


def _short(error):
    """Return an error of a decoder in at most one line."""
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:120]
