"""Keeping a classifier: what is written can be loaded again, and what is loaded is no more than layers and numbers."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import cnn_course as cc

keras = cc.load_keras()
layers = keras.layers
RNG = np.random.default_rng(0)
ABC = ["a", "b", "c"]
PICTURES, LABELS = RNG.integers(0, 256, (12, 48, 48, 3), "uint8"), np.arange(12) % 3


def model_of(**options):
    return cc.build_transfer_model("MobileNet", 3, (48, 48, 3), alpha=0.25, seed=0, **options)


@pytest.fixture
def saved(tmp_path):
    model = model_of()
    path = cc.save_classifier(
        model,
        tmp_path / "own" / "animals.keras",
        ["cat", "dog", "fish"],
        {"accuracy": 0.5},
        (PICTURES, LABELS),
        "a try",
    )
    return model, path


def test_a_saved_classifier_is_the_same_model_with_its_card(saved):
    model, path = saved
    again = cc.load_classifier(path)
    x = PICTURES.astype("float32")
    np.testing.assert_array_equal(again.model.predict(x, verbose=0), model.predict(x, verbose=0))
    said = model.predict(PICTURES, verbose=0).argmax(axis=1)
    assert again.classify(PICTURES) == tuple(np.array(["cat", "dog", "fish"])[said])
    card = again.card
    assert card.class_names == ("cat", "dog", "fish") and card.metrics == {"accuracy": 0.5} and card.pictures == 12
    assert card.input_shape == (48, 48, 3) and len(card.data_sha256) == 64 and "Keras" in card.made
    assert [p.name for p in path.parent.iterdir()] == ["animals.keras"]
    assert keras.saving.load_model(path).output_shape == (None, 3), "a plain Keras reads it too"


def test_the_card_knows_what_it_learned_from(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    pictures = np.zeros((3, 8, 8, 1), "uint8")
    card = cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC, data=(pictures, [0, 1, 2]))).card
    assert card.pictures == 3 and card.learned_from((pictures.copy(), np.array([0, 1, 2])))
    assert not card.learned_from((pictures + 1, [0, 1, 2])) and not card.learned_from((pictures, [0, 2, 1]))
    bare = cc.load_classifier(cc.save_classifier(model, tmp_path / "b.keras", ABC)).card
    assert bare.data_sha256 == "" and not bare.learned_from((pictures, [0, 1, 2]))


def test_names_and_paths_may_have_letters_of_any_language(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=(), seed=0)
    names = ("Äpfel", "чай", "茶")
    path = cc.save_classifier(model, tmp_path / "mit Lücke" / "größe.keras", names, note="für später")
    again = cc.load_classifier(str(path))
    assert again.card.class_names == names and again.card.note == "für später"
    assert set(again.classify(np.zeros((2, 8, 8, 1), "uint8"))) <= set(names)


def test_two_classes_have_two_names(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 2, filters=(2,), units=(), seed=0)
    again = cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ["no", "yes"]))
    pictures = RNG.integers(0, 256, (6, 8, 8, 1), "uint8")
    expected = np.where(model.predict(pictures, verbose=0)[:, 0] > 0.5, "yes", "no")
    assert again.classify(pictures) == tuple(expected)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (np.zeros((8, 8, 1), "uint8"), r"shape \(n, 8, 8, 1\)\. Received: shape \(8, 8, 1\)\. One .*picture\[None\]"),
        (np.zeros((2, 16, 16, 1), "uint8"), r"Received: shape \(2, 16, 16, 1\).*image_size= of the loaders"),
        (np.zeros((2, 8, 8, 3), "uint8"), r"Received: shape \(2, 8, 8, 3\)"),
        (np.full((2, 8, 8, 1), np.nan), "must be finite numbers"),
        (np.full((2, 8, 8, 1), "a"), "must be finite numbers, best uint8. Received: dtype <U1"),
    ],
)
def test_pictures_that_a_classifier_cannot_take_are_named(pictures, message, tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    again = cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC))
    with pytest.raises(cc.DataError, match=message):
        again.classify(pictures)
    assert again.classify(np.zeros((0, 8, 8, 1), "uint8")) == ()


def test_pictures_on_another_scale_are_said_to_be_so_as_in_training(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    again = cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC))
    for pictures in (PICTURES[:2, :8, :8, :1] / 255, PICTURES[:2, :8, :8, :1] / 127.5 - 1):
        with pytest.warns(UserWarning, match=r"the model's own first layers bring 0\.\.255 to 0\.\.1") as seen:
            again.classify(pictures)
        assert seen[0].filename == __file__


def test_what_cannot_be_saved_is_named(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    path = tmp_path / "a.keras"
    with pytest.raises(cc.ModelError, match=r"path must end in .keras"):
        cc.save_classifier(model, tmp_path / "a.h5", ABC)
    for names in (["a", "b", "b"], ["a", "b"], "abc", None):
        with pytest.raises(cc.ModelError, match="class_names must be a list of 3 different names"):
            cc.save_classifier(model, path, names)
    for metrics in ({"accuracy": "good"}, {"accuracy": float("nan")}, [0.9]):
        with pytest.raises(cc.ModelError, match="metrics must be a dict of names to finite numbers"):
            cc.save_classifier(model, path, ABC, metrics=metrics)
    with pytest.raises(cc.ModelError, match=r"must end in a probability, a sigmoid\. Is it a regression"):
        cc.save_classifier(cc.build_small_cnn((8, 8, 1), None, filters=(2,), units=()), path, ["no", "yes"])
    with pytest.raises(cc.ModelError, match="'code' holds code"):
        cc.save_classifier(with_code(), path, ABC)
    with pytest.raises(cc.ModelError, match=r"model must be a Keras model\. Received: int"):
        cc.save_classifier(3, path, ABC)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.keras").mkdir()
    for path in (tmp_path / "file" / "a.keras", tmp_path / "folder.keras"):
        with pytest.raises(cc.ModelError, match=r"cannot be written: .*Is the disk full"):
            cc.save_classifier(model, path, ABC)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.keras"]


FULL_DISK = """
import resource, signal, sys, cnn_course as cc
model = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
path = cc.save_classifier(model, sys.argv[1], ["a", "b", "c"], note="before")
whole = path.read_bytes()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
try:
    cc.save_classifier(model, path, ["a", "b", "c"], note="after")
except cc.ModelError as error:
    print(error)
try:
    cc.load_classifier(path)  # Keras unpacks it first
except cc.ModelError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
assert path.read_bytes() == whole, "the file that was there is damaged"
assert [p.name for p in path.parent.iterdir()] == [path.name]
assert cc.load_classifier(path).card.note == "before"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size to make a full disk from")
def test_a_full_disk_leaves_the_old_file_whole_and_no_half_one(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, tmp_path / "a.keras"], capture_output=True, text=True)
    assert done.returncode == 0 and "cannot be written" in done.stdout, done.stderr[-3000:]
    assert "was not loaded: File too large: it is unpacked into the temporary folder" in done.stdout, done.stderr[
        -3000:
    ]


def doctored(path, target, packing=zipfile.ZIP_STORED, **changes):
    """A copy of a classifier's file with other content for some names; None leaves one out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", packing) as new:
        for name in old.namelist():
            content = changes.get(name.split(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_wrong_files_are_refused_with_the_reason(saved, tmp_path):
    _, path = saved
    whole, place = path.read_bytes(), tmp_path / "wrong.keras"
    with pytest.raises(cc.ModelError, match=r"There is no file .*none.keras"):
        cc.load_classifier(tmp_path / "none.keras")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for content, message in (
        (b"<html>404 Not Found</html>", "is a web page, not a classifier"),
        (b"", "is empty"),
        (whole[:5000], "is no classifier, or was cut off"),
        (whole[:-10], "is no classifier, or was cut off"),
        (bytes(flipped), "was not loaded: Bad CRC-32.*It is damaged"),
    ):
        place.write_bytes(content)
        with pytest.raises(cc.ModelError, match=message):
            cc.load_classifier(place)
    plain = cc.build_small_cnn((8, 8, 1), 3, filters=(2,), units=())
    plain.save(tmp_path / "plain.keras")
    with pytest.raises(cc.ModelError, match="holds no card of save_classifier"):
        cc.load_classifier(tmp_path / "plain.keras")


def test_a_doctored_file_is_refused(saved, tmp_path):
    _, path = saved
    card = json.loads(zipfile.ZipFile(path).read("classifier.json"))
    config = zipfile.ZipFile(path).read("config.json").decode()
    for changes, message in (
        (
            {"classifier": json.dumps({**card, "class_names": ["a", "b"]})},
            "was changed: its card speaks of .*2 classes",
        ),
        ({"classifier": json.dumps({**card, "input_shape": [64, 64, 3]})}, r"was changed: .*shape \(64, 64, 3\)"),
        ({"classifier": json.dumps({**card, "class_names": "cat"})}, "The card in .* is damaged"),
        ({"classifier": json.dumps({**card, "metrics": "<script>"})}, "The card in .* is damaged"),
        ({"classifier": "[1, 2]"}, "The card in .* is damaged"),
        ({"classifier": "{"}, "is no classifier"),
        ({"config": None}, "is no classifier"),
        ({"config": config.replace('"filters": 8', '"filters": 16')}, "was not loaded: .*It is damaged"),
        ({"config": config.replace('"class_name": "Dropout"', '"class_name": "Lambda"')}, "holds code"),
        (
            {"config": config.replace('"keras.layers", "class_name": "Dropout"', '"os", "class_name": "system"')},
            "was not",
        ),
        ({"model": None}, "was not loaded"),
        ({"model": b"garbage"}, "was not loaded"),
    ):
        assert changes.get("config") != config
        with pytest.raises(cc.ModelError, match=message):
            cc.load_classifier(doctored(path, tmp_path / "doctored.keras", **changes))
    later = doctored(path, tmp_path / "later.keras", classifier=json.dumps({**card, "of_a_later_version": 1}))
    assert cc.load_classifier(later).card.pictures == 12


def with_code():
    layers = [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2, name="code"), keras.layers.Dense(3)]
    return keras.Sequential(layers)


def test_a_file_with_code_in_it_is_refused_even_where_safe_mode_is_off(tmp_path, monkeypatch):
    path = tmp_path / "code.keras"
    with_code().save(path)
    with zipfile.ZipFile(path, "a") as archive:
        card = {"class_names": ABC, "input_shape": [4], "preprocessing": ""}
        archive.writestr("classifier.json", json.dumps(card))
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(cc.ModelError, match=r"holds code \(a Lambda layer or the like\), and is not loaded"):
            cc.load_classifier(path)
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)


@keras.saving.register_keras_serializable("tests")
class Halved(layers.Layer):
    """A registered layer of somebody's own."""

    def call(self, inputs):
        return inputs / 2


class Unregistered(layers.Layer):
    def call(self, inputs):
        return inputs / 2


@keras.saving.register_keras_serializable("tests")
class Forgetful(layers.Layer):
    """It keeps a number that it does not write down."""

    factor = 1.0

    def call(self, inputs):
        return inputs * self.factor


def own_function(x):
    return keras.ops.tanh(x)


def own_loss(truth, said):
    return keras.losses.sparse_categorical_crossentropy(truth, said)


class OwnSchedule(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.01

    def get_config(self):
        return {}


def small(*parts, last="softmax"):
    own = [keras.Input((8, 8, 1)), *parts, layers.Flatten(), layers.Dense(3, activation=last, name="end")]
    return keras.Sequential(own)


def two_inputs():
    ends = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    return keras.Model(ends, layers.Dense(3)(layers.Flatten()(layers.Add()(ends))))


def untrue():
    model = small(layers.Rescaling(1 / 255), Forgetful(name="forgetful"))
    model.get_layer("forgetful").factor = 3.0
    return model


def with_nan():
    model = small()
    model.get_layer("end").set_weights([np.full((64, 3), np.nan), np.zeros(3)])
    return model


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(3)

    def call(self, inputs):
        return self.last(keras.ops.reshape(inputs, (-1, 64)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: small(Unregistered(name="mine")), "The layer 'mine' could not be .*Unregistered, which is not regist"),
        (lambda: small(last=own_function), "The layer 'end' could not be loaded again: .*the function own_function"),
        (lambda: small(last=lambda x: x), "The layer 'end' could not be loaded again"),
        (lambda: small(layers.Lambda(lambda x: x, name="code")), r"The layer 'code' holds code \(Lambda\)"),
        (two_inputs, "must take one picture and give one row of probabilities. Received: 2 inputs and 1 outputs"),
        (lambda: keras.Sequential([layers.Dense(3)]), "must be a Sequential with an Input, or a functional model"),
        (Own, "must be a Sequential with an Input, or a functional model: Own does not say"),
        (lambda: keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(3, 3)]), r"It gives \(None, 6, 6, 3\)"),
        (untrue, "gave other outputs when it was loaded again: a layer of your own keeps something"),
        (with_nan, "The layer 'end' holds weights that are no finite numbers: its training went wrong"),
    ],
)
def test_what_could_not_be_loaded_again_is_refused_by_name_and_not_written(build, message, tmp_path):
    with pytest.raises(cc.ModelError, match=message):
        cc.save_classifier(build(), tmp_path / "a.keras", ABC)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "compiling",
    [
        {"optimizer": "adam", "loss": own_loss},
        {"optimizer": keras.optimizers.Adam(OwnSchedule()), "loss": "sparse_categorical_crossentropy"},
        {"optimizer": "adam", "loss": lambda truth, said: own_loss(truth, said)},
        {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": [own_loss]},
    ],
    ids=["loss", "schedule", "lambda", "metric"],
)
def test_a_loss_or_metric_of_ones_own_blocks_no_classifier(compiling, tmp_path):
    model = small(Halved())
    model.compile(**compiling)
    again = cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC)).model
    pictures = PICTURES[:2, :8, :8, :1]
    np.testing.assert_allclose(again(pictures), model(pictures), rtol=1e-6)
    assert not again.compiled and model.compiled
    model.compile("adam", "sparse_categorical_crossentropy")
    assert cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC)).model.compiled


def test_keras_own_operations_nested_models_and_bfloat16_are_kept(tmp_path):
    pictures = keras.Input((8, 8, 1))
    inner = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, activation=keras.activations.gelu)])
    inner.compile("adam", "mse")
    maps = keras.ops.mean(inner(pictures / 255)[:, 1:], axis=(1, 2))
    for dtype in (None, "bfloat16"):
        model = keras.Model(pictures, layers.Dense(3, activation="softmax", dtype=dtype)(maps))
        assert cc.load_classifier(cc.save_classifier(model, tmp_path / "a.keras", ABC)).card.class_names == tuple(ABC)


def test_the_card_knows_one_hot_labels_as_the_numbers_that_they_are(tmp_path):
    pictures, numbers = PICTURES[:, :8, :8, :1], LABELS
    card = cc.load_classifier(
        cc.save_classifier(small(), tmp_path / "a.keras", ABC, data=(pictures, np.eye(3)[numbers]))
    ).card
    assert card.pictures == 12 and card.learned_from((pictures, numbers))
    assert card.learned_from((pictures, numbers[:, None])) and not card.learned_from((pictures, numbers[::-1]))


def test_a_link_stays_a_link_and_a_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "shelf").mkdir()
    (tmp_path / "link.keras").symlink_to(tmp_path / "shelf" / "real.keras")
    cc.save_classifier(small(), "~/link.keras", ABC)
    assert (tmp_path / "link.keras").is_symlink() and (tmp_path / "shelf" / "real.keras").is_file()
    assert cc.load_classifier("~/link.keras").card.class_names == tuple(ABC)
    for path in (3, None, b"a.keras"):
        with pytest.raises(cc.ModelError, match=r"path must be the path of a file\. Received: path="):
            cc.load_classifier(path)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A small classifier's file, and its configuration."""
    path = cc.save_classifier(small(), tmp_path_factory.mktemp("tiny") / "tiny.keras", ABC)
    with zipfile.ZipFile(path) as archive:
        return path, json.loads(archive.read("config.json"))


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def layer(name, module="keras.layers", **config):
    return {"module": module, "class_name": name, "config": {"name": "x", **config}, "registered_name": None}


FOREIGN = "which is neither a layer of Keras for pictures nor registered here"
CODE = r"holds code \(a Lambda layer or the like\), and is not loaded"
HOSTILE = {
    "a function of another module": ({"activation": function("os", "system")}, f"the function system, .*{FOREIGN}"),
    "a function of Keras": ({"activation": function("keras.utils", "get_file")}, f"the function get_file, .*{FOREIGN}"),
    "the switch of the safe mode": (
        {"activation": function("keras.config", "enable_unsafe_deserialization")},
        f"the function enable_unsafe_deserialization, .*{FOREIGN}",
    ),
    "a lambda": ({"activation": {"class_name": "__lambda__", "config": {"value": ["4wAA", None, None]}}}, CODE),
    "a class of another module": (layer("Popen", "subprocess", args=["true"]), f"it holds Popen, .*{FOREIGN}"),
    "a function as a class": (layer("enable_unsafe_deserialization", "keras.config"), FOREIGN),
    "a saved program": (layer("TFSMLayer", filepath="/model"), CODE),
    "one within a layer": (layer("TimeDistributed", layer={"class_name": "TFSMLayer", "config": {}}), CODE),
    "a pickled module": (layer("TorchModuleWrapper", module="gASV"), CODE),
    "from Keras's inside": (layer("Lambda", "keras.src.layers.core.lambda_layer"), CODE),
    "words from a file": (layer("StringLookup", vocabulary="/etc/passwd"), f"it holds StringLookup, .*{FOREIGN}"),
    "of the oldest form": (
        {"module": None, "class_name": "Dense", "config": {"units": 3}},
        f"it holds Dense, .*{FOREIGN}",
    ),
    "a list for a name": (layer(["Dense"]), FOREIGN),
    "too many weights": ({"units": 10**9}, "its layer 'end' asks for more weights than the file has in all, 195"),
    "more digits than Python writes": ({"units": 10**4000}, "its layer 'end' asks for more weights than the file has"),
    "less than none": ({"units": -1}, "was not loaded: "),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_configuration_makes_nothing_but_layers(name, tiny, tmp_path):
    change, message = HOSTILE[name]
    path, config = tiny
    config = json.loads(json.dumps(config))
    last = config["config"]["layers"][-1]
    last.update(change) if "class_name" in change else last["config"].update(change)
    file = doctored(path, tmp_path / "hostile.keras", config=json.dumps(config))
    with pytest.raises(cc.ModelError, match=message):
        cc.load_classifier(file)


def test_a_hostile_loss_is_left_out(tiny, tmp_path):
    path, config = tiny
    compiling = {"optimizer": "adam", "loss": function("os", "system"), "metrics": None}
    file = doctored(path, tmp_path / "a.keras", config=json.dumps({**config, "compile_config": compiling}))
    assert not cc.load_classifier(file).model.compiled


def test_sizes_are_looked_at_before_anything_is_read(tiny, tmp_path):
    path, _ = tiny
    deep = "[" * 100_000 + "]" * 100_000
    for changes, message in (
        ({"config": b" " * (1 << 25)}, "its config.json has 33,554,432 bytes, and 16,777,216 are allowed"),
        ({"classifier": b" " * (1 << 25)}, "its classifier.json has 33,554,432 bytes"),
        ({"config": deep}, "its config.json is nested deeper than any network"),
        ({"classifier": deep}, "its classifier.json is nested deeper than any network"),
        ({"config": '{"config": ' * 300 + "1" + "}" * 300}, "its config.json is nested deeper than any network"),
        ({"config": "[]"}, "is no classifier: its config.json holds no model"),
    ):
        with pytest.raises(cc.ModelError, match=message):
            cc.load_classifier(doctored(path, tmp_path / "a.keras", zipfile.ZIP_DEFLATED, **changes))
    bomb = tmp_path / "bomb.keras"
    doctored(path, bomb, model=None)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("model.weights.h5", "w") as stream:
        for _ in range(300):
            stream.write(bytes(1 << 20))
    with pytest.raises(cc.ModelError, match=r"its weights claim 314,572,800 bytes, and .* are there"):
        cc.load_classifier(bomb)


def test_an_archive_that_lies_of_its_sizes_or_is_something_else_besides_does_no_harm(tiny, tmp_path):
    path, _ = tiny
    program = small(layers.Lambda(lambda x: x))
    program.save(tmp_path / "both.h5")  # Keras's old form at the front, a classifier's archive at the end
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "both.h5", "a") as both:
        for name in archive.namelist():
            both.writestr(name, archive.read(name))
        both.writestr("../../out.txt", "out")  # and a part that would lie elsewhere
    model = cc.load_classifier(tmp_path / "both.h5").model
    assert [type(part).__name__ for part in model.layers] == ["Flatten", "Dense"]
    assert not any((folder / "out.txt").exists() for folder in (tmp_path, *tmp_path.parents, Path.cwd().parent.parent))
    lying = doctored(path, tmp_path / "lying.keras", zipfile.ZIP_DEFLATED, config=b" " * (1 << 25))
    whole = lying.read_bytes().replace((1 << 25).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    lying.write_bytes(whole)
    with pytest.raises(cc.ModelError, match="is no classifier, or was cut off"):
        cc.load_classifier(lying)


def replaced(file, made):
    name = "layers/dense/vars/1"
    del file[name]
    return made(file, name)


VIRTUAL = h5py.VirtualLayout((3,), "f4")
VIRTUAL[:] = h5py.VirtualSource("elsewhere.h5", "x", (3,))
HDF5 = {
    "another file": (lambda f, n: f.create_dataset(n, (3,), "f4", external=[("/etc/hostname", 0, 12)]), "lies in an"),
    "virtual": (lambda f, n: f.create_virtual_dataset(n, VIRTUAL), "is put together from other files"),
    "external link": (lambda f, n: f.__setitem__(n, h5py.ExternalLink("x.h5", "/x")), r"a link .*\(ExternalLink\)"),
    "soft link": (lambda f, n: f.__setitem__(n, h5py.SoftLink("/x")), r"is a link to elsewhere \(SoftLink\)"),
    "complex": (lambda f, n: f.__setitem__(n, np.ones(3, "c8")), "holds no real numbers, but complex64"),
    "text": (lambda f, n: f.__setitem__(n, np.array([b"1", b"2", b"3"])), "holds no real numbers"),
    "pairs": (lambda f, n: f.__setitem__(n, np.zeros(3, [("a", "f4"), ("b", "f4")])), "holds no real numbers"),
    "references": (lambda f, n: f.create_dataset(n, data=np.array([f.ref] * 3, h5py.ref_dtype)), "no real numbers"),
    "nothing": (lambda f, n: f.__setitem__(n, h5py.Empty("f4")), "holds no real numbers, but something else"),
    "unwritten": (lambda f, n: f.create_dataset(n, (10**9,), "f4", chunks=(10**6,)), "holds no numbers at all"),
    "not finite": (lambda f, n: f.__setitem__(n, np.full(3, np.inf, "f4")), "not finite, in the layer end"),
}  # fmt: skip


@pytest.mark.parametrize("name", HDF5)
def test_weights_are_numbers_and_lie_in_their_own_file(name, tiny, tmp_path):
    made, message = HDF5[name]
    with zipfile.ZipFile(tiny[0]) as archive:
        archive.extract("model.weights.h5", tmp_path)
    with h5py.File(tmp_path / "model.weights.h5", "a") as file:
        replaced(file, made)
    file = doctored(tiny[0], tmp_path / "a.keras", model=(tmp_path / "model.weights.h5").read_bytes())
    with pytest.raises(cc.ModelError, match=message):
        cc.load_classifier(file)
