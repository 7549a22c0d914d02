"""Few labels: draw some pictures of each class, and the table of what was measured with so few."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arguments import integer
from .._tables import Table, Tabular
from ..errors import DataError

_TABLE = Path(__file__).parent / "data" / "transfer_curves.csv"
METHODS = ("scratch", "frozen", "fine-tuned")


def few_labels(data: Any, per_class: int, seed: int = 0) -> Any:
    """Return a data set with so many pictures of each class, drawn by the seed, as if no more were labelled.

    Parameters
    ----------
    data : ImageDataset or PointDataset
    per_class : int
    seed : int

    Returns
    -------
    ImageDataset or PointDataset

    Raises
    ------
    DataError
        If a class has fewer.

    Examples
    --------
    >>> from cnn_course import load_dataset
    >>> len(few_labels(load_dataset("digits"), 5))
    50
    """
    least = min(data.counts().values())
    rule = f"an integer from 1 to {least}, the pictures of the rarest class"
    integer("per_class", per_class, 1, least, rule=rule)
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(data.labels == c))[:per_class] for c in range(data.classes)]
    return data.subset(np.concatenate(chosen))


@dataclass(frozen=True)
class CurveRow:
    """One training.

    Attributes
    ----------
    data : str
        Name of the set.
    labels : int
        Labelled pictures of each class.
    method : {"scratch", "frozen", "fine-tuned"}
    seed : int
    accuracy : float
        Mean over the classes of the share of right answers, on test pictures.
    seconds : float
        Of training, features included.
    weights : int
        That training could change at its end.
    """

    data: str
    labels: int
    method: str
    seed: int
    accuracy: float
    seconds: float
    weights: int


@dataclass(frozen=True, repr=False)
class TransferCurves(Tabular):
    """What `benchmarks/transfer_curves.py` measured.

    Attributes
    ----------
    rows : tuple of CurveRow
    made : str
        Date, versions and hardware.
    """

    rows: tuple[CurveRow, ...]
    made: str
    methods = METHODS

    def accuracies(self, data: str, labels: int, method: str) -> NDArray:
        """Return the accuracy of each seed, as an array.

        Raises
        ------
        DataError
            If this was not measured.
        """
        found = [r.accuracy for r in self.rows if (r.data, r.labels, r.method) == (data, labels, method)]
        if not found:
            known = "; ".join(f"{d}: {', '.join(map(str, self.labels(d)))}" for d in self.sets)
            raise DataError(
                f"There is no row for data={data!r}, labels={labels!r}, method={method!r}. Sets and labels: {known}; "
                f"methods: {', '.join(METHODS)}"
            )
        return np.array(found)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sets."""
        return tuple(dict.fromkeys(row.data for row in self.rows))

    def labels(self, data: str) -> tuple[int, ...]:
        """Return the numbers of labels measured on a set, ascending."""
        return tuple(sorted({row.labels for row in self.rows if row.data == data}))

    def _table(self):
        rows = [
            (data, str(labels), *(_spread(self.accuracies(data, labels, name)) for name in METHODS))
            for data in self.sets
            for labels in self.labels(data)
        ]
        below = ["Mean (lowest to highest seed) of the share right in each class.", self.made]
        return Table(rows, head=("data", "labels", *METHODS), right=range(1, len(METHODS) + 2), below=below)


def _spread(v):
    return f"{v.mean():.2f} ({v.min():.2f} to {v.max():.2f})"


@cache
def transfer_curves() -> TransferCurves:
    """Return the course's table of accuracy against labelled pictures, from scratch, frozen and fine-tuned.

    Returns
    -------
    TransferCurves

    Examples
    --------
    >>> {5, 20} <= set(transfer_curves().labels("hashtag"))
    True
    """
    comment, *lines = _TABLE.read_text(encoding="utf-8").splitlines()
    rows = [
        CurveRow(r["data"], int(r["labels"]), r["method"], int(r["seed"]), float(r["accuracy"]), float(r["seconds"]),
                 int(r["weights"]))
        for r in csv.DictReader(lines)
    ]  # fmt: skip
    return TransferCurves(tuple(rows), comment.removeprefix("# "))
