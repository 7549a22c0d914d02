"""The network to build: its table held to `describe` of the built Keras model, its code, and its errors."""

import keras
import numpy as np
import pytest

import cnn_course as cc
from cnn_course.errors import GeometryError, ModelError
from cnn_course.widgets import _chain
from cnn_course.widgets.architecture import PRESETS
from tests.test_widgets_arithmetic import run_node

PHOTO = np.add.outer(np.arange(60) * 2, np.arange(90)).astype("uint8")
CHAINS = 360
SOLVE = """
const { chainOf, kerasCode, BOUNDS, ACTIVATIONS, KINDS, MOST_LAYERS } = await load("architecture.js");
const solved = data.map((traits) => ({ ...chainOf(traits), code: kerasCode(traits) }));
const result = { solved, BOUNDS, ACTIVATIONS, KINDS, MOST_LAYERS };"""


def draw_pair(rng, high):
    rows, columns = (int(n) for n in rng.integers(1, high, size=2))
    return rows if rng.random() < 0.6 else (rows, columns)


def draw_layer(rng, flat):
    """A layer that mostly fits: windows rarely after a Flatten."""
    some = ["Dense", "Dense", "Dropout", "Rescaling", "Flatten"]
    maps = [
        "Conv2D",
        "Conv2D",
        "Conv2D",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalAveragePooling2D",
        "Flatten",
        "Dense",
    ]
    kind = str(rng.choice(some if flat and rng.random() < 0.95 else maps))
    window = {"strides": draw_pair(rng, 4), "padding": str(rng.choice(["valid", "same"]))}
    activation = {"activation": str(rng.choice(_chain.ACTIVATIONS))}
    if kind == "Conv2D" and rng.random() < 0.3:
        window["dilation_rate"] = draw_pair(rng, 4)
        window["strides"] = window["strides"] if rng.random() < 0.2 else 1  # Keras takes one of both
    settings = {
        "Conv2D": {"filters": int(rng.integers(1, 9)), "kernel_size": draw_pair(rng, 6), **window, **activation},
        "MaxPooling2D": {"pool_size": draw_pair(rng, 4), **window},
        "AveragePooling2D": {"pool_size": draw_pair(rng, 4)},
        "Dense": {"units": int(rng.integers(1, 20)), **activation},
        "Dropout": {"rate": round(float(rng.uniform(0, 0.9)), 2)},
    }
    return {"kind": kind, **settings.get(kind, {})}


def draw_demo(rng):
    layers = []
    for _ in range(int(rng.integers(1, 9))):
        flat = any(layer["kind"] in ("Flatten", "GlobalAveragePooling2D") for layer in layers)
        layers.append(draw_layer(rng, flat))
    size = draw_pair(rng, 40)
    sizes = {"channels": int(rng.integers(1, 5)), "batch_size": int(rng.integers(1, 5))}
    return cc.ArchitectureDemo(layers, PHOTO, input_size=size, **sizes)


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(7)
    return [draw_demo(rng) for _ in range(CHAINS)]


@pytest.fixture(scope="module")
def answers(drawn, tmp_path_factory):
    states = [{**demo.saved_state(), "picture": ""} for demo in drawn]
    return run_node(SOLVE, states, tmp_path_factory.mktemp("node"))


def as_one(values):
    return values[0] if len(set(values)) == 1 else tuple(values)


def assert_rows_equal(rows, table):
    assert len(rows) == len(table)
    for got, row in zip(rows, table, strict=True):
        assert got["layer"]["kind"] == row.kind
        assert tuple(got["shape"]) == row.output_shape
        assert (got["parameters"], got["macs"], got["bytes"]) == (row.parameters, row.macs, row.activation_bytes)
        assert as_one(got["unreached"]) == row.unreached
        assert got["seen"]["kind"] == row.sees
        if row.sees == "part":
            axes = got["seen"]["axes"]
            found = {name: as_one([axis[name] for axis in axes]) for name in ("size", "jump", "start")}
            assert found == {name: getattr(row.receptive_field, name) for name in found}


def test_every_row_is_that_of_describe(drawn, answers):
    """Shapes, parameters, MACs, bytes, receptive fields, jumps, unreached pixels of the built Keras model."""
    kinds, sees, compared = set(), set(), 0
    for demo, answer in zip(drawn, answers["solved"], strict=True):
        if answer["broken"] is not None:
            continue
        table = demo.describe()
        assert_rows_equal(answer["rows"], table)
        totals = {"parameters": table.parameters, "macs": table.macs, "bytes": table.activation_bytes}
        assert answer["totals"] == totals
        kinds |= {row.kind for row in table}
        sees |= {row.sees for row in table}
        compared += 1
    assert compared >= 200
    assert kinds == set(_chain.KINDS) and sees == {"part", "whole"}


def test_a_chain_without_an_answer_breaks_where_keras_does(drawn, answers):
    broken, faults = 0, set()
    for demo, answer in zip(drawn, answers["solved"], strict=True):
        at = answer["broken"]
        if at is None:
            continue
        kind = demo.layers[at]["kind"]
        with pytest.raises(ModelError, match=rf"Layer {at + 1} \({kind}\) has no place on its input"):
            demo.to_model()
        x = keras.Input((*np.broadcast_to(demo.input_size, 2).tolist(), demo.channels))
        for layer in demo.layers[:at]:
            x = _chain.built(layer, keras)(x)
        with pytest.raises(ValueError):
            _chain.built(demo.layers[at], keras)(x)
        fault = answer["rows"][at]["fault"]
        faults |= {
            words for words in ("Take a smaller window", "Move it up", "strides or a dilation") if words in fault
        }
        assert all(row["waits"] == at + 1 for row in answer["rows"][at + 1 :])
        broken += 1
    assert broken >= 40 and len(faults) == 3


def test_the_code_is_the_page_s_and_builds_the_same_model(drawn, answers):
    for number, (demo, answer) in enumerate(zip(drawn, answers["solved"], strict=True)):
        assert demo.code == answer["code"]
        if answer["broken"] is None and number % 4 == 0:
            made = {}
            exec(demo.code, made)
            assert_rows_equal(answer["rows"], cc.describe(made["model"], batch_size=demo.batch_size))
            expected = [layer.get("activation") for layer in demo.layers]
            names = [getattr(getattr(layer, "activation", None), "__name__", None) for layer in made["model"].layers]
            assert names == expected


def test_a_model_comes_back_as_the_layers_that_made_it(drawn, answers):
    for demo, answer in list(zip(drawn, answers["solved"], strict=True))[::4]:
        if answer["broken"] is None:
            again = cc.ArchitectureDemo.from_model(demo.to_model(), picture=PHOTO)
            assert (again.layers, again.input_size, again.channels) == (demo.layers, demo.input_size, demo.channels)


def test_the_page_has_the_limits_of_python(answers):
    for name, largest in _chain.LIMITS.items():
        assert answers["BOUNDS"][name] == [1, largest]
    assert answers["BOUNDS"]["input_size"] == [1, 512]
    assert tuple(answers["ACTIVATIONS"]) == _chain.ACTIVATIONS
    assert answers["MOST_LAYERS"] == _chain.MOST_LAYERS
    assert set(answers["KINDS"]) == set(_chain.KINDS)
    for kind, entry in answers["KINDS"].items():
        assert set(entry["start"]) == set(_chain.KINDS[kind])
        _chain.checked_layer({"kind": kind, **entry["start"]}, "a new layer")


# Parameters and multiply-accumulates. LeNet-5: the course's builder. AlexNet: torchvision's weights page, 61,100,840
# parameters and 0.71 G operations (Krizhevsky, 2014). VGG-16: Keras Applications, 138,357,544; torchvision 15.47 G.
PUBLISHED = {
    "LeNet-5": (61_706, 416_520, 16),
    "AlexNet": (61_100_840, 714_188_480, 195),
    "VGG-16": (138_357_544, 15_470_264_320, 212),
}


@pytest.fixture(scope="module")
def vgg():
    return keras.applications.VGG16(weights=None)


def test_the_presets_have_the_published_numbers(vgg, tmp_path):
    states = [{**PRESETS[name], "batch_size": 1} for name in PUBLISHED]
    for (name, expected), answer in zip(PUBLISHED.items(), run_node(SOLVE, states, tmp_path)["solved"], strict=True):
        last_map = [row for row in answer["rows"] if len(row["shape"]) == 3][-1]
        size = last_map["seen"]["axes"][0]["size"]
        assert (answer["totals"]["parameters"], answer["totals"]["macs"], size) == expected, name
        if name == "LeNet-5":
            assert_rows_equal(answer["rows"], cc.describe(cc.build_lenet()))
        if name == "VGG-16":
            assert_rows_equal(answer["rows"][1:], cc.describe(vgg))


def test_networks_of_the_course_and_of_keras_come_in(vgg):
    lenet = cc.ArchitectureDemo.from_model(cc.build_lenet(), picture=PHOTO)
    assert lenet.saved_state()["layers"] == PRESETS["LeNet-5"]["layers"]
    demo = cc.ArchitectureDemo.from_model(vgg, picture=PHOTO)
    assert demo.saved_state()["layers"] == PRESETS["VGG-16"]["layers"][1:]
    small = cc.build_small_cnn((30, 20, 3), 5, filters=(4,), dropout=0.25)
    assert cc.ArchitectureDemo.from_model(small, picture=PHOTO).describe().parameters == small.count_params()


def beside():
    x = keras.Input((8, 8, 1))
    one, two = keras.layers.Flatten(name="one")(x), keras.layers.Flatten(name="two")(x)
    return keras.Model(x, keras.layers.Concatenate()([one, two]))


def twice():
    x, layer = keras.Input((8, 8, 1)), keras.layers.Dense(1, name="again")
    return keras.Model(x, layer(layer(x)))


def two_outputs():
    x = keras.Input((8, 8, 1))
    middle = keras.layers.Flatten()(x)
    return keras.Model(x, [middle, keras.layers.Dense(2)(middle)])


def one(layer, shape=(8, 8, 2)):
    return keras.Sequential([keras.Input(shape), layer])


L = keras.layers


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: cc.build_resnet_small((32, 32, 3)),
            r"The layer 'stem_conv' \(Conv2D\) .*use_bias must be True, and is False",
        ),
        (lambda: one(L.BatchNormalization(name="norm")), r"The layer 'norm' \(BatchNormalization\) has no place"),
        (lambda: one(L.Conv2D(2, 3, groups=2, name="halves")), r"'halves' \(Conv2D\) .*groups must be 1, and is 2"),
        (
            lambda: one(L.Conv2D(2, 2, dilation_rate=20, padding="same", name="wide")),
            r"'wide': dilation_rate must be an",
        ),
        (lambda: one(L.Conv2D(2, 3, activation="elu", name="bent")), r"layer 'bent': activation must be one of"),
        (lambda: one(L.Conv2D(3000, 1, name="many")), r"layer 'many': filters must be an integer from 1 to 2048.*3000"),
        (lambda: one(L.Rescaling(1 / 127.5, offset=-1, name="scale")), r"'scale' \(Rescaling\) .*scale must be"),
        (two_outputs, r"takes a model with one input and one output\. Received: 1 and 2"),
        (beside, r"The layer '(one|two)' \(Flatten\) .*it stands beside another layer"),
        (twice, r"The layer 'again' \(Dense\) .*it is called twice"),
        (lambda: one(L.Dense(2), (5,)), r"input must be \(height, width, channels\), all known\. Received: \(5,\)"),
        (lambda: one(L.Conv2D(2, 3), (None, None, 3)), r"input must be \(height, width, channels\), all known"),
        (lambda: keras.Sequential([L.Dense(2)]), r"from_model takes a built Sequential or functional model"),
        (lambda: 3, r"from_model takes a built Sequential or functional model.*Received: int"),
    ],
)
def test_what_is_no_such_chain_is_refused_by_its_first_layer(model, message):
    with pytest.raises(ModelError, match=message):
        cc.ArchitectureDemo.from_model(model())


CONVOLUTION = {"kind": "Conv2D", "filters": 2, "kernel_size": 3}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("VGG-19", r"layers must be a list of layers, or one of 'LeNet-5'.*Received: layers='VGG-19'"),
        ([], r"layers must be a list of 1 to 36 layers\. Received: 0 layers"),
        ([CONVOLUTION] * 37, r"layers must be a list of 1 to 36 layers\. Received: 37 layers"),
        (3, r"layers must be a list of 1 to 36 layers\. Received: layers=3"),
        (["Dense"], r'layers\[0\] must be a dictionary with a "kind" of .*Received: \'Dense\''),
        ([CONVOLUTION, {"kind": "LSTM"}], r'layers\[1\] must be a dictionary with a "kind"'),
        ([{"kind": "Conv2D", "filters": 2}], r"layers\[0\]: Conv2D needs kernel_size"),
        ([{**CONVOLUTION, "groups": 2}], r"layers\[0\]: Conv2D takes filters, .*Received: groups"),
        ([{**CONVOLUTION, "filters": 0}], r"filters must be an integer from 1 to 2048\. Received: filters=0"),
        ([{**CONVOLUTION, "filters": True}], r"filters must be an integer"),
        ([{**CONVOLUTION, "kernel_size": (3, 16)}], r"kernel_size must be an integer from 1 to 15 or a pair of them"),
        ([{**CONVOLUTION, "strides": None}], r"strides must be an integer from 1 to 64 or a pair"),
        ([{**CONVOLUTION, "padding": "full"}], r"padding must be one of valid, same\. Received: padding='full'"),
        ([{"kind": "Dropout", "rate": 1.0}], r"rate must be a share in \[0, 1\)\. Received: rate=1\.0"),
    ],
)
def test_what_has_no_meaning_is_refused_in_words(layers, message):
    with pytest.raises(ModelError, match=message):
        cc.ArchitectureDemo(layers, PHOTO)


def test_other_traits_and_presets_are_checked_too():
    demo = cc.ArchitectureDemo(picture=PHOTO)
    with pytest.raises(GeometryError, match="input_size must be an integer from 1 to 512 or a pair"):
        demo.input_size = 0
    with pytest.raises(
        ModelError, match=r"presets\['mine'\] must be a dictionary with input_size, channels and layers"
    ):
        demo.presets = {"mine": [CONVOLUTION]}
    with pytest.raises(TypeError):
        demo.layers[1]["filters"] = 3  # read-only, because the page would not hear of it
    mine = {"mine": {"input_size": (9, 7), "channels": 2, "layers": [CONVOLUTION]}}
    assert cc.ArchitectureDemo("mine", PHOTO, mine).describe().parameters == (3 * 3 * 2 + 1) * 2


def test_what_the_page_sends_arrives():
    demo = cc.ArchitectureDemo(picture=PHOTO)
    demo.set_state({"layers": [{**CONVOLUTION, "strides": [1, 2]}], "input_size": [8, 9], "chosen": 0})
    assert demo.layers[0]["strides"] == (1, 2)
    assert demo.describe().rows[0].output_shape == (6, 4, 2)
    demo.layers = [CONVOLUTION, {"kind": "Flatten"}]
    demo.chosen = 9
    assert demo.chosen == 1
