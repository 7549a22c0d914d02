"""What the builders share: inputs, seeded first weights, a few pieces of a network, and the last layer."""

import numpy as np

from .._arguments import integer, is_integer, is_number, positive_number, refuse
from .._keras import load_keras
from ..errors import ModelError

keras = load_keras()
layers = keras.layers


class Seeds:
    """Draws a seed for each layer from the seed of the model, so that no two layers start alike.

    With None it leaves the seeds to Keras, and so to `keras.utils.set_random_seed`.
    """

    def __init__(self, seed):
        if seed is not None:
            integer("seed", seed, 0, error=ModelError, rule="a non-negative integer or None")
        self._generator = None if seed is None else np.random.default_rng(seed)

    def next(self):
        """Return the seed of the next layer, or None."""
        return None if self._generator is None else int(self._generator.integers(2**31))

    def weights(self, activation=None):
        """Return first weights that fit the activation: He's for ReLU and its kin, Glorot's for the others."""
        family = keras.initializers.GlorotUniform
        if activation is not None and "lu" in getattr(activation, "__name__", str(activation)).lower():
            family = keras.initializers.HeNormal
        return family(seed=self.next())


def picture_input(input_shape, augmentation, smallest=1):
    """Return the input for pictures, and what follows it: augmentation, then values from 0 to 1."""
    input_shape = shape_of(input_shape)
    if len(input_shape) != 3:
        advice = {
            1: "Points have no neighbours: build_logit and build_mlp take them.",
            2: "Did you leave the channel out? A grey picture has one: (28, 28, 1).",
            4: "Leave the number of pictures out.",
        }.get(len(input_shape), "")
        raise ModelError(
            f"input_shape must be (height, width, channels). Received: input_shape={input_shape}. {advice}".rstrip()
        )
    if min(input_shape[:2]) < smallest:
        raise ModelError(
            f"input_shape must have at least {smallest} x {smallest} pixels for this network, "
            f"or nothing is left after its poolings. Received: input_shape={input_shape}"
        )
    inputs = keras.Input(input_shape, dtype="float32", name="picture")
    return inputs, layers.Rescaling(1 / 255, name="rescaling")(augmented(inputs, augmentation))


def vector_input(input_shape, augmentation):
    """Return the input for points or pictures, and it as one row of numbers; only pictures are rescaled."""
    if len(shape_of(input_shape)) == 1:
        inputs = keras.Input(shape_of(input_shape), dtype="float32", name="points")
        return inputs, augmented(inputs, augmentation)
    inputs, x = picture_input(input_shape, augmentation)
    return inputs, layers.Flatten(name="flatten")(x)


def augmented(x, augmentation):
    """Return x behind these augmenting layers."""
    steps = augmentation if isinstance(augmentation, (list, tuple)) else [augmentation]
    for step in steps:
        if step is not None and not isinstance(step, keras.Layer):
            raise ModelError(
                f"augmentation must be a Keras layer or a list of them. Received: augmentation={augmentation!r}"
            )
        x = x if step is None else step(x)
    return x


def convolution(x, filters, seeds, name, kernel_size=3, dilation_rate=1):
    """Return a convolution of x that keeps height and width, with ReLU."""
    return layers.Conv2D(
        filters,
        kernel_size,
        padding="same",
        dilation_rate=dilation_rate,
        activation="relu",
        kernel_initializer=seeds.weights("relu"),
        name=name,
    )(x)


def normalised(x, filters, seeds, name, kernel_size=3, strides=1):
    """Return a convolution of x followed by batch normalisation; the caller adds the activation."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=seeds.weights("relu"),
        name=f"{name}_conv",
    )(x)
    # Keras's momentum of 0.99 needs hundreds of steps before the moving means can be used.
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)


def residual_block(x, filters, strides, seeds, name):
    """Return what two convolutions make of x, added to x (or to a 1 x 1 convolution of it)."""
    short_cut = x
    if strides != 1 or x.shape[-1] != filters:
        short_cut = normalised(x, filters, seeds, f"{name}_short_cut", kernel_size=1, strides=strides)
    x = normalised(x, filters, seeds, f"{name}_1", strides=strides)
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = normalised(x, filters, seeds, f"{name}_2")
    x = layers.Add(name=f"{name}_add")([short_cut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def known(activation):
    """Return the activation, if Keras knows it."""
    try:
        keras.activations.get(activation)
    except (TypeError, ValueError):
        raise ModelError(
            "activation must be a function, or one of Keras's names, such as relu, tanh and sigmoid. "
            f"Received: activation={activation!r}"
        ) from None
    return activation


def hidden(x, units, seeds, activation="relu"):
    """Return x after dense layers of these sizes; of none, if there are no sizes."""
    known(activation)
    for number, size in enumerate(sizes(units, "units", least=0), start=1):
        weights = seeds.weights(activation)
        x = layers.Dense(size, activation=activation, kernel_initializer=weights, name=f"hidden_{number}")(x)
    return x


def finished(name, inputs, x, classes, dropout, seeds, learning_rate):
    """Return the compiled model that ends in probabilities, in one probability, or in a number."""
    if not is_number(dropout, 0) or dropout >= 1:
        raise refuse("dropout", dropout, "a share in [0, 1)", ModelError)
    if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        rule = "a positive number, or one of Keras's schedules"
        learning_rate = positive_number("learning_rate", learning_rate, ModelError, rule)
    if dropout:
        x = layers.Dropout(dropout, seed=seeds.next(), name="dropout")(x)
    units, activation, title, loss, metric = _ending(classes)
    outputs = layers.Dense(
        units,
        activation=activation,
        kernel_initializer=seeds.weights(),
        dtype="float32",  # also under mixed precision: a softmax in float16 loses the small probabilities
        name=title,
    )(x)
    model = keras.Model(inputs, outputs, name=name)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss, metrics=[metric])
    return model


def _ending(classes):
    if classes is None:
        return 1, "linear", "prediction", "mean_squared_error", "mean_absolute_error"
    classes = integer(
        "classes", classes, 2, error=ModelError, rule="an integer of at least 2, or None for a regression"
    )
    if classes == 2:
        return 1, "sigmoid", "probability", "binary_crossentropy", "accuracy"
    return classes, "softmax", "probabilities", "sparse_categorical_crossentropy", "accuracy"


def sizes(values, name, length=None, least=1):
    """Return one positive integer, or several, as a tuple; `length` is how many there must be, `least` the fewest."""
    found = tuple(values) if isinstance(values, list | tuple | range | np.ndarray) else (values,)
    good = all(is_integer(v, 1) for v in found)
    if not good or len(found) < least or (length is not None and len(found) != length):
        wanted = "positive integers" if length is None else f"{length} positive integer{'s' * (length > 1)}"
        raise ModelError(f"{name} must be {wanted}. Received: {name}={values!r}")
    return tuple(int(v) for v in found)


def shape_of(input_shape):
    """Return the shape, if it is made of one or three positive integers."""
    if not isinstance(input_shape, list | tuple | np.ndarray):
        raise ModelError(
            f"input_shape must be (height, width, channels), or (d,) for points. Received: input_shape={input_shape!r}"
        )
    return sizes(input_shape, "input_shape")
