"""`describe` against Keras's own counts, published tables, and receptive fields found by gradients."""

from math import prod

import keras
import numpy as np
import pytest
from keras import layers

import cnn_course as cc
from cnn_course import ModelError, describe
from cnn_course.model_table import table as table_module

APPLICATIONS = sorted(name for name in dir(keras.applications) if name[0].isupper())


@pytest.fixture(autouse=True)
def _clean():
    yield
    keras.backend.clear_session()


def application(name, **options):
    """The network, its weights not drawn: up to 350 million, of which only the shapes matter here."""
    with keras.StatelessScope():
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


def products_by_the_kernels(model):
    """Multiply-accumulates from the weights themselves: every kernel is used once at each position of the output."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            total += products_by_the_kernels(layer)
            continue
        kernels = [weight for weight in layer.weights if "kernel" in weight.path.rsplit("/", 1)[-1]]
        total += sum(prod(kernel.shape) for kernel in kernels) * prod(layer.output.shape[1:-1])
    return total


@pytest.mark.parametrize("name", APPLICATIONS)
def test_parameters_shapes_and_macs_are_those_of_kerass_own_layers(name):
    model = application(name, **({"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}))
    table = describe(model)
    assert table.parameters == model.count_params() and not table.unknown
    assert table.trainable_parameters == sum(prod(w.shape) for w in model.trainable_weights)
    assert table.macs == products_by_the_kernels(model)
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert all(row.output_shape == shapes[row.name] for row in table if row.name in shapes)
    assert sum(row.name in shapes for row in table) > 0.95 * len(model.layers)  # all but the models inside


def test_every_network_of_keras_applications_is_looked_at():
    assert len(APPLICATIONS) >= 40 and {"VGG16", "ResNet152V2", "EfficientNetV2L", "ConvNeXtXLarge"} < set(APPLICATIONS)


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
    ("ResNet152", 1507, 32),
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


def path(x, steps):
    """Apply steps such as ``7`` (a convolution), ``3/2`` (with strides), ``1x7`` and ``p3/2`` (a pooling)."""
    for step in steps.split():
        sizes, _, strides = step.removeprefix("p").partition("/")
        kind = layers.MaxPooling2D if step[0] == "p" else lambda *options, **more: layers.Conv2D(1, *options, **more)
        window = tuple(map(int, sizes.split("x"))) if "x" in sizes else int(sizes)
        x = kind(window, strides=int(strides or 1), padding="same")(x)
    return x


def skeleton(size, *parts):
    """A network of one filter a layer: text is a path, a tuple of texts are branches that meet in a sum."""
    x = inputs = keras.Input((size, size, 1))
    for part in parts:
        x = path(x, part) if isinstance(part, str) else layers.Add()([path(x, branch) for branch in part])
    return keras.Model(inputs, x)


def resnet_v1_200():
    """He et al. (2016), Identity mappings in deep residual networks: blocks of 3, 24, 36 and 3."""
    parts = ["7/2 p3/2"]
    for stage, blocks in enumerate((3, 24, 36, 3)):
        parts += [("1/2 3 1", "1/2") if stage and not block else ("1 3 1", "1") for block in range(blocks)]
    return skeleton(224, *parts)


def inception_v2():
    """Ioffe and Szegedy (2015), figure 5, with slim's pooling branches."""
    block, smaller = ("1", "1 3", "1 3 3", "p3 1"), ("1 3/2", "1 3 3/2", "p3/2")
    return skeleton(224, "7/2 p3/2 1 3 p3/2", block, block, smaller, *[block] * 4, smaller, block, block)


def inception_v4():
    """Szegedy et al. (2017), figures 3 to 9."""
    a = ("1", "1 3", "1 3 3", "p3 1")
    b = ("1", "1 1x7 7x1", "1 7x1 1x7 7x1 1x7", "p3 1")
    c = ("1", "1 1x3", "1 3x1", "1 3x1 1x3 1x3", "1 3x1 1x3 3x1", "p3 1")
    stem = ("3/2 3 3", ("p3/2", "3/2"), ("1 3", "1 1x7 7x1 3"), ("3/2", "p3/2"))
    to_b, to_c = ("3/2", "1 3 3/2", "p3/2"), ("1 3/2", "1 1x7 7x1 3/2", "p3/2")
    return skeleton(299, *stem, *[a] * 4, to_b, *[b] * 7, to_c, *[c] * 3)


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (resnet_v1_200, 1763),
        (inception_v2, 699),
        (inception_v4, 2071),
        (lambda: application("MobileNet", alpha=0.75), 315),
    ],
)
def test_receptive_fields_of_the_other_networks_of_that_table(build, size):
    """Araujo, Norris and Sim (2019), table 1; those that Keras does not ship are built from their papers' figures."""
    field = describe(build()).receptive_field
    assert (field.size, field.jump) == (size, 32)


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


@pytest.mark.parametrize(
    ("layer", "sees"),
    [
        (layers.Resizing(16, 16), "unknown"),
        (layers.Resizing(32, 32), "3"),
        (layers.CenterCrop(20, 20), "3"),
        (layers.RandomCrop(20, 20), "unknown"),
        (layers.UnitNormalization(), "3"),
        (layers.RandAugment((0, 255)), "3"),
        (layers.Lambda(lambda x: x * 2), "unknown"),
    ],
)
def test_what_comes_before_a_network_multiplies_nothing_and_says_if_it_blurs_the_view(layer, sees):
    table = describe(chain(layer, layers.Conv2D(2, 3)))
    assert table.rows[-1].field_text == sees
    assert table.unknown == ((layer.name,) if isinstance(layer, layers.Lambda) else ())


def test_a_crop_moves_the_view():
    assert describe(chain(layers.CenterCrop(20, 21), layers.Conv2D(2, 3))).receptive_field.start == (6, 5)


def test_a_mean_as_an_operation_sees_what_it_is_taken_over():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(2, 3)(inputs)
    seen = {
        axis: describe(keras.Model(inputs, keras.ops.mean(x, axis=axis))).rows[-1].field_text
        for axis in ((1, 2), -1, 1, None)
    }
    assert seen == {(1, 2): "whole input", -1: "3", 1: "unknown", None: "whole input"}


def test_totals_with_an_unknown_layer_say_at_least():
    table = describe(chain(layers.LSTM(3, return_sequences=True), layers.Dense(2), shape=(5, 4)))
    assert "at least 30 MACs" in repr(table) and table.unknown == (table.rows[0].name,)


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


@pytest.mark.parametrize(("number", "text"), [(999_600, "1000 kB"), (12, "12 B"), (2.5e12, "2.5 TB")])
def test_bytes_are_written_without_exponents(number, text):
    assert table_module._bytes(number) == text


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "2", True, None])
def test_a_batch_of_no_pictures_is_refused(batch_size):
    with pytest.raises(ModelError, match="batch_size must be a positive integer"):
        describe(cc.build_lenet(), batch_size=batch_size)


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ((None, None, 3), (20, 24)),
        ((None, None, 3), 20),
        ((None, None, 3), (20, 20, 1)),
        ((None, None, 3), (20, 20.5, 3)),
        ((32, 32, 3), (64, 64, 3)),
    ],
)
def test_an_input_shape_that_does_not_fit_is_refused(own, given):
    with pytest.raises(ModelError, match=r"input_shape must fit the input of \w+, \(.*Received: input_shape="):
        describe(chain(layers.Conv2D(2, 3), shape=own), input_shape=given)


def test_a_model_of_a_class_of_its_own_is_told_so():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ModelError, match=r"a class of its own hides its layers\. Received: Own"):
        describe(Own())


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
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
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


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_transposed_convolution_hands_each_pixel_on_to_where_is_said(kernel_size, strides, padding):
    """One lit pixel at a time, a kernel of ones: the table's field is the smallest that holds all that arrives."""
    options = {"padding": padding, "kernel_initializer": "ones"}
    model = chain(layers.Conv1DTranspose(1, kernel_size, strides, **options), shape=(12, 1))
    lit = keras.ops.convert_to_numpy(model(np.eye(12, dtype="float32")[:, :, None]))[:, :, 0] > 0
    field = describe(model).receptive_field
    widths = []
    for position in range(lit.shape[1]):
        found = np.flatnonzero(lit[:, position])
        if len(found):
            first, last = field.pixels(position)
            assert (max(first, 0), min(last, 11)) == (found[0], found[-1])
        widths.append(np.ptp(found) + 1 if len(found) else 0)
    assert max(widths) == field.size


def test_an_hourglass_sees_no_further_than_is_said():
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
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
