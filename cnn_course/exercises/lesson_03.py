"""Lesson 03, building a network: what students get wrong, and what a good teacher says to it."""

import numpy as np

from .compare import is_model
from .definitions import ArtifactExercise, FunctionExercise, Misconception, Property


def _blocks(x, size):
    """The blocks of size x size that fit, (rows, columns, size * size); what fills no block is left out."""
    rows, columns = x.shape[0] // size, x.shape[1] // size
    cut = x[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return cut.transpose(0, 2, 1, 3).reshape(rows, columns, -1)


def _sliding(x, size):
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size))
    return views.reshape(*views.shape[:2], -1)


def _hanging_over(x, size):
    """The maxima where a last block may hang over the border."""
    grown = np.pad(x.astype(float), [(0, -n % size) for n in x.shape], constant_values=-np.inf)
    return _blocks(grown, size).max(axis=-1)


def _one_block_short(x, size):
    starts = [range(0, n - size, size) for n in x.shape]
    return np.array([[x[i : i + size, j : j + size].max() for j in starts[1]] for i in starts[0]])


def _draw_maps(rng):
    """Maps and pool sizes; the first ones do not divide, and hold negative values."""
    fixed = [(np.array([[-3, -1, -2, 5, 0], [-4, -2, 7, 1, 9]]), 2), (np.arange(49).reshape(7, 7)[::-1] - 20, 3)]
    drawn = []
    for _ in range(6):
        size = int(rng.integers(2, 4))
        drawn.append((rng.integers(-9, 10, (size * int(rng.integers(1, 4)) + 1, size * int(rng.integers(2, 4)))), size))
    return fixed + drawn


MAX_POOL = FunctionExercise(
    id="max-pool",
    title="Max pooling",
    points=2,
    question=(
        "Write `max_pool(x, pool_size)` for a map `x` of shape `(height, width)`: the largest value of each block of "
        "`pool_size` x `pool_size`. The blocks do not overlap; rows and columns that fill no block are left out."
    ),
    cases=_draw_maps,
    reference=lambda x, pool_size: _blocks(x, pool_size).max(axis=-1),
    answers=("cnn_course.max_pool2d",),
    hints=(
        "How many blocks fit below each other, and how many side by side? Round down.",
        "Block (i, j) starts at row i * pool_size and at column j * pool_size.",
        "`x[i * p:(i + 1) * p, j * p:(j + 1) * p].max()`, for every i and j.",
    ),
    solution='''
def max_pool(x, pool_size):
    """Return the largest value of each block."""
    rows, columns = x.shape[0] // pool_size, x.shape[1] // pool_size
    out = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            out[i, j] = x[i * pool_size:(i + 1) * pool_size, j * pool_size:(j + 1) * pool_size].max()
    return out
''',
    misconceptions=(
        Misconception(
            lambda x, pool_size: _sliding(x, pool_size).max(axis=-1),
            "Your window moves by one pixel. In pooling it jumps by its own size, so that no two windows overlap.",
        ),
        Misconception(
            lambda x, pool_size: _blocks(x, pool_size).mean(axis=-1),
            "You took the average of each block. Here the largest value is wanted.",
        ),
        Misconception(
            _hanging_over,
            "Your last blocks hang over the border. Rows and columns that do not fill a block are left out.",
        ),
        Misconception(
            _one_block_short,
            "You stop one block early: the last block may start at `height - pool_size` itself, and `range` leaves its "
            "end out.",
        ),
        Misconception(
            lambda x, pool_size: np.maximum(_blocks(x, pool_size).max(axis=-1), 0),
            "Where all values of a block are negative, the largest one is negative too. Did you start from 0?",
        ),
        Misconception(
            lambda x, pool_size: np.abs(_blocks(x, pool_size)).max(axis=-1),
            "You took the largest absolute value. A strong negative answer is not a maximum.",
        ),
        Misconception(
            lambda x, pool_size: x[
                : x.shape[0] // pool_size * pool_size : pool_size, : x.shape[1] // pool_size * pool_size : pool_size
            ],
            "You took the first value of each block, not the largest.",
        ),
    ),
)


def _pooled(x, size, kind, norm=lambda b: np.sqrt((b.astype(float) ** 2).sum(axis=-1))):
    blocks = _blocks(x, size)
    return {"max": lambda: blocks.max(axis=-1), "average": lambda: blocks.mean(axis=-1), "norm": lambda: norm(blocks)}[
        kind
    ]()


def _draw_kinds(rng):
    maps = _draw_maps(rng)
    return [(x.astype(float), size, kind) for x, size in maps for kind in ("max", "average", "norm")]


POOL_VARIANTS = FunctionExercise(
    id="pool-variants",
    title="Three ways to pool",
    points=2,
    question=(
        'Write `pool_variants(x, pool_size, kind)`: as before, with `kind` one of `"max"`, `"average"` and `"norm"`. '
        "The norm of a block is the root of the sum of its squares."
    ),
    cases=_draw_kinds,
    reference=_pooled,
    answers=("cnn_course.max_pool2d", "cnn_course.average_pool2d", "cnn_course.norm_pool2d"),
    hints=(
        "Only the last step differs: cut the same blocks, then do something else with each.",
        "`block.mean()` for the average. For the norm: square, add up, take the root.",
        "`np.sqrt((block ** 2).sum())` is the norm of a block.",
    ),
    solution='''
def pool_variants(x, pool_size, kind):
    """Return the maximum, the average or the norm of each block."""
    summaries = {"max": np.max, "average": np.mean, "norm": lambda block: np.sqrt((block ** 2).sum())}
    rows, columns = x.shape[0] // pool_size, x.shape[1] // pool_size
    out = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            block = x[i * pool_size:(i + 1) * pool_size, j * pool_size:(j + 1) * pool_size]
            out[i, j] = summaries[kind](block)
    return out
''',
    misconceptions=(
        Misconception(
            lambda x, pool_size, kind: _pooled(x, pool_size, kind, lambda b: (b**2).sum(axis=-1)),
            "The root is missing in the norm: it is the root of the sum of squares.",
        ),
        Misconception(
            lambda x, pool_size, kind: _pooled(x, pool_size, kind, lambda b: np.sqrt((b**2).mean(axis=-1))),
            "In the norm you took the mean of the squares. It is the root of their sum.",
        ),
        Misconception(
            lambda x, pool_size, kind: _pooled(x, pool_size, kind, lambda b: np.abs(b).sum(axis=-1)),
            "You added up absolute values: that is the L1 norm. Here the squares are added, and the root is taken.",
        ),
        Misconception(
            lambda x, pool_size, kind: _pooled(x, pool_size, kind) * (pool_size**2 if kind == "average" else 1),
            "For the average you only added up. Divide by the number of values in a block.",
        ),
        Misconception(
            lambda x, pool_size, kind: _blocks(x, pool_size).max(axis=-1),
            "You took the maximum, whatever the kind. Look at `kind`.",
        ),
        Misconception(
            lambda x, pool_size, kind: _blocks(x, pool_size).mean(axis=-1),
            "You took the average, whatever the kind. Look at `kind`.",
        ),
    ),
)


def _draw_activations(rng):
    """Activations, rates and masks of 0 and 1; in the first ones the share of zeros is not the rate."""
    fixed = [
        (np.array([2.0, 4.0, 6.0, 8.0]), 0.5, np.array([1, 0, 1, 1])),
        (np.arange(1.0, 6.0), 0.2, np.array([1, 1, 0, 0, 1])),
    ]
    drawn = []
    for _ in range(6):
        shape, rate = tuple(rng.integers(2, 6, 2).tolist()), round(float(rng.uniform(0.1, 0.8)), 2)
        mask = (rng.random(shape) >= rate).astype(int)
        mask[0, :2] = 0, 1
        drawn.append((rng.normal(size=shape).round(2) + 3, rate, mask))
    return fixed + drawn


DROPOUT = FunctionExercise(
    id="dropout",
    title="Dropout",
    points=2,
    question=(
        "Write `dropout(x, rate, mask)`: where `mask` is 0 the activation becomes 0, where it is 1 it is kept, and "
        "what is kept grows so that the expected sum stays. `rate` is the probability of a 0."
    ),
    cases=_draw_activations,
    reference=lambda x, rate, mask: x * mask / (1 - rate),
    hints=(
        "Times the mask: then a share of `rate` of the sum is missing, on average.",
        "If one in five is dropped, four fifths are left. What must they be multiplied by?",
        "Divide what is kept by `1 - rate`.",
    ),
    solution='''
def dropout(x, rate, mask):
    """Return the activations with some of them dropped, and the others rescaled."""
    return x * mask / (1 - rate)
''',
    misconceptions=(
        Misconception(
            lambda x, rate, mask: x * mask,
            "You dropped, but you did not rescale: without it the next layer gets less in training than later.",
        ),
        Misconception(
            lambda x, rate, mask: x * mask / rate,
            "You divided by the share that is dropped. Divide by the share that is kept.",
        ),
        Misconception(
            lambda x, rate, mask: x * mask * (1 - rate),
            "You made the kept ones smaller still. They must grow to make up for the dropped ones.",
        ),
        Misconception(
            lambda x, rate, mask: x * (1 - mask) / (1 - rate),
            "You kept what should be dropped: a 1 in the mask means keep.",
        ),
        Misconception(
            lambda x, rate, mask: x * mask / mask.mean(),
            "You divided by the share that this mask happens to keep. The rule uses the expected share, `1 - rate`.",
        ),
        Misconception(
            lambda x, rate, mask: x / (1 - rate),
            "You rescaled, but nothing was dropped: multiply by the mask.",
        ),
    ),
)


def _field(layers):
    size, jump = 1, 1
    for kernel_size, strides in layers:
        size += (kernel_size - 1) * jump
        jump *= strides
    return size


def _field_with_own_stride(layers):
    size, jump = 1, 1
    for kernel_size, strides in layers:
        jump *= strides
        size += (kernel_size - 1) * jump
    return size


def _field_with_the_last_stride(layers):
    size, jump = 1, 1
    for kernel_size, strides in layers:
        size += (kernel_size - 1) * jump
        jump = strides
    return size


def _field_with_whole_kernels(layers):
    return _field(layers) + sum(int(np.prod([s for _, s in layers[:n]])) for n in range(len(layers)))


def _draw_chains(rng):
    """Chains of layers; the first ones tell the misconceptions apart."""
    fixed = [[(3, 1), (3, 1)], [(5, 1), (2, 2), (5, 1), (2, 2)], [(7, 2), (3, 2), (3, 1)]]
    drawn = [
        [(int(k), int(s)) for k, s in zip(rng.integers(2, 8, n), rng.integers(1, 4, n), strict=True)]
        for n in rng.integers(2, 6, 6)
    ]
    return [(chain,) for chain in fixed + drawn]


RECEPTIVE_FIELD = FunctionExercise(
    id="receptive-field",
    title="How far does it see?",
    points=3,
    question=(
        "Write `receptive_field(layers)`: `layers` is a list of `(kernel_size, strides)`, first layer first. How many "
        "pixels of the picture, along one side, does one output pixel of the last layer see?"
    ),
    cases=_draw_chains,
    reference=_field,
    answers=("cnn_course.receptive_field",),
    hints=(
        "One layer alone: its kernel size. A second one looks at several neighbours of the first one's output.",
        "Neighbours in a layer's output lie a jump apart in the picture: the product of all strides before it.",
        "Start with size 1 and jump 1. For each layer: `size += (k - 1) * jump`, and then `jump *= s`.",
    ),
    solution='''
def receptive_field(layers):
    """Return the pixels that one output pixel sees, along one side."""
    size, jump = 1, 1
    for kernel_size, strides in layers:
        size += (kernel_size - 1) * jump
        jump *= strides
    return size
''',
    misconceptions=(
        Misconception(
            lambda layers: 1 + sum(k - 1 for k, _ in layers),
            "You left the strides out. After a stride of 2, one step in the map is two steps in the picture.",
        ),
        Misconception(
            lambda layers: sum(k for k, _ in layers),
            "You added up the kernels. Neighbouring windows overlap: each layer adds k - 1 steps, not k.",
        ),
        Misconception(
            _field_with_own_stride,
            "A layer's own stride moves its window, it does not make it wider: take the strides of the layers before.",
        ),
        Misconception(
            _field_with_the_last_stride,
            "You took the stride of the layer before alone. All the strides before a layer are multiplied.",
        ),
        Misconception(
            _field_with_whole_kernels,
            "You added the whole kernel of each layer. Neighbouring windows overlap: a layer adds k - 1 jumps, not k.",
        ),
        Misconception(
            lambda layers: _field_with_whole_kernels(layers) - 1,
            "You added the whole kernel of each layer. One pixel sees itself: start with 1, and add k - 1 jumps.",
        ),
        Misconception(
            lambda layers: _field(layers[::-1]),
            "Your layers come in the wrong order. With a jump that grows, begin at the first layer; with a window that "
            "is carried back to the picture, at the last.",
        ),
        Misconception(
            lambda layers: int(np.prod([k for k, _ in layers])),
            "You multiplied the kernels. That would be right if no two windows overlapped.",
        ),
    ),
)


def _kinds(model):
    """The kinds of the layers, also of those in models inside the model."""
    return [kind for layer in model.layers for kind in (_kinds(layer) if is_model(layer) else [type(layer).__name__])]


def _convolution_first(model):
    kinds = _kinds(model)
    first = next((i for i, kind in enumerate(kinds) if "Conv" in kind), None)
    dense = next((i for i, kind in enumerate(kinds) if kind == "Dense"), len(kinds))
    return first is not None and first < dense


def _probabilities(model):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1)).astype("float32")
    rows = np.asarray(model.predict_on_batch(pictures))
    return rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-4)


def _trains(model):
    """Whether one step changes the weights; they and the optimizer's memory are put back."""
    from .._keras import load_keras

    def values(variables):
        return [np.array(load_keras().ops.convert_to_numpy(variable)) for variable in variables]

    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before, learned = values(variables), values(model.trainable_variables)
    # Faint pictures: without a rescaling bright ones make every probability 0 or 1, and then the gradient is 0.
    pictures = np.random.default_rng(0).integers(0, 4, (8, 28, 28, 1)).astype("float32")
    try:
        model.train_on_batch(pictures, np.arange(8))
        now = values(model.trainable_variables)
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
    return any((new != old).any() for new, old in zip(now, learned, strict=True))


_MESSAGES = {
    "model": "Hand in a Keras model, for example `keras.Sequential([...])`.",
    "input": "The model should take pictures of shape (28, 28, 1): begin with `keras.Input((28, 28, 1))`.",
    "output": "The model should end in 10 numbers, one for each class: `layers.Dense(10, ...)`.",
    "convolution": "There should be a convolution before the first dense layer: a dense layer knows no neighbours.",
    "budget": "That is more than 50,000 parameters. Most of them sit where the map is flattened: pool more before it.",
    "softmax": 'The ten numbers should be probabilities: the last layer needs `activation="softmax"`.',
    "compiled": 'It cannot be trained yet: compile it, with `loss="sparse_categorical_crossentropy"`.',
    "trains": "One step of training with labels 0 to 9 changes nothing, or fails. Is the loss "
    '`"sparse_categorical_crossentropy"`, and may the layers learn?',
}


def _network(*hidden, softmax=True, classes=10, loss="sparse_categorical_crossentropy"):
    """Make an answer, right or wrong."""
    from .._keras import load_keras

    keras = load_keras()
    made = {
        "conv": lambda: keras.layers.Conv2D(8, 3, activation="relu"),
        "pool": lambda: keras.layers.MaxPooling2D(2),
        "flat": keras.layers.Flatten,
        "dense": lambda: keras.layers.Dense(64, activation="relu"),
    }
    layers = [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *(made[name]() for name in hidden)]
    model = keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax" if softmax else None)])
    if loss:
        model.compile("adam", loss)
    return model


_GOOD = ("conv", "pool", "conv", "pool", "flat")

BUILD_CNN = ArtifactExercise(
    id="build-cnn",
    title="A network of your own",
    points=4,
    question=(
        "Make `build_cnn`, a compiled Keras model for pictures of shape (28, 28, 1) and 10 classes: a convolution "
        "before the first dense layer, probabilities at the end, at most 50,000 parameters."
    ),
    setup="import numpy as np\nimport cnn_course as cc\n\nkeras = cc.load_keras()",
    properties=(
        Property("a model", is_model, _MESSAGES["model"]),
        Property("input (28, 28, 1)", lambda m: tuple(m.input_shape) == (None, 28, 28, 1), _MESSAGES["input"]),
        Property("10 outputs", lambda m: tuple(m.output_shape) == (None, 10), _MESSAGES["output"]),
        Property("a convolution first", _convolution_first, _MESSAGES["convolution"]),
        Property("at most 50,000 parameters", lambda m: m.count_params() <= 50_000, _MESSAGES["budget"]),
        Property("probabilities", _probabilities, _MESSAGES["softmax"]),
        Property("compiled", lambda m: m.compiled, _MESSAGES["compiled"]),
        Property("trains on a batch", _trains, _MESSAGES["trains"]),
    ),
    hints=(
        "Take the pattern of this lesson: convolution, pooling, convolution, pooling, flatten, dense.",
        "`cc.describe(build_cnn)` shows where the parameters are: usually most of them in the first dense layer.",
        'Two times `Conv2D(16, 3, activation="relu")` and `MaxPooling2D()`, then `Flatten()` and '
        '`Dense(10, activation="softmax")`; then compile.',
    ),
    solution="""
build_cnn = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
build_cnn.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    misconceptions=(
        Misconception(lambda: _network("flat", "dense"), _MESSAGES["convolution"]),
        Misconception(lambda: _network("conv", "flat", "dense"), _MESSAGES["budget"]),
        Misconception(lambda: _network(*_GOOD, classes=1), _MESSAGES["output"]),
        Misconception(lambda: _network(*_GOOD, softmax=False), _MESSAGES["softmax"]),
        Misconception(lambda: _network(*_GOOD, loss=None), _MESSAGES["compiled"]),
        Misconception(lambda: _network(*_GOOD, loss="categorical_crossentropy"), _MESSAGES["trains"]),
    ),
)
