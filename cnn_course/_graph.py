"""The one way through a Keras model: its operations in the order they run, and its layers, models inside included.

Keras keeps the graph of a model in private attributes; they are read here alone. Nothing here loads a backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ModelError

# What passes its numbers on as they are, when a network predicts; behind a softmax it changes nothing but the form.
_PASSING = ("Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Dropout", "GaussianNoise", "ActivityRegularization")


@dataclass(frozen=True)
class Step:
    """One operation at its place in a model.

    Attributes
    ----------
    path : str
        The operation's name, with the names of the models around it and slashes before it.
    layer : keras.Operation
        A layer, a model inside the model, or a bare operation such as ``x / 255``.
    node : keras Node
        Where it is called: from which tensors, with which arguments.
    last : bool
        Whether it gives an output of the whole model, but for its form.
    """

    path: str
    layer: Any
    node: Any
    last: bool

    @property
    def inner(self) -> Any | None:
        """The graph of a model inside the model; None for anything else."""
        return graph_of(self.layer)

    def run(self, given: Sequence[Any]) -> list[Any]:
        """Return what the operation gives for these tensors, predicting: without dropout and moving averages."""
        from keras import tree

        known = dict(zip(map(id, self.node.input_tensors), given, strict=True))
        arguments, named = self.node.arguments.fill_in(known)
        if getattr(self.layer, "_call_has_training_arg", False):
            named = {**named, "training": False}
        return tree.flatten(self.layer(*arguments, **named))


def graph_of(model: Any) -> Any | None:
    """Return the functional graph of a model; None where it has none: a plain layer, or a model that is not built."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") and getattr(graph, "built", True) else None


def need_graph(model: Any) -> Any:
    """Return the functional graph of a model, or raise a `ModelError`."""
    graph = graph_of(model)
    if graph is None:
        raise ModelError(
            "model must be a built Sequential or functional model: give it an Input, or call it once. "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    return graph


def nodes_of(graph: Any) -> Iterator[Any]:
    """Yield the calls of one graph in the order they run; models inside count as one, inputs do not count."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from (node for node in graph._nodes_by_depth[depth] if not node.is_input)


def walk(
    graph: Any,
    values: Sequence[Any],
    visit: Callable[[Step, list[Any]], Sequence[Any]],
    prefix: str = "",
    last: bool = True,
) -> list[Any]:
    """Carry values of any kind (tensors, shapes, fields) from a graph's inputs to its outputs.

    Parameters
    ----------
    graph : keras Functional
        As `graph_of` gives it.
    values : sequence
        One for each input.
    visit : callable
        ``visit(step, given)`` returns one value for each output of the step. It goes into a model inside by
        ``walk(step.inner, given, visit, f"{step.path}/", step.last)``, or does not.
    prefix : str
        What stands before the paths.
    last : bool
        Whether the graph's outputs are those of the whole model.

    Returns
    -------
    list
        One value for each output.
    """
    known, ends = dict(zip(map(id, graph.inputs), values, strict=True)), _ends(graph)
    for node in nodes_of(graph):
        if any(id(tensor) not in known for tensor in node.input_tensors):  # as Keras does: nothing comes in there
            continue
        at_end = last and any(id(tensor) in ends for tensor in node.outputs)
        step = Step(prefix + node.operation.name, node.operation, node, at_end)
        outputs = visit(step, [known[id(tensor)] for tensor in node.input_tensors])
        known.update(zip(map(id, node.outputs), outputs, strict=True))
    return [known[id(tensor)] for tensor in graph.outputs]


def _ends(graph: Any) -> set[int]:
    """Return the ids of a graph's outputs, and of what becomes one with its numbers as they are."""
    ends = set(map(id, graph.outputs))
    for node in reversed(list(nodes_of(graph))):
        if _passes(node.operation) and any(id(tensor) in ends for tensor in node.outputs):
            ends.update(map(id, node.input_tensors))
    return ends


def steps_of(model: Any) -> list[Step]:
    """Return the operations of a model in the order they run, those of models inside in their place.

    Raises
    ------
    ModelError
        If the model is not built of operations that can be listed.
    """
    found = []

    def visit(step: Step, given: list[Any]) -> Sequence[Any]:
        if step.inner is not None:
            return walk(step.inner, given, visit, f"{step.path}/", step.last)
        found.append(step)
        return [None] * len(step.node.outputs)

    graph = need_graph(model)
    walk(graph, [None] * len(graph.inputs), visit)
    return found


def last_step(model: Any) -> Step:
    """Return the operation that makes the model's (first) output, also in a model inside.

    What only passes numbers on (a `Reshape`, a linear `Activation` to another precision) is looked through.
    """

    def visit(step: Step, given: list[Step | None]) -> Sequence[Step | None]:
        if step.inner is not None:
            return walk(step.inner, given, visit, f"{step.path}/", step.last)
        return [given[0] if _passes(step.layer) else step] * len(step.node.outputs)

    graph = need_graph(model)
    found = walk(graph, [None] * len(graph.inputs), visit)[0]
    if found is None:
        raise ModelError(f"{model.name} gives its input back: it has no last layer.")
    return found


def _passes(layer: Any) -> bool:
    kind = type(layer).__name__
    return kind in _PASSING or (kind == "Activation" and activation_of(layer) == "linear")


def activation_of(layer: Any) -> str | None:
    """Return the name of what a layer ends in (``"softmax"``, ``"linear"``), or None where it has no activation.

    A layer that is an activation itself, and a bare operation of `keras.ops`, count by their own name.
    """
    activation = getattr(layer, "activation", None)
    if activation is None:
        kind = type(layer).__name__.lower()
        return kind if kind in ("softmax", "sigmoid", "relu", "relu6", "tanh", "elu", "gelu", "silu") else None
    name = getattr(activation, "__name__", type(activation).__name__).lower()
    return name.removesuffix("_v2")  # tf.nn.softmax calls itself softmax_v2


def all_layers(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the layer of every layer of a model, a model inside before its own layers.

    Raises
    ------
    ModelError
        If it is no Keras model.
    """
    if not hasattr(model, "layers"):
        raise ModelError(f"model must be a Keras model. Received: {type(model).__name__}")
    for layer in model.layers:
        yield prefix + layer.name, layer
        if hasattr(layer, "layers"):
            yield from all_layers(layer, f"{prefix}{layer.name}/")


def leaves(model: Any) -> Iterator[Any]:
    """Yield the single layers of a model, also those of the models inside it."""
    return (layer for _, layer in all_layers(model) if not hasattr(layer, "layers"))


def containers(model: Any) -> Iterator[Any]:
    """Yield the models inside the model."""
    return (layer for _, layer in all_layers(model) if hasattr(layer, "layers"))


def sublayers(layer: Any) -> list[Any]:
    """Return a layer and the layers that it is made of, also where they are not to be run one by one."""
    return list(layer._flatten_layers()) if hasattr(layer, "_flatten_layers") else [layer]
