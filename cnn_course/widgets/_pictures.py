"""Pictures on their way to a page and back: checked, made small, and written as an address that holds them."""

import base64
import io
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

LONGEST = 320
_MOST_READ = 4096  # pixels along a side of what a page sends: no more is unpacked


def checked_picture(value: ArrayLike) -> NDArray[np.uint8]:
    """Return a picture as uint8, shape (height, width) or (height, width, 3), or raise DataError."""
    array = np.asarray(value)
    shape = array.shape
    array = array[..., 0] if array.ndim == 3 and shape[2] == 1 else array
    fits = array.ndim == 2 or (array.ndim == 3 and shape[2] == 3)
    if not fits or 0 in shape or array.dtype != np.uint8:
        raise DataError(
            "picture must be uint8 (0 to 255) of shape (height, width), (height, width, 1) or (height, width, 3). "
            f"Received: picture of dtype {array.dtype} and shape {shape}."
            + (" Did you pass a float image in 0..1?" if array.dtype.kind == "f" else "")
        )
    return array


def data_url(array: NDArray[np.uint8], form: str = "PNG", **options: Any) -> str:
    """Return a picture as an address that holds it, as pages take one; options are those of Pillow's writer."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form, optimize=True, **options)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def read_data_url(text: str) -> NDArray[np.uint8]:
    """Return the picture that an address holds, as uint8, shape (height, width) or (height, width, 3).

    Raises
    ------
    DataError
        If it holds none, or one of more than 4096 pixels along a side.
    """
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2])))
        if max(picture.size) > _MOST_READ:
            raise ValueError(f"{picture.width} x {picture.height} pixels")
        return np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
    except (AttributeError, OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"The picture could not be read: {error}") from None


class Picture(traitlets.TraitType):
    """A picture as uint8; to the page it goes as a PNG, at most 320 pixels long."""

    def __init__(self, **options):
        super().__init__(None, allow_none=True, **options)
        self.tag(to_json=lambda value, _: self.written(value), from_json=lambda text, _: read_data_url(text))

    def written(self, value):
        """Return what the page is sent."""
        return data_url(value)

    def validate(self, obj, value):
        """Return the picture, made small enough, or raise."""
        return _small(checked_picture(value))

    def set(self, obj, value):
        """Set the picture; the same pixels again tell nobody."""
        new, old = self._validate(obj, value), obj._trait_values.get(self.name)
        if old is None or not np.array_equal(old, new):
            obj._trait_values[self.name] = new
            obj._notify_trait(self.name, old, new)


class Photograph(Picture):
    """A picture only to look at: to the page it goes as a JPEG, which is light."""

    def written(self, value):
        """Return what the page is sent."""
        return data_url(value, "JPEG", quality=80)


def _small(array):
    if max(array.shape[:2]) <= LONGEST:
        return array
    from PIL import Image

    picture = Image.fromarray(array)
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return np.asarray(picture)
