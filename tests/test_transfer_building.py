"""Transfer models: the backbone in the box, preprocessing of every family, and wrong files refused with the reason."""

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import cnn_course as cc
from cnn_course.transfer import weights
from cnn_course.transfer.building import PREPROCESSING
from cnn_course.transfer.catalogue import entry_of
from cnn_course.transfer.parts import is_batch_norm
from cnn_course.transfer.tuning import backbone_features

keras = cc.load_keras()
ROOT = Path(__file__).resolve().parents[1]
BOX = Path(weights.__file__).parent / "data" / weights.BOX.name
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), "uint8")
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet's pictures on 0 to 1
# The smallest backbone of each family, and Keras's module with its documented preprocessing.
FAMILIES = {
    "ConvNeXtTiny": "convnext",
    "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3",
    "NASNetMobile": "nasnet",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def box_model(**options):
    return cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.25, seed=0, **options)


def body_of(model):
    """The backbone's maps behind a model's own input, without pooling and head."""
    return keras.Model(model.input, model.get_layer("features").input)


def file_of_weights(name, folder):
    """A file of a backbone's weights, random, but with statistics that let a picture through to the end."""
    keras.utils.set_random_seed(2)
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(96, 96, 3))
    for layer in model.layers:
        if is_batch_norm(layer):
            layer.momentum = 0.0
        if type(layer).__name__ == "Normalization" and layer.weights:  # as EfficientNet's own files have it
            layer.set_weights([MEAN, STD, np.array(0)])
            layer.finalize_state()
    model(documented(name, np.random.default_rng(1).integers(0, 256, (8, 96, 96, 3))), training=True)
    path = folder / f"{name}.h5"
    keras.saving.save_model(model, path)
    return path


def documented(name, pictures):
    """Pictures behind the preprocessing that Keras documents for this backbone."""
    return getattr(keras.applications, FAMILIES[name]).preprocess_input(pictures.astype(keras.config.floatx()))


def kerass_own(name, path, monkeypatch):
    """What Keras makes of the name and "imagenet", if the file at the path is the one that it downloads."""
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    return getattr(keras.applications, name)(weights="imagenet", include_top=False, input_shape=(96, 96, 3))


@pytest.fixture
def float64():
    """Networks with random weights blow up a rounding of float32 to a hundredth of their answers."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined or non-square")
@pytest.mark.parametrize("name", FAMILIES)
def test_a_picture_as_loaded_gives_what_keras_gives_behind_the_documented_preprocessing(
    name, tmp_path, monkeypatch, float64
):
    path = file_of_weights(name, tmp_path)
    theirs = kerass_own(name, path, monkeypatch)
    ours = body_of(cc.build_transfer_model(name, 3, (96, 96, 3), weights=path, seed=0))
    expected = np.asarray(theirs.predict_on_batch(documented(name, PICTURES)))
    got = np.asarray(ours.predict_on_batch(PICTURES))
    scale = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 0.1 * scale, "the pictures do not matter: this test sees nothing"
    near = 1e-3 if name == "EfficientNetB0" else 2e-4  # its statistics are float32 in the file, and the network deep
    np.testing.assert_allclose(got, expected, rtol=near, atol=near * scale)
    keras.backend.clear_session()
    path.unlink()


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_known_in_blocks_and_opens_the_last_one(name):
    assert cc.backbones()[name].family == FAMILIES[name]
    model = cc.build_transfer_model(name, 3, (96, 96, 3), weights=None, seed=0)
    names = cc.backbone_blocks(model)
    assert 3 <= len(names) <= 60 and sum(names.values()) == entry_of(name).parameters
    opened = [layer for layer in cc.unfreeze(model, 1).layers if layer.trainable_weights]
    assert len(opened) > 1 and not any(is_batch_norm(layer) for layer in opened)
    table = cc.describe(model)
    assert "preprocessing" not in table.unknown
    assert table.parameters == model.count_params()
    keras.backend.clear_session()


def test_the_list_knows_every_backbone_of_keras_and_only_those():
    import inspect

    known = {name for name, _ in inspect.getmembers(keras.applications, inspect.isfunction)}
    assert {row.name for row in cc.backbones()} == known
    assert {row.family for row in cc.backbones()} == set(FAMILIES.values())
    assert set(PREPROCESSING) < set(FAMILIES.values())


def test_the_list_reads_as_text_and_html_and_says_what_is_in_the_box():
    table = cc.backbones()
    assert [row.title for row in table if row.in_the_box] == ["MobileNet (alpha=0.25)"]
    first = repr(table).splitlines()[1]
    assert first.startswith("MobileNet (alpha=0.25)") and "218,544" in first and "Apache" in first
    assert "in the box" in table._repr_html_()
    said = {row.family: row for row in table}
    assert all("Keras 2's documentation" in row.stated for row in table if row.family.startswith(("vgg", "resnet")))
    assert said["efficientnet"].licence.startswith("not stated") and said["efficientnet"].stated.startswith("nowhere")
    # published: Keras's documentation of its applications, without head
    assert (table["VGG16"].parameters, table["ResNet50"].parameters) == (14714688, 23587712)
    with pytest.raises(KeyError, match="There is no backbone 'AlexNet'"):
        table["AlexNet"]


def test_the_list_names_the_files_that_keras_would_download():
    assert script("list_backbones").main(["VGG16", "MobileNet", "ResNet50V2"]) == 0


def test_the_box_is_small_whole_and_what_its_card_says():
    assert BOX.stat().st_size < 1_000_000 and weights.BOX.is_at(BOX)
    arrays = [array for _, _, array in script("pack_backbone").tensors(BOX)]
    assert sum(array.size for array in arrays) == 218_544 and {a.dtype for a in arrays} == {np.dtype("float32")}
    card = (BOX.parent / "README.md").read_text(encoding="utf-8")
    assert weights.BOX.sha256 in card and script("pack_backbone").SOURCE_SHA256 in card
    # of the source's numbers, in its order: the proof where the source itself is not at hand
    whole = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    assert whole in card


@pytest.mark.data
def test_the_box_is_the_published_file_to_the_bit(test_data):
    source = test_data / "weights" / "mobilenet_v1_0.25" / "mobilenet_2_5_224_tf_no_top.h5"
    assert script("pack_backbone").main(["--check", str(source)]) == 0
    theirs = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=str(source), input_shape=(96, 96, 3))
    ours = body_of(box_model())
    assert all((a == b).all() for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))


def test_keras_itself_loads_the_file_in_the_box():
    theirs = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=str(BOX), input_shape=(96, 96, 3))
    ours = body_of(box_model())
    assert all((a == b).all() for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))


@pytest.mark.parametrize("size", [(32, 32), (96, 128), (224, 224)])
def test_the_box_needs_no_network_at_any_size(size, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    model = cc.build_transfer_model("MobileNet", 5, (*size, 3), alpha=0.25)
    assert model.input_shape == (None, *size, 3) and model.output_shape == (None, 5)


def test_a_model_is_flat_closed_and_ready_to_train():
    model = box_model()
    assert not any(hasattr(layer, "layers") for layer in model.layers)
    assert [layer.name for layer in model.layers if layer.trainable_weights] == ["probabilities"]
    assert [layer.name for layer in model.layers[-3:]] == ["features", "dropout", "probabilities"]
    assert model.compiled and cc.describe(model).trainable_parameters == 5 * 257
    cut = keras.Model(model.inputs, [model.get_layer("conv_pw_13_relu").output, model.output])
    maps, probabilities = cut.predict_on_batch(PICTURES)
    assert maps.shape == (2, 3, 3, 256) and np.allclose(np.sum(probabilities, axis=1), 1, atol=1e-5)
    assert all(layer.trainable_weights for layer in box_model(weights=None).layers if layer.weights)


def test_maps_and_picture_have_gradients_so_that_explanations_work():
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
    model = box_model()
    cut = keras.Model(model.input, [model.get_layer("conv_pw_13_relu").output, model.output])
    x = tf.constant(PICTURES, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        maps, probabilities = cut(x)
        score = tf.reduce_sum(probabilities[:, 0])
    assert all(float(tf.reduce_max(tf.abs(g))) > 0 for g in tape.gradient(score, [maps, x]))


def test_a_grey_picture_is_that_grey_in_three_channels():
    grey = cc.build_transfer_model("MobileNet", 5, (96, 96, 1), alpha=0.25, seed=0)
    three = np.repeat(PICTURES[..., :1], 3, axis=3)
    got, expected = (np.asarray(m.predict_on_batch(x)) for m, x in ((grey, PICTURES[..., :1]), (box_model(), three)))
    np.testing.assert_allclose(got, expected, rtol=1e-4)


@pytest.mark.parametrize(("classes", "last"), [(2, "probability"), (None, "prediction"), (7, "probabilities")])
def test_the_head_fits_the_question(classes, last):
    model = cc.build_transfer_model("MobileNet", classes, (32, 32, 3), alpha=0.25, pooling="max")
    assert model.layers[-1].name == last
    assert type(model.get_layer("features")).__name__ == "GlobalMaxPooling2D"


def test_a_network_of_your_own_gets_a_new_head_and_keeps_what_it_knows():
    own = cc.build_small_cnn((28, 28, 1), 10, filters=(4, 8), units=16, seed=0)
    before = [weight.copy() for weight in own.get_weights()]
    again = cc.build_transfer_model(own, 3, seed=0)
    assert again.output_shape == (None, 3) and again.input_shape == own.input_shape
    assert all((a == b).all() for a, b in zip(again.get_weights()[:-2], before[:-4], strict=True))
    assert "hidden_1" not in [layer.name for layer in again.layers], "it belongs to the head"
    assert [layer.name for layer in again.layers if layer.trainable_weights] == ["probabilities"]
    again.get_layer("conv_1").set_weights([w + 1 for w in again.get_layer("conv_1").get_weights()])
    assert all((a == b).all() for a, b in zip(own.get_weights(), before, strict=True)), "the old network was changed"
    with pytest.raises(cc.ModelError, match="A model of your own brings its weights, alpha with it"):
        cc.build_transfer_model(own, 3, weights=None, alpha=0.5)


def test_a_backbone_without_a_head_keeps_all_it_has():
    options = {"alpha": 0.25, "include_top": False, "weights": str(BOX), "input_shape": (96, 96, 3)}
    for pooling, last in ((None, "features"), ("max", "global_max_pooling2d")):
        own = keras.applications.MobileNet(pooling=pooling, **options)
        again = cc.build_transfer_model(own, 5, seed=0)
        names = [layer.name for layer in again.layers]
        assert again.output_shape == (None, 5) and names[-4] == "conv_pw_13_relu" and names[-3].startswith(last)
        pooled = own.predict_on_batch(PICTURES.astype("float32"))
        pooled = pooled.mean(axis=(1, 2)) if pooling is None else pooled
        np.testing.assert_allclose(backbone_features(again, PICTURES), pooled, rtol=1e-4, atol=1e-5)


def test_weights_that_lie_elsewhere_or_are_none_are_refused(tmp_path):
    name = "conv1/conv1/kernel:0"
    virtual = h5py.VirtualLayout((3, 3, 3, 8), "f4")
    virtual[:] = h5py.VirtualSource("elsewhere.h5", "x", (3, 3, 3, 8))
    for made, message in (
        (
            lambda f: f.create_dataset(name, (3, 3, 3, 8), "f4", external=[("/etc/passwd", 0, 864)]),
            "lies in another file",
        ),
        (lambda f: f.create_virtual_dataset(name, virtual), "is put together from other files"),
        (lambda f: f.__setitem__(name, h5py.ExternalLink("x.h5", "/x")), "is a link to elsewhere"),
        (lambda f: f.__setitem__(name, np.ones((3, 3, 3, 8), "c8")), "holds no real numbers, but complex64"),
        (lambda f: f.__setitem__(name, np.full((3, 3, 3, 8), b"1")), "holds no real numbers"),
        (lambda f: f["conv1"].attrs.__setitem__("weight_names", 3), "does not hold weights as Keras writes them"),
    ):
        path = Path(shutil.copy(BOX, tmp_path))
        with h5py.File(path, "a") as file:
            assert name in file
            del file[name]
            made(file)
        with pytest.raises(cc.ModelError, match=message):
            box_model(weights=path)


def test_a_network_with_adapted_statistics_keeps_them_under_a_new_head():
    norm = keras.layers.Normalization()
    norm.adapt(PICTURES.astype("float32"))
    body = [keras.Input((96, 96, 3)), norm, keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()]
    own = keras.Sequential([*body, keras.layers.Dense(3)])
    again = cc.build_transfer_model(own, 5)
    np.testing.assert_allclose(backbone_features(again, PICTURES), backbone_features(own, PICTURES), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backbone": "AlexNet"}, "backbone must be one of ConvNeXtBase.*Received: backbone='AlexNet'"),
        ({"backbone": "mobilenet v2", "alpha": None}, r"Did you mean 'MobileNetV2'\?"),
        ({"backbone": "MobileNet (alpha=0.25)"}, r"Did you mean 'MobileNet' with alpha=0.25\?"),
        (
            {"backbone": "ResNet50", "weights": None},
            "ResNet50 has one width only: leave alpha out. Received: alpha=0.25",
        ),
        (
            {"include_top": True},
            "classes must be 1000 with include_top=True and ImageNet's weights. Received: classes=3",
        ),
        ({"weights": 3}, "weights must be 'imagenet', None, or a path. Received: weights=3"),
        ({"alpha": 0.3}, r"MobileNet comes with alpha 1, 0.75, 0.5, 0.25. Received: alpha=0.3"),
        ({"input_shape": (96, 96)}, r"input_shape must be \(height, width, 1 or 3\)"),
        ({"input_shape": (16, 16, 3)}, "MobileNet cannot be built so: .*at least 32x32"),
        ({"pooling": "sum"}, "pooling must be 'avg' or 'max'"),
        ({"classes": 1}, "classes must be an integer of at least 2"),
        ({"include_preprocessing": False}, "the preprocessing is inside, always"),
        ({"filters": 3}, "MobileNet cannot be built so: .*filters"),
        ({"augmentation": 3}, "augmentation must be a Keras layer"),
        ({"weights": "/no/such.h5"}, "There is no file '/no/such.h5'"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    options = {"backbone": "MobileNet", "classes": 3, "input_shape": (96, 96, 3), "alpha": 0.25, **arguments}
    with pytest.raises(cc.ModelError, match=message):
        cc.build_transfer_model(**options)


def with_head(folder, classes):
    """A file of MobileNet 0.25 with a head, in Keras's older format."""
    model = keras.applications.MobileNet(alpha=0.25, weights=None, classes=classes, input_shape=(96, 96, 3))
    path = folder / f"mobilenet_head_{classes}.h5"
    keras.saving.save_model(model, path)
    return model, path


def test_wrong_files_are_refused_with_the_reason(tmp_path):
    whole = BOX.read_bytes()
    files = {
        "page.h5": (b"\n<!DOCTYPE html><html>404 Not Found</html>", "is a web page, not weights"),
        "empty.h5": (b"", "is empty: the download did not begin"),
        "notes.h5": (b"numbers", "is no file of weights"),
        "model.h5": (b"PK\x03\x04", "is a whole model, not weights: load_classifier opens it"),
        "cut.h5": (whole[:600_000], "cannot be read to its end.*600,000 bytes look like a download that was cut off"),
    }
    for name, (content, message) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(cc.ModelError, match=message):
            box_model(weights=tmp_path / name)
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["prices"] = np.ones(3)
    with pytest.raises(cc.ModelError, match="holds no weights of Keras: it has prices in it"):
        box_model(weights=tmp_path / "table.h5")


def test_another_width_or_architecture_is_refused_with_the_first_layer_that_differs(tmp_path):
    with pytest.raises(
        cc.ModelError, match=r"another architecture or width.*conv1 should have the shapes \[\(3, 3, 3, 16"
    ):
        cc.build_transfer_model("MobileNet", 5, (96, 96, 3), weights=BOX, alpha=0.5)
    with pytest.raises(cc.ModelError, match=r"54 layers with weights, VGG16 has 13"):
        cc.build_transfer_model("VGG16", 5, (96, 96, 3), weights=BOX)


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    path = Path(shutil.copy(BOX, tmp_path))
    with h5py.File(path, "a") as file:
        file["conv1"]["conv1/kernel:0" if "conv1/kernel:0" in file["conv1"] else "kernel:0"][0] = np.nan
    with pytest.raises(cc.ModelError, match="not finite, in the layer conv1"):
        box_model(weights=path)


def test_a_head_is_refused_where_none_is_wanted_and_must_have_the_classes(tmp_path):
    model, path = with_head(tmp_path, 7)
    with pytest.raises(cc.ModelError, match=r"has a head of 7 classes, and a backbone has none.*no_top"):
        box_model(weights=path)
    with pytest.raises(cc.ModelError, match="has a head of 7 classes, and classes=5 was asked for"):
        box_model(weights=path, include_top=True)
    with pytest.raises(cc.ModelError, match="it has no head"):
        box_model(weights=BOX, include_top=True)
    right = cc.build_transfer_model("MobileNet", 7, (96, 96, 3), weights=path, alpha=0.25, include_top=True)
    expected = model.predict_on_batch(keras.applications.mobilenet.preprocess_input(PICTURES.astype("float32")))
    np.testing.assert_allclose(right.predict_on_batch(PICTURES), expected, rtol=1e-4, atol=1e-6)


def test_the_newer_format_is_loaded_and_looked_at_too(tmp_path):
    model = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=str(BOX), input_shape=(96, 96, 3))
    model.save_weights(tmp_path / "mine.weights.h5")
    ours = body_of(box_model(weights=tmp_path / "mine.weights.h5"))
    assert all((a == b).all() for a, b in zip(ours.get_weights(), model.get_weights(), strict=True))
    with pytest.raises(cc.ModelError, match="another architecture or width: it holds 135 arrays, VGG16 has 26"):
        cc.build_transfer_model("VGG16", 5, (96, 96, 3), weights=tmp_path / "mine.weights.h5")
    other = Path(shutil.copy(tmp_path / "mine.weights.h5", tmp_path / "mine.h5"))
    with pytest.raises(cc.ModelError, match="give it a name that ends so"):
        box_model(weights=other)
    top = keras.applications.MobileNet(alpha=0.25, weights=None, classes=7, input_shape=(96, 96, 3))
    top.save_weights(tmp_path / "top.weights.h5")
    with pytest.raises(cc.ModelError, match="has a head of 7 classes, and a backbone has none"):
        box_model(weights=tmp_path / "top.weights.h5")
    with pytest.raises(cc.ModelError, match="has a head of 7 classes, and classes=5 was asked for"):
        box_model(weights=tmp_path / "top.weights.h5", include_top=True)


@pytest.mark.data
def test_imagenets_own_weights_name_what_is_on_real_photographs(test_data):
    from PIL import Image

    path = test_data / "weights" / "mobilenet_v2_1.0" / "mobilenet_v2_1.0_224_from_ptq.weights.h5"
    model = cc.build_transfer_model("MobileNetV2", 1000, (224, 224, 3), weights=path, include_top=True)
    names = json.loads((test_data / "weights" / "imagenet_class_index.json").read_text())
    photos = {"parrot.jpg": "macaw", "hot_dog.jpg": "hotdog", "bird.bmp": "chickadee"}
    pictures = [Image.open(test_data / "photos" / name).convert("RGB") for name in photos]
    pictures = [np.asarray(picture.resize((224, 224), Image.Resampling.BICUBIC)) for picture in pictures]
    pictures.append(np.asarray(Image.fromarray(cc.example_image("china")).resize((224, 224))))
    said = np.asarray(model.predict_on_batch(np.stack(pictures))).argmax(axis=1)
    assert [names[str(place)][1] for place in said] == [*photos.values(), "palace"]


@pytest.mark.data
def test_weights_of_another_width_load_by_path(test_data):
    folder = test_data / "weights" / "mobilenet_v2_0.35"
    path = next(folder.glob("*.h5"))
    ours = cc.build_transfer_model("MobileNetV2", 5, (96, 96, 3), weights=path, alpha=0.35)
    theirs = keras.applications.MobileNetV2(alpha=0.35, include_top=False, weights=str(path), input_shape=(96, 96, 3))
    assert all((a == b).all() for a, b in zip(body_of(ours).get_weights(), theirs.get_weights(), strict=True))


def test_without_a_network_the_message_says_file_address_hash_and_place(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(cc.DownloadError) as error:
        cc.build_transfer_model("VGG16", 5, (96, 96, 3))
    message = str(error.value)
    assert "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 could not be had" in message
    assert "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights" in message
    assert "Its md5 is 6d6bbae143d832006294945121d1f1fc." in message
    assert str(Path(os.environ["CNN_COURSE_CACHE"]) / "weights") in message
    with pytest.raises(cc.DownloadError, match="Its publisher gives no hash of it"):
        cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.5)
    with pytest.raises(cc.DownloadError, match="Its sha256 is d547c096"):
        cc.build_transfer_model("ConvNeXtTiny", 5, (96, 96, 3))


def test_keras_own_cache_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = keras.applications.MobileNet(alpha=0.5, include_top=False, weights=None, input_shape=(96, 96, 3))
    (tmp_path / "models").mkdir()
    keras.saving.save_model(model, tmp_path / "models" / "mobilenet_5_0_224_tf_no_top.h5")
    ours = cc.build_transfer_model("MobileNet", 5, (96, 96, 3), alpha=0.5)
    assert all((a == b).all() for a, b in zip(body_of(ours).get_weights(), model.get_weights(), strict=True))


def test_a_damaged_box_says_so(monkeypatch):
    monkeypatch.setattr(weights.RemoteFile, "is_at", lambda self, path: False)
    with pytest.raises(cc.ModelError, match="is not the file that the course ships"):
        box_model()


@pytest.mark.filterwarnings("error:The structure of")
def test_a_new_head_on_a_model_of_ones_own_takes_pictures_without_a_word():
    x, y = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype("uint8"), np.arange(6) % 2
    own = cc.build_transfer_model("MobileNet", 3, (32, 32, 3), weights=None, alpha=0.25, seed=0)
    again = cc.build_transfer_model(own, 2, seed=0)
    again(x)
    cc.fine_tune(again, (x, y), stages=0, epochs=1, progress=False)
