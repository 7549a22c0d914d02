"""`describe(model)`: what each layer of a network gives, costs and sees, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from .._arguments import is_integer, positive_integer
from .._graph import graph_of, leaves, walk
from .._keras import Model
from ..arithmetic import ReceptiveField
from ..errors import ModelError
from ._field import input_field
from ._rules import Call, cost
from .table import LayerRow, ModelTable

__all__ = ["LayerRow", "ModelTable", "describe"]

_BYTES = {"float64": 8, "int64": 8, "float16": 2, "bfloat16": 2, "uint8": 1, "int8": 1, "bool": 1}


def describe(model: Model, batch_size: int = 1, input_shape: Sequence[int] | None = None) -> ModelTable:
    """Return a table of a network: shapes, parameters, multiply-accumulates, memory and receptive fields.

    The network is not run, and its weights are not made again. Models inside the model are looked into.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, built.
    batch_size : int
        Pictures for which the memory of the activations is counted, at least 1.
    input_shape : tuple of int, optional
        Of one picture; needed only where the model leaves its input's size open.

    Returns
    -------
    ModelTable

    Raises
    ------
    ModelError
        If the model is not built of layers that can be listed, its input's size is open, or an argument does not fit.

    Notes
    -----
    Multiply-accumulates: a convolution makes ``height * width * filters`` outputs of ``kernel height * kernel width
    * channels / groups`` products each; a transposed one as many for each of its inputs; a dense layer one for each
    weight. The receptive field is that of the largest path. After a global operation, also in a branch (as in
    squeeze-and-excitation), a layer sees the whole input. A layer that is not known is said to be unknown.

    References
    ----------
    Araujo, Norris and Sim (2019), Computing receptive fields of convolutional neural networks, Distill.

    Examples
    --------
    >>> from cnn_course import build_lenet
    >>> table = describe(build_lenet(seed=0))
    >>> table.parameters, table.macs, table.receptive_field.size
    (61706, 416520, 16)
    """
    positive_integer("batch_size", batch_size, ModelError)
    graph = _graph(model)
    shapes = [_complete(tensor.shape[1:], input_shape, model) for tensor in graph.inputs]
    fields = [input_field(len(shape) - 1) for shape in shapes]
    rows: list[LayerRow] = []
    first = any(map(_channels_first, leaves(model)))
    walk(graph, [*zip(shapes, fields, strict=True)], _Visitor(rows, batch_size, shapes[0], first))
    return ModelTable(model.name, tuple(rows), shapes[0], batch_size)


def _graph(model):
    """Return the functional graph of a model."""
    graph = graph_of(model)
    if graph is None:
        own = _is_a_class_of_its_own(model)
        advice = "a class of its own hides its layers" if own else "give it an Input, or call model.build(...)"
        raise ModelError(
            f"describe takes a built Sequential or functional model: {advice}. "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    return graph


def _is_a_class_of_its_own(model):
    names = [kind.__name__ for kind in type(model).__mro__]
    return "Model" in names and "Sequential" not in names


def _complete(shape, given, model):
    """Return the shape of an input, its open sizes filled in from the given one."""
    shape = tuple(shape)
    if given is None and None in shape:
        raise ModelError(
            f"The input of {model.name} has an open size: {shape}. Say which one is meant, for example "
            "describe(model, input_shape=(224, 224, 3))."
        )
    if given is None or (None not in shape and len(model.inputs) > 1):
        return shape
    numbers = tuple(given) if isinstance(given, tuple | list) else (given,)
    whole = all(is_integer(n, 1) for n in numbers)
    if not whole or len(numbers) != len(shape) or any(n not in (None, m) for n, m in zip(shape, numbers, strict=True)):
        raise ModelError(f"input_shape must fit the input of {model.name}, {shape}. Received: input_shape={given!r}")
    return tuple(map(int, numbers))


class _Visitor:
    """Appends a row for each layer, and returns the shapes of its outputs and what they see."""

    def __init__(self, rows, batch_size, shape, channels_first):
        self._rows, self._batch, self._channels_first = rows, batch_size, channels_first
        self._picture = shape[1:] if channels_first else shape[:-1]
        self._counted = set()

    def __call__(self, step, given):
        if step.inner is not None and type(step.layer).__name__ != "Augmentation":
            return walk(step.inner, given, self, f"{step.path}/", step.last)
        shapes, fields = zip(*given, strict=True)
        outputs = step.node.outputs
        open_sizes = any(None in tensor.shape[1:] for tensor in outputs)
        made = _shapes_by_layer(step.layer, shapes, step.node) if open_sizes else [t.shape[1:] for t in outputs]
        first = _channels_first(step.layer) if _slides(step.layer) else self._channels_first
        call = Call(step.layer, shapes, tuple(made[0]), fields, self._picture, first)
        found = cost(call)
        self._rows.append(self._row(call, found, made, step))
        return [(tuple(shape), found.seen) for shape in made]

    def _row(self, call, found, made, step):
        layer = call.layer
        weights = [] if id(layer) in self._counted else getattr(layer, "weights", [])
        trainable = [] if id(layer) in self._counted else getattr(layer, "trainable_weights", [])
        self._counted.add(id(layer))
        missed = found.unreached
        return LayerRow(
            name=step.path,
            kind=type(layer).__name__,
            output_shape=call.output,
            parameters=sum(_size(weight) for weight in weights),
            trainable_parameters=sum(_size(weight) for weight in trainable),
            macs=found.macs,
            activation_bytes=self._batch * sum(map(prod, made)) * _BYTES.get(step.node.outputs[0].dtype, 4),
            sees=found.seen.kind,
            receptive_field=_as_field(found.seen),
            unreached=(missed[0] if len(set(missed)) == 1 else missed) if missed else 0,
        )


def _slides(layer):
    """Return whether the layer's own `data_format` says how its input lies; a `Flatten`'s is seldom set."""
    return hasattr(layer, "data_format") and type(layer).__name__ != "Flatten"


def _channels_first(layer):
    return _slides(layer) and layer.data_format == "channels_first"


def _size(weight):
    return 0 if "seed_generator" in weight.path else prod(weight.shape)


def _shapes_by_layer(layer, shapes, node):
    """Ask the layer itself for its output's shapes, where the graph leaves them open."""
    asked = [(None, *shape) for shape in shapes]
    several = len(asked) > 1 or isinstance(node.arguments.args[0] if node.arguments.args else None, list)
    try:
        found = layer.compute_output_shape(asked if several else asked[0])
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ModelError(f"The layer {layer.name} does not say the shape of its output: {error}") from error
    found = [tuple(shape[1:]) for shape in (found if isinstance(found[0], tuple | list) else [found])]
    if any(None in shape for shape in found):
        raise ModelError(f"The layer {layer.name} leaves the size of its output open: {found[0]}. Give it a fixed one.")
    return found


def _as_field(seen):
    if seen.kind != "part" or not seen.axes or not all(any(axis.spans) for axis in seen.axes):
        return None
    columns = ([_number(getattr(axis, name)) for axis in seen.axes] for name in ("size", "jump", "start"))
    values = (values[0] if len(set(values)) == 1 else tuple(values) for values in columns)
    spans = tuple(axis.spans for axis in seen.axes) if any(axis.differs for axis in seen.axes) else ()
    return ReceptiveField(*values, spans=spans[:1] if len(set(spans)) == 1 else spans)


def _number(value):
    return int(value) if isinstance(value, int) or value.denominator == 1 else float(Fraction(value))
