"""Lesson 05, Keras and TensorFlow: what students get wrong, and what a good teacher says to it."""

import tempfile
from pathlib import Path

import numpy as np

from ..from_scratch.network import Dense, Network, ReLU
from .compare import Problem, agree, is_model
from .definitions import ArtifactExercise, FunctionExercise, Misconception, Property

_SETUP = "import numpy as np\nimport tensorflow as tf\nimport cnn_course as cc\n\nkeras = cc.load_keras()"


def _keras():
    from .._keras import load_keras

    return load_keras()


def _network(sizes, weights=None):
    """Return a small network of dense layers, not compiled."""
    keras = _keras()
    inputs, *hidden, classes = sizes
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    model = keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(classes, activation="softmax")])
    if weights is not None:
        model.set_weights(weights)
    return model


def _drawn_network(rng):
    sizes = rng.integers(3, 6, size=3).tolist()
    model = _network(sizes)
    return model, [rng.normal(scale=0.7, size=w.shape).astype("float32") for w in model.get_weights()]


def _draw_networks(rng):
    """Fresh networks, a batch, and a learning rate."""
    cases = []
    for _ in range(5):
        model, weights = _drawn_network(rng)
        model.set_weights(weights)
        n = int(rng.integers(4, 9))
        x = rng.normal(size=(n, model.input_shape[1])).astype("float32")
        y = rng.integers(0, model.output_shape[1], n)
        cases.append((model, x, y, round(float(rng.uniform(0.05, 0.5)), 2)))
    return cases


def _step(model, x, y, learning_rate, times=1):
    """One step by the course's network in numpy: the loss before it."""
    network = _in_numpy(model)
    losses = [network.train_step(x, y, learning_rate) for _ in range(times)]
    model.set_weights([weight for layer in network.layers for weight in layer.weights])
    return losses[0]


def _in_numpy(model):
    first, first_bias, second, second_bias = model.get_weights()
    return Network([Dense(first, first_bias), ReLU(), Dense(second, second_bias)])


def _loss(model, x, y):
    return _in_numpy(model).backward(x, y)[0]


def _loss_after(model, x, y, learning_rate):
    _step(model, x, y, learning_rate)
    return _loss(model, x, y)


def _last_layer_only(model, x, y, learning_rate):
    before = model.get_weights()
    loss = _step(model, x, y, learning_rate)
    model.set_weights([*before[:-2], *model.get_weights()[-2:]])
    return loss


def _weights_too(loss, model, *_):
    return loss, *(np.asarray(weight, float) for weight in model.get_weights())


def _as_a_step(got, expected, *_):
    """Say what is wrong with the loss, or with the weights."""
    loss = got[0]
    if not isinstance(loss, int | float):
        return Problem("type", "Return the loss before the step, one number: the mean over the batch.")
    problem = agree(float(loss), expected[0])
    if problem:
        return Problem(problem.kind, f"The loss: {problem.message}")
    for mine, theirs in zip(got[1:], expected[1:], strict=True):
        if not np.allclose(mine, theirs, rtol=1e-4, atol=1e-5):
            return Problem("weights", "The loss is right. The model's weights after the step are not.")
    return None


TRAIN_STEP = FunctionExercise(
    id="train-step",
    title="A training step by hand",
    points=3,
    question=(
        "Write `train_step(model, x, y, learning_rate)` with `tf.GradientTape`: the loss is the mean cross-entropy of "
        "the batch (the model ends in a softmax); move every trainable weight of the model one step of gradient "
        "descent; return the loss before the step."
    ),
    setup=_SETUP,
    cases=_draw_networks,
    reference=_step,
    observe=_weights_too,
    agree=_as_a_step,
    limit=60.0,
    seeds=5,
    hints=(
        "The tape must see how the loss comes about: call the model and compute the loss inside the `with`.",
        "`tape.gradient(loss, model.trainable_variables)` gives one gradient for each weight, in the same order.",
        "`weight.assign_sub(learning_rate * gradient)` for each pair, and `return loss` at the end.",
    ),
    solution='''
def train_step(model, x, y, learning_rate):
    """Move the weights one step; return the loss before it."""
    with tf.GradientTape() as tape:
        probabilities = model(x, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, probabilities))
    gradients = tape.gradient(loss, model.trainable_variables)
    for weight, gradient in zip(model.trainable_variables, gradients):
        weight.assign_sub(learning_rate * gradient)
    return float(loss)
''',
    misconceptions=(
        Misconception(
            lambda model, x, y, learning_rate: _step(model, x, y, -learning_rate),
            "The loss is right, but you went uphill: subtract the gradient.",
        ),
        Misconception(
            lambda model, x, y, learning_rate: _step(model, x, y, 1.0),
            "The loss is right, but you stepped the whole gradient. Multiply it by the learning rate.",
        ),
        Misconception(
            lambda model, x, y, learning_rate: _loss(model, x, y),
            "The loss is right, but the weights are as they were: assign the new values to the model's variables.",
        ),
        Misconception(
            _loss_after,
            "The weights are right. But you returned the loss after the step; the one before it is asked.",
        ),
        Misconception(
            lambda model, x, y, learning_rate: _step(model, x, y, learning_rate, times=2),
            "You took the step twice.",
        ),
        Misconception(
            lambda model, x, y, learning_rate: len(x) * _step(model, x, y, len(x) * learning_rate),
            "You took the sum over the batch. The loss is the mean, so that a step does not grow with the batch.",
        ),
        Misconception(
            lambda model, x, y, learning_rate: -_step(model, x, y, -learning_rate),
            "The minus is missing: the loss is minus the mean log-likelihood. Your step made the likelihood smaller.",
        ),
        Misconception(
            _last_layer_only,
            "Only the last layer moved. `model.trainable_variables` holds the weights of all layers.",
        ),
    ),
)


def _of_kind(kind):
    """Return a function that lists the layers (or `keras.ops`) of this kind, in the order of the model."""
    return lambda model: [step for step in getattr(model, "operations", model.layers) if type(step).__name__ == kind]


_CONVOLUTIONS, _JOINED = _of_kind("Conv2D"), _of_kind("Concatenate")


def _side_by_side(model):
    """Return whether no convolution stands on another one's way from the input."""
    convolutions = _CONVOLUTIONS(model)
    ways = [_keras().Model(model.inputs, convolution.input).layers for convolution in convolutions]
    return not any(convolution in way for convolution in convolutions for way in ways)


def _kernels(model):
    return sorted(tuple(layer.kernel_size) for layer in _CONVOLUTIONS(model)) == [(3, 3), (5, 5)]


def _grey_pictures():
    return np.random.default_rng(0).integers(0, 128, (4, 28, 28, 1)).astype("float32")


def _until(model, tensor, pictures):
    """Return what the model computes until this tensor."""
    return np.asarray(_keras().ops.convert_to_numpy(_keras().Model(model.inputs, tensor)([pictures])))


def _is_rectified(model):
    """Return whether the joined maps are never negative, and grow without an end."""
    once, twice = (_until(model, _JOINED(model)[0].output, n * _grey_pictures()) for n in (1, 2))
    return once.min() >= 0 and twice.max() > 1.5 * once.max()


def _is_averaged(model):
    """Return whether something behind the joined maps is their mean over the picture, layer or not."""
    means = _until(model, _JOINED(model)[0].output, _grey_pictures()).mean(axis=(1, 2))
    narrow = [step.output for step in model.operations if tuple(step.output.shape) == (None, 16)]
    return any(np.allclose(_until(model, output, _grey_pictures()), means, rtol=1e-3) for output in narrow)


_FUNCTIONAL = {
    "model": "Hand in a Keras model: `keras.Model(inputs, outputs)`.",
    "input": "The model should take one picture of shape (28, 28, 1): begin with a single `keras.Input((28, 28, 1))`.",
    "kernels": "There should be two `Conv2D` in the model itself, one with kernels of 3 x 3 and one with 5 x 5.",
    "source": "The second convolution reads the first one's output. Both branches should start from the same tensor.",
    "joined": "The two branches are never joined: `layers.Concatenate()([a, b])`.",
    "shape": 'Joined, the maps should be (28, 28, 16): 8 filters in each branch, and `padding="same"`.',
    "relu": 'Behind the convolutions should be a ReLU, in both branches: `activation="relu"`.',
    "average": "Of each joined map one number should stay, its mean: `layers.GlobalAveragePooling2D()`.",
    "output": "The model should end in 10 numbers, one for each class.",
    "softmax": 'The ten numbers should be probabilities: the last layer needs `activation="softmax"`.',
}


def _two_branches(
    chain=False,
    joined=True,
    filters=8,
    relu="relu",
    pooling="GlobalAveragePooling2D",
    activation="softmax",
    kernels=(3, 5),
    classes=10,
):
    """Make an answer, right or wrong."""
    keras = _keras()
    layers = keras.layers
    inputs = keras.Input((28, 28, 1))
    first = layers.Conv2D(filters, kernels[0], padding="same", activation=relu)(inputs)
    second = layers.Conv2D(filters, kernels[1], padding="same", activation="relu")(first if chain else inputs)
    x = layers.Concatenate()([first, second]) if joined else layers.Add()([first, second])
    x = getattr(layers, pooling)()(x)
    return keras.Model(inputs, layers.Dense(classes, activation=activation)(x))


def _sums_to_one(model):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1)).astype("float32")
    rows = np.asarray(model.predict_on_batch(pictures))
    return rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-4)


FUNCTIONAL_MODEL = ArtifactExercise(
    id="functional-model",
    title="Two branches",
    points=3,
    question=(
        "Make `functional_model` in functional form: input (28, 28, 1); from it two branches side by side, one "
        'convolution with 8 filters of 3 x 3 and one with 8 filters of 5 x 5, both with ReLU and `padding="same"`; '
        "concatenated to (28, 28, 16); global average pooling; a softmax over 10 classes."
    ),
    setup=_SETUP,
    properties=(
        Property("a model", is_model, _FUNCTIONAL["model"]),
        Property("input (28, 28, 1)", lambda m: tuple(m.input_shape) == (None, 28, 28, 1), _FUNCTIONAL["input"]),
        Property("two kernels", _kernels, _FUNCTIONAL["kernels"]),
        Property("one source", _side_by_side, _FUNCTIONAL["source"]),
        Property("joined", lambda m: len(_JOINED(m)) == 1, _FUNCTIONAL["joined"]),
        Property(
            "(28, 28, 16)", lambda m: tuple(_JOINED(m)[0].output.shape) == (None, 28, 28, 16), _FUNCTIONAL["shape"]
        ),
        Property("a ReLU", _is_rectified, _FUNCTIONAL["relu"]),
        Property("averaged", _is_averaged, _FUNCTIONAL["average"]),
        Property("10 outputs", lambda m: tuple(m.output_shape) == (None, 10), _FUNCTIONAL["output"]),
        Property("probabilities", _sums_to_one, _FUNCTIONAL["softmax"]),
    ),
    hints=(
        "A layer is a function of a tensor: `a = layers.Conv2D(...)(inputs)`. Call two of them on the same `inputs`.",
        "`layers.Concatenate()([a, b])` puts the channels of both after each other.",
        'Then `layers.GlobalAveragePooling2D()`, `layers.Dense(10, activation="softmax")`, and '
        "`keras.Model(inputs, outputs)`.",
    ),
    solution="""
inputs = keras.Input((28, 28, 1))
small = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
large = keras.layers.Conv2D(8, 5, padding="same", activation="relu")(inputs)
joined = keras.layers.Concatenate()([small, large])
pooled = keras.layers.GlobalAveragePooling2D()(joined)
outputs = keras.layers.Dense(10, activation="softmax")(pooled)
functional_model = keras.Model(inputs, outputs)
""",
    misconceptions=(
        Misconception(lambda: _two_branches(chain=True), _FUNCTIONAL["source"]),
        Misconception(lambda: _two_branches(joined=False), _FUNCTIONAL["joined"]),
        Misconception(lambda: _two_branches(filters=16), _FUNCTIONAL["shape"]),
        Misconception(lambda: _two_branches(relu=None), _FUNCTIONAL["relu"]),
        Misconception(lambda: _two_branches(pooling="GlobalMaxPooling2D"), _FUNCTIONAL["average"]),
        Misconception(lambda: _two_branches(pooling="Flatten"), _FUNCTIONAL["average"]),
        Misconception(lambda: _two_branches(activation=None), _FUNCTIONAL["softmax"]),
        Misconception(lambda: _two_branches(kernels=(3, 3)), _FUNCTIONAL["kernels"]),
        Misconception(lambda: _two_branches(classes=1, activation="sigmoid"), _FUNCTIONAL["output"]),
    ),
)


def _pictures():
    """Pictures with black, white and everything between."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (16, 28, 28, 1)).astype("float32")
    pictures[:, :6], pictures[:, -6:] = 0, 255
    return pictures


def _through(pipeline, training):
    return np.asarray(_keras().ops.convert_to_numpy(pipeline(_pictures(), training=training)))


def _in_range(pipeline):
    found = np.concatenate([_through(pipeline, True) for _ in range(4)])
    return np.isfinite(found).all() and found.min() >= -1e-3 and found.max() <= 255.001 and found.max() > 2


_PIPELINE = {
    "layers": "Hand in Keras layers: one layer, or several in a `keras.Sequential([...])`.",
    "runs": "It raises an error on pictures of shape (28, 28, 1): call it on some, with `training=True`, and read it.",
    "shape": "The pictures should keep their shape, (28, 28, 1): no cropping to another size.",
    "same": "It changes pictures outside training, too. A network must be judged on pictures as they are.",
    "acts": "In training nothing changes by two grey levels or more. Is a random layer in it, and is it strong enough?",
    "random": "In training every picture is changed in the same way each time. It should be drawn anew.",
    "range": "In training some values leave the range 0 to 255. Course models take pictures on that scale.",
}


def _is_layer(pipeline):
    return isinstance(pipeline, _keras().layers.Layer)


def _sequence(*names):
    """Make an answer of named layers, right or wrong."""
    layers = _keras().layers
    made = {
        "shift": lambda: layers.RandomTranslation(0.1, 0.1),
        "scale": lambda: layers.Rescaling(1 / 255),
        "crop": lambda: layers.RandomCrop(20, 20),
        "noise": lambda: layers.GaussianNoise(1.0),
        "louder": lambda: layers.Rescaling(1.0),
        "still": lambda: layers.RandomTranslation(0.0, 0.0),
        "colour": lambda: layers.RandomHue(0.2),
        "invert": lambda: _keras().layers.Lambda(lambda x: 255 - x),
    }
    return _keras().Sequential([made[name]() for name in names])


AUGMENTATION_PIPELINE = ArtifactExercise(
    id="augmentation-pipeline",
    title="Augmentation as layers",
    points=2,
    question=(
        "Make `augmentation_pipeline`, a `keras.Sequential` of Keras's random layers for pictures of shape (28, 28, 1) "
        "on the scale 0 to 255: in training each picture is changed at random and keeps shape and scale; called with "
        "`training=False` it changes nothing."
    ),
    setup=_SETUP,
    properties=(
        Property("layers", _is_layer, _PIPELINE["layers"]),
        Property("runs", lambda p: _through(p, True) is not None, _PIPELINE["runs"]),
        Property("shape kept", lambda p: _through(p, True).shape == _pictures().shape, _PIPELINE["shape"]),
        Property(
            "still outside training",
            lambda p: np.allclose(_through(p, False), _pictures(), atol=1e-3),
            _PIPELINE["same"],
        ),
        Property(
            "acts in training",
            lambda p: any(not np.allclose(_through(p, True), _pictures(), atol=1.5) for _ in range(8)),
            _PIPELINE["acts"],
        ),
        Property(
            "drawn anew",
            lambda p: any(not np.allclose(_through(p, True), _through(p, True), atol=1e-3) for _ in range(4)),
            _PIPELINE["random"],
        ),
        Property("0 to 255", _in_range, _PIPELINE["range"]),
    ),
    hints=(
        "`keras.layers` has `RandomTranslation`, `RandomRotation`, `RandomZoom`, `RandomFlip`, `RandomContrast`.",
        "Rescaling is no augmentation: it acts always. Leave it to the model.",
        "`keras.Sequential([keras.layers.RandomTranslation(0.1, 0.1), keras.layers.RandomRotation(0.03)])`",
    ),
    solution="""
augmentation_pipeline = keras.Sequential([
    keras.layers.RandomTranslation(0.1, 0.1),
    keras.layers.RandomRotation(0.03),
])
""",
    misconceptions=(
        Misconception(lambda: _sequence("scale", "shift"), _PIPELINE["same"]),
        Misconception(lambda: _sequence("crop"), _PIPELINE["shape"]),
        Misconception(lambda: _sequence("still"), _PIPELINE["acts"]),
        Misconception(lambda: _sequence("colour"), _PIPELINE["runs"]),
        Misconception(lambda: _sequence("shift", "noise"), _PIPELINE["range"]),
    ),
)


def _draw_models(rng):
    """Networks with weights of their own, and where to save them."""
    cases = []
    for _ in range(5):
        model, weights = _drawn_network(rng)
        model.set_weights(weights)
        cases.append((model, Path(tempfile.gettempdir()) / f"cnn-course-{rng.integers(10**9)}.keras"))
    return cases


def _kept(model, path):
    model.save(path)
    return _keras().models.load_model(path)


def _look(returned, model, path):
    """Return what the returned model computes, whether the file is there, and whether it is another object."""
    there = Path(path).exists() and (Path(path).read_bytes().startswith(b"PK") or "not an archive")
    for left in Path(path).parent.glob(Path(path).stem + "*"):
        left.unlink()
    if not hasattr(returned, "predict_on_batch"):
        return f"no model, but {type(returned).__name__}"
    x = np.linspace(-1, 1, 3 * model.input_shape[1]).reshape(3, -1).astype("float32")
    return np.asarray(_keras().ops.convert_to_numpy(returned(x))), there, returned is not model


def _as_saved(got, expected, *_):
    if not isinstance(got, tuple):
        return Problem("type", "Return the model that you loaded, a Keras model.")
    outputs, there, another = got
    if not there:
        return Problem("file", "There is no file at `path` afterwards.")
    if there is not True:
        return Problem(
            "file", "The file at `path` is no `.keras` archive. A model can save itself: `model.save(path)`."
        )
    if not another:
        return Problem("same", "You returned the model that you were given. Return the one from the file.")
    return agree(outputs, expected[0])


def _elsewhere(model, path):
    return _kept(model, path.with_name(path.stem + "-2.keras"))


SAVE_AND_LOAD = FunctionExercise(
    id="save-and-load",
    title="Put it away, take it out",
    points=1,
    question=(
        "Write `save_and_load(model, path)`: save the whole model under `path` (it ends in `.keras`), and return the "
        "model that you load from there."
    ),
    setup=_SETUP,
    cases=_draw_models,
    reference=_kept,
    observe=_look,
    agree=_as_saved,
    limit=60.0,
    seeds=5,
    hints=(
        "A model can save itself: `model.save(...)`.",
        "`keras.models.load_model(path)` returns a model.",
        "`model.save(path)`, then `return keras.models.load_model(path)`.",
    ),
    solution='''
def save_and_load(model, path):
    """Save the model; return the one from the file."""
    model.save(path)
    return keras.models.load_model(path)
''',
    misconceptions=(
        Misconception(
            lambda model, path: model,
            "You returned the model that you were given, and there is no file at `path`.",
        ),
        Misconception(
            lambda model, path: _kept(model, path) and model,
            "The file is there. But you returned the model that you were given; return the one from the file.",
        ),
        Misconception(
            _elsewhere,
            "There is no file at `path` afterwards. Did you save under another name?",
        ),
    ),
)
