"""What a model is made of, seen from transfer: a body in blocks, and a head."""

import re
from dataclasses import dataclass

from .._graph import containers, leaves
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
        The last layer with weights, the dropout before it and what follows it.
    """

    body: tuple
    head: tuple

    @property
    def blocks(self):
        """Name of each block of the body -> its layers, first block first."""
        return _grouped(self.body)


def parts_of(model):
    """Return body and head of a model.

    Raises
    ------
    ModelError
        If it has no layers with weights before its last one.
    """
    layers = list(leaves(model))
    last = max((i for i, layer in enumerate(layers) if layer.weights), default=0)
    while last and isinstance(layers[last - 1], keras.layers.Dropout):
        last -= 1
    if not any(layer.weights for layer in layers[:last]):
        raise ModelError(
            "The model must have a body with weights and a head behind it, as build_transfer_model makes it. "
            f"Received: {getattr(model, 'name', model)!r} with {len(layers)} layers"
        )
    return Parts(tuple(layers[:last]), tuple(layers[last:]))


def features_of(model):
    """Return the tensor that goes into a model's head.

    Raises
    ------
    ModelError
        If the head lies inside another model: the way to it begins there, not at this model's input.
    """
    first = parts_of(model).head[0]
    if not any(first is layer for layer in model.layers):
        inner = next(layer for layer in containers(model) if any(first is one for one in layer.layers))
        raise ModelError(
            f"The head must be a layer of the model itself. {first.name!r} lies in the model {inner.name!r} inside "
            f"it: take that one, model.get_layer({inner.name!r}), or rebuild it flat, as build_transfer_model does."
        )
    return first.input


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
