"""Lesson 07, seeing what the network sees: what students get wrong, and what a good teacher says to it."""

import warnings
from functools import cache

import numpy as np

from .compare import Problem, agree, is_model
from .definitions import ArtifactExercise, FunctionExercise, Misconception, Property


@cache
def _hashtag():
    """The network of the exercise, five pictures, and what its last layer sees of them."""
    from ..explain import embed
    from ..models import load_hashtag_cnn

    network = load_hashtag_cnn()
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3)).astype("float32")
    return network, pictures, embed(network, pictures)


def _ends_at(layer):
    from .._keras import load_keras

    network = _hashtag()[0]
    return load_keras().Model(network.input, network.get_layer(layer).output)


def _forgotten():
    from ..explain import randomise_weights

    return randomise_weights(_ends_at("hidden_1"))


def _scores():
    """The network without its softmax, but with its last weights."""
    from .._keras import load_keras

    keras = load_keras()
    network = _hashtag()[0]
    last = keras.layers.Dense(5)
    model = keras.Model(network.input, last(network.get_layer("hidden_1").output))
    last.set_weights(network.layers[-1].get_weights())
    return model


def _same_numbers(model):
    _, pictures, expected = _hashtag()
    with warnings.catch_warnings():  # Keras warns where a model was made of [input] and is called without the list
        warnings.simplefilter("ignore", UserWarning)
        got = np.asarray(model(pictures))
    return np.allclose(got, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


_MESSAGES = {
    "model": "Hand in a Keras model: `keras.Model(inputs, outputs)`.",
    "input": "The model should take the network's own pictures, (64, 64, 3): begin with `network.input`.",
    "late": "It still ends in five numbers, one for each class. Stop before that layer: take what goes into it.",
    "early": "The layer before the last one gives 32 numbers: see `cc.describe(network)`. You stopped elsewhere.",
    "same": "The shape is right, the numbers are not those that the last layer sees: go from `network.input` through "
    "the network's own trained layers, all of them, to the one before the last.",
}

FEATURE_EXTRACTOR = ArtifactExercise(
    id="feature-extractor",
    title="Stop before the last layer",
    points=3,
    question=(
        "`network = cc.load_hashtag_cnn()` sorts pictures into five classes. Make `feature_extractor`: a model that "
        "takes the same pictures and gives the 32 numbers that the last layer of `network` sees."
    ),
    setup="import cnn_course as cc\n\nkeras = cc.load_keras()\nnetwork = cc.load_hashtag_cnn()",
    properties=(
        Property("a model", is_model, _MESSAGES["model"]),
        Property("input (64, 64, 3)", lambda m: tuple(m.input_shape) == (None, 64, 64, 3), _MESSAGES["input"]),
        Property("without the last layer", lambda m: tuple(m.output_shape) != (None, 5), _MESSAGES["late"]),
        Property("32 numbers", lambda m: tuple(m.output_shape) == (None, 32), _MESSAGES["early"]),
        Property("the network's own numbers", _same_numbers, _MESSAGES["same"]),
    ),
    hints=(
        "A functional model is named by where it begins and where it ends. It need not end where the network ends.",
        "`network.layers` lists the layers; `network.layers[-1]` is the last one. Which layer gives what goes into it?",
        "`keras.Model(network.input, ...)` with the `.output` of the layer `hidden_1`; dropout changes nothing here.",
    ),
    solution="""
feature_extractor = keras.Model(network.input, network.get_layer("hidden_1").output)
""",
    misconceptions=(
        Misconception(lambda: _hashtag()[0], _MESSAGES["late"]),
        Misconception(_scores, _MESSAGES["late"]),
        Misconception(lambda: _ends_at("flatten"), _MESSAGES["early"]),
        Misconception(_forgotten, _MESSAGES["same"]),
    ),
)


@cache
def _model(number):
    from ..models import build_mlp, build_small_cnn

    if number == 0:
        model = build_mlp((6, 6, 3), 3, units=5, activation="tanh", seed=1)
    else:
        model = build_small_cnn((8, 10, 3), 4, filters=(4, 6), units=(), seed=number)
    model.__deepcopy__ = lambda memo: model  # an exercise copies its inputs, and this one is not changed
    return model


def _draw_pictures(rng):
    """Models with pictures and classes; not all of them the class that the model finds."""
    cases = []
    for number in (0, 1, 1, 2, 2):
        model = _model(number)
        picture = rng.integers(0, 256, model.input_shape[1:]).astype("float32")
        cases.append((model, picture, int(rng.integers(model.output_shape[1]))))
    found = int(np.asarray(_model(1)(cases[1][1][None])).argmax())
    cases[1] = (*cases[1][:2], (found + 1) % 4)
    return cases


def _scaled(heat, least=0.0):
    with np.errstate(invalid="ignore"):
        return heat / max(heat.max(), least)


def _gradient(model, image, class_index=None):
    from ..explain import saliency

    with warnings.catch_warnings():  # of pictures in 0..1: one misconception makes them
        warnings.simplefilter("ignore", UserWarning)
        return saliency(model, image, class_index, of="probability", signed=True)


_ZERO = (
    "Your values are practically zero everywhere. Did you take the gradient of all outputs together? The probabilities "
    "add up to 1, whatever the picture: choose one, `model(x)[0, class_index]`."
)


def _agree_gradients(got, expected, *inputs):
    """Gradients of float32 differ a little from one way of computing them to another."""
    numbers = isinstance(got, np.ndarray) and got.shape == expected.shape and got.dtype.kind == "f"
    if numbers and np.allclose(got, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max()):
        return None
    if numbers and np.abs(got).max() < 1e-3 * np.abs(expected).max():
        return Problem("value", _ZERO)
    return agree(got, expected)


SALIENCY = FunctionExercise(
    id="saliency",
    title="Which pixels move the answer?",
    points=3,
    question=(
        "Write `saliency(model, image, class_index)`: the gradient of the model's output for the class with respect to "
        "the picture (height, width, channels); of that, for each pixel, the largest absolute value over its channels."
    ),
    cases=_draw_pictures,
    reference=lambda model, image, class_index: np.abs(_gradient(model, image, class_index)).max(axis=-1),
    agree=_agree_gradients,
    answers=("cnn_course.saliency",),
    setup="import numpy as np\nimport tensorflow as tf",
    limit=30.0,
    seeds=5,
    hints=(
        "The model wants a batch: `image[None]`. And TensorFlow only follows what it is told to: `tape.watch(x)`.",
        "Inside the tape compute one number, `model(x)[0, class_index]`; behind it ask `tape.gradient(score, x)`.",
        "The gradient has the shape (1, height, width, channels). Take the first, its absolute values, the largest "
        "of the last axis.",
    ),
    solution='''
def saliency(model, image, class_index):
    """Return how much each pixel moves the output for a class, (height, width)."""
    x = tf.constant(image[None], "float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = model(x)[0, class_index]
    gradient = tape.gradient(score, x)[0]
    return np.abs(gradient).max(axis=-1)
''',
    misconceptions=(
        Misconception(
            lambda model, image, class_index: _gradient(model, image, class_index).max(axis=-1),
            "You took the largest value, with its sign. A pixel that speaks strongly against the class counts too: "
            "absolute values first.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image, class_index).max(axis=-1)),
            "You took the absolute value after the largest: a strong negative channel is lost. Absolute values first.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image, class_index)).mean(axis=-1),
            "You averaged over the channels. The question asks for the largest one.",
        ),
        Misconception(
            lambda model, image, class_index: np.sqrt((_gradient(model, image, class_index) ** 2).sum(axis=-1)),
            "You took the length of the gradient, the root of the sum of squares. Take its largest absolute value.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image, class_index)).sum(axis=-1),
            "You added up the channels. The question asks for the largest one.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image)).max(axis=-1),
            "This is the gradient of the class that the model finds. Take the one that was asked for, `class_index`.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image, class_index) * image).max(axis=-1),
            "You multiplied by the picture. That is another map (gradient times input); here take the gradient alone.",
        ),
        Misconception(
            lambda model, image, class_index: np.abs(_gradient(model, image / 255, class_index)).max(axis=-1),
            "You divided the picture by 255. The model does that itself: give it the picture as it is, 0 to 255.",
        ),
        Misconception(
            lambda model, image, class_index: _scaled(np.abs(_gradient(model, image, class_index)).max(axis=-1)),
            "You divided by the largest value. That is for the drawing; return the gradient itself.",
        ),
    ),
)


def _draw_maps(rng):
    """Maps and gradients; the first ones are small, and one has only negative weights."""
    fixed = [
        (np.array([[[1.0, 2.0], [0.0, 3.0]]]), np.array([[[1.0, -1.0], [3.0, 0.5]]])),
        (rng.random((2, 3, 2)), -rng.random((2, 3, 2))),
    ]
    shapes = [tuple(rng.integers(2, 7, 3)) for _ in range(5)]
    return fixed + [(rng.random(shape), rng.normal(size=shape)) for shape in shapes]


def _cam(activations, gradients):
    return (activations * gradients.mean(axis=(0, 1))).sum(axis=-1)


GRAD_CAM = FunctionExercise(
    id="grad-cam",
    title="Grad-CAM",
    points=4,
    question=(
        "Write `grad_cam(activations, gradients)`. Both have the shape (rows, columns, channels): the last maps of a "
        "network, and the gradient of a class's score with respect to them. Each map's weight is its mean gradient; "
        "add up the maps with their weights, and put 0 where the sum is negative. Return (rows, columns)."
    ),
    cases=_draw_maps,
    reference=lambda activations, gradients: np.maximum(_cam(activations, gradients), 0),
    answers=("cnn_course.grad_cam",),
    hints=(
        "One weight for each channel: the mean over rows and columns, `axis=(0, 1)`.",
        "An array of shape (channels,) times one of shape (rows, columns, channels) goes channel by channel.",
        "Multiply, add up over the last axis, then `np.maximum(..., 0)`.",
    ),
    solution='''
def grad_cam(activations, gradients):
    """Return where the maps speak for the class, (rows, columns)."""
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((activations * weights).sum(axis=-1), 0)
''',
    misconceptions=(
        Misconception(
            _cam,
            "The last step is missing: what speaks against the class is set to 0 (a ReLU).",
        ),
        Misconception(
            lambda activations, gradients: np.abs(_cam(activations, gradients)),
            "You took absolute values: then what speaks against the class shines as well. Negative sums become 0.",
        ),
        Misconception(
            lambda activations, gradients: np.maximum((activations * gradients).sum(axis=-1), 0),
            "You multiplied number by number. That is HiResCAM; Grad-CAM first takes the mean gradient of each map.",
        ),
        Misconception(
            lambda activations, gradients: np.maximum((activations * gradients.sum(axis=(0, 1))).sum(axis=-1), 0),
            "You added up the gradients of a map. Its weight is their mean.",
        ),
        Misconception(
            lambda activations, gradients: np.maximum((activations * gradients.mean(axis=(0, 1))).mean(axis=-1), 0),
            "You averaged over the maps. They are added up, each with its weight.",
        ),
        Misconception(
            lambda activations, gradients: np.maximum((gradients * activations.mean(axis=(0, 1))).sum(axis=-1), 0),
            "You changed places: the gradients give the weights, the activations are what is added up.",
        ),
        Misconception(
            lambda activations, gradients: (activations * np.maximum(gradients.mean(axis=(0, 1)), 0)).sum(axis=-1),
            "You set to 0 what speaks against the class before adding up. It has to be subtracted: only the sum is cut "
            "off at 0.",
        ),
        Misconception(
            lambda activations, gradients: _scaled(np.maximum(_cam(activations, gradients), 0)),
            "You divided by the largest value, and where nothing speaks for the class that is 0 / 0. It is for the "
            "drawing; return the sums themselves.",
        ),
        Misconception(
            lambda activations, gradients: _scaled(np.maximum(_cam(activations, gradients), 0), 1e-12),
            "You divided by the largest value. That is for the drawing; return the sums themselves.",
        ),
        Misconception(
            lambda activations, gradients: np.maximum(-_cam(activations, gradients), 0),
            "You kept what speaks against the class. Check a sign: positive sums stay, negative ones become 0.",
        ),
    ),
)


def _draw_steps(rng):
    """Pictures near black and white, gradients of very different sizes, strengths in grey levels."""
    first = (np.array([[[2.0], [250.0]], [[100.0], [30.0]]]), np.array([[[-0.5], [0.001]], [[3.0], [0.0]]]), 8.0)
    drawn = []
    for strength in (1.0, 4.0, 16.0, 60.0):
        shape = (int(rng.integers(2, 6)), int(rng.integers(2, 6)), 3)
        picture = rng.integers(0, 256, shape).astype(float)
        picture[0, 0], picture[-1, -1] = 0, 255
        gradient = rng.normal(size=shape) * 10 ** rng.uniform(-4, -1, shape)
        gradient[0, 0], gradient[-1, -1] = -np.abs(gradient[0, 0]), np.abs(gradient[-1, -1])
        drawn.append((picture, gradient, strength))
    return [first, *drawn]


ADVERSARIAL_STEP = FunctionExercise(
    id="adversarial-step",
    title="One step against the network",
    points=3,
    question=(
        "Write `adversarial_step(image, gradient, strength)`: move each pixel by `strength` grey levels in the "
        "direction (the sign) of the gradient of the loss, so that the loss grows, and keep the result from 0 to 255."
    ),
    cases=_draw_steps,
    reference=lambda image, gradient, strength: np.clip(image + strength * np.sign(gradient), 0, 255),
    answers=("cnn_course.adversarial",),
    hints=(
        "Only the sign of the gradient counts: `np.sign` gives -1, 0 or 1.",
        "The loss should grow, so go with the gradient: plus. (Training goes against it.)",
        "`np.clip(..., 0, 255)` around `image + strength * np.sign(gradient)`.",
    ),
    solution='''
def adversarial_step(image, gradient, strength):
    """Return the picture, moved by `strength` grey levels so that the loss grows."""
    return np.clip(image + strength * np.sign(gradient), 0, 255)
''',
    misconceptions=(
        Misconception(
            lambda image, gradient, strength: image + strength * np.sign(gradient),
            "Some pixels left the range: a picture holds 0 to 255. Clip it.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image - strength * np.sign(gradient), 0, 255),
            "You went against the gradient, as training does: the loss falls, and the network gets more right. Add it.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + strength * gradient, 0, 255),
            "You used the gradient itself: most pixels hardly move. Every pixel moves by `strength`: take the sign.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + strength * gradient / np.abs(gradient).max(), 0, 255),
            "You scaled the gradient, so only one pixel moves by `strength`. Every pixel does: take the sign.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + strength * np.sign(gradient), 0, 1),
            "You clipped to 0 and 1. These pictures hold grey levels from 0 to 255.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + np.sign(gradient), 0, 255),
            "Every pixel moved by one grey level. Where is `strength`?",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + strength / 255 * np.sign(gradient), 0, 255),
            "You divided the strength by 255. It is in grey levels already, as the picture is.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip((image + strength * np.sign(gradient)) / 255, 0, 1),
            "You returned a picture from 0 to 1. These pictures hold grey levels: keep them, 0 to 255.",
        ),
        Misconception(
            lambda image, gradient, strength: (image + strength * np.sign(gradient)) % 256,
            "Some pixels went round: 258 became 2, as uint8 makes it. Clip to 0 and 255 first.",
        ),
        Misconception(
            lambda image, gradient, strength: np.clip(image + strength * np.where(gradient > 0, 1, -1), 0, 255),
            "A pixel whose gradient is 0 stays: its sign is 0. You moved it.",
        ),
    ),
)
