"""A folder of hostile and odd files: what each is called, its bytes, and what the report must say of it."""

import io
import os
import struct
import zlib

import numpy as np
from PIL import Image

OUTSIDE = "outside.png"  # a picture beside the folder, which a link points at


def scene(height=48, width=64):
    """Return a picture with four corners that can be told apart: red, green, blue and white, on grey."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    h, w = height // 3, width // 3
    pixels[:h, :w], pixels[:h, -w:], pixels[-h:, :w], pixels[-h:, -w:] = (255, 0, 0), (0, 255, 0), (0, 0, 255), 255
    return Image.fromarray(pixels)


def saved(image, kind, **options):
    """Return the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation):
    """Return a JPEG that a camera held at an angle: pixels turned, and a note that turns them back."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = scene() if orientation == 1 else scene().transpose(back[orientation])
    return saved(image, "JPEG", quality=95, exif=exif)


def chunk(name, content):
    """Return a PNG chunk with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, data=b"", bits=8, colour=2):
    """Return a PNG that promises a size, whatever its data are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bad_checksum():
    content = bytearray(saved(scene(), "PNG"))
    content[content.index(b"IDAT") - 6] ^= 255
    return bytes(content)


def bmp(width, height):
    """Return a BMP that promises a size."""
    content = saved(scene(), "BMP")
    return content[:18] + struct.pack("<ii", width, height) + content[26:]


def with_note(note):
    """Return a JPEG with these bytes as the camera's note."""
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 8) + b"Exif\0\0" + note + JPEG[2:]


def sixteen_bits():
    ramp = np.linspace(0, 65535, 48 * 64).reshape(48, 64)
    return Image.fromarray(ramp.astype(np.uint16))


def clear_corner(mode="RGBA"):
    image = scene().convert(mode)
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:16, :21] = 0
    image.putalpha(Image.fromarray(alpha))
    return image


def palette_with_a_clear_colour():
    image = scene().quantize(8)
    return saved(image, "PNG", transparency=image.getpixel((0, 0)))


def animation(kind):
    frames = [scene(), Image.new("RGB", (64, 48), "black")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


JPEG, PNG = saved(scene(), "JPEG", quality=95), saved(scene(), "PNG")
SCENE, GREY, WHITE_CORNER, FINE = "scene", "grey scene", "white corner", "fine"

# name: (bytes, what it shows once it is loaded)
GOOD = {
    "plain.jpg": (JPEG, SCENE),
    "plain.png": (PNG, SCENE),
    "plain.webp": (saved(scene(), "WEBP", lossless=True), SCENE),
    "plain.gif": (saved(scene(), "GIF"), SCENE),
    "plain.bmp": (saved(scene(), "BMP"), SCENE),
    "plain.tif": (saved(scene(), "TIFF"), SCENE),
    "progressive.jpg": (saved(scene(), "JPEG", quality=95, progressive=True), SCENE),
    "cmyk.jpg": (saved(scene().convert("CMYK"), "JPEG", quality=95), SCENE),
    "cmyk.tif": (saved(scene().convert("CMYK"), "TIFF"), SCENE),
    "lzw.tif": (saved(scene(), "TIFF", compression="tiff_lzw"), SCENE),
    "grey.jpg": (saved(scene().convert("L"), "JPEG", quality=95), GREY),
    "grey.png": (saved(scene().convert("L"), "PNG"), GREY),
    "bilevel.png": (saved(scene().convert("1"), "PNG"), FINE),
    "bilevel.tif": (saved(scene().convert("1"), "TIFF", compression="group4"), FINE),
    "16 bits.png": (saved(sixteen_bits(), "PNG"), "ramp"),
    "16 bits.tif": (saved(sixteen_bits(), "TIFF"), "ramp"),
    "32 bits.tif": (saved(Image.fromarray(np.asarray(sixteen_bits()).astype(np.int32) * 9), "TIFF"), "ramp"),
    "floats.tif": (saved(Image.fromarray(np.asarray(sixteen_bits()).astype(np.float32) / 3e5), "TIFF"), "ramp"),
    "not numbers.tif": (saved(Image.fromarray(np.full((48, 64), np.nan, np.float32)), "TIFF"), FINE),
    "palette.png": (saved(scene().quantize(8), "PNG"), SCENE),
    "clear colour.png": (palette_with_a_clear_colour(), WHITE_CORNER),
    "clear corner.png": (saved(clear_corner(), "PNG"), WHITE_CORNER),
    "clear corner.webp": (saved(clear_corner(), "WEBP", lossless=True), WHITE_CORNER),
    "clear grey.png": (saved(clear_corner("L"), "PNG"), FINE),
    "clear corner.tif": (saved(clear_corner(), "TIFF"), WHITE_CORNER),
    "animation.gif": (animation("GIF"), SCENE),
    "animation.webp": (animation("WEBP"), FINE),
    "animation.png": (animation("PNG"), SCENE),
    "pages.tif": (animation("TIFF"), SCENE),
    **{f"turned {turn}.jpg": (turned(turn), SCENE) for turn in range(1, 9)},
    "turn 99.jpg": (
        JPEG[:2] + b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x63\0\0\0\0\0\0" + JPEG[2:],
        SCENE,
    ),
    "broken note.jpg": (with_note(b"MM\0*\xff\xff"), SCENE),
    "a tail.jpg": (JPEG + b"<html>advertisement</html>" * 50, SCENE),
    "a jpeg.png": (JPEG, SCENE),
    "a png with no ending": (PNG, SCENE),
    "SHOUTED.JPG": (JPEG, SCENE),
    "one pixel.png": (saved(Image.new("RGB", (1, 1), "red"), "PNG"), FINE),
    "a line.png": (saved(Image.new("RGB", (3000, 1), "red"), "PNG"), FINE),
    "a column.jpg": (saved(Image.new("RGB", (1, 3000), "red"), "JPEG"), FINE),
    "comment.jpg": (saved(scene(), "JPEG", quality=95, comment=b"x" * 60_000), SCENE),
    "12 megapixels.jpg": (saved(scene(3000, 4000), "JPEG", quality=80), SCENE),
}

# name: (bytes, words of the reason)
BAD = {
    "empty.jpg": (b"", "empty"),
    "half.jpg": (saved(scene(300, 400), "JPEG")[:3000], "damaged"),
    "half.png": (PNG[: len(PNG) // 2], "damaged"),
    "half.webp": (saved(Image.effect_noise((64, 48), 90), "WEBP")[:500], "damaged|not a picture"),
    "half.bmp": (saved(scene(), "BMP")[:2000], "damaged"),
    "half.tif": (saved(scene(), "TIFF")[:2000], "damaged|not a picture"),
    "half.gif": (saved(scene(), "GIF")[:40], "damaged|not a picture"),
    "head only.jpg": (JPEG[:20], "damaged|not a picture"),
    "two bytes.jpg": (b"\xff\xd8", "not a picture"),
    "bad checksum.png": (bad_checksum(), "damaged|not a picture"),
    "zeros.jpg": (bytes(5000), "not a picture: zeros only"),
    "noise.jpg": (np.random.default_rng(0).bytes(5000), "not a picture"),
    "text.jpg": (b"I am not a picture\n" * 40, "not a picture"),
    "page.jpg": (b"<!DOCTYPE html><title>404</title>", "not a picture.*a web page"),
    "page2.jpg": (b"\n\n<html><body>429 Too Many Requests", "not a picture.*a web page"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture.*an SVG drawing"),
    "drawing2.svg": (b"<?xml version='1.0'?><svg/>", "not a picture.*XML or SVG"),
    "paper.pdf": (b"%PDF-1.4\n%...", "not a picture.*PDF"),
    "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(40), "not a picture.*HEIC"),
    "modern.avif": (b"\0\0\0\x18ftypavif" + bytes(40), "not a picture.*AVIF"),
    "film.mp4": (b"\0\0\0\x18ftypmp42" + bytes(40), "not a picture.*a film"),
    "film.webm": (b"\x1aE\xdf\xa3" + bytes(40), "not a picture.*a film"),
    "layers.psd": (b"8BPS\0\1" + bytes(60), "not a picture.*Photoshop"),
    "icon.ico": (saved(scene(), "ICO"), "not a picture"),
    "postscript.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "archive.jpg": (b"PK\3\4" + bytes(60), "not a picture.*zip"),
    "packed.jpg": (b"\x1f\x8b\x08" + bytes(60), "not a picture.*gzip"),
    "pickle.jpg": (b"\x80\x04\x95cos\nsystem\n(S'false'\ntR.", "not a picture"),
    "bomb.png": (png(60_000, 60_000, zlib.compress(bytes(1000))), "huge"),
    "smaller bomb.png": (png(12_000, 12_000, zlib.compress(bytes(1000))), "huge: 12,000 x 12,000"),
    "bomb.gif": (saved(scene(), "GIF")[:6] + b"\xff\xff\xff\xff" + saved(scene(), "GIF")[10:], "huge"),
    "bomb.bmp": (bmp(2**30, 2**30), "huge|damaged"),
    "no pixels.png": (png(0, 0), "damaged|not a picture"),
    "negative.bmp": (bmp(-5, 7), "huge|damaged|not a picture"),
    "no data.png": (png(30, 30), "damaged"),
    "loop.tif": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", "damaged|not a picture"),
    "tags.tif": (b"II*\0\x08\0\0\0\xff\xff" + bytes(range(256)) * 9, "damaged|not a picture"),
    "text bomb.png": (
        PNG[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000))) + PNG[33:],
        "damaged|huge",
    ),
}  # fmt: skip


def make(root):
    """Write all of it below `root`, and what is no file; return {path: words of the reason} of what is left out."""
    folder = root / "class"
    folder.mkdir(parents=True)
    (root / "nothing in it").mkdir()
    for name, (content, _) in (GOOD | BAD).items():
        (folder / name).write_bytes(content)
    left_out = {f"class/{name}": words for name, (_, words) in BAD.items()}
    left_out |= {"nothing in it": "an empty class folder"} | _odd_names(folder) | _links(root, folder)
    (root / "loose.png").write_bytes(PNG)
    os.mkfifo(folder / "pipe.jpg")
    return left_out | {"loose.png": "in no class folder", "class/pipe.jpg": "not a regular file"}


def _odd_names(folder):
    """Write pictures with names that are trouble elsewhere; they are loaded, the hidden ones are not."""
    for name in ("ünïcödé 日本 🎓.png", "two\nlines.png", "-rf.png", "a" * 240 + ".png", "100%.png", "back\\slash.png"):
        (folder / name).write_bytes(PNG)
    with open(os.fsencode(folder) + b"/latin \xe9.png", "wb") as stream:  # noqa: PTH123
        stream.write(PNG)
    for name in (".hidden.png", "._plain.jpg", ".DS_Store", "Thumbs.db"):
        (folder / name).write_bytes(PNG)
    (folder / ".git").mkdir()
    hidden = {f"class/{name}": "hidden file" for name in (".hidden.png", "._plain.jpg", ".DS_Store", "Thumbs.db")}
    return hidden | {"class/.git": "hidden folder"}


def _links(root, folder):
    """Make links of every kind."""
    (root.parent / OUTSIDE).write_bytes(PNG)
    (folder / "link to a picture outside.png").symlink_to(root.parent / OUTSIDE)
    (folder / "link to a neighbour.png").symlink_to("plain.png")
    (folder / "link to nothing.png").symlink_to("not there.png")
    (folder / "link to itself.png").symlink_to("link to itself.png")
    (folder / "link to a folder").symlink_to(root, target_is_directory=True)
    (folder / "link to a device.png").symlink_to("/dev/zero")
    return {
        "class/link to a neighbour.png": "a link: class/plain.png is in the folder itself",
        "class/link to nothing.png": "a link to a file that is not there",
        "class/link to itself.png": "unreadable|a link",
        "class/link to a folder": "a link to a folder: not followed",
        "class/link to a device.png": "not a regular file",
    }
