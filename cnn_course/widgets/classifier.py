"""Draw a digit or choose a picture, and see live what a model of yours makes of it."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from ..datasets.rows import rows_of
from ..errors import DataError, ModelError
from ._base import CourseWidget, bundle, style
from ._pictures import Picture, checked_picture, data_url, read_data_url

_MOST = 12


class ClassifierDemo(CourseWidget):
    """A picture to draw on or to choose, the probabilities that a model gives, and its feature maps.

    The model runs in the kernel, at each stroke. In a page without a kernel it is a still picture.

    Parameters
    ----------
    model : keras.Model
        A classifier for pictures (height, width, 1 or 3), Sequential or functional. Of one that ends in scores, without
        a softmax, the softmax of the scores is shown.
    class_names : sequence of str, optional
        The numbers of the classes by default.
    picture : array of uint8, shape (height, width) or (height, width, channels), optional
        The first one; black by default. Another size is scaled to the model's.
    examples : dict of str to array, data set, or pair of pictures and labels, optional
        Pictures to choose from; of a data set, the first of each class.
    layer : str, optional
        Whose maps are shown; by default the first convolution.

    Raises
    ------
    ModelError
        If the model is no classifier of pictures, or has no such layer.
    DataError
        If the names do not fit the classes, or a picture is not one.

    Examples
    --------
    >>> import cnn_course as cc
    >>> demo = ClassifierDemo(cc.build_lenet(seed=0), picture=cc.load_dataset("digits").images[0])
    >>> demo.probabilities.shape, demo.maps.shape
    ((10,), (28, 28, 6))
    >>> demo.layer = "conv_2"
    >>> demo.maps.shape
    (10, 10, 16)
    """

    title = "Classifier demo"
    _esm = bundle("classifier_demo.js")
    _css = style("pictures.css", "classifier.css")

    picture = Picture().tag(sync=True)
    drawn = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    examples: Any = traitlets.List().tag(sync=True)
    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    layer = traitlets.Unicode().tag(sync=True)
    size = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        model: Any,
        class_names: Sequence[str] | None = None,
        picture: ArrayLike | None = None,
        examples: Any = None,
        layer: str | None = None,
    ) -> None:
        self._model = model
        self._shape, self._gives_scores = _input_of(model)
        self._turn = 0
        black = np.zeros(self._shape, np.uint8)
        outputs, maps = self._seen(black, None)
        names = [str(k) for k in range(len(outputs))] if class_names is None else [str(name) for name in class_names]
        if len(names) != len(outputs):
            raise DataError(f"class_names must be {len(outputs)} names. Received: {len(names)}")
        self._seen(black, [layer or next(iter(maps))])
        super().__init__(
            class_names=names,
            examples=[[name, data_url(checked_picture(self._fitted(image)))] for name, image in _examples(examples)],
            layers=list(maps),
            layer=layer or next(iter(maps)),
            size=[*self._shape[:2]],
            picture=black if picture is None else self._fitted(picture),
        )

    def __repr__(self):
        best = int(np.argmax(self.probabilities))
        return f"ClassifierDemo({self._model.name!r}: {self.class_names[best]} {self.probabilities[best]:.0%})"

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """What the model gives for each class, (classes,)."""
        return self._probabilities

    @property
    def maps(self) -> NDArray[np.float32]:
        """The maps of the chosen layer, (rows, columns, filters)."""
        return self._maps

    @traitlets.validate("layer")
    def _known_layer(self, proposal):
        self._seen(np.zeros(self._shape, np.uint8), [proposal["value"]])
        return proposal["value"]

    @traitlets.observe("drawn")
    def _take_drawing(self, change):
        before = self._turn
        try:
            self.picture = self._fitted(read_data_url(change["new"].get("picture")))
        except DataError as error:  # the page is told, and goes on
            self._tell(fault=str(error))
        else:
            if self._turn == before:  # the same picture: the page still waits for its answer
                self._look()

    @traitlets.observe("picture", "layer")
    def _look(self, _=None):
        if self.picture is None:
            return
        self._probabilities, maps = self._seen(self._fitted(self.picture), [self.layer])
        self._maps = maps[self.layer]
        self._tell(probabilities=[float(p) for p in self._probabilities], maps=_strongest(self.layer, self._maps))

    def _tell(self, **what):
        self._turn += 1
        self.answer = {"turn": self._turn, **what}

    def _seen(self, picture, layers):
        """Return the probabilities of a picture, and the maps of the layers (of every convolution where None)."""
        from ..explain import feature_maps

        layers = list(feature_maps(self._model, picture)) if layers is None else layers
        found = feature_maps(self._model, picture, [*layers, -1])
        _, outputs = found.popitem()
        wrong = [path for path, maps in found.items() if maps.ndim != 3]
        if wrong:
            raise ModelError(f"layer must give maps (rows, columns, filters). {wrong[0]!r} gives numbers.")
        if outputs.size == 1:
            return np.array([1 - outputs[0], outputs[0]]), found
        if self._gives_scores:
            outputs = np.exp(outputs - outputs.max())
            outputs /= outputs.sum()
        return outputs, found

    def _fitted(self, image):
        """Return the picture as the model takes it."""
        from PIL import Image

        array = checked_picture(image)
        made = Image.fromarray(array).convert("L" if self._shape[2] == 1 else "RGB")
        if made.size != (self._shape[1], self._shape[0]):
            made = made.resize((self._shape[1], self._shape[0]), Image.Resampling.BILINEAR)
        return np.asarray(made).reshape(self._shape)


def _input_of(model):
    """Return the shape of the pictures that a classifier takes, and whether it gives scores, not probabilities."""
    from ..explain import gives_probabilities, kind_of_output

    shape, output = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    fits = isinstance(shape, tuple) and len(shape) == 4 and None not in shape[1:] and shape[3] in (1, 3)
    if not fits or not isinstance(output, tuple) or len(output) != 2 or kind_of_output(model) == "number":
        raise ModelError(
            "model must be a classifier of pictures (height, width, 1 or 3); a single number at its end must be a "
            f"sigmoid's. Received: {type(model).__name__} with input_shape={shape}, output_shape={output}"
        )
    return shape[1:], not gives_probabilities(model)


def _examples(examples):
    """Return pairs of a name and a picture: the first of each class of a data set."""
    if examples is None or hasattr(examples, "items"):
        return list((examples or {}).items())
    rows = rows_of(examples, "examples")
    labels = rows.labels.argmax(axis=1) if rows.labels.ndim == 2 else rows.labels
    found = zip(*np.unique(labels, return_index=True), strict=True)
    return [(rows.class_names[k] if rows.class_names else str(k), rows.take([n])[0]) for k, n in found if k >= 0]


def _strongest(layer, maps):
    """Return the strongest maps of a layer as the page takes them: each from its least to its most, in 256 levels."""
    order = np.argsort(-maps.mean(axis=(0, 1)), kind="stable")[:_MOST]
    chosen = np.moveaxis(maps[..., order], -1, 0)
    low, high = (f(chosen, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    levels = np.rint(255 * (chosen - low) / np.maximum(high - low, 1e-12)).astype(np.uint8)
    rows, columns, filters = maps.shape
    return {
        "layer": layer,
        "rows": rows,
        "columns": columns,
        "filters": filters,
        "channels": order.tolist(),
        "levels": base64.b64encode(levels.tobytes()).decode(),
    }
