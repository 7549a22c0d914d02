"""A canvas whose lengths are shares of its side, and the few things that every scene is made of."""

import colorsys
from functools import cache

import numpy as np


class Canvas:
    """A square picture to draw on.

    Parameters
    ----------
    side : int
        In pixels.
    rng : numpy.random.Generator
        Every choice of the drawing comes from it.
    """

    def __init__(self, side, rng):
        from PIL import Image, ImageDraw

        self.side, self.rng = side, rng
        self.picture = Image.new("RGB", (side, side))
        self.pen = ImageDraw.Draw(self.picture)

    def _px(self, *values):
        return [value * self.side for value in values]

    def rect(self, left, top, right, bottom, fill, radius=0.0):
        """Fill a rectangle, with round corners where a radius is given."""
        left, top, right, bottom = self._px(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        if radius:
            self.pen.rounded_rectangle((left, top, right, bottom), radius * self.side, fill=fill)
        else:
            self.pen.rectangle((left, top, right, bottom), fill=fill)

    def oval(self, x, y, rx, ry, fill):
        """Fill an ellipse around (x, y)."""
        self.pen.ellipse(self._px(x - rx, y - ry, x + rx, y + ry), fill=fill)

    def shape(self, points, fill):
        """Fill a polygon."""
        self.pen.polygon([tuple(self._px(*point)) for point in points], fill=fill)

    def line(self, points, fill, width):
        """Draw a line through the points."""
        self.pen.line([tuple(self._px(*point)) for point in points], fill=fill, width=max(1, round(width * self.side)))

    def arc(self, x, y, rx, ry, start, end, fill, width):
        """Draw a part of an ellipse's rim; angles in degrees, clockwise from the right."""
        self.pen.arc(self._px(x - rx, y - ry, x + rx, y + ry), start, end, fill, max(1, round(width * self.side)))

    def ground(self, top, bottom, horizon=1.0):
        """Fill from the upper edge down to the horizon, from one colour to the other."""
        from PIL import Image

        rows = max(1, round(horizon * self.side))
        blend = np.linspace(0, 1, rows)[:, None]
        column = np.rint((1 - blend) * np.array(top) + blend * np.array(bottom)).astype(np.uint8)
        self.picture.paste(Image.fromarray(column[:, None]).resize((self.side, rows)), (0, 0))

    def text(self, x, y, words, height, fill, outline=None):
        """Write words around (x, y); `height` is that of the letters' line."""
        font = _font(max(5, round(height * self.side)))
        stroke = max(1, round(0.09 * height * self.side)) if outline else 0
        position = tuple(self._px(x, y))
        self.pen.text(position, words, fill=fill, font=font, anchor="mm", stroke_width=stroke, stroke_fill=outline)

    def fitted_text(self, x, y, words, height, width, fill, outline=None):
        """Write words around (x, y), smaller where they would be wider than `width`."""
        needed = _font(100).getlength(words) / 100 * height
        self.text(x, y, words, height * min(1.0, width / needed), fill, outline)

    def reframe(self, least=0.6, tilt=8.0, mirror=True):
        """Show a part of the picture, turned a little, as if the camera had stood elsewhere."""
        from PIL import Image

        side = self.side
        window = self.uniform(least, 1.0) * side
        left, top = self.uniform(0, side - window), self.uniform(0, side - window)
        turned = self.picture.rotate(self.uniform(-tilt, tilt), Image.Resampling.BILINEAR, fillcolor=self.mean())
        if mirror and self.chance(0.5):
            turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        box = (left, top, left + window, top + window)
        self.picture.paste(turned.resize((side, side), Image.Resampling.BILINEAR, box))

    def grade(self):
        """Give the picture the light and the filter that somebody liked: darker, tinted, without colour, framed."""
        values = np.asarray(self.picture, dtype=np.float32) / 255
        values = values ** self.uniform(0.55, 1.7)
        if self.chance(0.2):
            values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
        tint = 1 - 0.45 * self.rng.random(3) * self.uniform(0, 1)
        values = np.clip(values * tint * self.uniform(0.7, 1.1) + self.uniform(0, 0.15), 0, 1)
        self.set(np.rint(255 * values).astype(np.uint8))
        if self.chance(0.25):
            bar, colour = self.uniform(0.04, 0.14), self.one_of(((0, 0, 0), (255, 255, 255)))
            if self.chance(0.5):
                self.rect(0, 0, 1, bar, colour)
                self.rect(0, 1 - bar, 1, 1, colour)
            else:
                self.rect(0, 0, bar, 1, colour)
                self.rect(1 - bar, 0, 1, 1, colour)

    def set(self, values):
        """Replace the picture by an array of its shape, uint8."""
        from PIL import Image

        self.picture.paste(Image.fromarray(values))

    def mean(self):
        """Return the picture's mean colour."""
        return self.picture.resize((1, 1)).getpixel((0, 0))

    def uniform(self, low, high):
        """Draw a number."""
        return float(low + (high - low) * self.rng.random())

    def one_of(self, options):
        """Draw one of the options."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share):
        """Return whether something happens that happens this often."""
        return bool(self.rng.random() < share)

    def hue(self, saturation, lightness):
        """Draw a colour of this saturation and lightness."""
        return hls(self.rng.random(), lightness, saturation)


@cache
def _font(size):
    from PIL import ImageFont

    return ImageFont.load_default(size)


def hls(hue, lightness, saturation):
    """Return a colour as (red, green, blue), 0 to 255, from shares of 1."""
    return tuple(round(255 * value) for value in colorsys.hls_to_rgb(hue % 1, lightness, saturation))


def shade(colour, factor):
    """Return the colour made darker (below 1) or lighter (above)."""
    return tuple(max(0, min(255, round(value * factor))) for value in colour)
