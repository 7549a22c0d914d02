"""What a tensor sees of the network's input, axis by axis, through windows, branches and global operations."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd, lcm


@dataclass(frozen=True)
class Axis:
    """Which pixels of the input each position sees along one axis.

    Behind an upsampling, neighbours may see the same pixels, or fields of different sizes; it repeats after some
    positions. Position ``q * len(spans) + p`` sees the pixels from ``spans[p][0] + q * step`` to just before
    ``spans[p][1] + q * step``; None is a gap between the kernels of a transposed convolution, which sees nothing.
    """

    spans: tuple[tuple[int, int] | None, ...] = ((0, 1),)
    step: int = 1

    @property
    def jump(self):
        """Pixels from one position's field to the next one's, in the mean over positions."""
        return Fraction(self.step, len(self.spans))

    @property
    def start(self):
        """Where the first position's field starts (that of the first one that sees anything)."""
        return next(span[0] for span in self.spans if span)

    @property
    def size(self):
        """Pixels from the first to the last one that a position sees, at most."""
        return max(span[1] - span[0] for span in self.spans if span)

    @property
    def differs(self):
        """Whether not every position sees as much as every other one, `jump` further on."""
        return len(self.spans) > 1

    def _at(self, positions):
        """Return from where to where some positions together see, or None."""
        period = len(self.spans)
        if len(positions) > 2 * period:  # what lies between sees nothing further out
            positions = [*positions[:period], *positions[-period:]]
        found = [(*self.spans[i % period], i // period * self.step) for i in positions if self.spans[i % period]]
        return (min(a + s for a, _, s in found), max(b + s for _, b, s in found)) if found else None

    def windowed(self, kernel, stride, dilation, before):
        """Return what a sliding window's output sees; `before` is the padding in front."""
        period = len(self.spans) // gcd(len(self.spans), stride)
        starts = [position * stride - before for position in range(period)]
        spans = [self._at(range(first, first + dilation * (kernel - 1) + 1, dilation)) for first in starts]
        return _shortest(spans, self.step * period * stride // len(self.spans))

    def transposed(self, kernel, stride, dilation, before):
        """Return what a transposed convolution's output sees; `before` is the border cut off in front."""
        spans = []
        for position in range(before, before + len(self.spans) * stride):
            reached = [position - dilation * tap for tap in reversed(range(kernel))]
            spans.append(self._at([place // stride for place in reached if place % stride == 0]))
        return _shortest(spans, self.step)

    def moved(self, pixels):
        """Return what is seen where so many positions are cut off in front (added, if negative)."""
        return self.windowed(1, 1, 1, -pixels)

    def all_of(self, positions):
        """Return what all the positions together see, as one."""
        return Axis((self._at(range(positions)),), ceil(self.jump * positions))

    def joined(self, other):
        """Return what both branches see together: the largest path, if both step alike."""
        if self.jump != other.jump:
            return None
        period = lcm(len(self.spans), len(other.spans))
        both = [[span for axis in (self, other) if (span := axis._at([p]))] for p in range(period)]
        spans = [(min(a for a, _ in pair), max(b for _, b in pair)) if pair else None for pair in both]
        return _shortest(spans, self.step * period // len(self.spans))


def _shortest(spans, step):
    """Return the axis with the fewest spans after which it repeats."""
    for period in range(1, len(spans) + 1):
        if len(spans) % period or step * period % len(spans):
            continue
        by = step * period // len(spans)
        again = [span and (span[0] + p // period * by, span[1] + p // period * by) for p, span in _tiled(spans, period)]
        if again == spans:
            return Axis(tuple(spans[:period]), by)
    return Axis(tuple(spans), step)


def _tiled(spans, period):
    return ((p, spans[p % period]) for p in range(len(spans)))


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
        seen = (axis.spans[0] or (0, 0) for axis in axes)
        covers = all(first <= 0 and end >= n for (first, end), n in zip(seen, whole, strict=False))
        return WHOLE if covers else Seen("part", axes)


WHOLE, UNKNOWN, NOTHING = Seen("whole"), Seen("unknown"), Seen("none")


def input_field(rank):
    """Return what the picture's own pixels see: themselves."""
    return Seen("part", (Axis(),) * rank) if rank else NOTHING


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
