"""`build_transfer_model`: preprocessing, a backbone that has learned elsewhere, and a head for your classes."""

from __future__ import annotations

import os
from typing import Any

from .._keras import load_keras
from ..errors import ModelError
from ..models.parts import Seeds, augmented, finished, layers, sizes
from .catalogue import builder_of, entry_of
from .freezing import freeze
from .parts import features_of, settle
from .weights import STD, find_weights, load_weights

keras = load_keras()


@keras.saving.register_keras_serializable("cnn_course")
class CaffePreprocessing(layers.Rescaling):
    """Turns red, green, blue into blue, green, red and subtracts ImageNet's means, as VGG and ResNet were trained."""

    def call(self, inputs):
        """Return the pictures with the channels turned round, less the means."""
        return super().call(keras.ops.flip(keras.ops.cast(inputs, self.compute_dtype), axis=-1))


_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's pictures on 0 to 1


def _minus_one_to_one():
    return layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocessing")


def _standardised():
    scale = [1 / (255 * s) for s in STD]
    return layers.Rescaling(scale, offset=[-m / s for m, s in zip(_MEAN, STD, strict=True)], name="preprocessing")


def _caffe():
    return CaffePreprocessing(1.0, offset=[-103.939, -116.779, -123.68], name="preprocessing")


# What `keras.applications.<family>.preprocess_input` does; the families that are not here do it in their first layers.
PREPROCESSING = {
    "densenet": _standardised,
    "resnet": _caffe,
    "vgg16": _caffe,
    "vgg19": _caffe,
    "inception_resnet_v2": _minus_one_to_one,
    "inception_v3": _minus_one_to_one,
    "mobilenet": _minus_one_to_one,
    "mobilenet_v2": _minus_one_to_one,
    "nasnet": _minus_one_to_one,
    "resnet_v2": _minus_one_to_one,
    "xception": _minus_one_to_one,
}
_OURS = {
    "input_tensor": "input_shape",
    "include_preprocessing": "nothing: the preprocessing is inside, always",
    "classifier_activation": "classes",
}


def build_transfer_model(
    backbone: Any,
    classes: int | None,
    input_shape: tuple[int, int, int] = (160, 160, 3),
    weights: str | os.PathLike | None = "imagenet",
    pooling: str = "avg",
    dropout: float = 0.2,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
    **options: Any,
) -> Any:
    """Return a compiled model: a backbone with its preprocessing inside, pooling, dropout, and a new head.

    With weights the backbone is closed (see `freeze`): only the head learns, until `unfreeze` or `fine_tune` opens
    more. Without weights everything is open. The model is flat: each of the backbone's layers is one of its own
    layers, so that `describe`, and a model that ends at any of them, need no way in.

    Parameters
    ----------
    backbone : str or keras.Model
        A name that `backbones` lists; or a model of your own, whose head (what follows its pooling) is replaced, or
        that has none: its weights are copied, its input and pooling stay, and `weights`, `augmentation` and further
        options must be left alone.
    classes : int or None
        As for `build_small_cnn`: 2 gives one probability, None a number.
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255. A grey picture's channel is taken three times.
    weights : "imagenet", str, Path or None
        ``"imagenet"`` takes the weights in the box (MobileNet at ``alpha=0.25``) or downloads them; a path takes
        that file; None starts from random weights. At every size they are those learned from the largest pictures
        that there is a file for (see `backbones`); Keras has MobileNet's for 128, 160 and 192 pixels as well: give
        one of those by its path.
    pooling : {"avg", "max"}
        What becomes of each map of the backbone; a model of your own may have its pooling already.
    dropout : float
        Share of the features set to zero in training, in [0, 1).
    augmentation, seed, learning_rate
        As for `build_small_cnn`; the seed decides on the head, and without weights Keras's own on the backbone.
    **options
        Go to the backbone: ``alpha=0.25``. With ``include_top=True`` the backbone keeps its own head of `classes`
        classes.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If there is no such backbone, an argument does not fit it, or the file holds other weights: the message says
        which.
    DownloadError
        If the weights must be downloaded and cannot be: the message says which file, from where, its hash, and
        where to put it.

    Examples
    --------
    >>> model = build_transfer_model("MobileNet", classes=5, input_shape=(96, 96, 3), alpha=0.25, seed=0)
    >>> model.count_params(), [layer.name for layer in model.layers if layer.trainable_weights]
    (219829, ['probabilities'])
    """
    if isinstance(backbone, keras.Model):
        set_to = {"weights": weights != "imagenet", "augmentation": augmentation is not None, **options}
        given = [name for name, value in set_to.items() if value]
        return _with_new_head(backbone, classes, pooling, dropout, Seeds(seed), learning_rate, given)
    entry = entry_of(backbone, options.get("alpha"))
    _refuse_ours(options)
    top = bool(options.get("include_top"))
    if top and weights == "imagenet" and classes != 1000:
        raise ModelError(
            f"classes must be 1000 with include_top=True and ImageNet's weights. Received: classes={classes!r}. "
            "Leave include_top out: a new head for your classes is made."
        )
    inputs, x = _picture(input_shape, augmentation, entry.family)
    body = _backbone(entry, x, input_shape, classes, options)
    if weights is not None:
        path = find_weights(entry, top) if weights == "imagenet" else weights
        load_weights(body, path, entry.title, classes if top else None)
    if top:
        model = keras.Model(inputs, body.output, name=body.name)
        model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        features = _pooled(body.output, pooling)
        model = finished(entry.name.lower(), inputs, features, classes, dropout, Seeds(seed), learning_rate)
    return model if weights is None else freeze(model)


def _refuse_ours(options):
    for name, instead in _OURS.items():
        if name in options:
            raise ModelError(f"{name} is not for the backbone here. Use {instead}. Received: {name}={options[name]!r}")


def _picture(input_shape, augmentation, family):
    """Return the input, and the picture as this family of backbones takes it."""
    if not isinstance(input_shape, list | tuple) or len(input_shape) != 3 or input_shape[2] not in (1, 3):
        raise ModelError(f"input_shape must be (height, width, 1 or 3). Received: input_shape={input_shape!r}")
    inputs = keras.Input(sizes(input_shape, "input_shape"), dtype="float32", name="picture")
    x = augmented(inputs, augmentation)
    if input_shape[2] == 1:
        x = layers.Concatenate(name="grey_to_colour")([x, x, x])
    return inputs, PREPROCESSING[family]()(x) if family in PREPROCESSING else x


def _backbone(entry, x, input_shape, classes, options):
    options = {"include_top": False, **options}
    if options["include_top"]:
        options["classes"] = classes
    try:
        return builder_of(entry.name)(weights=None, input_tensor=x, input_shape=(*input_shape[:2], 3), **options)
    except (ValueError, TypeError) as error:
        raise ModelError(f"{entry.name} cannot be built so: {error}") from error


def _pooled(maps, pooling):
    pool = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}.get(pooling)
    if pool is None:
        raise ModelError(f"pooling must be 'avg' or 'max'. Received: pooling={pooling!r}")
    return pool(name="features")(maps)


def _with_new_head(model, classes, pooling, dropout, seeds, learning_rate, given):
    if given:
        raise ModelError(f"A model of your own brings its {', '.join(given)} with it: leave that out.")
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    settle(copy)
    features = features_of(copy)
    if len(features.shape) > 2:
        features = _pooled(features, pooling)
    return freeze(finished(model.name, copy.inputs[0], features, classes, dropout, seeds, learning_rate))
