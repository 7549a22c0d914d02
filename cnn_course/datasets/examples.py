"""Photographs that are there without a network: scikit-learn carries them."""

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .._tables import Table, Tabular
from ..errors import DataError

_PHOTOGRAPHS = {
    "china": ("china.jpg", "The Summer Palace in Beijing; flickr.com/photos/danielbuechele (CC BY 2.0)"),
    "flower": ("flower.jpg", "A dahlia; flickr.com/photos/vultilion (CC BY 2.0)"),
}


@dataclass(frozen=True, repr=False)
class ImageTable(Tabular):
    """The example pictures, as text and as HTML."""

    rows: tuple[tuple[str, str], ...]

    def _table(self):
        return Table(self.rows, code=[0], below=['`example_image("china")` gives one as an array.'])


@overload
def example_image(name: None = None) -> ImageTable: ...


@overload
def example_image(name: str) -> NDArray[np.uint8]: ...


def example_image(name: str | None = None) -> Any:
    """Return a photograph as an array; without a name, list them.

    Parameters
    ----------
    name : str, optional
        ``"china"`` or ``"flower"``.

    Returns
    -------
    numpy.ndarray or ImageTable
        uint8, shape (427, 640, 3), red, green and blue from 0 to 255.

    Raises
    ------
    DataError
        If there is no picture of that name.

    References
    ----------
    ``sklearn.datasets.load_sample_images``, whose README credits the photographers.

    Examples
    --------
    >>> example_image("china").shape
    (427, 640, 3)
    """
    if name is None:
        return ImageTable(tuple((key, text) for key, (_, text) in _PHOTOGRAPHS.items()))
    if name not in _PHOTOGRAPHS:
        known = ", ".join(map(repr, _PHOTOGRAPHS))
        raise DataError(f"There is no example picture {name!r}. Pictures: {known}.")
    from sklearn.datasets import load_sample_image

    return load_sample_image(_PHOTOGRAPHS[name][0]).copy()
