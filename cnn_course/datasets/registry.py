"""The sets by name: `load_dataset("digits")`, and the list of all of them."""

from dataclasses import dataclass
from typing import Any, Literal, overload

from .._arguments import integer, is_integer
from .._tables import Table, Tabular
from ..errors import DataError
from .cards import DataCard
from .core import ImageDataset, PointDataset


@dataclass(frozen=True, repr=False)
class DatasetTable(Tabular):
    """The data sets, as text and as HTML.

    Attributes
    ----------
    rows : tuple of (DataCard, bool)
        The card, and whether the set must be downloaded.
    """

    rows: tuple[tuple[DataCard, bool], ...]

    def _table(self):
        rows = [
            (c.name, "download" if remote else "no network", c.shape.partition(",")[0], c.what)
            for c, remote in self.rows
        ]
        below = ['`load_dataset("digits")` gives one; `.card` says all there is to know of it.']
        return Table(rows, head=("name", "", "a picture", "what"), code=[0], below=below, width=120)


@overload
def load_dataset(name: None = None) -> DatasetTable: ...


@overload
def load_dataset(
    name: Literal["rings", "xor", "spirals", "three_classes"],
    split: str = "train",
    n: int | None = None,
    image_size: None = None,
    seed: int = 0,
    **options: Any,
) -> PointDataset: ...


@overload
def load_dataset(
    name: str,
    split: str = "train",
    n: int | None = None,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    **options: Any,
) -> ImageDataset: ...


def load_dataset(
    name: str | None = None,
    split: str = "train",
    n: int | None = None,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    **options: Any,
) -> Any:
    """Return a set of pictures or points; without a name, list the sets.

    Parameters
    ----------
    name : str, optional
    split : {"train", "test"}
        Which part. What is known of pictures that stand in both, nearly or exactly, the set's ``.card`` says.
    n : int, optional
        How many rows: a seeded draw, the same share of each class; a generated set makes as many as are
        asked for. The default is the whole part.
    image_size : int or (int, int), optional
        Height and width of the pictures, in pixels; one number for square ones. The default is the set's own.
    seed : int
        Of the draw, or of the generator.
    **options
        Of the set: ``load_dataset("shapes", noise=30)``.

    Returns
    -------
    ImageDataset, PointDataset or DatasetTable

    Raises
    ------
    DataError
        If there is no such set, or an argument does not fit it.
    DownloadError
        If a set has to be downloaded and cannot be. Only sets that are listed as download need a network.

    Examples
    --------
    >>> load_dataset("digits", n=100)
    ImageDataset: 100 pictures of 8 x 8 x 1, 10 classes (...)
    """
    known = _loaders()
    if name is None:
        return DatasetTable(tuple((card, remote) for _, card, remote in known.values()))
    if not isinstance(name, str) or name not in known:
        raise DataError(f"name must be one of {', '.join(known)}. Received: name={name!r}. Data sets: load_dataset()")
    if split not in ("train", "test"):
        raise DataError(f"split must be 'train' or 'test'. Received: split={split!r}")
    if n is not None:
        integer("n", n)
    seed = integer("seed", seed, 0)
    loader, _, _ = known[name]
    return loader(split=split, n=n, image_size=checked_size(image_size), seed=seed, **options)


def checked_size(image_size: Any) -> tuple[int, int] | None:
    """Return (height, width) or None."""
    if image_size is None:
        return None
    size = (image_size, image_size) if is_integer(image_size) else image_size
    valid = isinstance(size, tuple | list) and len(size) == 2
    if not valid or not all(is_integer(side, 1, 4096) for side in size):
        raise DataError(
            f"image_size must be an integer from 1 to 4096, or (height, width). Received: image_size={image_size!r}"
        )
    return int(size[0]), int(size[1])


def _loaders():
    """Return name -> (loader, card, whether it must be downloaded)."""
    from . import digits, hashtag, points, published, shapes

    found = {}
    for module in (digits, shapes, hashtag, points):
        found.update({name: (loader, card, False) for name, (loader, card) in module.SETS.items()})
    found.update({name: (loader, card, True) for name, (loader, card) in published.published_datasets().items()})
    return found
