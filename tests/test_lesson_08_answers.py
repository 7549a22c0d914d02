"""Models as students would hand them in for lesson 08: right ones pass, each wrong one hears what is wrong with it."""

import pytest

import cnn_course as cc
from cnn_course import find_exercise
from cnn_course.exercises.judge import judge

keras = cc.load_keras()
layers = keras.layers
BLOCK = ("conv_dw_13", "conv_pw_13")


def backbone(closed=True, **options):
    options = {"alpha": 0.25, "include_top": False, "weights": None, "input_shape": (96, 96, 3), **options}
    model = keras.applications.MobileNet(**options)
    model.trainable = not closed
    return model


def stacked(*parts, compiled=True):
    model = keras.Sequential([keras.Input((96, 96, 3)), *parts])
    if compiled:
        model.compile("adam", "sparse_categorical_crossentropy")
    return model


def pooled(body, *behind, **options):
    return stacked(body, layers.GlobalAveragePooling2D(), *behind, **options)


def dense(classes=5, activation="softmax", **options):
    return layers.Dense(classes, activation=activation, **options)


def functional():
    inputs, body = keras.Input((96, 96, 3)), backbone()
    model = keras.Model(inputs, dense()(layers.GlobalAveragePooling2D()(body(inputs, training=False))))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def flat():
    body = backbone(pooling="avg")
    model = keras.Model(body.input, dense()(body.output))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def closed_by_type(*types):
    body = backbone(closed=False)
    for layer in body.layers:
        layer.trainable = not isinstance(layer, types)
    return pooled(body, dense())


def all_but_the_last(number):
    body = backbone(closed=False)
    for layer in body.layers[:-number]:
        layer.trainable = False
    return pooled(body, dense())


CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)
FREEZE = {
    "sequential": (lambda: pooled(backbone(), dense()), "Right."),
    "functional": (functional, "Right."),
    "flat": (flat, "Right."),
    "preprocessing and dropout": (
        lambda: stacked(layers.Rescaling(1 / 127.5, -1), backbone(pooling="avg"), layers.Dropout(0.2), dense()),
        "Right.",
    ),
    "a softmax of its own": (lambda: pooled(backbone(), layers.Dense(5), layers.Softmax()), "Right."),
    "the course's": (lambda: cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.25), "Right."),
    "nothing closed": (lambda: pooled(backbone(closed=False), dense()), "The backbone is still open"),
    "Conv2D closed": (lambda: closed_by_type(layers.Conv2D), "The backbone is still open, or a part of it"),
    "convolutions closed": (lambda: closed_by_type(*CONVOLUTIONS), "Batch normalisation is still open"),
    "last ten open": (lambda: all_but_the_last(10), "The backbone is still open, or a part of it"),
    "head closed too": (lambda: pooled(backbone(), dense(trainable=False)), "You closed the head, too"),
    "flattened": (lambda: stacked(backbone(), layers.Flatten(), dense()), "Average pooling is missing"),
    "the maximum": (lambda: stacked(backbone(), layers.GlobalMaxPooling2D(), dense()), "Average pooling is missing"),
    "hidden layer": (lambda: pooled(backbone(), layers.Dense(64), dense()), "Behind the pooling should be one dense"),
    "a norm in the head": (lambda: pooled(backbone(), layers.BatchNormalization(), dense()), "Behind the pooling"),
    "no softmax": (lambda: pooled(backbone(), layers.Dense(5)), "The five outputs are no probabilities"),
    "sigmoids": (lambda: pooled(backbone(), dense(activation="sigmoid")), "The five outputs are no probabilities"),
    "its own head": (lambda: stacked(backbone(include_top=True), dense()), "The backbone still has its own head"),
    "full width": (lambda: pooled(backbone(alpha=1.0), dense()), "There is no MobileNet of width 0.25 in it"),
    "ten classes": (lambda: pooled(backbone(), dense(10)), "The model should take pictures of shape (96, 96, 3)"),
    "not compiled": (lambda: pooled(backbone(), dense(), compiled=False), "The model is not compiled"),
    "the backbone alone": (backbone, "The model should take pictures of shape (96, 96, 3)"),
    "a name": (lambda: "MobileNet", "Hand in a Keras model"),
    "nothing": (lambda: None, "Hand in a Keras model"),
    "a function": (lambda: backbone, "Hand in the object itself; this is a function."),
}


def started(**options):
    return cc.build_transfer_model("MobileNet", 5, **{"input_shape": (96, 96, 3), "alpha": 0.25, **options})


def opened(names=BLOCK, optimizer=None, model=None):
    model = model or started()
    for name in names:
        model.get_layer(name).trainable = True
    model.compile(optimizer or keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def last_layers(number):
    return opened([layer.name for layer in started().layers[-number:]])


def without_head():
    model = started()
    model.get_layer("probabilities").trainable = False
    return opened(model=model)


FALLING = keras.optimizers.schedules.ExponentialDecay(1e-4, 100, 0.9)
FINE_TUNE = {
    "by name": (opened, "Right."),
    "by the course's function": (lambda: cc.unfreeze(started(), last=1), "Right."),
    "by the block's name": (lambda: cc.unfreeze(started(), last="conv_13"), "Right."),
    "another optimizer": (lambda: opened(optimizer=keras.optimizers.SGD(1e-5)), "Right."),
    "a falling rate": (lambda: opened(optimizer=keras.optimizers.Adam(FALLING)), "Right."),
    "nothing opened": (started, "The last block is not open"),
    "half of the block": (lambda: opened(BLOCK[1:]), "The last block is not open: both"),
    "the first block": (lambda: opened(("conv_dw_1", "conv_pw_1")), "The last block is not open"),
    "only the norms": (lambda: opened([f"{name}_bn" for name in BLOCK]), "The last block is not open"),
    "last five layers": (lambda: last_layers(5), "The last block is not open"),
    "last ten layers": (lambda: last_layers(10), "Batch normalisation is open"),
    "norms too": (lambda: opened([*BLOCK, "conv_pw_13_bn"]), "Batch normalisation is open"),
    "two blocks": (lambda: cc.unfreeze(started(), 2), "More than the last block is open"),
    "everything": (lambda: cc.unfreeze(started()), "More than the last block is open"),
    "by its word": (lambda: opened(optimizer="adam"), "The learning rate is too large"),
    "ten times": (lambda: opened(optimizer=keras.optimizers.Adam(0.001)), "The learning rate is too large"),
    "the head closed": (without_head, "You closed the head."),
    "full width": (
        lambda: opened(model=started(alpha=1.0, weights=None)),
        "This MobileNet is not the one of width 0.25",
    ),
    "another size": (
        lambda: opened(model=started(input_shape=(160, 160, 3))),
        "The model should take pictures of shape",
    ),
    "a small network": (
        lambda: cc.build_small_cnn((96, 96, 3), 5),
        "This is not the model of `cc.build_transfer_model`",
    ),
    "its table": (lambda: cc.describe(started()), "Hand in a Keras model"),
}


@pytest.mark.parametrize("name", FREEZE)
def test_freeze_says_what_is_wrong_and_nothing_false(name):
    answer, sentence = FREEZE[name]
    assert judge(find_exercise("freeze"), answer()).message.startswith(sentence)
    keras.backend.clear_session()


@pytest.mark.parametrize("name", FINE_TUNE)
def test_fine_tune_says_what_is_wrong_and_nothing_false(name):
    answer, sentence = FINE_TUNE[name]
    assert judge(find_exercise("fine-tune"), answer()).message.startswith(sentence)
    keras.backend.clear_session()
