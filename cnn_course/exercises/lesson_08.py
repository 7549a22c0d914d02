"""Lesson 08, transfer learning: what students get wrong, and what a good teacher says to it."""

import re

import numpy as np

from .compare import is_model
from .definitions import ArtifactExercise, ChoiceExercise, FunctionExercise, Misconception, Property, Question

_BACKBONE = 218_544  # weights of MobileNet 0.25
_HEAD = 257 * 5  # weights of a dense head on 256 features
_MOBILENET = r"conv(1|_dw_\d+|_pw_\d+)(_bn)?"


def _keras():
    from .._keras import load_keras

    return load_keras()


def _leaves(model):
    from .._graph import leaves

    return leaves(model)


def _size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _norms(model):
    return [layer for layer in _leaves(model) if type(layer).__name__ == "BatchNormalization"]


def _open_names(model):
    """Names of the layers that training may change, as the model as a whole sees it."""
    trainable = {id(weight) for weight in model.trainable_weights}
    return {layer.name for layer in _leaves(model) if any(id(w) in trainable for w in layer.weights)}


def _only_norms_open(model):
    """Whether batch normalisation is all that is open beside the head."""
    norms, head = {layer.name for layer in _norms(model)}, [layer for layer in _leaves(model) if layer.weights][-1]
    opened = _open_names(model) - {head.name}
    return bool(opened) and opened <= norms


def _head_open(model):
    last = [layer for layer in _leaves(model) if layer.weights][-1]
    return last.name in _open_names(model)


def _backbone_size(model):
    """Weights in the layers of MobileNet, by their names."""
    return sum(_size(layer.weights) for layer in _leaves(model) if re.fullmatch(_MOBILENET, layer.name))


def _has_layer(model, *names):
    return any(type(layer).__name__ in names or layer.name in names for layer in _leaves(model))


def _gives_shares(model):
    """Whether the outputs of some pictures are shares that add up to 1."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype("float32")
    said = np.asarray(model.predict_on_batch(noise))
    return bool((said >= 0).all()) and np.allclose(said.sum(axis=1), 1, atol=1e-3)


def _shapes(model):
    return (tuple(model.input_shape), tuple(model.output_shape)) == ((None, 96, 96, 3), (None, 5))


_IS_MODEL = "Hand in a Keras model: what `keras.Sequential([...])` or `cc.build_transfer_model(...)` gives."
_SHAPES = "The model should take pictures of shape (96, 96, 3) and end in 5 probabilities."
_COMPILED = "The model is not compiled. Compile it after you have said what is trainable: Keras looks at it then."

_FREEZE = {
    "top": "The backbone still has its own head of 1,000 classes. `include_top=False` leaves that out.",
    "backbone": "There is no MobileNet of width 0.25 in it: its 218,544 weights are missing. Did you leave out "
    "`alpha=0.25`, or the backbone itself?",
    "pooling": "Average pooling is missing: `keras.layers.GlobalAveragePooling2D()` makes one number of each of the "
    "256 maps.",
    "dense": "Behind the pooling should be one dense layer and no other weights: 256 times 5 and 5 intercepts, 1,285.",
    "softmax": 'The five outputs are no probabilities: they do not add up to 1. Give the head `activation="softmax"`.',
    "norms": "Batch normalisation is still open. Its layers must be closed too, or their statistics drift: close the "
    "whole backbone, `backbone.trainable = False`.",
    "closed": "The backbone is still open, or a part of it: training would change what it knows. Set "
    "`backbone.trainable = False` before you build the model around it.",
    "head": "You closed the head, too: nothing is left to learn. Only the backbone is to be closed.",
}


def _frozen(
    close="all", head=True, compiled=True, alpha=0.25, classes=5, top=False, pooling="GlobalAveragePooling2D",
    activation="softmax",
):  # fmt: skip
    """Make an answer, right or wrong."""
    keras = _keras()
    backbone = keras.applications.MobileNet(alpha=alpha, include_top=top, weights=None, input_shape=(96, 96, 3))
    for layer in backbone.layers:
        is_norm = type(layer).__name__ == "BatchNormalization"
        layer.trainable = not (close == "all" or (close == "convolutions" and not is_norm))
    output = keras.layers.Dense(classes, activation=activation)
    output.trainable = head
    between = [] if top else [getattr(keras.layers, pooling)()]
    model = keras.Sequential([keras.Input((96, 96, 3)), backbone, *between, output])
    if compiled:
        model.compile("adam", "sparse_categorical_crossentropy")
    return model


FREEZE = ArtifactExercise(
    id="freeze",
    title="Close the backbone",
    points=3,
    question=(
        "Make `freeze`, a compiled Keras model for pictures of shape (96, 96, 3) and 5 classes: the backbone "
        "`keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(96, 96, 3))` with "
        "every layer closed, average pooling, and a dense softmax head, open. (`weights=None`: here only open and "
        "closed count.)"
    ),
    setup="import numpy as np\nimport cnn_course as cc\n\nkeras = cc.load_keras()",
    properties=(
        Property("a model", is_model, _IS_MODEL),
        Property("shapes", _shapes, _SHAPES),
        Property("without its own head", lambda m: not _has_layer(m, "conv_preds"), _FREEZE["top"]),
        Property("the backbone", lambda m: _backbone_size(m) == _BACKBONE, _FREEZE["backbone"]),
        Property("average pooling", lambda m: _has_layer(m, "GlobalAveragePooling2D"), _FREEZE["pooling"]),
        Property("one dense layer", lambda m: _size(m.weights) == _BACKBONE + _HEAD, _FREEZE["dense"]),
        Property("probabilities", _gives_shares, _FREEZE["softmax"]),
        Property("the head open", _head_open, _FREEZE["head"]),
        Property("batch norm closed", lambda m: not _only_norms_open(m), _FREEZE["norms"]),
        Property("the backbone closed", lambda m: _size(m.trainable_weights) == _HEAD, _FREEZE["closed"]),
        Property("compiled", lambda m: m.compiled, _COMPILED),
    ),
    hints=(
        "A layer, and a whole model too, has an attribute that says whether training may change it.",
        "`backbone.trainable = False` closes all of its layers at once, batch normalisation too.",
        "`keras.Sequential([keras.Input(...), backbone, GlobalAveragePooling2D(), Dense(5, activation=...)])`, then "
        "compile.",
    ),
    solution="""
backbone = keras.applications.MobileNet(
    alpha=0.25, include_top=False, weights=None, input_shape=(96, 96, 3)
)
backbone.trainable = False
freeze = keras.Sequential([
    keras.Input((96, 96, 3)),
    backbone,
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(5, activation="softmax"),
])
freeze.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    misconceptions=(
        Misconception(lambda: _frozen(close="nothing"), _FREEZE["closed"]),
        Misconception(lambda: _frozen(close="convolutions"), _FREEZE["norms"]),
        Misconception(lambda: _frozen(head=False), _FREEZE["head"]),
        Misconception(lambda: _frozen(alpha=0.5), _FREEZE["backbone"]),
        Misconception(lambda: _frozen(compiled=False), _COMPILED),
        Misconception(lambda: _frozen(classes=1000), _SHAPES),
        Misconception(lambda: _frozen(top=True), _FREEZE["top"]),
        Misconception(lambda: _frozen(pooling="GlobalMaxPooling2D"), _FREEZE["pooling"]),
        Misconception(lambda: _frozen(activation=None), _FREEZE["softmax"]),
    ),
)


def _draw_layers(rng):
    """Lists of layers; the first ones tell the misconceptions apart."""
    fixed = [[(100, False), (20, True)], [(7, True), (300, False), (40, True)], [(9, False), (12, False)]]
    drawn = [
        [(int(n), bool(t)) for n, t in zip(rng.integers(1, 5000, k), rng.random(k) < 0.5, strict=True)]
        for k in rng.integers(2, 7, 6)
    ]
    return [(layers,) for layers in fixed + drawn]


TRAINABLE_PARAMETERS = FunctionExercise(
    id="trainable-parameters",
    title="How many weights may change?",
    points=1,
    question=(
        "Write `trainable_parameters(layers)`: `layers` is a list of `(parameters, trainable)`. How many parameters "
        "can training change?"
    ),
    cases=_draw_layers,
    reference=lambda layers: sum(parameters for parameters, trainable in layers if trainable),
    hints=(
        "Go through the list. Which layers count?",
        "Only those whose second entry is true; of them add up the first.",
        "`sum(parameters for parameters, trainable in layers if ...)`",
    ),
    solution='''
def trainable_parameters(layers):
    """Return the parameters that training can change."""
    return sum(parameters for parameters, trainable in layers if trainable)
''',
    misconceptions=(
        Misconception(
            lambda layers: sum(n for n, _ in layers),
            "You counted all parameters. A frozen layer's are there, but training does not change them.",
        ),
        Misconception(
            lambda layers: sum(n for n, trainable in layers if not trainable),
            "You added up the frozen ones. Asked are those that training can change.",
        ),
        Misconception(
            lambda layers: sum(trainable for _, trainable in layers),
            "You counted layers. A layer has many parameters: add those up.",
        ),
        Misconception(
            lambda layers: layers[-1][0],
            "You took the last layer. Other layers may be open too, and the last one closed.",
        ),
    ),
)


_FINE = {
    "blocks": "This is not the model of `cc.build_transfer_model`: it has no layers `conv_dw_13` and `conv_pw_13`.",
    "width": "This MobileNet is not the one of width 0.25: pass `alpha=0.25`.",
    "last": "The last block is not open: both of its convolutions must be, `conv_dw_13` and `conv_pw_13`.",
    "head": "You closed the head. It must go on learning with the block below it.",
    "earlier": "More than the last block is open. With few pictures the earlier layers should keep what they know.",
    "norms": "Batch normalisation is open. A few small batches would spoil its statistics: keep "
    "`conv_dw_13_bn` and `conv_pw_13_bn` closed.",
    "no rate": "The learning rate is not a number above 0: nothing would be learnt.",
    "rate": "The learning rate is too large: steps of 0.0001 at most, or the first batches undo what a million "
    "pictures have taught.",
}
_BLOCK = ("conv_dw_13", "conv_pw_13")


def _fine_tuned(names=_BLOCK, rate=1e-4, head=True, compiled=True):
    """Make an answer, right or wrong."""
    from ..transfer.building import build_transfer_model

    keras = _keras()
    model = build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.25, seed=0)
    for layer in model.layers:
        layer.trainable = layer.name in names or (head and layer.name == "probabilities")
    if compiled:
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model if compiled else keras.Model(model.input, model.output)


def _small_cnn():
    from ..models import build_small_cnn

    return build_small_cnn((96, 96, 3), 5, learning_rate=1e-4)


_EVERYTHING = (
    "conv1",
    *(f"conv_{kind}_{n}{end}" for n in range(1, 14) for kind in ("dw", "pw") for end in ("", "_bn")),
)

FINE_TUNE = ArtifactExercise(
    id="fine-tune",
    title="Open the last block",
    points=3,
    question=(
        'Make `fine_tune`: start from `cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.25)`, open the '
        "convolutions of its last block, `conv_dw_13` and `conv_pw_13`, keep batch normalisation closed, and compile "
        "it again with a learning rate of at most 0.0001. Do not train it."
    ),
    setup="import numpy as np\nimport cnn_course as cc\n\nkeras = cc.load_keras()",
    properties=(
        Property("a model", is_model, _IS_MODEL),
        Property("the course's model", lambda m: {layer.name for layer in _leaves(m)} >= set(_BLOCK), _FINE["blocks"]),
        Property("shapes", _shapes, _SHAPES),
        Property("width 0.25", lambda m: _backbone_size(m) == _BACKBONE, _FINE["width"]),
        Property("the head open", _head_open, _FINE["head"]),
        Property("the last block open", lambda m: _open_names(m) >= set(_BLOCK), _FINE["last"]),
        Property(
            "the earlier blocks closed",
            lambda m: not {n for n in _open_names(m) if n.startswith("conv") and "_13" not in n},
            _FINE["earlier"],
        ),
        Property("batch norm closed", lambda m: not _open_names(m) & {n.name for n in _norms(m)}, _FINE["norms"]),
        Property("compiled", lambda m: m.compiled, _COMPILED),
        Property("steps", lambda m: float(m.optimizer.learning_rate) > 0, _FINE["no rate"]),
        Property("small steps", lambda m: float(m.optimizer.learning_rate) <= 1.0001e-4, _FINE["rate"]),
    ),
    hints=(
        "`model.get_layer(name).trainable = True` opens one layer. Which two?",
        "Batch normalisation has layers of its own, `conv_dw_13_bn` and `conv_pw_13_bn`: they are closed; leave them.",
        "After that `model.compile(keras.optimizers.Adam(1e-4), ...)`: Keras looks at what is open when it compiles.",
    ),
    solution="""
fine_tune = cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.25)
for name in ("conv_dw_13", "conv_pw_13"):
    fine_tune.get_layer(name).trainable = True
fine_tune.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
""",
    misconceptions=(
        Misconception(lambda: _fine_tuned(()), _FINE["last"]),
        Misconception(lambda: _fine_tuned(("conv1", "conv_dw_1", "conv_pw_1", *_BLOCK)), _FINE["earlier"]),
        Misconception(lambda: _fine_tuned(_EVERYTHING), _FINE["earlier"]),
        Misconception(lambda: _fine_tuned((*_BLOCK, "conv_dw_13_bn", "conv_pw_13_bn")), _FINE["norms"]),
        Misconception(lambda: _fine_tuned(rate=1e-3), _FINE["rate"]),
        Misconception(lambda: _fine_tuned(rate=-1e-4), _FINE["no rate"]),
        Misconception(lambda: _fine_tuned(head=False), _FINE["head"]),
        Misconception(lambda: _fine_tuned(compiled=False), _COMPILED),
        Misconception(lambda: _small_cnn(), _FINE["blocks"]),
    ),
)


_WAYS = {
    "head": "only the head, on frozen features",
    "last blocks": "the head first, then the last blocks with small steps",
    "everything": "the head first, then all blocks with small steps",
    "scratch": "a small network from scratch, no backbone",
}

HOW_MUCH_TO_UNFREEZE = ChoiceExercise(
    id="how-much-to-unfreeze",
    title="How much to unfreeze?",
    points=2,
    question="The backbone has 20 million weights and has learned ImageNet. What do you try first?",
    questions={
        "few": Question(
            "60 photographs of two kinds of bird; ImageNet has many birds.",
            _WAYS,
            "head",
            {
                "last blocks": "few: millions of weights and 60 pictures, soon known by heart. Begin with the head.",
                "everything": "few: 20 million weights and 60 pictures. Nothing holds them; begin with the head.",
                "scratch": "few: 60 pictures teach a network little, and the backbone knows birds already.",
            },
        ),
        "some": Question(
            "3,000 photographs of 12 kinds of rubbish on a table: photographs, but unlike ImageNet's. The head alone "
            "has been tried.",
            _WAYS,
            "last blocks",
            {
                "head": "some: that has been tried. 3,000 pictures can teach the last blocks what is special here.",
                "everything": "some: the early blocks see edges and textures, which rubbish has too. Open the last "
                "ones first, and go on only if it pays.",
                "scratch": "some: they are photographs, with edges, textures and things. Use what is known of them.",
            },
        ),
        "many": Question(
            "200,000 photographs of 500 dishes, and a GPU for a day.",
            _WAYS,
            "everything",
            {
                "head": "many: with so many pictures the weights of the backbone can learn too. Use them.",
                "last blocks": "many: a good beginning, but 200,000 pictures can hold all the weights. Go on.",
                "scratch": "many: 200,000 are enough to learn from nothing, but starting from the backbone is as good "
                "and takes less time.",
            },
        ),
        "other": Question(
            "1,000 scans of 8 x 8 handwritten digits, white on black.",
            _WAYS,
            "scratch",
            {
                "head": "other: look at the curves above. On digits the frozen features lose to a small network.",
                "last blocks": "other: the backbone expects photographs, and 8 x 8 pixels blown up are none. A small "
                "network learns this in seconds.",
                "everything": "other: 20 million weights to relearn, where a small network learns it in seconds.",
            },
        ),
    },
    hints=(
        "How many pictures hold how many weights? And how alike are the pictures to ImageNet's?",
        "Few and alike: keep everything. Many and alike: let more of it learn.",
        "And where transfer loses, the table of this lesson has the case.",
    ),
)
