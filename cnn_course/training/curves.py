"""What lesson 04 says about training, measured on three seeds: the table that ships with the course."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .._tables import Table
from ..errors import DataError

TABLE = Path(__file__).parent / "data" / "training_curves.csv"
NUMBERS = ("epochs", "accuracy", "val_accuracy", "loss", "val_loss", "lowest_val_loss", "recall", "seconds")


@dataclass(frozen=True)
class TrainingCurves:
    """What `benchmarks/training_curves.py` measured.

    Attributes
    ----------
    rows : tuple of dict
        One training each: ``claim``, ``setting``, ``seed``, and the numbers after the last epoch (`NUMBERS`); NaN where
        one was not taken. ``recall`` is of the rare class.
    made : str
        Date, versions and hardware.
    """

    rows: tuple[dict, ...]
    made: str

    @property
    def claims(self):
        """Names of what was measured."""
        return tuple(dict.fromkeys(row["claim"] for row in self.rows))

    def settings(self, claim):
        """Return the names of the settings that were compared."""
        return tuple(dict.fromkeys(row["setting"] for row in self.rows if row["claim"] == claim))

    def values(self, claim, setting, number):
        """Return one number of each seed, as an array.

        Parameters
        ----------
        claim, setting : str
        number : str
            One of ``epochs``, ``accuracy``, ``val_accuracy``, ``loss``, ``val_loss``, ``lowest_val_loss``, ``recall``,
            ``seconds``.

        Raises
        ------
        DataError
            If this was not measured.
        """
        found = [
            row[number] for row in self.rows if (row["claim"], row["setting"]) == (claim, setting) and number in row
        ]
        if not found:
            known = "; ".join(f"{name}: {', '.join(self.settings(name))}" for name in self.claims)
            raise DataError(
                f"There is no row for claim={claim!r}, setting={setting!r}, number={number!r}. Rows: {known}. "
                f"Numbers: {', '.join(NUMBERS)}"
            )
        return np.array(found)

    def table(self, claim, *numbers):
        """Return the settings of one claim as text: mean (lowest to highest seed) of each number.

        Parameters
        ----------
        claim : str
        *numbers : str

        Returns
        -------
        str
        """
        rows = [
            (setting, *(_spread(self.values(claim, setting, name)) for name in numbers))
            for setting in self.settings(claim)
        ]
        below = ["Mean (lowest to highest of three seeds).", self.made]
        return repr(Table(rows, head=("", *numbers), right=range(1, len(numbers) + 1), below=below))

    def __repr__(self):
        parts = [f"{claim}\n{self.table(claim, 'epochs', 'accuracy', 'val_accuracy')}" for claim in self.claims]
        return "\n\n".join(parts)


def _spread(values):
    mean, low, high = (f"{v:.3g}" if v < 100 else f"{v:,.0f}" for v in (values.mean(), values.min(), values.max()))
    return mean if low == high else f"{mean} ({low} to {high})"


@cache
def training_curves():
    """Return the course's table of trainings: batch sizes, learning rates, overfitting and rare classes.

    Returns
    -------
    TrainingCurves

    Examples
    --------
    >>> training_curves().settings("batch size")
    ('1', '32', '1198')
    """
    comment, *lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [
        {**row, "seed": int(row["seed"]), **{name: float(row[name] or "nan") for name in NUMBERS}}
        for row in csv.DictReader(lines)
    ]
    return TrainingCurves(tuple(rows), comment.removeprefix("# "))
