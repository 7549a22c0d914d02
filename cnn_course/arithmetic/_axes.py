"""Arguments of every form, read into one axis after the other and checked."""

from typing import NamedTuple

from .._arguments import is_integer
from ..errors import GeometryError

_PADDING_RULE = {
    1: '"valid", "same", an integer of at least 0, or (before, after)',
    2: '"valid", "same", an integer of at least 0, (rows, columns) or ((before, after), (before, after))',
}


class Axis(NamedTuple):
    """One spatial axis of a sliding window: every padding already a pair of numbers."""

    size: int
    kernel: int
    stride: int
    padding: tuple[int, int]
    dilation: int

    @property
    def window(self):
        """Pixels from the first to the last one that the dilated kernel touches."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def padded(self):
        """Pixels of the picture and the padding."""
        return self.size + sum(self.padding)


def positions(axis, ceil_mode):
    """Return how many positions the kernel takes along the axis, or raise if it takes none."""
    room = axis.padded - axis.window
    count = (-(-room // axis.stride) if ceil_mode else room // axis.stride) + 1
    if ceil_mode and (count - 1) * axis.stride >= axis.size + axis.padding[0]:
        count -= 1
    if count < 1:
        raise GeometryError(
            f"kernel_size must not be larger than the padded input: the kernel covers {axis.window} pixels "
            f"(dilation included), the padded input has {axis.padded}. Received: input_size={axis.size}, "
            f"kernel_size={axis.kernel}, padding={axis.padding}, dilation_rate={axis.dilation}. "
            "Try a smaller kernel or more padding."
        )
    return count


def read_axes(input_size, kernel_size, strides, padding, dilation_rate):
    """Return the axes of a sliding window, every argument checked; `input_size` says how many there are."""
    rank = len(input_size) if isinstance(input_size, tuple | list) else 1
    sizes = integers("input_size", input_size, rank)
    if _ends_in_channels(sizes) and not any(_for_three(value) for value in (kernel_size, strides, dilation_rate)):
        raise GeometryError(
            f"input_size must be the size without the channels: {tuple(sizes[:2])} for a picture. "
            f"Received: input_size={input_size!r}. For a volume, give kernel_size a number for each of the three axes."
        )
    kernels = integers("kernel_size", kernel_size, rank)
    steps = integers("strides", strides, rank)
    dilations = integers("dilation_rate", dilation_rate, rank)
    axes = [Axis(*axis) for axis in zip(sizes, kernels, steps, [(0, 0)] * rank, dilations, strict=True)]
    pairs = _pairs(padding, axes)
    if None in pairs:
        rule = _PADDING_RULE.get(rank, '"valid", "same", an integer of at least 0, or a pair for each axis')
        raise GeometryError(f"padding must be {rule}. Received: padding={padding!r}")
    return [axis._replace(padding=pair) for axis, pair in zip(axes, pairs, strict=True)]


def _ends_in_channels(sizes):
    """Return whether three sizes look like (height, width, channels)."""
    return len(sizes) == 3 and sizes[2] in (1, 3, 4) and min(sizes[:2]) >= 8


def _for_three(value):
    return isinstance(value, tuple | list) and len(value) == 3


def _pairs(padding, axes):
    """Return (before, after) for each axis, or [None] where the padding has no known form."""
    if isinstance(padding, str):
        if padding == "valid":
            return [(0, 0)] * len(axes)
        if padding == "same":
            return [halves((-(-a.size // a.stride) - 1) * a.stride + a.window - a.size) for a in axes]
        return [None]
    if len(axes) == 1 and isinstance(padding, tuple | list) and len(padding) == 2:
        padding = (padding,)
    if not isinstance(padding, tuple | list):
        padding = (padding,) * len(axes)
    return [_pair(sides) for sides in padding] if len(padding) == len(axes) else [None]


def _pair(sides):
    sides = sides if isinstance(sides, tuple | list) else (sides, sides)
    return tuple(map(int, sides)) if len(sides) == 2 and all(is_integer(side, 0) for side in sides) else None


def integers(name, value, rank, minimum=1):
    """Return one integer per axis, or raise in the house's form."""
    entries = tuple(value) if isinstance(value, tuple | list) else (value,) * rank
    numbers = [int(entry) for entry in entries if is_integer(entry, minimum)]
    if not entries or len(numbers) < len(entries):
        kind = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
        raise GeometryError(f"{name} must be {kind} or a pair of them. Received: {name}={value!r}")
    if len(entries) != rank:
        raise GeometryError(
            f"{name} must have one number for each axis of input_size ({rank}). Received: {name}={value!r}. "
            "For a picture, input_size is (height, width)."
        )
    return numbers


def in_form_of(input_size, values):
    """Return a tuple where `input_size` is one, and else the one value."""
    return tuple(values) if isinstance(input_size, tuple | list) else values[0]


def halves(total):
    """Return (before, after) of this many zeros; the far side gets one more where the number is odd."""
    before = max(total, 0) // 2
    return before, max(total, 0) - before
