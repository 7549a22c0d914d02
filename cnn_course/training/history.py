"""What a training left behind: numbers of each epoch that print, save themselves and can be compared."""

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

from .._arguments import integer
from .._files import write_atomically
from .._tables import Table, Tabular
from ..errors import DataError

_SHOWN = 12  # epochs in the printed table; more are left out in the middle


@dataclass(frozen=True, repr=False)
class TrainingHistory(Tabular):
    """The epochs of one training.

    Attributes
    ----------
    metrics : mapping of str to tuple of float
        A number for each epoch, under Keras's names: ``loss``, ``accuracy``, ``val_loss``, ...
        Keras takes ``loss`` and ``accuracy`` as means over the epoch, while the weights still change (and
        with dropout and augmentation on), ``val_loss`` at its end.
    seconds : tuple of float
        Wall-clock time of each epoch, validation included.
    pictures : int
        Pictures (or rows) in an epoch.
    batch_size : int
    monitor : str
        The metric that decides which epoch is best.
    ended : str
        Why the training ended, in a sentence.
    restored_epoch : int or None
        The epoch, counted from 1, whose weights the model now has, if it is not the last.
    resumed_after : tuple of int
        Epochs after which the training was taken up again from its checkpoint.
    backend : str
    seed : int

    Examples
    --------
    >>> history = TrainingHistory({"loss": (0.9, 0.5, 0.6)}, seconds=(2.0, 1.0, 1.0), pictures=500, batch_size=32)
    >>> history.epochs, history.best_epoch
    (3, 2)
    >>> history
    TrainingHistory: 3 epochs of 500 pictures in batches of 32, 4.0 s
     epoch    loss  seconds
         1  0.9000     2.00
         2  0.5000     1.00  <- best loss
         3  0.6000     1.00
    """

    metrics: dict
    seconds: tuple = ()
    pictures: int = 0
    batch_size: int = 32
    monitor: str = "loss"
    ended: str = ""
    restored_epoch: int | None = None
    resumed_after: tuple = ()
    backend: str = ""
    seed: int = 0

    def __post_init__(self):
        columns = {name: tuple(float(v) for v in values) for name, values in self.metrics.items()}
        if len({len(values) for values in columns.values()} | {len(self.seconds)}) > 1:
            lengths = {name: len(values) for name, values in columns.items()} | {"seconds": len(self.seconds)}
            raise DataError(f"Every metric must have one number for each epoch. Received: {lengths}")
        object.__setattr__(self, "metrics", MappingProxyType(columns))
        object.__setattr__(self, "seconds", tuple(float(s) for s in self.seconds))
        object.__setattr__(self, "resumed_after", tuple(self.resumed_after))

    @property
    def epochs(self):
        """Number of epochs trained."""
        return len(self.seconds)

    @property
    def best_epoch(self):
        """The epoch, counted from 1, at which `monitor` was best; None before the first finite number."""
        return best_epoch(self.metrics.get(self.monitor, ()), self.monitor)

    def at(self, epoch):
        """Return the metrics of one epoch, counted from 1.

        Parameters
        ----------
        epoch : int
            From 1 to `epochs`.

        Returns
        -------
        dict of str to float

        Raises
        ------
        DataError
            If there is no such epoch.
        """
        integer("epoch", epoch, 1, self.epochs, rule=f"between 1 and {self.epochs}")
        return {name: values[epoch - 1] for name, values in self.metrics.items()}

    def save(self, path):
        """Write the history as JSON; the file is complete or it is not there.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path
        """
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(self.as_json(), indent=1), encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path):
        """Return a history that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        DataError
            If the file is not such a history.
        """
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path} must be a history written by TrainingHistory.save. It is not: {error}") from error

    def as_json(self):
        """Return the history as plain lists and numbers; NaN and infinity as text, which JSON has no number for."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "metrics"}
        metrics = {name: [v if math.isfinite(v) else str(v) for v in values] for name, values in self.metrics.items()}
        return {"metrics": metrics, **plain}

    @classmethod
    def from_json(cls, plain):
        """Return the history that `as_json` describes."""
        return cls(**plain)

    def _table(self):
        columns = {**self.metrics, "seconds": self.seconds}
        head = ("epoch", *columns, "")
        rows = [
            self._row(epoch, columns) if epoch else ("...", *[""] * (len(head) - 1)) for epoch in _ends(self.epochs)
        ]
        above = (
            f"TrainingHistory: {counted(self.epochs, 'epoch')} of {counted(self.pictures, 'picture')} "
            f"in batches of {self.batch_size}, {sum(self.seconds):.1f} s"
        )
        below = [self.ended] if self.ended else []
        return Table(rows, head=head, right=range(len(columns) + 1), above=[above], below=below)

    def _row(self, epoch, columns):
        numbers = (f"{values[epoch - 1]:.{_digits(name)}f}" for name, values in columns.items())
        return str(epoch), *numbers, f"<- best {self.monitor}" if epoch == self.best_epoch else ""


@dataclass(frozen=True, repr=False)
class Comparison(Tabular):
    """Trainings of several settings, by name.

    Attributes
    ----------
    histories : mapping of str to TrainingHistory

    Examples
    --------
    >>> slow = TrainingHistory({"loss": (0.9, 0.8)}, seconds=(1, 1), pictures=500)
    >>> fast = TrainingHistory({"loss": (0.5, 0.3)}, seconds=(1, 1), pictures=500)
    >>> Comparison({"rate 0.01": slow, "rate 0.1": fast})
    Comparison: 2 settings, numbers of each one's best epoch
                 epoch    loss  seconds
      rate 0.01      2  0.8000     2.00
      rate 0.1       2  0.3000     2.00
    """

    histories: dict

    def __post_init__(self):
        object.__setattr__(self, "histories", MappingProxyType(dict(self.histories)))

    def __getitem__(self, name):
        if name not in self.histories:
            raise DataError(f"The settings compared are {', '.join(map(repr, self.histories))}. Received: {name!r}")
        return self.histories[name]

    def __iter__(self):
        return iter(self.histories)

    def __len__(self):
        return len(self.histories)

    def _table(self):
        names = list(dict.fromkeys(name for history in self.histories.values() for name in history.metrics))
        rows = []
        for setting, history in self.histories.items():
            best = history.best_epoch or history.epochs
            row = history.at(best) if history.epochs else {}
            numbers = (f"{row.get(name, math.nan):.4f}" for name in names)
            rows.append((setting, str(best), *numbers, f"{sum(history.seconds):.2f}"))
        above = f"Comparison: {counted(len(self), 'setting')}, numbers of each one's best epoch"
        return Table(rows, head=("", "epoch", *names, "seconds"), right=range(1, len(names) + 3), above=[above])


def best_epoch(values, monitor):
    """Return the epoch, counted from 1, of the best finite number; the first of equals; None if there is none.

    What is a loss or an error is best when small, every other metric when large.

    Examples
    --------
    >>> best_epoch([0.7, 0.4, 0.4, float("nan")], "val_loss"), best_epoch([0.2, 0.9], "accuracy")
    (2, 2)
    """
    sign = 1 if smaller_is_better(monitor) else -1
    finite = [(sign * value, epoch) for epoch, value in enumerate(values, start=1) if math.isfinite(value)]
    return min(finite)[1] if finite else None


def smaller_is_better(monitor):
    """Return whether a metric of this name is better when small.

    Examples
    --------
    >>> smaller_is_better("val_loss"), smaller_is_better("val_accuracy")
    (True, False)
    """
    return any(word in monitor.lower() for word in ("loss", "error", "entropy", "mse", "mae", "rmse"))


def counted(number, noun):
    """Return the number with its noun.

    Examples
    --------
    >>> counted(1, "epoch"), counted(60000, "picture")
    ('1 epoch', '60,000 pictures')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _ends(epochs):
    """Yield the epochs to print; None where some are left out."""
    if epochs <= _SHOWN:
        yield from range(1, epochs + 1)
        return
    yield from range(1, _SHOWN // 2 + 1)
    yield None
    yield from range(epochs - _SHOWN // 2 + 1, epochs + 1)


def _digits(name):
    return 2 if name == "seconds" else 4
