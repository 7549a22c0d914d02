"""What a model is made of, seen from transfer: a body in blocks, and a head."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .._graph import containers, graph_of, leaves, nodes_of
from .._keras import load_keras
from ..errors import ModelError

keras = load_keras()

# The names that `keras.applications` gives its layers, and the course its own; what is before a block's first layer
# with such a name (a padding, a branch of Inception) belongs to that block.
_BLOCKS = (
    (r"downsampling", None),
    (r"(stage_\d+_block_\d+)", r"\1"),
    (r"(conv\d+_block\d+)", r"\1"),
    (r"(block(?:35|17|8)_\d+)", r"\1"),
    (r"(block\d+[a-z]?)_", r"\1"),
    (r"(block_\d+)", r"\1"),
    (r"(expanded_conv(?:_\d+)?)_", r"\1"),
    (r"^conv_(?:dw|pw|pad)_(\d+)", r"conv_\1"),
    (r"^(?:normal|separable_conv|adjust|reduction).*?_((?:stem|reduce)_\w*?\d+|\d+)$", r"cell_\1"),
    (r"^(mixed.*)$", r"\1"),
    (r"^(conv_\d+)$", r"\1"),
)


@dataclass(frozen=True)
class Parts:
    """A model taken apart; every list holds single layers, also where they sit in a model inside the model.

    Attributes
    ----------
    body : tuple of layers
        From the picture to the features.
    head : tuple of layers
        What makes classes of the features: all that follows the pooling (or `Flatten`) behind the maps; in a network
        without maps the last layer with weights, the dropout before it and what follows it. Empty where a network
        ends in its features.
    features : tensor
        What goes from the one to the other.
    owner : keras.Model
        In which the head begins: the model, or one inside it.
    """

    body: tuple
    head: tuple
    features: Any
    owner: Any

    @property
    def blocks(self) -> dict[str, tuple]:
        """Name of each block of the body -> its layers, first block first."""
        return _grouped(self.body)


def parts_of(model: Any, headless: bool = False) -> Parts:
    """Return body and head of a model.

    Parameters
    ----------
    model : keras.Model
    headless : bool
        Whether a network that ends in its features is welcome.

    Raises
    ------
    ModelError
        If it has no body with weights, or no head.
    """
    layers = list(leaves(model))
    found = _behind_maps(model) or _last_layer(model, layers)
    head = {id(layer) for layer in found.head}
    body = tuple(layer for layer in layers if id(layer) not in head)
    if not any(layer.weights for layer in body):
        found = _last_layer(model, layers)
        body = tuple(layer for layer in layers if not any(layer is one for one in found.head))
    if not any(layer.weights for layer in body):
        raise ModelError(
            "The model must have a body with weights and a head behind it, as build_transfer_model makes it. "
            f"Received: {getattr(model, 'name', model)!r} with {len(layers)} layers"
        )
    if not headless and not any(layer.weights for layer in found.head):
        raise ModelError(
            f"The model {model.name!r} has no head: it ends in its features. build_transfer_model(model, classes) puts "
            "one behind it."
        )
    return replace(found, body=body)


def features_of(model: Any) -> Any:
    """Return the tensor that goes into a model's head; its output, where it has none.

    Raises
    ------
    ModelError
        If the head lies inside another model: the way to it begins there, not at this model's input.
    """
    parts = parts_of(model, headless=True)
    if parts.owner is not model:
        raise ModelError(
            f"The head must be a layer of the model itself. {parts.head[0].name!r} lies in the model "
            f"{parts.owner.name!r} inside it: take that one, model.get_layer({parts.owner.name!r}), or rebuild it "
            "flat, as build_transfer_model does."
        )
    return parts.features


def _behind_maps(model):
    """Return the parts of a model at the step that makes one row of numbers of its maps; None where there is none."""
    graph = graph_of(model)
    if graph is None:
        return None
    nodes = list(nodes_of(graph))
    for node in nodes:
        behind = _followers(graph, node, nodes) if _ends_maps(node) else None
        if behind is None:
            continue
        head = tuple({id(leaf): leaf for later in behind for leaf in _leaves_in(later.operation)}.values())
        deeper = None if any(leaf.weights for leaf in head) else _behind_maps(node.operation)
        if deeper is not None:  # the network is a model inside this one, its head included
            return replace(deeper, head=deeper.head + head)
        return Parts((), head, node.outputs[0], model)
    return Parts((), (), graph.outputs[0], model) if len(graph.outputs[0].shape) > 2 else None


def _ends_maps(node):
    """Return whether a step has maps before it, and none behind it."""
    before, after = node.input_tensors[0].shape, node.outputs[0].shape
    return len(before) > 3 and (len(after) == 2 or type(node.operation).__name__.startswith("Global"))


def _followers(graph, node, nodes):
    """Return the steps behind this one; None if a way leads past it, as past the pooling of a squeeze."""
    known, behind = {id(tensor) for tensor in node.outputs}, []
    for later in nodes[nodes.index(node) + 1 :]:
        inputs = [id(tensor) in known for tensor in later.input_tensors]
        if any(inputs):
            if not all(inputs):
                return None
            behind.append(later)
            known.update(map(id, later.outputs))
    return behind if all(id(tensor) in known for tensor in graph.outputs) else None


def _leaves_in(operation):
    if hasattr(operation, "layers"):
        return list(leaves(operation))
    return [operation] if isinstance(operation, keras.Layer) else []


def _last_layer(model, layers):
    """Return the parts of a network without maps: the last layer with weights is its head."""
    last = max((i for i, layer in enumerate(layers) if layer.weights), default=0)
    while last and isinstance(layers[last - 1], keras.layers.Dropout):
        last -= 1
    head = tuple(layers[last:])
    inside = next(
        (one for one in containers(model) if any(head[:1] and layer is head[0] for layer in one.layers)), model
    )
    return Parts((), head, head[0].input if graph_of(model) is not None and last else None, inside)


def is_batch_norm(layer):
    """Return whether a layer keeps moving statistics of its inputs."""
    return isinstance(layer, keras.layers.BatchNormalization)


def settle(model):
    """Let the layers that keep a copy of their weights beside them (`Normalization`) take the new ones."""
    for layer in leaves(model):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _grouped(body):
    names = [_block_name(layer.name) for layer in body]
    if len({name for name in names if name}) < 2:
        names = [layer.name if layer.weights else None for layer in body]
    following, groups = "top", {}
    for place in reversed(range(len(body))):
        following = names[place] or following
        groups.setdefault(following, []).insert(0, body[place])
    found = {}
    for name, layers in reversed(groups.items()):
        if found and all(is_batch_norm(layer) for layer in layers if layer.weights):  # nothing there to open
            found[next(reversed(found))] += tuple(layers)
        else:
            found[name] = tuple(layers)
    return found


def _block_name(layer_name):
    for pattern, name in _BLOCKS:
        match = re.search(pattern, layer_name)
        if match:
            return name and match.expand(name)
    return None
