"""A chain of Keras layers as plain settings: checked, written as code, built, and read from a model."""

from collections.abc import Mapping
from types import MappingProxyType

import traitlets

from .._arguments import is_integer, is_number
from .._graph import graph_of, nodes_of
from ..arithmetic import output_size
from ..errors import GeometryError, ModelError

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "gelu", "softmax")
LIMITS = {"filters": 2048, "units": 8192, "kernel_size": 15, "pool_size": 64, "strides": 64, "dilation_rate": 16}
MOST_LAYERS = 36
_NEEDED = object()
_POOLING = {"pool_size": 2, "strides": None, "padding": "valid"}
# What each kind of layer takes, with Keras's own defaults.
KINDS = {
    "Rescaling": {},
    "Conv2D": {
        "filters": _NEEDED,
        "kernel_size": _NEEDED,
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "activation": "linear",
    },
    "MaxPooling2D": _POOLING,
    "AveragePooling2D": _POOLING,
    "GlobalAveragePooling2D": {},
    "Flatten": {},
    "Dense": {"units": _NEEDED, "activation": "linear"},
    "Dropout": {"rate": _NEEDED},
}
_ORDER = {"data_format": "channels_last"}
# What a layer of a model must be for the chain to say all of it.
_MUST_BE = {
    "Rescaling": {"scale": 1 / 255, "offset": 0},
    "Conv2D": {"groups": 1, "use_bias": True, **_ORDER},
    "MaxPooling2D": _ORDER,
    "AveragePooling2D": _ORDER,
    "GlobalAveragePooling2D": {"keepdims": False, **_ORDER},
    "Flatten": _ORDER,
    "Dense": {"use_bias": True},
    "Dropout": {"noise_shape": None},
}


class Chain(traitlets.TraitType):
    """A tuple of layers, first layer first; each a read-only mapping of ``kind`` and that kind's settings."""

    def __init__(self, default_value, **options):
        super().__init__(checked_chain(default_value), **options)
        self.tag(to_json=lambda value, _: as_json(value), from_json=lambda value, _: value)

    def validate(self, obj, value):
        """Return the layers with all their settings, or raise."""
        return checked_chain(value, self.name)


def checked_chain(value, name="layers"):
    """Return the layers as read-only mappings with all their settings, or raise a `ModelError`."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_LAYERS:
        got = f"{len(value)} layers" if isinstance(value, list | tuple) else f"{name}={value!r}"
        raise ModelError(f"{name} must be a list of 1 to {MOST_LAYERS} layers. Received: {got}")
    return tuple(checked_layer(layer, f"{name}[{n}]") for n, layer in enumerate(value))


def checked_layer(layer, where):
    """Return one layer with all its settings, or raise a `ModelError` that says `where`."""
    if not isinstance(layer, Mapping) or layer.get("kind") not in KINDS:
        raise ModelError(f'{where} must be a dictionary with a "kind" of {", ".join(KINDS)}. Received: {layer!r}')
    kind = layer["kind"]
    known = KINDS[kind]
    strange = [key for key in layer if key != "kind" and key not in known]
    if strange:
        raise ModelError(f"{where}: {kind} takes {', '.join(known) or 'no settings'}. Received: {strange[0]}")
    values = {"kind": kind}
    for key, default in known.items():
        value = layer.get(key, default)
        if value is _NEEDED:
            raise ModelError(f"{where}: {kind} needs {key}.")
        whole_window = value is None and key == "strides" and "pool_size" in values
        values[key] = values["pool_size"] if whole_window else _checked(key, value, where)
    return MappingProxyType(values)


def _checked(key, value, where):
    if key in ("filters", "units") and is_integer(value, 1, LIMITS[key]):
        return int(value)
    if key in ("kernel_size", "pool_size", "strides", "dilation_rate"):
        pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
        if len(pair) == 2 and all(is_integer(number, 1, LIMITS[key]) for number in pair):
            return int(pair[0]) if pair[0] == pair[1] else (int(pair[0]), int(pair[1]))
    if key == "rate" and is_number(value, 0) and value < 1:
        return round(float(value), 4)
    if (key == "padding" and value in ("valid", "same")) or (key == "activation" and value in ACTIVATIONS):
        return value
    raise ModelError(f"{where}: {key} must be {_rule(key)}. Received: {key}={value!r}")


def _rule(key):
    if key in LIMITS:
        several = " or a pair of them" if key not in ("filters", "units") else ""
        return f"an integer from 1 to {LIMITS[key]}{several}"
    names = {"padding": ("valid", "same"), "activation": ACTIVATIONS}.get(key)
    return f"one of {', '.join(names)}" if names else "a share in [0, 1)"


def as_json(layers):
    """Return layers as JSON takes them."""
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in layer.items()} for layer in layers]


def shapes(layers, shape):
    """Return the shape after each layer, or raise a `ModelError` at the first that does not fit.

    Examples
    --------
    >>> shapes([{"kind": "Flatten"}, {"kind": "Dense", "units": 3}], (2, 2, 1))
    [(4,), (3,)]
    """
    found = []
    for number, layer in enumerate(layers, start=1):
        try:
            shape = _shape_after(layer, shape)
        except GeometryError as error:
            raise ModelError(f"Layer {number} ({layer['kind']}) has no place on its input {shape}: {error}") from None
        found.append(shape)
    return found


def _shape_after(layer, shape):
    kind = layer["kind"]
    windowed = "strides" in layer
    if (windowed or kind == "GlobalAveragePooling2D") and len(shape) != 3:
        raise GeometryError("it needs rows, columns and channels. Move it before the layer that flattens the map.")
    if windowed:
        window, strides, dilation = layer.get("kernel_size") or layer["pool_size"], layer["strides"], dilation_of(layer)
        if strides != 1 and dilation != 1:
            raise GeometryError("Keras takes strides or a dilation above 1, not both. Set one of them to 1.")
        return *output_size(shape[:2], window, strides, layer["padding"], dilation), layer.get("filters", shape[2])
    if kind == "Flatten":
        size = 1
        for number in shape:
            size *= number
        return (size,)
    if kind == "Dense":
        return *shape[:-1], layer["units"]
    return shape[2:] if kind == "GlobalAveragePooling2D" else shape


def dilation_of(layer):
    """Return the dilation of a layer; 1 for a pooling."""
    return layer.get("dilation_rate", 1)


def line(layer):
    """Return a layer as Keras code.

    Examples
    --------
    >>> line(checked_layer({"kind": "Conv2D", "filters": 8, "kernel_size": 3, "padding": "same"}, "here"))
    'layers.Conv2D(8, 3, padding="same")'
    """
    kind = layer["kind"]
    if kind == "Rescaling":
        return "layers.Rescaling(1 / 255)"
    first = [f"{layer[key]:g}" if key == "rate" else str(layer[key]) for key in _POSITIONAL if key in layer]
    named = [f"strides={layer['strides']}"] if layer.get("strides", 1) != layer.get("pool_size", 1) else []
    named += [f"dilation_rate={dilation_of(layer)}"] if dilation_of(layer) != 1 else []
    for key, default in (("padding", "valid"), ("activation", "linear")):
        if layer.get(key, default) != default:
            named.append(f'{key}="{layer[key]}"')
    return f"layers.{kind}({', '.join(first + named)})"


_POSITIONAL = ("filters", "units", "kernel_size", "pool_size", "rate")


def built(layer, keras):
    """Return a layer of Keras."""
    settings = {key: value for key, value in layer.items() if key != "kind"}
    settings |= {"scale": 1 / 255} if layer["kind"] == "Rescaling" else {}
    return getattr(keras.layers, layer["kind"])(**settings)


def layers_of(model):
    """Return the layers of a Keras model that is a chain, as settings, or raise a `ModelError`."""
    graph = graph_of(model)
    if graph is None:
        raise ModelError(
            "from_model takes a built Sequential or functional model: give it an Input, or call model.build(...). "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            "from_model takes a model with one input and one output. "
            f"Received: {len(graph.inputs)} and {len(graph.outputs)}"
        )
    found: dict[int, dict] = {}
    last = graph.inputs
    for node in nodes_of(graph):
        if [*map(id, node.input_tensors)] != [*map(id, last)]:
            raise _not_a_chain(node.operation, "it stands beside another layer")
        if id(node.operation) in found:
            raise _not_a_chain(node.operation, "it is called twice")
        found[id(node.operation)] = _settings(node.operation)  # here: the first layer without a place is named
        last = node.outputs
    return list(found.values())


def _settings(layer):
    kind = type(layer).__name__
    if kind not in KINDS or not type(layer).__module__.startswith("keras."):
        raise _not_a_chain(layer, f"the chain is made of {', '.join(KINDS)}")
    for key, wanted in _MUST_BE[kind].items():
        value = getattr(layer, key)
        alike = abs(value - wanted) < 1e-6 if kind == "Rescaling" and is_number(value) else value == wanted
        if not alike:
            raise _not_a_chain(layer, f"its {key} must be {wanted!r}, and is {value!r}")
    values = {key: getattr(layer, key) for key in KINDS[kind]}
    if "activation" in values:
        values["activation"] = getattr(values["activation"], "__name__", str(values["activation"]))
    return checked_layer({"kind": kind, **values}, f"layer {layer.name!r}")


def _not_a_chain(layer, why):
    return ModelError(
        f"The layer {layer.name!r} ({type(layer).__name__}) has no place in ArchitectureDemo: {why}. "
        "`describe` and `plot_network` take every network."
    )
