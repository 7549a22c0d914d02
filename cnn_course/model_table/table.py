"""The table that `describe` returns: a row for each layer, and the totals."""

from dataclasses import dataclass

from .._arguments import listed
from .._tables import Table, Tabular
from ..arithmetic import ReceptiveField

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer.

    Attributes
    ----------
    name : str
        With the names of the models around it: ``"mobilenet/conv1"``.
    kind : str
        The layer's class.
    output_shape : tuple of int
        Of one picture.
    parameters, trainable_parameters : int
        A layer that is called again counts them the first time only.
    macs : int or None
        Multiply-accumulates for one picture; None where the layer is not known.
    activation_bytes : int
        Of the output, for the whole batch.
    sees : str
        ``"part"``, ``"whole"`` (of the input), ``"unknown"``, or ``"none"`` where the input has no spatial axes.
    receptive_field : ReceptiveField or None
        What one position of the output sees, where `sees` is ``"part"``.
    unreached : int or tuple of int
        Pixels of the layer's input that no window reaches, along each axis (one number if all are equal).
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    macs: int | None
    activation_bytes: int
    sees: str
    receptive_field: ReceptiveField | None
    unreached: int | tuple[int, ...]

    @property
    def field_text(self):
        """The receptive field in a word: its size, ``whole input``, ``unknown`` or a dash."""
        if self.receptive_field is not None:
            at_most = "up to " if self.receptive_field.differs and self.receptive_field.size != 1 else ""
            return at_most + _joined(self.receptive_field.size)
        return {"whole": "whole input", "unknown": _UNKNOWN}.get(self.sees, "–")

    @property
    def jump_text(self):
        """Pixels of the input between two neighbouring fields."""
        return "–" if self.receptive_field is None else _joined(self.receptive_field.jump)


@dataclass(frozen=True, repr=False)
class ModelTable(Tabular):
    """A network layer by layer: shapes, parameters, cost, memory, and what each layer sees.

    FLOPs are two for each multiply-accumulate (the product and the sum); many papers write FLOPs and mean
    multiply-accumulates. Only convolutions and dense layers are counted, as papers do: not biases, activations,
    normalisation and pooling.

    Attributes
    ----------
    name : str
    rows : tuple of LayerRow
    input_shape : tuple of int
        Of one picture.
    batch_size : int
        For which the memory is counted.
    """

    name: str
    rows: tuple[LayerRow, ...]
    input_shape: tuple[int, ...]
    batch_size: int = 1

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, name):
        """Return the row of the layer with this name; without the names of models around it, if that is enough."""
        matches = [row for row in self.rows if row.name == name or row.name.split("/")[-1] == name]
        if not matches:
            raise KeyError(f"There is no layer {name!r}. Layers: {listed(name, (row.name for row in self.rows))}")
        return matches[0]

    @property
    def parameters(self):
        """All weights."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable_parameters(self):
        """Weights that training changes."""
        return sum(row.trainable_parameters for row in self.rows)

    @property
    def macs(self):
        """Multiply-accumulates for one picture, of the layers that are known (see `unknown`)."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def flops(self):
        """Two for each multiply-accumulate, for one picture."""
        return 2 * self.macs

    @property
    def activation_bytes(self):
        """Bytes of all outputs, for the whole batch."""
        return sum(row.activation_bytes for row in self.rows)

    @property
    def unknown(self):
        """Names of the layers whose cost or view is not known; they are missing from the totals."""
        return tuple(row.name for row in self.rows if row.macs is None)

    @property
    def receptive_field(self):
        """What a position of the last map sees; None where it sees the whole input, or what it sees is not known."""
        maps = [r for r in self.rows if len(r.output_shape) > 1 and (r.sees == "part" or max(r.output_shape[:-1]) > 1)]
        return maps[-1].receptive_field if maps else None

    def to_dataframe(self):
        """Return the table as a pandas DataFrame, numbers as numbers.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        columns = {
            "layer": [row.name for row in self.rows],
            "kind": [row.kind for row in self.rows],
            "output_shape": [row.output_shape for row in self.rows],
            "parameters": [row.parameters for row in self.rows],
            "trainable_parameters": [row.trainable_parameters for row in self.rows],
            "macs": pd.array([row.macs for row in self.rows], dtype="Int64"),
            "flops": pd.array([None if row.macs is None else 2 * row.macs for row in self.rows], dtype="Int64"),
            "activation_bytes": [row.activation_bytes for row in self.rows],
            "receptive_field": [row.field_text for row in self.rows],
            "jump": [row.jump_text for row in self.rows],
            "unreached_pixels": [row.unreached for row in self.rows],
        }
        return pd.DataFrame(columns)

    def _table(self):
        head = ("layer", "kind", "output", "parameters", "MACs", "memory", "sees", "jump", "unreached")
        rows = [
            (
                row.name, row.kind, _joined(row.output_shape), f"{row.parameters:,}",
                _UNKNOWN if row.macs is None else f"{row.macs:,}", _bytes(row.activation_bytes), row.field_text,
                row.jump_text, _joined(row.unreached) if row.unreached else "",
            )
            for row in self.rows
        ]  # fmt: skip
        above = [f"{self.name}, input {_joined(self.input_shape)}"]
        return Table(rows, head=head, right=range(2, len(head)), above=above, below=list(self._summary()))

    def _summary(self):
        frozen = self.parameters - self.trainable_parameters
        batch = "a picture" if self.batch_size == 1 else f"a batch of {self.batch_size}"
        yield f"{self.parameters:,} parameters" + (f" ({frozen:,} of them not trainable)" if frozen else "")
        least = "at least " if self.unknown else ""
        yield f"{least}{self.macs:,} MACs a picture (multiply-accumulates; {self.flops:,} FLOPs if both are counted)"
        yield f"{_bytes(self.activation_bytes)} of activations for {batch}"
        if self.unknown:
            yield f"not known, and not in these sums: {', '.join(self.unknown)}"


def _joined(value):
    """Return 28 x 28 x 16, or one number where all are equal along the axes of a field."""
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _bytes(number):
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{float(f'{number:.3g}'):g} {unit}"
        number /= 1000
