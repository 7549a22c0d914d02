"""A network to build layer by layer: what each layer gives, costs and sees, at once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from ..errors import ModelError
from ._base import CourseWidget, bundle, style
from ._chain import Chain, as_json, built, checked_chain, layers_of, line, shapes
from ._pictures import Photograph
from ._traits import Pair

if TYPE_CHECKING:
    from ..model_table import ModelTable


def _convolution(filters, kernel_size, activation="relu", **options):
    return {"kind": "Conv2D", "filters": filters, "kernel_size": kernel_size, "activation": activation, **options}


def _dense(units, activation="relu"):
    return {"kind": "Dense", "units": units, "activation": activation}


def _lenet():
    average = {"kind": "AveragePooling2D"}
    yield _convolution(6, 5, "tanh", padding="same")
    yield average
    yield _convolution(16, 5, "tanh")
    yield average
    yield from ({"kind": "Flatten"}, _dense(120, "tanh"), _dense(84, "tanh"), _dense(10, "softmax"))


def _alexnet():
    pool = {"kind": "MaxPooling2D", "pool_size": 3, "strides": 2}
    yield from (_convolution(64, 11, strides=4), pool, _convolution(192, 5, padding="same"), pool)
    yield from (_convolution(filters, 3, padding="same") for filters in (384, 256, 256))
    yield from (pool, {"kind": "Flatten"}, _dense(4096), _dense(4096), _dense(1000, "softmax"))


def _vgg():
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        yield from [_convolution(filters, 3, padding="same")] * count
        yield {"kind": "MaxPooling2D"}
    yield from ({"kind": "Flatten"}, _dense(4096), _dense(4096), _dense(1000, "softmax"))


def _start():
    yield from (_convolution(8, 3), {"kind": "MaxPooling2D"}, {"kind": "Flatten"}, _dense(10, "softmax"))


def _preset(input_size, channels, layers):
    layers = as_json(checked_chain([{"kind": "Rescaling"}, *layers]))
    return {"input_size": input_size, "channels": channels, "layers": layers}


PRESETS = {
    "LeNet-5": _preset(28, 1, _lenet()),
    "AlexNet": _preset(227, 3, _alexnet()),
    "VGG-16": _preset(224, 3, _vgg()),
    "a small start": _preset(32, 3, _start()),
}


class ArchitectureDemo(CourseWidget):
    """A network to build layer by layer: shapes, parameters, MACs, memory and receptive fields, at once.

    Every control is a trait and goes both ways. A chain without an answer (a window larger than its map) shows a
    sentence at the layer; `to_model` then raises.

    Parameters
    ----------
    layers : str or list of dict
        A name of `presets`, or the layers, first layer first. Each has a ``"kind"``, the name of a Keras layer, and
        Keras's own arguments, Keras's defaults where they are left out: ``Conv2D`` (filters, kernel_size, strides,
        padding, dilation_rate, activation), ``MaxPooling2D`` and ``AveragePooling2D`` (pool_size, strides, padding),
        ``Dense`` (units, activation), ``Dropout`` (rate), ``Flatten``, ``GlobalAveragePooling2D``, ``Rescaling`` (by
        1 / 255). At most 36. The trait is read-only inside: to change a layer, assign a new list.
    input_size : int or tuple of int
        (rows, columns) of the input, 1 to 512 each, or one number for both.
    channels : int
        1 to 512, of the input.
    batch_size : int
        Pictures for which the memory is counted, 1 to 1024.
    chosen : int
        The layer that is looked at, counted from 0.
    unit : tuple of float
        Where in that layer's map the unit is whose receptive field is drawn: (0, 0) is the first row and column,
        (1, 1) the last.
    picture : array of uint8, shape (height, width) or (height, width, 3), optional
        The picture under the receptive field. By default a part of ``example_image("flower")``.
    presets : dict
        Networks to start from, by name: ``{"input_size": ..., "channels": ..., "layers": [...]}``.
    show_code : bool
        Whether the Keras code is shown.

    Raises
    ------
    ModelError
        If a layer is unknown, or a setting has no meaning.
    GeometryError
        If `input_size` has no meaning.
    DataError
        If the picture is not one.

    Notes
    -----
    The presets begin with the course's rescaling. LeNet-5 is that of `build_lenet`. AlexNet is the single tower of
    Krizhevsky (2014), on 227 pixels without padding in place of 224 with it; without the dropout of training, as is
    VGG-16.

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition. Krizhevsky (2014), One weird trick for
    parallelizing convolutional neural networks. Simonyan and Zisserman (2015), Very deep convolutional networks for
    large-scale image recognition, configuration D.

    Examples
    --------
    >>> demo = ArchitectureDemo([{"kind": "Flatten"}, {"kind": "Dense", "units": 10}], input_size=8)
    >>> demo.describe().parameters
    650
    >>> demo.layers = [{"kind": "Conv2D", "filters": 4, "kernel_size": 9}]
    >>> demo.to_model()
    Traceback (most recent call last):
        ...
    cnn_course.errors.ModelError: Layer 1 (Conv2D) has no place on its input (8, 8, 1): ...
    """

    title = "Architecture demo"
    _esm = bundle("architecture_demo.js")
    _css = style("architecture.css")

    presets = traitlets.Dict(PRESETS).tag(sync=True)
    layers = Chain(PRESETS["LeNet-5"]["layers"]).tag(sync=True)
    input_size = Pair(28, largest=512).tag(sync=True)
    channels = traitlets.Int(1, min=1, max=512).tag(sync=True)
    batch_size = traitlets.Int(1, min=1, max=1024).tag(sync=True)
    chosen = traitlets.Int(3, min=0).tag(sync=True)
    unit = traitlets.Tuple(*[traitlets.Float(0.5, min=0, max=1)] * 2, default_value=(0.5, 0.5)).tag(sync=True)
    picture = Photograph().tag(sync=True)
    show_code = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        layers: str | Sequence[Mapping[str, Any]] = "LeNet-5",
        picture: ArrayLike | None = None,
        presets: dict[str, Any] | None = None,
        **controls: Any,
    ) -> None:
        super().__init__(picture=_default_picture() if picture is None else picture)
        self.presets = PRESETS if presets is None else presets
        start = {"layers": layers}
        if isinstance(layers, str):
            if layers not in self.presets:
                known = ", ".join(map(repr, self.presets))
                raise ModelError(f"layers must be a list of layers, or one of {known}. Received: layers={layers!r}")
            start = self.presets[layers]
        for name, value in {**start, **controls}.items():
            self.set_trait(name, value)

    def __repr__(self):
        return f"ArchitectureDemo({len(self.layers)} layers, input_size={self.input_size}, channels={self.channels})"

    @classmethod
    def from_model(cls, model: Any, **controls: Any) -> Self:
        """Return the widget with the layers of a Keras model.

        Parameters
        ----------
        model : keras.Model
            A chain of the layers named above, convolutions with biases and in one group.
        **controls
            As for the class.

        Returns
        -------
        ArchitectureDemo

        Raises
        ------
        ModelError
            If the model is no such chain; the message names the first layer that has no place in it.

        Examples
        --------
        >>> from cnn_course import build_lenet
        >>> ArchitectureDemo.from_model(build_lenet())
        ArchitectureDemo(9 layers, input_size=28, channels=1)
        """
        layers = layers_of(model)
        shape = tuple(model.input_shape[1:])
        if len(shape) != 3 or None in shape:
            raise ModelError(f"The model's input must be (height, width, channels), all known. Received: {shape}")
        return cls(layers, input_size=shape[:2], channels=shape[2], **controls)

    def to_model(self) -> Any:
        """Return the network as a Keras model, with new weights, not compiled.

        Returns
        -------
        keras.Sequential

        Raises
        ------
        ModelError
            If a layer has no place on what comes in; the message names the first.
        """
        from .._keras import load_keras

        shape = (*_both(self.input_size), self.channels)
        shapes(self.layers, shape)
        keras = load_keras()
        return keras.Sequential([keras.Input(shape), *(built(layer, keras) for layer in self.layers)])

    def describe(self) -> "ModelTable":
        """Return the table of the network, as `describe` makes it of `to_model`.

        Returns
        -------
        ModelTable

        Raises
        ------
        ModelError
            As `to_model`.
        """
        from ..model_table import describe

        return describe(self.to_model(), batch_size=self.batch_size)

    @property
    def code(self) -> str:
        """The network as Keras code, the same text as on the page."""
        shape = (*_both(self.input_size), self.channels)
        lines = [f"keras.Input({shape})", *map(line, self.layers)]
        body = "".join(f"    {text},\n" for text in lines)
        return f"import keras\nfrom keras import layers\n\nmodel = keras.Sequential([\n{body}])\n"

    @traitlets.validate("presets")
    def _checked_presets(self, proposal):
        presets = {}
        for name, preset in proposal["value"].items():
            if not isinstance(preset, dict) or set(preset) != {"input_size", "channels", "layers"}:
                raise ModelError(f"presets[{name!r}] must be a dictionary with input_size, channels and layers.")
            presets[name] = {**preset, "layers": as_json(checked_chain(preset["layers"], f"presets[{name!r}]"))}
        return presets

    @traitlets.observe("layers", "chosen")
    def _keep_chosen_inside(self, _):
        self.chosen = min(self.chosen, len(self.layers) - 1)


def _both(value):
    return value if isinstance(value, tuple) else (value, value)


def _default_picture():
    from PIL import Image

    from ..datasets import example_image

    flower = Image.fromarray(example_image("flower")[30:390, 140:500])
    return np.asarray(flower.resize((180, 180), Image.Resampling.BOX))
