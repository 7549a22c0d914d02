"""What a tensor sees of the network's input, axis by axis, through windows, branches and global operations."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil


@dataclass(frozen=True)
class Axis:
    """Along one axis: position i sees the input's pixels from ``start + i * jump`` on, `size` of them."""

    size: int
    jump: Fraction
    start: Fraction

    def windowed(self, kernel, stride, dilation, before):
        """Return what a sliding window's output sees; `before` is the padding in front."""
        reach = dilation * (kernel - 1)
        return Axis(
            int(self.size + reach * self.jump) if self.jump.denominator == 1 else ceil(self.size + reach * self.jump),
            self.jump * stride,
            self.start - before * self.jump,
        )

    def transposed(self, kernel, stride, dilation, before):
        """Return what a transposed convolution's output sees at most; `before` is the border cut off in front."""
        window = dilation * (kernel - 1) + 1
        steps = -(-window // stride) - 1
        first = -((window - 1 - before) // stride)
        return Axis(ceil(self.size + steps * self.jump), self.jump / stride, self.start + first * self.jump)

    def all_of(self, positions):
        """Return what all the positions together see, as one."""
        return Axis(ceil(self.size + (positions - 1) * self.jump), self.jump * positions, self.start)

    def joined(self, other):
        """Return what both branches see together: the largest path, if both step alike."""
        if self.jump != other.jump:
            return None
        first = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Axis(ceil(end - first), self.jump, first)


@dataclass(frozen=True)
class Seen:
    """What a tensor sees of the picture.

    Attributes
    ----------
    kind : str
        ``"part"``: `axes` say which part; ``"whole"``: everything, by a global operation; ``"unknown"``: a layer
        on the way is not known; ``"none"``: the input has no spatial axes.
    axes : tuple of Axis
    flat : tuple of int
        Positions along the axes, where the tensor was flattened: each number still sees its own part.
    """

    kind: str
    axes: tuple[Axis, ...] = ()
    flat: tuple[int, ...] = ()

    def gathered(self, positions, whole):
        """Return what an operation over all positions sees; `whole` is the picture's size."""
        if self.kind != "part":
            return self
        axes = tuple(axis.all_of(n) for axis, n in zip(self.axes, positions, strict=True))
        covers = all(a.start <= 0 and a.start + a.size >= n for a, n in zip(axes, whole, strict=False))
        return WHOLE if covers else Seen("part", axes)


WHOLE, UNKNOWN, NOTHING = Seen("whole"), Seen("unknown"), Seen("none")


def input_field(rank):
    """Return what the picture's own pixels see: themselves."""
    return Seen("part", (Axis(1, Fraction(1), Fraction(0)),) * rank) if rank else NOTHING


def joined(fields):
    """Return what several branches see together."""
    fields = [field for field in fields if field.kind != "none"] or [NOTHING]
    for field in (UNKNOWN, WHOLE):
        if field in fields:
            return field
    first, *rest = fields
    for field in rest:
        if len(field.axes) != len(first.axes) or field.flat != first.flat:
            return UNKNOWN
        axes = tuple(a.joined(b) for a, b in zip(first.axes, field.axes, strict=True))
        if None in axes:
            return UNKNOWN
        first = Seen("part", axes, first.flat)
    return first
