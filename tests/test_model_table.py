"""`describe` against Keras's own counts, published tables, and receptive fields found by gradients."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn_course as cc
from cnn_course import ModelError, describe

APPLICATIONS = [
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2",
    "ResNet101", "VGG16", "VGG19", "Xception",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _clean():
    yield
    keras.backend.clear_session()


def application(name, **options):
    return getattr(keras.applications, name)(weights=None, **options)


def chain(*parts, shape=(32, 32, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


def branches(shape, join, *paths):
    inputs = keras.Input(shape)
    outputs = []
    for path in paths:
        x = inputs
        for layer in path:
            x = layer(x)
        outputs.append(x)
    return keras.Model(inputs, join(outputs))


@pytest.mark.parametrize("name", APPLICATIONS)
def test_parameters_and_shapes_are_kerass_own(name):
    model = application(name)
    size = (224, 224, 3) if None in model.input_shape[1:] else None
    table = describe(model, input_shape=size)
    assert table.parameters == model.count_params() and not table.unknown
    assert table.trainable_parameters == sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    if size is None:
        shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
        assert all(row.output_shape == shapes[row.name] for row in table if row.name in shapes)
        assert sum(row.name in shapes for row in table) > 0.95 * len(model.layers)  # all but the models inside


# Millions of multiply-accumulates of one picture. What the papers call "multiply-adds", "mult-adds" or, in He et al.
# and Tan and Le, "FLOPs", is the same convention: one for a product and its sum. Half of the last digit is allowed.
PUBLISHED = [
    ("VGG16", {}, 15470, 0.005, "Simonyan and Zisserman (2015), in table 1 of Canziani et al. (2016): 15.5 G"),
    ("ResNet50", {}, 3800, 0.02, "He et al. (2016), table 1: 3.8e9 FLOPs (multiply-adds)"),
    ("InceptionV3", {}, 5700, 0.01, "Szegedy et al. (2016), section 10: 5.7 billion multiply-adds"),
    ("MobileNet", {"alpha": 1.0}, 569, 0.002, "Howard et al. (2017), table 4: 569 million mult-adds"),
    ("MobileNet", {"alpha": 0.75}, 325, 0.003, "Howard et al. (2017), table 6: 325"),
    ("MobileNet", {"alpha": 0.5}, 149, 0.005, "Howard et al. (2017), table 6: 149"),
    ("MobileNet", {"alpha": 0.25}, 41, 0.015, "Howard et al. (2017), table 6: 41"),
    ("MobileNetV2", {"alpha": 1.0}, 300, 0.005, "Sandler et al. (2018), table 4: 300 M"),
    ("EfficientNetB0", {}, 390, 0.015, "Tan and Le (2019), table 2: 0.39B"),
]


@pytest.mark.parametrize(("name", "options", "millions", "share", "source"), PUBLISHED)
def test_macs_are_the_published_ones(name, options, millions, share, source):
    assert describe(application(name, **options)).macs / 1e6 == pytest.approx(millions, rel=share), source


def alexnet():
    """Krizhevsky et al. (2012), with its two groups; 227 pixels, as the arithmetic needs."""
    pool = {"pool_size": 3, "strides": 2}
    return chain(
        layers.Conv2D(96, 11, 4, activation="relu"), layers.MaxPooling2D(**pool),
        layers.Conv2D(256, 5, padding="same", groups=2), layers.MaxPooling2D(**pool),
        layers.Conv2D(384, 3, padding="same"), layers.Conv2D(384, 3, padding="same", groups=2),
        layers.Conv2D(256, 3, padding="same", groups=2), layers.MaxPooling2D(**pool),
        layers.Flatten(), layers.Dense(4096), layers.Dense(4096), layers.Dense(1000),
        shape=(227, 227, 3),
    )  # fmt: skip


def test_alexnet_has_the_papers_60_million_parameters_and_its_macs_by_hand():
    table = describe(alexnet())
    assert table.parameters == 60_965_224
    by_hand = (
        55 * 55 * 96 * 11 * 11 * 3 + 27 * 27 * 256 * 5 * 5 * 48 + 13 * 13 * 384 * 3 * 3 * 256
        + 13 * 13 * 384 * 3 * 3 * 192 + 13 * 13 * 256 * 3 * 3 * 192 + 9216 * 4096 + 4096 * 4096 + 4096 * 1000
    )  # fmt: skip
    assert table.macs == by_hand == 724_406_816  # 0.72 G, as in Canziani et al. (2016)
    assert table.receptive_field.size == 195  # Araujo, Norris and Sim (2019), alexnet_v2


# Araujo, Norris and Sim (2019), table 1: receptive field and effective stride.
ARAUJO = [
    ("VGG16", 212, 32),
    ("MobileNet", 315, 32),
    ("InceptionV3", 1311, 32),
    ("InceptionResNetV2", 3039, 32),
    ("ResNet50V2", 483, 32),
    ("ResNet50", 483, 32),
    ("ResNet101", 1027, 32),
]


@pytest.mark.parametrize(("name", "size", "jump"), ARAUJO)
def test_receptive_fields_are_the_published_ones(name, size, jump):
    field = describe(application(name)).receptive_field
    assert (field.size, field.jump) == (size, jump)


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (layers.Conv2D(6, 4, 2), (8, 8, 4), 3 * 3 * 4 * 4 * 4 * 6),
        (layers.Conv2D(6, 3, padding="same", groups=2), (8, 8, 4), 64 * 9 * 2 * 6),
        (layers.Conv2D(6, 3, dilation_rate=2), (8, 8, 4), 16 * 9 * 4 * 6),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 4), 36 * 9 * 4 * 2),
        (layers.SeparableConv2D(6, 3), (8, 8, 4), 36 * (9 * 4 + 4 * 6)),
        (layers.Conv2DTranspose(6, 4, 2), (8, 8, 4), 24_576),
        (layers.Conv1D(6, 3, padding="causal"), (8, 4), 8 * 3 * 4 * 6),
        (layers.Conv3D(2, 3), (5, 5, 5, 1), 27 * 27 * 2),
        (layers.Dense(6), (8, 8, 4), 64 * 4 * 6),
        (layers.Dense(6), (4,), 24),
        (layers.MaxPooling2D(), (8, 8, 4), 0),
    ],
)
def test_macs_by_hand(layer, shape, macs):
    assert describe(chain(layer, shape=shape)).macs == macs


def test_nested_models_are_looked_into_and_count_their_weights_once():
    base = application("MobileNet", include_top=False, alpha=0.25, input_shape=(96, 96, 3))
    inputs = keras.Input((96, 96, 3))
    x = layers.GlobalAveragePooling2D()(base(layers.Rescaling(1 / 127.5, -1)(inputs)))
    model = keras.Model(inputs, layers.Dense(5)(x))
    table = describe(model)
    assert table.parameters == model.count_params()
    assert table.macs == describe(base).macs + 256 * 5
    assert f"{base.name}/conv1" in [row.name for row in table]
    assert table["conv1"].output_shape == (48, 48, 8)


def test_an_open_size_inside_is_filled_in_from_outside():
    base = application("MobileNet", include_top=False, alpha=0.25)
    inputs = keras.Input((96, 96, 3))
    closed = application("MobileNet", include_top=False, alpha=0.25, input_shape=(96, 96, 3))
    assert describe(keras.Model(inputs, base(inputs))).macs == describe(closed).macs
    with pytest.raises(ModelError, match=r"open size.*input_shape=\(224, 224, 3\)"):
        describe(base)


def test_a_shared_layer_costs_twice_and_weighs_once():
    shared = layers.Conv2D(3, 3, padding="same")
    table = describe(chain(shared, shared, shape=(8, 8, 3)))
    assert [row.parameters for row in table] == [84, 0] and table.macs == 2 * 64 * 9 * 3 * 3


def test_the_largest_path_is_the_receptive_field():
    model = branches(
        (32, 32, 3), layers.Concatenate(),
        [layers.Conv2D(2, 1)], [layers.Conv2D(2, 5, padding="same")],
        [layers.Conv2D(2, 3, padding="same"), layers.Conv2D(2, 3, padding="same", dilation_rate=4)],
    )  # fmt: skip
    assert describe(model).receptive_field.size == 11


def test_after_squeeze_and_excitation_a_layer_sees_the_whole_input():
    squeeze = [layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(3, 1, activation="sigmoid")]
    table = describe(branches((32, 32, 3), layers.Multiply(), [layers.Identity()], squeeze))
    assert table.rows[-1].field_text == "whole input" and table.receptive_field is None


def test_unreached_pixels_are_shown():
    assert describe(chain(layers.Conv2D(2, 3, 2), shape=(32, 32, 3))).rows[0].unreached == 1
    assert describe(chain(layers.MaxPooling2D(3), shape=(32, 31, 3))).rows[0].unreached == (2, 1)


def test_an_unknown_layer_is_said_and_not_counted_as_nothing():
    @keras.saving.register_keras_serializable("test")
    class Strange(layers.Layer):
        def call(self, x):
            return x * 2

    table = describe(chain(layers.Conv2D(2, 3), Strange(name="strange"), layers.Conv2D(2, 3)))
    assert table.unknown == ("strange",) and table["strange"].macs is None
    assert "unknown" in repr(table) and "not known, and not in these sums: strange" in repr(table)
    assert table.rows[-1].field_text == "unknown" and table.receptive_field is None


def test_memory_counts_every_output_for_the_batch():
    model = chain(layers.Conv2D(2, 3), layers.MaxPooling2D(), shape=(8, 8, 1))
    assert describe(model, batch_size=10).activation_bytes == 10 * 4 * (6 * 6 * 2 + 3 * 3 * 2)


def test_text_html_and_dataframe_hold_the_same_numbers():
    table = describe(cc.build_lenet(seed=0))
    frame = table.to_dataframe()
    assert frame["parameters"].sum() == table.parameters and frame["macs"].sum() == table.macs
    for text in (repr(table), table._repr_html_()):
        assert "61,706 parameters" in text and "conv_2" in text and "whole input" in text


def test_points_have_no_receptive_field():
    table = describe(cc.build_mlp((2,), classes=3, units=(8,), seed=0))
    assert table.receptive_field is None and table.rows[0].field_text == "–" and table.macs == 2 * 8 + 8 * 3


@pytest.mark.parametrize("model", [3, keras.Sequential([layers.Dense(3)])])
def test_what_cannot_be_described_is_said(model):
    with pytest.raises(ModelError, match="describe takes a built Sequential or functional model"):
        describe(model)


def positive(model):
    """Return the network up to its last map, with positive weights, averages for maxima and no activation."""

    def change(layer):
        config = layer.get_config()
        if isinstance(layer, layers.MaxPooling2D):
            return layers.AveragePooling2D.from_config(config)
        if isinstance(layer, layers.ReLU | layers.Activation):
            return layers.Identity(name=layer.name)
        if "activation" in config:
            config["activation"] = "linear"
        return type(layer).from_config(config)

    maps = [layer for layer in model.layers if len(layer.output.shape) == 4]
    last = [layer for layer in maps if max(layer.output.shape[1:3]) > 1][-1]
    whole = keras.models.clone_model(keras.Model(model.inputs, last.output), clone_function=change)
    for layer in whole.layers:
        if not isinstance(layer, layers.BatchNormalization):
            layer.set_weights(
                [np.full(w.shape, 1 / max(1, np.prod(w.shape[:-1])), "float32") for w in layer.get_weights()]
            )
    return whole


def dilated():
    return chain(
        layers.Conv2D(2, 3, 2, padding="same"), layers.Conv2D(2, 3, dilation_rate=3), layers.SeparableConv2D(2, 4),
        layers.AveragePooling2D(3, 2, padding="same"), shape=(96, 96, 1),
    )  # fmt: skip


def hourglass():
    return chain(
        layers.Conv2D(2, 4, 2), layers.ZeroPadding2D(((1, 0), (1, 0))), layers.Conv2D(2, 3), layers.UpSampling2D(2),
        layers.Conv2D(2, 3), shape=(64, 64, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    "build",
    [
        lambda: cc.build_lenet((28, 28, 1)),
        lambda: cc.build_small_cnn((64, 64, 1)),
        lambda: cc.build_vgg_like((128, 128, 1)),
        lambda: cc.build_resnet_small((160, 160, 1)),
        lambda: cc.build_mixed_scale_dense((256, 256, 1)),
        lambda: application("VGG16", include_top=False, input_shape=(320, 320, 3)),
        lambda: application("MobileNet", include_top=False, alpha=0.25, input_shape=(480, 480, 3)),
        dilated,
        lambda: branches(
            (48, 48, 1), layers.Add(), [layers.Conv2D(2, 3, padding="same")],
            [layers.Conv2D(2, 5, padding="same"), layers.Conv2D(2, 2, padding="same")],
        ),
    ],
)  # fmt: skip
def test_gradients_reach_exactly_as_far_as_the_receptive_field(build):
    tf = pytest.importorskip("tensorflow", reason="no TensorFlow: pip install 'cnn-course[tensorflow]'")
    model = positive(build())
    field = describe(model).receptive_field
    picture = tf.ones((1, *model.input_shape[1:]))
    rows, columns = model.output_shape[1:3]
    at = rows // 2, columns // 2
    with tf.GradientTape() as tape:
        tape.watch(picture)
        seen = tf.reduce_sum(model(picture)[0, at[0], at[1]])
    reached = np.abs(tape.gradient(seen, picture).numpy()).sum(axis=(0, 3)) > 0
    for axis, along in enumerate((reached.any(axis=1), reached.any(axis=0))):
        first, last = field.pixels(at[axis])
        limits = max(first, 0), min(last, len(along) - 1)
        found = np.flatnonzero(along)
        assert (found[0], found[-1]) == limits
        assert 0 <= first <= last < len(along)  # away from the border, or the test would show less


def test_a_transposed_convolution_sees_no_further_than_is_said():
    tf = pytest.importorskip("tensorflow", reason="no TensorFlow: pip install 'cnn-course[tensorflow]'")
    model = positive(hourglass())
    axis = describe(model).rows[-1].receptive_field
    picture = tf.ones((1, *model.input_shape[1:]))
    widths = []
    for position in range(20, 30):
        with tf.GradientTape() as tape:
            tape.watch(picture)
            seen = tf.reduce_sum(model(picture)[0, position, position])
        found = np.flatnonzero(np.abs(tape.gradient(seen, picture).numpy()).sum(axis=(0, 2, 3)))
        widths.append(found[-1] - found[0] + 1)
    assert max(widths) == axis.size
