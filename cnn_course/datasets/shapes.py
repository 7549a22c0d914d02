"""Generated pictures of outlines with textures; what disturbs can be switched on and off."""

import math

import numpy as np

from .._arguments import number as checked_number
from ..errors import DataError
from .cards import DataCard
from .core import ImageDataset

OUTLINES = ("circle", "triangle", "square", "star", "cross", "crescent")
TEXTURES = ("plain", "stripes", "dots", "checks")
_SHARP = 2  # drawn this many times larger, then averaged down: smooth edges
_DEFAULT_SIZE = 64
_TURN = math.radians(25)

CARD = DataCard(
    name="shapes",
    what="Generated: circles, triangles, squares, stars, crosses and crescents with textures, anywhere in the picture.",
    how_many="as many as are asked for; 2,000 to train and 1,000 to test otherwise",
    shape="64 x 64 x 3",
    source="Drawn by the course with Pillow, from the seed alone.",
    licence="CC0",
    consent="No person is in it.",
    known_faults="Made up: real pictures are not drawn by a program. Labels are right, classes are equally frequent.",
    citation="cnn-course",
)


def load_shapes(
    split: str,
    n: int | None,
    image_size: tuple[int, int] | None,
    seed: int,
    labels: str = "outline",
    position: bool = True,
    rotation: bool = True,
    colour: bool = True,
    noise: float = 8.0,
    clutter: bool = True,
) -> ImageDataset:
    """Return drawn shapes.

    Parameters
    ----------
    split, n, image_size, seed
        As in `load_dataset`.
    labels : {"outline", "texture"}
        What is to be recognised; the other one varies at random.
    position, rotation, colour : bool
        Whether place and size, the angle (25 degrees either way), and the colours vary.
    noise : float
        Standard deviation of normal noise, in grey levels.
    clutter : bool
        Whether short strokes lie around the shape.

    Returns
    -------
    ImageDataset
    """
    if labels not in ("outline", "texture"):
        raise DataError(f"labels must be 'outline' or 'texture'. Received: labels={labels!r}")
    checked_number("noise", noise, 0, 255, rule="from 0 to 255, in grey levels")
    height, width = image_size or (_DEFAULT_SIZE, _DEFAULT_SIZE)
    number = n or (2000 if split == "train" else 1000)
    kinds = OUTLINES if labels == "outline" else TEXTURES
    rng = np.random.default_rng([seed, 0 if split == "train" else 1])
    wanted = rng.permutation(np.arange(number) % len(kinds))
    images = np.empty((number, height, width, 3), np.uint8)
    for image, label, child in zip(images, wanted, rng.spawn(number), strict=True):
        other = int(child.integers(len(TEXTURES if labels == "outline" else OUTLINES)))
        outline, texture = (int(label), other) if labels == "outline" else (other, int(label))
        plan = _plan(child, position, rotation, colour, clutter)
        image[:] = _draw(OUTLINES[outline], TEXTURES[texture], plan, (height, width))
        if noise:
            image[:] = np.clip(np.rint(image + child.normal(0, noise, image.shape)), 0, 255)
    return ImageDataset(images, wanted, kinds, card=CARD)


def _plan(rng, position, rotation, colour, clutter):
    """Draw everything that is not the shape itself; lengths are shares of the picture's shorter side."""
    draws = rng.random(10)  # always the same number of draws: switching one thing off leaves the others as they are
    strokes = rng.random((8, 5))
    radius = 0.22 + 0.14 * draws[0] if position else 0.3
    room = 0.85 * (0.5 - radius)
    hue = draws[4] if colour else 0.6
    return {
        "radius": radius,
        "centre": (0.5 + room * (2 * draws[1] - 1), 0.5 + room * (2 * draws[2] - 1)) if position else (0.5, 0.5),
        "angle": _TURN * (2 * draws[3] - 1) if rotation else 0.0,
        "ground": _rgb(hue, 0.35, 0.1 + 0.16 * draws[5] if colour else 0.18),
        "light": _rgb((hue + 0.3 + 0.4 * draws[6]) % 1 if colour else 0.12, 0.85, 0.74),
        "deep": _rgb((hue + 0.3 + 0.4 * draws[6]) % 1 if colour else 0.12, 0.75, 0.5),
        "texture_angle": math.pi * draws[7],
        "pitch": 0.14 + 0.05 * draws[8],
        "strokes": strokes[: 2 + int(7 * draws[9])] if clutter else strokes[:0],
    }


def _rgb(hue, saturation, lightness):
    import colorsys

    return tuple(round(255 * value) for value in colorsys.hls_to_rgb(hue, lightness, saturation))


def _draw(outline, texture, plan, size):
    from PIL import Image, ImageDraw

    height, width = (_SHARP * side for side in size)
    unit = min(height, width)
    picture = Image.new("RGB", (width, height), plan["ground"])
    _strokes(ImageDraw.Draw(picture), plan, width, height, unit)
    mask = Image.new("L", (width, height), 0)
    centre = plan["centre"][0] * width, plan["centre"][1] * height
    _outline(ImageDraw.Draw(mask), outline, centre, plan["radius"] * unit, plan["angle"])
    fill = _texture(texture, (height, width), plan, unit)
    ink = Image.fromarray(np.where(fill[..., None], plan["light"], plan["deep"]).astype(np.uint8))
    picture.paste(ink, (0, 0), mask)
    return np.asarray(picture.reduce(_SHARP))


def _strokes(draw, plan, width, height, unit):
    """Short lines in the shape's own colours, so that colour alone gives nothing away."""
    for x, y, angle, length, kind in plan["strokes"]:
        dx, dy = math.cos(2 * math.pi * angle), math.sin(2 * math.pi * angle)
        reach = (0.05 + 0.1 * length) * unit
        colour = plan["light" if kind < 0.3 else "deep"]
        ends = [(x * width, y * height), (x * width + reach * dx, y * height + reach * dy)]
        draw.line(ends, fill=colour, width=max(1, round(0.015 * unit)))


def _outline(draw, outline, centre, radius, angle):
    if outline in ("circle", "crescent"):
        _disc(draw, centre, 0.88 * radius, 255)
        if outline == "crescent":
            shift = 0.5 * radius
            moved = centre[0] + shift * math.cos(angle), centre[1] + shift * math.sin(angle)
            _disc(draw, moved, 0.7 * radius, 0)
        return
    corners = [(r * math.cos(a + angle), r * math.sin(a + angle)) for r, a in _POLAR[outline]]
    draw.polygon([(centre[0] + radius * x, centre[1] + radius * y) for x, y in corners], fill=255)


def _disc(draw, centre, radius, fill):
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _polar(points):
    return [(math.hypot(x, y), math.atan2(y, x)) for x, y in points]


def _star():
    return [(1.0 if k % 2 == 0 else 0.42, math.pi * k / 5 - math.pi / 2) for k in range(10)]


_ARM = 0.32
_CROSS = [(_ARM, 1), (_ARM, _ARM), (1, _ARM), (1, -_ARM), (_ARM, -_ARM), (_ARM, -1)]
_CROSS += [(-x, -y) for x, y in _CROSS]
_POLAR = {
    "triangle": [(1.0, 2 * math.pi * k / 3 - math.pi / 2) for k in range(3)],
    "square": [(1.0, math.pi * k / 2 + math.pi / 4) for k in range(4)],
    "star": _star(),
    "cross": [(0.95 * r, a) for r, a in _polar(_CROSS)],
}


def _texture(texture, size, plan, unit):
    """Return where the first of the two colours goes, as an array of bool."""
    if texture == "plain":
        return np.ones(size, bool)
    rows, columns = np.mgrid[: size[0], : size[1]] / (plan["pitch"] * unit)
    along = rows * math.cos(plan["texture_angle"]) + columns * math.sin(plan["texture_angle"])
    across = columns * math.cos(plan["texture_angle"]) - rows * math.sin(plan["texture_angle"])
    if texture == "stripes":
        return along % 1 < 0.5
    if texture == "checks":
        return (along % 1 < 0.5) ^ (across % 1 < 0.5)
    return (along % 1 - 0.5) ** 2 + (across % 1 - 0.5) ** 2 > 0.09


SETS = {"shapes": (load_shapes, CARD)}
