"""The backbones by name: what they are, where their weights come from, and what may be done with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from .._keras import load_keras
from .._tables import Table, Tabular
from ..errors import ModelError
from ..fetching import RemoteFile
from .weights import BOX, HDF5

_DATA = Path(__file__).parent / "data" / "backbones.json"

_KERAS = "Keras 2's documentation (keras-team/keras, docs/templates/applications.md), under License"
_NONE = "nowhere: neither Keras's documentation nor the repository says anything of the weights"

# family -> (whose weights Keras ported, their licence, where that is said)
_ORIGINS = {
    "convnext": ("Meta, facebookresearch/ConvNeXt", "MIT", "the repository's README, of the whole project"),
    "densenet": ("liuzhuang13/DenseNet", "BSD 3-clause", _KERAS),
    "efficientnet": ("Google, tensorflow/tpu", "not stated (code: Apache)", _NONE),
    "efficientnet_v2": ("Google, google/automl", "not stated (code: Apache)", _NONE),
    "inception_resnet_v2": ("Google, tensorflow/models", "Apache", _KERAS),
    "inception_v3": ("Google, tensorflow/models", "Apache", _KERAS),
    "mobilenet": ("Google, tensorflow/models", "Apache", _KERAS),
    "mobilenet_v2": ("Google, tensorflow/models", "Apache", _KERAS),
    "mobilenet_v3": ("Google, tensorflow/models", "not stated (code: Apache)", _NONE),
    "nasnet": ("Google, tensorflow/models", "Apache", _KERAS),
    "resnet": ("Kaiming He", "MIT", _KERAS),
    "resnet_v2": ("Facebook, fb.resnet.torch", "BSD", _KERAS),
    "vgg16": ("VGG, Oxford", "CC BY 4.0", _KERAS),
    "vgg19": ("VGG, Oxford", "CC BY 4.0", _KERAS),
    "xception": ("Keras", "MIT", _KERAS),
}


@dataclass(frozen=True)
class Backbone:
    """A network that has learned ImageNet's pictures, without its head.

    Attributes
    ----------
    name : str
        As in `keras.applications`.
    alpha : float or None
        Width, where it can be chosen.
    family : str
        The module of `keras.applications` that it stands in.
    parameters : int
        Without head.
    size : int
        Height and width, in pixels, of the pictures that the course's file of weights learned from; others work too.
    source, licence : str
        Of the weights: whose they are, and under which licence.
    stated : str
        Where that licence is stated.
    files : dict of str to (str, str, str)
        Name, address and sha256 or md5 (``""``: Keras names none) of the files ``"no_top"`` and ``"top"``.
    """

    name: str
    alpha: float | None
    family: str
    parameters: int
    size: int
    source: str
    licence: str
    stated: str
    files: dict

    @property
    def title(self) -> str:
        """The name, with the width where there are several."""
        return self.name if self.alpha is None else f"{self.name} (alpha={self.alpha:g})"

    @property
    def in_the_box(self) -> bool:
        """Whether the weights came with the course."""
        return (self.name, self.alpha) == ("MobileNet", 0.25)

    @property
    def bytes(self) -> int:
        """Bytes on disk: the file's in the box, otherwise four for each weight, a little less than the file's."""
        return BOX.size if self.in_the_box else 4 * self.parameters

    def remote_file(self, top: bool = False) -> RemoteFile:
        """Return the file of weights that Keras names, as the course downloads it."""
        name, address, known = self.files["top" if top else "no_top"]
        sha256, md5 = (known, "") if len(known) == 64 else ("", known)
        return RemoteFile("weights", name, 0, sha256, (address,), md5=md5, magic=HDF5.hex())


@dataclass(frozen=True, repr=False)
class BackboneTable(Tabular):
    """The backbones, as text and as HTML.

    Attributes
    ----------
    rows : tuple of Backbone
    """

    rows: tuple[Backbone, ...]

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, title):
        """Return the backbone with this title, `MobileNet (alpha=0.25)`, or the first one of this name."""
        found = [row for row in self.rows if title in (row.title, row.name)]
        if not found:
            raise KeyError(f"There is no backbone {title!r}. They are: {', '.join(row.title for row in self.rows)}")
        return found[0]

    def _table(self):
        head = ("backbone", "parameters", "MB", "input", "weights from", "licence", "where")
        rows = [
            (
                row.title,
                f"{row.parameters:,}",
                f"{row.bytes / 1e6:.1f}",
                f"{row.size} x {row.size} x 3",
                row.source,
                row.licence,
                "in the box" if row.in_the_box else "download",
            )
            for row in self.rows
        ]
        return Table(rows, head=head, right=[1, 2])


def backbones() -> BackboneTable:
    """Return the backbones that `build_transfer_model` knows by name, the smallest one first.

    Returns
    -------
    BackboneTable
        Parameters and megabytes without the head; the pictures that it learned from (others work too); whose the
        weights are, and their licence; whether they are in the box or downloaded.

    Notes
    -----
    The licence is the one that the weights were published under, so far as anybody says; each row's ``stated`` tells
    who does. ImageNet's photographs, from which all of them learned, were given for research.

    MobileNet and MobileNetV2 also have files that learned from smaller pictures (128, 160 and 192 pixels, and 96 for
    the second), which Keras takes at those sizes. The course takes the one for 224 pixels at every size.

    Examples
    --------
    >>> table = backbones()
    >>> len(table), table.rows[0].title, table.rows[0].in_the_box
    (50, 'MobileNet (alpha=0.25)', True)
    """
    return BackboneTable(tuple(sorted(_entries(), key=lambda row: row.parameters)))


def entry_of(name: str, alpha: float | None = None) -> Backbone:
    """Return the backbone of this name and width."""
    named = [entry for entry in _entries() if entry.name == name]
    if not named:
        known = list(dict.fromkeys(e.name for e in _entries()))
        raise ModelError(
            f"backbone must be one of {', '.join(known)}, or a model of your own. Received: backbone={name!r}."
            + _meant(str(name), known)
        )
    if alpha is None:
        return next(entry for entry in named if entry.alpha in (None, 1.0))
    found = next((entry for entry in named if entry.alpha == alpha), None)
    if found is None:
        widths = ", ".join(f"{entry.alpha:g}" for entry in named if entry.alpha is not None)
        there = f"comes with alpha {widths}" if widths else "has one width only: leave alpha out"
        raise ModelError(f"{name} {there}. Received: alpha={alpha!r}")
    return found


def _meant(given, known):
    """Return the name that was probably meant, in words."""
    titles = {entry.title: f"{entry.name!r} with alpha={entry.alpha:g}" for entry in _entries() if entry.alpha}
    if given in titles:
        return f" Did you mean {titles[given]}?"
    folded = {name.lower(): name for name in known}
    near = get_close_matches(given.strip().lower(), folded, n=1)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


def builder_of(name: str) -> Any:
    """Return Keras's function that builds the backbone."""
    return getattr(load_keras().applications, name)


@cache
def _entries():
    return tuple(
        Backbone(
            row["name"], row["alpha"], row["family"], row["parameters"], row["size"],
            *_ORIGINS[row["family"]], {"no_top": tuple(row["no_top"]), "top": tuple(row["top"])},
        )
        for row in json.loads(_DATA.read_text(encoding="utf-8"))
    )  # fmt: skip
