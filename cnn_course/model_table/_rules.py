"""What each kind of layer costs, and what its output sees: one rule for each kind."""

from dataclasses import dataclass
from math import prod

from ..arithmetic import same_padding, unreached_pixels
from ._field import UNKNOWN, WHOLE, Seen, joined

# Layers that work on each number by itself, or in training only: nothing is multiplied and accumulated.
_POINTWISE = {
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
    "ActivityRegularization", "Rescaling", "Normalization", "BatchNormalization", "LayerScale",
    "StochasticDepth", "RandomFlip", "RandomTranslation", "RandomRotation", "RandomZoom", "RandomContrast",
    "RandomBrightness", "RandomNoise", "Augmentation", "Identity", "InputLayer", "Masking", "Solarization",
    "RandomHue", "RandomSaturation", "RandomColorJitter", "RandomGaussianBlur", "RandomErasing",
    "RandomSharpness", "RandomShear", "RandomGrayscale", "RandomInvert", "RandomPosterization",
    "RandomPerspective", "RandomElasticTransform", "RandAugment", "AugMix", "MixUp", "CutMix",
    "Relu", "Relu6", "Sigmoid", "Silu", "Gelu", "Tanh", "Exp", "Negative", "Cast",
    "Absolute", "Sqrt", "Square", "Log", "Power",
    "HardSwish", "HardSigmoid", "Elu", "Selu", "Softplus",
}  # fmt: skip
_MERGING = {
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "TrueDivide", "Divide",
    "Where", "Clip", "CustomScaleLayer",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of a layer: the layer, shapes without the batch, and what the inputs see."""

    layer: object
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    seen: tuple[Seen, ...]
    picture: tuple[int, ...]
    channels_first: bool = False

    @property
    def channel_axis(self):
        """The number of the channels' axis, the batch counted."""
        return 1 if self.channels_first else len(self.output)

    def spatial(self, shape):
        """Return the spatial part of a shape."""
        return shape[1:] if self.channels_first else shape[:-1]

    def channels(self, shape):
        """Return the number of channels of a shape."""
        return shape[0] if self.channels_first else shape[-1]


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates of one picture (None: unknown), what the output sees, pixels that no window reaches."""

    macs: int | None
    seen: Seen
    unreached: tuple[int, ...] = ()


def cost(call):
    """Return the Cost of a call, by the first rule that knows the layer's class or one of its bases."""
    for kind in type(call.layer).__mro__:
        name = kind.__name__
        if name in _RULES:
            return _RULES[name](call)
        if name in _POINTWISE:
            return Cost(0, joined(call.seen))
        if name in _MERGING:
            return Cost(0, _merged(call))
        if name in ("Layer", "Operation"):
            break
    return Cost(None, UNKNOWN)


def _merged(call):
    """Branches together; a branch of one pixel is spread over all of the others."""
    whole = [s for s, shape in zip(call.seen, call.inputs, strict=True) if _is_spread(call, shape)]
    seen = [WHOLE if s in whole and s.kind == "part" else s for s in call.seen]
    return joined(seen)


def _is_spread(call, shape):
    return len(shape) == len(call.output) and prod(call.spatial(shape)) < prod(call.spatial(call.output))


def _both(value, rank):
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank


def _window(call, kernel, strides, padding, dilation):
    """Return what a sliding window's output sees, and the pixels that it does not reach."""
    size = call.spatial(call.inputs[0])
    rank = len(size)
    kernel, strides, dilation = (_both(value, rank) for value in (kernel, strides, dilation))
    if padding == "same":
        pads = tuple(same_padding(*axis) for axis in zip(size, kernel, strides, dilation, strict=True))
    else:
        front = [d * (k - 1) if padding == "causal" else 0 for k, d in zip(kernel, dilation, strict=True)]
        pads = tuple((before, 0) for before in front)
    missed = tuple(
        unreached_pixels(n, k, s, pad, d, count_padding=False)
        for n, k, s, pad, d in zip(size, kernel, strides, pads, dilation, strict=True)
    )
    seen = call.seen[0]
    if seen.kind != "part" or len(seen.axes) != rank:
        return seen if seen.kind != "part" else UNKNOWN, missed
    axes = (
        axis.windowed(k, s, d, before)
        for axis, k, s, d, (before, _) in zip(seen.axes, kernel, strides, dilation, pads, strict=True)
    )
    return Seen("part", tuple(axes)), missed


def _convolution(call):
    layer = call.layer
    seen, missed = _window(call, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    weights = prod(layer.kernel_size) * (call.channels(call.inputs[0]) // layer.groups) * layer.filters
    return Cost(prod(call.spatial(call.output)) * weights, seen, missed)


def _depthwise(call):
    layer = call.layer
    seen, missed = _window(call, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    weights = prod(layer.kernel_size) * call.channels(call.inputs[0]) * layer.depth_multiplier
    return Cost(prod(call.spatial(call.output)) * weights, seen, missed)


def _separable(call):
    layer = call.layer
    depthwise = _depthwise(call)
    mixed = call.channels(call.inputs[0]) * layer.depth_multiplier * layer.filters
    return Cost(depthwise.macs + prod(call.spatial(call.output)) * mixed, depthwise.seen, depthwise.unreached)


def _transposed(call):
    layer = call.layer
    size, made = call.spatial(call.inputs[0]), call.spatial(call.output)
    weights = prod(layer.kernel_size) * call.channels(call.inputs[0]) * layer.filters
    seen = call.seen[0]
    if seen.kind == "part":
        dilation = _both(layer.dilation_rate, len(size))
        axes = []
        for axis, n, m, k, s, d in zip(seen.axes, size, made, layer.kernel_size, layer.strides, dilation, strict=True):
            cut = max(0, (n - 1) * s + d * (k - 1) + 1 - m) // 2 if layer.padding == "same" else 0
            axes.append(axis.transposed(k, s, d, cut))
        seen = Seen("part", tuple(axes))
    return Cost(prod(size) * weights, seen)


def _pooling(call):
    layer = call.layer
    seen, missed = _window(call, layer.pool_size, layer.strides or layer.pool_size, layer.padding, 1)
    return Cost(0, seen, missed)


def _global(call):
    return Cost(0, _gathered(call))


def _gathered(call):
    """What an operation over all positions of its input sees."""
    seen = call.seen[0]
    return seen.gathered(seen.flat or call.spatial(call.inputs[0]), call.picture)


def _dense(call):
    """A dense layer on a vector sees all of it; on a map it works at each position."""
    shape = call.inputs[0]
    macs = prod(call.output[:-1]) * shape[-1] * call.output[-1]
    if call.channels_first and len(shape) > 1:  # it multiplies along the columns, not the channels
        return Cost(macs, UNKNOWN)
    return Cost(macs, _gathered(call) if call.seen[0].flat else call.seen[0])


def _flatten(call):
    seen = call.seen[0]
    positions = call.spatial(call.inputs[0])
    if seen.kind != "part" or not positions:
        return Cost(0, seen)
    return Cost(0, Seen("part", seen.axes, seen.flat or positions))


def _reshape(call):
    shape = call.inputs[0]
    if call.seen[0].kind != "part" or shape == call.output:
        return Cost(0, call.seen[0])
    if len(call.output) == 1:
        return _flatten(call)
    if all(n == 1 for n in call.spatial(shape)):
        return Cost(0, _gathered(call))
    return Cost(0, UNKNOWN)


def _zero_padding(call):
    return _moved(call, [-before for before, _ in _pairs(call.layer.padding)])


def _cropping(call):
    return _moved(call, [before for before, _ in _pairs(call.layer.cropping)])


def _pairs(value):
    return [pair if isinstance(pair, tuple | list) else (pair, pair) for pair in _both(value, 1)]


def _moved(call, steps):
    seen = call.seen[0]
    if seen.kind != "part":
        return Cost(0, seen)
    if len(steps) == 2 and len(seen.axes) == 1:
        steps = steps[:1]  # 1-D: the pair is (before, after)
    axes = (axis.moved(step) for axis, step in zip(seen.axes, steps, strict=True))
    return Cost(0, Seen("part", tuple(axes)))


def _upsampling(call):
    seen, layer = call.seen[0], call.layer
    if seen.kind != "part" or getattr(layer, "interpolation", "nearest") != "nearest":
        return Cost(0, seen if seen.kind != "part" else UNKNOWN)
    axes = (a.transposed(f, f, 1, 0) for a, f in zip(seen.axes, _both(layer.size, len(seen.axes)), strict=True))
    return Cost(0, Seen("part", tuple(axes)))


def _center_crop(call):
    """What a window in the middle sees; a picture that is smaller is resized instead."""
    over = [n - m for n, m in zip(call.spatial(call.inputs[0]), call.spatial(call.output), strict=True)]
    layer = call.layer
    fits = all(n >= m for n, m in zip(call.spatial(call.inputs[0]), (layer.height, layer.width), strict=True))
    return _moved(call, [n // 2 for n in over]) if fits else _interpolated(call)


def _interpolated(call):
    """Interpolation is not counted; how far it looks depends on the sizes."""
    return Cost(0, call.seen[0] if call.seen[0].kind != "part" or call.inputs[0] == call.output else UNKNOWN)


def _statistic(call):
    """A mean or a maximum as an operation: over all positions, over the channels alone, or over something else."""
    rank = len(call.inputs[0]) + 1
    axes = {axis % rank for axis in _both(call.layer.axis, 1)} if call.layer.axis is not None else set(range(rank))
    channels = 1 if call.channels_first else rank - 1
    if axes == {channels}:
        return Cost(0, call.seen[0])
    return Cost(0, _gathered(call) if axes >= set(range(1, rank)) - {channels} else UNKNOWN)


def _layer_norm(call):
    axes = {axis % (len(call.output) + 1) for axis in _both(call.layer.axis, 1)}
    return Cost(0, joined(call.seen) if axes == {call.channel_axis} else _gathered(call))


_RULES = {
    "Dense": _dense,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "LayerNormalization": _layer_norm,
    "UnitNormalization": _layer_norm,
    "GroupNormalization": _global,
    "CenterCrop": _center_crop,
    "Resizing": _interpolated,
    "RandomCrop": _interpolated,  # outside training it resizes
    "Mean": _statistic,
    "Max": _statistic,
    "Sum": _statistic,
}
for _rank in ("1D", "2D", "3D"):
    _RULES |= {
        f"Conv{_rank}": _convolution,
        f"DepthwiseConv{_rank}": _depthwise,
        f"SeparableConv{_rank}": _separable,
        f"Conv{_rank}Transpose": _transposed,
        f"MaxPooling{_rank}": _pooling,
        f"AveragePooling{_rank}": _pooling,
        f"GlobalMaxPooling{_rank}": _global,
        f"GlobalAveragePooling{_rank}": _global,
        f"ZeroPadding{_rank}": _zero_padding,
        f"Cropping{_rank}": _cropping,
        f"UpSampling{_rank}": _upsampling,
    }
