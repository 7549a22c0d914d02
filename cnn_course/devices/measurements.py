"""The table of recorded measurements: what comes with the course, and the rows that you add."""

import csv
import os
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path

from .._tables import Table, Tabular
from ..errors import DataError
from .timing import Timing

SHIPPED = Path(__file__).with_name("measurements.csv")
_NUMBERS = {"cores": int, "batch_size": int, "steps": int, "repeats": int}
_FLOATS = ("step_ms", "low_ms", "high_ms", "pictures_per_second", "peak_mb")


@dataclass(frozen=True)
class Measurement:
    """One row: a step of training on one machine, on one day.

    Attributes
    ----------
    date : str
        ISO, ``"2026-11-25"``.
    hardware : str
        Model of the processor or card.
    kind : str
        ``"CPU"`` or ``"GPU"``.
    cores : int
        Of the processor, that the process could use.
    versions : str
        Of Keras and its backend.
    network, precision : str
        ``"tf32"`` is float32 on a card that drops digits in products.
    batch_size, steps, repeats : int
    step_ms, low_ms, high_ms : float
        Milliseconds of a step: the median of the repeats, and their quartiles.
    pictures_per_second : float
    peak_mb : float or None
    remark : str
    """

    date: str
    hardware: str
    kind: str
    cores: int
    versions: str
    network: str
    precision: str
    batch_size: int
    steps: int
    repeats: int
    step_ms: float
    low_ms: float
    high_ms: float
    pictures_per_second: float
    peak_mb: float | None = None
    remark: str = ""


NAMES = tuple(field.name for field in fields(Measurement))
_SHOWN = {
    "date": "date", "kind": "", "hardware": "hardware", "cores": "cores", "versions": "versions", "network": "network",
    "precision": "precision", "batch_size": "batch", "step_ms": "ms a step", "pictures_per_second": "pictures/s",
    "remark": "remark",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Measurements(Tabular):
    """Recorded rows, as text and as HTML."""

    rows: tuple[Measurement, ...]

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    @property
    def note(self) -> str:
        """What is missing from the table, said plainly; empty if nothing is."""
        if any(row.kind == "GPU" for row in self.rows):
            return ""
        return "Only processors so far: no row of a GPU has been measured yet."

    def where(self, **wanted: object) -> "Measurements":
        """Return the rows whose fields have these values: ``table.where(kind="CPU", batch_size=32)``."""
        unknown = set(wanted) - set(NAMES)
        if unknown:
            raise DataError(f"Fields of a row are {', '.join(NAMES)}. Received: {', '.join(sorted(unknown))}")
        return Measurements(tuple(r for r in self.rows if all(getattr(r, k) == v for k, v in wanted.items())))

    def _table(self):
        rows = []
        for row in self.rows:
            speed = row.pictures_per_second
            written = {"step_ms": f"{row.step_ms:,.1f}", "pictures_per_second": f"{speed:,.{0 if speed >= 10 else 1}f}"}
            rows.append([written.get(name, str(getattr(row, name))) for name in _SHOWN])
        right = [k for k, name in enumerate(_SHOWN) if Measurement.__annotations__[name] is not str]
        return Table(rows, head=tuple(_SHOWN.values()), right=right, below=[self.note] if self.note else [])


def load_measurements(*paths: str | os.PathLike[str]) -> Measurements:
    """Return the measurements that come with the course, and those of files of your own.

    Parameters
    ----------
    *paths : str or Path
        Files that `record_measurement` wrote, of several computers for example; their rows follow those of the course.

    Returns
    -------
    Measurements

    Raises
    ------
    DataError
        If a file is not there, or is not such a table.

    Examples
    --------
    >>> all(row.pictures_per_second > 0 for row in load_measurements())
    True
    """
    for path in paths:
        if not Path(path).is_file():
            raise DataError(f"There is no file {path}. record_measurement(time_training(...), {str(path)!r}) makes it.")
    return Measurements(tuple(row for path in (SHIPPED, *paths) for row in _read(Path(path))))


def _read(path):
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != NAMES:
            raise DataError(f"{path} is no table of measurements: its first line must be {','.join(NAMES)}")
        try:
            return tuple(_row(values) for values in reader)
        except (TypeError, ValueError) as error:
            raise DataError(f"{path}: a row cannot be read: {error}") from error


def _row(values):
    numbers = {name: kind(values[name]) for name, kind in _NUMBERS.items()}
    floats = {name: float(values[name]) if values[name] else None for name in _FLOATS}
    return Measurement(**{**values, **numbers, **floats})


def record_measurement(
    timing: Timing, path: str | os.PathLike[str] = "my_measurements.csv", remark: str = ""
) -> Measurement:
    """Add a timing to a table of measurements, and return the row.

    Parameters
    ----------
    timing : Timing
        As `time_training` returns it.
    path : str or Path
        Made if it is not there; a row is added at its end.
    remark : str
        What a reader of the row should know.

    Returns
    -------
    Measurement

    Raises
    ------
    DataError
        If the file is another table, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from cnn_course.devices import Timing
    >>> timing = Timing((0.02, 0.01, 0.03), 32, 10, 1, "small_cnn", "a processor", "tensorflow 2.21.0", "float32", 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     row = record_measurement(timing, f"{folder}/mine.csv")
    >>> row.pictures_per_second, row.low_ms, row.high_ms
    (1600.0, 15.0, 25.0)
    """
    from .._keras import load_keras

    path = Path(path)
    low, high = timing.spread
    row = Measurement(
        date=date.today().isoformat(),
        hardware=timing.device,
        kind="GPU" if timing.on_gpu else "CPU",
        cores=timing.cores,
        versions=f"Keras {load_keras().__version__}, {timing.backend}",
        network=timing.model,
        precision=timing.precision,
        batch_size=timing.batch_size,
        steps=timing.steps,
        repeats=len(timing.seconds),
        step_ms=round(1000 * timing.median, 3),
        low_ms=round(1000 * low, 3),
        high_ms=round(1000 * high, 3),
        pictures_per_second=float(f"{timing.pictures_per_second:.5g}"),
        peak_mb=None if timing.peak_memory is None else round(timing.peak_memory / 1e6, 1),
        remark=remark,
    )
    try:
        new = not path.exists()
        if not new:
            _read(path)
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, NAMES)
            if new:
                writer.writeheader()
            writer.writerow(asdict(row))
    except OSError as error:
        raise DataError(
            f"The row cannot be written to {path}: {error.strerror}. The measurement itself is whole: give "
            "record_measurement(timing, path) a file in a folder that you may write to."
        ) from error
    return row
