"""A model run layer by layer, also inside models inside it: what each layer gives, or what if it gave another thing."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from .._arguments import is_integer, listed
from .._graph import activation_of, graph_of, last_step, sublayers, walk
from .._keras import load_keras
from ..errors import ModelError

keras = load_keras()
_SQUASHING = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Call:
    """One layer at work.

    Parameters
    ----------
    path : str
        The layer's name; inside a model inside the model, that model's name and a slash before it.
    layer : keras.Layer
    before, after : tensor
        What went in (the first, of several) and what came out.
    """

    path: str
    layer: object
    before: object
    after: object

    @property
    def is_map(self):
        """Whether its output has rows, columns and channels."""
        return len(getattr(self.after, "shape", ())) == 4


class _Reached(Exception):
    pass


class Run:
    """The way of pictures through a model: predicting, so without dropout, augmentation and moving batch norm.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, built, one input. Models inside it are run layer by layer too.
    x : tensor of shape (n, ...)
    replace : dict of str to tensor
        What layers, by path, give in place of what they would.
    until : str, optional
        The path at which to stop.
    scores : bool
        Whether the output is taken before a last softmax or sigmoid.
    linear : str, optional
        The path of a layer whose own activation is left out.

    Attributes
    ----------
    calls : list of Call
    output : tensor
        None where the run stopped before.
    """

    def __init__(self, model, x, replace=None, until=None, scores=False, linear=None):
        self.calls, self.output = [], None
        self._replace, self._until, self._scores, self._linear = replace or {}, until, scores, linear
        self._times = Counter()
        with suppress(_Reached):
            (self.output,) = walk(checked_graph(model), [x], self._visit)

    def _visit(self, step, given):
        self._times[step.path] += 1
        times = self._times[step.path]
        path = step.path if times == 1 else f"{step.path}#{times}"
        if path in self._replace:
            outputs = [self._replace[path]]
        elif step.inner is not None:
            outputs = walk(step.inner, given, self._visit, f"{path}/", step.last)
        elif path == self._linear or (step.last and self._scores and _squashes(step.layer)):
            outputs = [_without_activation(step.layer, given[0])]
        else:
            outputs = step.run(given)
        self.calls.append(Call(path, step.layer, given[0], outputs[0]))
        if path == self._until:
            raise _Reached
        return outputs


def checked_graph(model):
    """Return the graph of a model with one input and one output, or raise a `ModelError`."""
    graph = graph_of(model)
    if graph is None:
        raise ModelError(
            "model must be a built Sequential or functional model with one input and one output: give it an Input, "
            f"or call it once. Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            "model must have one input and one output. "
            f"Received: {model.name!r} with {len(graph.inputs)} inputs and {len(graph.outputs)} outputs. "
            "Make one of the part that you mean: keras.Model(model.inputs[0], model.outputs[0])."
        )
    return graph


def _squashes(layer):
    """Return whether a layer ends in a softmax or sigmoid that can be left out."""
    plain = not hasattr(layer, "activation") or isinstance(layer, keras.layers.Dense | keras.layers.Activation)
    return plain and activation_of(layer) in _SQUASHING


def bends(layer):
    """Return whether a layer ends in an activation that `Run` can leave out."""
    names = ("ReLU", "Softmax", "Activation")
    return type(layer).__name__ in names or (
        isinstance(layer, keras.layers.Dense | keras.layers.Conv2D) and layer.activation is not keras.activations.linear
    )


def _without_activation(layer, x):
    if not isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
        return x
    activation = layer.activation
    try:
        layer.activation = keras.activations.linear
        return layer(x)
    finally:
        layer.activation = activation


def kind_of_output(model):
    """Return ``"classes"``, ``"binary"`` (one probability), or ``"number"`` (a regression), by the last layer.

    Raises
    ------
    ModelError
        If the model has several outputs, or gives something else than a row of numbers for each picture.
    """
    shape = checked_graph(model).outputs[0].shape
    if len(shape) != 2:
        raise ModelError(f"model must give a row of numbers for each picture, (n, classes). It gives {tuple(shape)}.")
    if shape[1] > 1:
        return "classes"
    return "binary" if gives_probabilities(model) else "number"


def gives_probabilities(model):
    """Return whether a model ends in a softmax or sigmoid."""
    return _squashes(last_step(model).layer)


def find_call(calls, layer):
    """Return the call of the layer that is meant: by path, by name, by its number, or the layer itself.

    Raises
    ------
    ModelError
        If there is none, or several.
    """
    if is_integer(layer, -len(calls), len(calls) - 1):
        return calls[layer]
    exact = [call for call in calls if call.path == layer]
    found = exact or [call for call in calls if call.layer is layer or call.path.rpartition("/")[2] == layer]
    if len(found) == 1:
        return found[0]
    if found:
        raise ModelError(
            f"Several layers have the name {layer!r}: write one of {', '.join(repr(c.path) for c in found)}."
        )
    wanted = getattr(layer, "name", layer)
    raise ModelError(f"The model has no layer {wanted!r}. It has {listed(wanted, (c.path for c in calls))}.")


def convolutions(calls):
    """Return the calls of convolutions, and of layers with convolutions inside that cannot be run one by one."""
    return [call for call in calls if call.is_map and graph_of(call.layer) is None and _convolves(call.layer)]


def _convolves(layer):
    return any("Conv" in type(part).__name__ for part in sublayers(layer))


def last_map(calls):
    """Return the call whose maps are the last before pictures become rows of numbers; poolings are passed over.

    Raises
    ------
    ModelError
        If there is no convolution.
    """
    if not convolutions(calls):
        raise ModelError(
            "This needs a convolution whose maps can be seen, and the model has none: its layers are "
            f"{listed('conv', (call.path for call in calls))}. A multinomial logit or an MLP knows no neighbours."
        )
    first = calls.index(convolutions(calls)[0])
    maps = [call for call in calls[first:] if call.is_map and graph_of(call.layer) is None]
    skipped = ("Pool", "Dropout", "Reshape", "ZeroPadding", "Cropping", "UpSampling")
    maps = [call for call in maps if not any(word in type(call.layer).__name__ for word in skipped)]
    return [call for call in maps if call.after.shape[1] * call.after.shape[2] > 1 or call is maps[0]][-1]
