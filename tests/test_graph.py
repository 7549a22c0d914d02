"""One way through Keras models: the course's builders, networks of `keras.applications`, models in models."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course._graph import (
    activation_of,
    all_layers,
    graph_of,
    last_step,
    leaves,
    steps_of,
    walk,
)

keras = cc.load_keras()
layers = keras.layers
SHAPE = (32, 32, 3)
BUILDERS = {
    "logit": lambda: cc.build_logit(SHAPE, 3, seed=0),
    "mlp": lambda: cc.build_mlp(SHAPE, 3, seed=0),
    "lenet": lambda: cc.build_lenet(SHAPE, 3, augmentation=cc.build_augmentation(flip=True, noise=9), seed=0),
    "small_cnn": lambda: cc.build_small_cnn(SHAPE, 2, dropout=0.5, seed=0),
    "vgg_like": lambda: cc.build_vgg_like(SHAPE, 3, filters=(4, 8), seed=0),
    "resnet_small": lambda: cc.build_resnet_small(SHAPE, 3, filters=(4, 8), seed=0),
    "mixed_scale_dense": lambda: cc.build_mixed_scale_dense(SHAPE, 3, depth=4, seed=0),
    "transfer": lambda: cc.build_transfer_model("MobileNet", 3, SHAPE, alpha=0.25, seed=0),
}
APPLICATIONS = {  # the smallest of each family, at about its smallest size
    "MobileNet": (32, {"alpha": 0.25}),
    "MobileNetV2": (32, {"alpha": 0.35}),
    "MobileNetV3Small": (32, {"alpha": 0.75}),
    "VGG16": (32, {}),
    "ResNet50": (32, {}),
    "ResNet50V2": (32, {}),
    "DenseNet121": (32, {}),
    "EfficientNetB0": (32, {}),
    "EfficientNetV2B0": (32, {}),
    "NASNetMobile": (32, {}),
    "ConvNeXtTiny": (32, {}),
    "Xception": (71, {}),
    "InceptionV3": (75, {}),
    "InceptionResNetV2": (75, {}),
}
QUICK = ("MobileNet", "MobileNetV3Small")


def carried(model, x):
    """What the walk makes of the pictures, models inside run operation by operation."""

    def visit(step, given):
        inside = step.inner is not None
        return walk(step.inner, given, visit, f"{step.path}/", step.last) if inside else step.run(given)

    return [keras.ops.convert_to_numpy(out) for out in walk(graph_of(model), [keras.ops.convert_to_tensor(x)], visit)]


def check(model, size=32):
    x = np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")
    wanted = keras.ops.convert_to_numpy(model(x, training=False))
    np.testing.assert_allclose(carried(model, x)[0], wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
    steps = steps_of(model)
    walked = {id(step.layer) for step in steps}
    assert all(id(layer) in walked for layer in leaves(model) if type(layer).__name__ != "InputLayer")
    assert len({step.path for step in steps}) == len(steps)
    assert sum(step.last for step in steps) >= 1 and last_step(model).last


@pytest.mark.parametrize("name", BUILDERS)
def test_the_walk_computes_what_a_builder_computes(name):
    check(BUILDERS[name]())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in APPLICATIONS]
)
def test_the_walk_computes_what_a_network_of_keras_applications_computes(name):
    size, options = APPLICATIONS[name]
    build = getattr(keras.applications, name)
    base = build(weights=None, include_top=False, input_shape=(size, size, 3), **options)
    inputs = keras.Input((size, size, 3))
    check(keras.Model(inputs, base(inputs / 127.5 - 1.0), name="around"), size)


def nested(ending):
    inner = keras.Sequential([keras.Input((4, 4, 3)), layers.Rescaling(1 / 255), layers.Conv2D(2, 3)], name="inner")
    inputs = keras.Input((4, 4, 3))
    x = inner((inputs + 1.0) * 2.0)
    return keras.Model(inputs, keras.Sequential([layers.Flatten(), *ending], name="head")(x))


def test_what_comes_first_is_found_as_operations_and_inside_a_model():
    steps = steps_of(nested([layers.Dense(3)]))[:3]
    assert [type(step.layer).__name__ for step in steps] == ["Add", "Multiply", "Rescaling"]
    assert steps[-1].path.startswith("inner/rescaling")
    assert steps[0].node.arguments.args[1] == 1.0


@pytest.mark.parametrize(
    ("ending", "kind", "activation"),
    [
        (lambda: [layers.Dense(3, activation="softmax")], "Dense", "softmax"),
        (lambda: [layers.Dense(3)], "Dense", "linear"),
        (lambda: [layers.Dense(1, activation="sigmoid")], "Dense", "sigmoid"),
        (lambda: [layers.Dense(3), layers.Softmax()], "Softmax", "softmax"),
        (lambda: [layers.Dense(3), layers.Activation("softmax")], "Activation", "softmax"),
        (lambda: [layers.Dense(3), layers.Activation("softmax"), layers.Dropout(0.1)], "Activation", "softmax"),
        (lambda: [layers.Dense(3, activation="softmax"), layers.Reshape((3,))], "Dense", "softmax"),
        (lambda: [layers.Dense(3, activation="softmax"), layers.Activation("linear")], "Dense", "softmax"),
        (lambda: [layers.Dense(3, activation="relu"), layers.BatchNormalization()], "BatchNormalization", None),
    ],
)
def test_the_last_layer_and_its_activation_are_found_inside_a_model_and_through_a_change_of_form(
    ending, kind, activation
):
    step = last_step(nested(ending()))
    assert (type(step.layer).__name__, activation_of(step.layer)) == (kind, activation)
    assert step.path.startswith("head/") and step.last


def test_a_bare_operation_at_the_end_counts_by_its_name():
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.ops.softmax(layers.Dense(3)(inputs)))
    assert activation_of(last_step(model).layer) == "softmax"


def test_layers_have_the_paths_of_the_models_around_them():
    model = nested([layers.Dense(3, name="logit")])
    paths = [path for path, _ in all_layers(model)]
    assert "inner" in paths and "head/logit" in paths and paths.index("inner") < paths.index("head")
    assert all("/" in path for path, layer in all_layers(model) if layer in {*leaves(model)} and path != paths[0])


def test_what_has_no_graph_is_answered():
    for model in (keras.Sequential([layers.Dense(2)]), object()):
        with pytest.raises(cc.ModelError, match="built Sequential or functional model"):
            steps_of(model)
    with pytest.raises(cc.ModelError, match=r"^model must be a Keras model\. Received: object$"):
        list(leaves(object()))
    inputs = keras.Input((2,))
    with pytest.raises(cc.ModelError, match="no last layer"):
        last_step(keras.Model(inputs, layers.Flatten()(inputs)))
