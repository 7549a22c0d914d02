"""One rule on shape and scale, at every door: the model's own first layers say which pictures it takes."""

import re
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.class_weight import compute_class_weight

import cnn_course as cc
from cnn_course import DataError, ImageDataset, ModelError, ScaleWarning, load_dataset, load_keras
from cnn_course.datasets.rows import rows_of
from cnn_course.training.checks import class_weights
from cnn_course.training.inputs import scale_remark
from cnn_course.transfer.catalogue import entry_of

keras = load_keras()
layers = keras.layers
DIGITS = load_dataset("digits", n=300, seed=0)


def trained():
    model = cc.build_small_cnn(DIGITS.shape, DIGITS.classes, seed=0)
    cc.train_model(model, DIGITS, epochs=4, progress=False)
    return model


@pytest.fixture(scope="module")
def model():
    return trained()


def network(*first, shape=(8, 8, 1)):
    made = keras.Sequential([keras.Input(shape), *first, layers.Flatten(), layers.Dense(10, activation="softmax")])
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


def divided():
    inputs = keras.Input((8, 8, 1))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(inputs / 255)))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.dense(keras.ops.reshape(x / 255, (-1, 64)))


def own():
    made = Own()
    made(np.zeros((1, 8, 8, 1), "float32"))
    return made


def adapted(scale):
    normalization = layers.Normalization(axis=None)
    normalization.adapt(DIGITS.images.astype("float32") * scale)
    return network(normalization)


DOORS = {
    "train_model": lambda model, x: cc.train_model(model, (x, DIGITS.labels[: len(x)]), epochs=1, progress=False),
    "evaluate_model": lambda model, x: cc.evaluate_model(model, (x, DIGITS.labels[: len(x)])),
    "predict_probabilities": lambda model, x: cc.predict_probabilities(model, x),
    "compare_models": lambda model, x: cc.compare_models({"a": model, "b": model}, (x, DIGITS.labels[: len(x)])),
    "saliency": lambda model, x: cc.saliency(model, x[:2]),
    "feature_maps": lambda model, x: cc.feature_maps(model, x[:2]),
}


@pytest.mark.parametrize("door", DOORS)
class TestDoors:
    def test_pictures_of_another_scale_get_one_sentence(self, door, model):
        copy = keras.models.clone_model(model)
        copy.compile("adam", "sparse_categorical_crossentropy")
        with pytest.warns(
            ScaleWarning, match=r"lie in 0\.\.1, and the model's own first layers .* 0 to 255\."
        ) as found:
            DOORS[door](copy, DIGITS.images[:32] / 255)
        assert all(one.filename == __file__ for one in found if issubclass(one.category, ScaleWarning))

    def test_pictures_as_they_were_loaded_get_none(self, door, model):
        copy = keras.models.clone_model(model)
        copy.compile("adam", "sparse_categorical_crossentropy")
        with warnings.catch_warnings():
            warnings.simplefilter("error", ScaleWarning)
            DOORS[door](copy, DIGITS.images[:32])

    @pytest.mark.parametrize("change", [lambda x: x[:, :7], lambda x: np.repeat(x, 3, axis=-1)])
    def test_another_size_or_number_of_channels_is_said(self, door, change, model):
        with pytest.raises(DataError, match=r"\(8, 8, 1\).*Received.*(7|3)"):
            DOORS[door](model, change(DIGITS.images[:32]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[0], r"picture\[None\]"),
        (lambda x: x[..., 0], r"x\[\.\.\., None\]"),
        (lambda x: np.moveaxis(x, -1, 1), r"np\.moveaxis\(x, 1, -1\)"),
        (lambda x: np.repeat(x, 3, axis=-1), r"input_shape=\(height, width, 3\)"),
        (lambda x: x[:, :6], "image_size="),
    ],
)
def test_a_wrong_shape_comes_with_the_way_out(change, message, model):
    with pytest.raises(DataError, match=message):
        cc.predict_probabilities(model, change(DIGITS.images[:5]))


def test_what_x_divided_by_255_costs_is_not_silent(model):
    """The right number is above 0.9; that of pictures divided twice is near guessing, and comes with a warning."""
    with pytest.warns(ScaleWarning):
        wrong = cc.evaluate_model(model, (DIGITS.images / 255, DIGITS.labels)).accuracy.value
    right = cc.evaluate_model(model, DIGITS).accuracy.value
    assert wrong < 0.5 < right


UNIT = r"lie in 0\.\.1, and the model's own first layers bring 0\.\.255 to {}: give it the pictures as they were loaded"


@pytest.mark.parametrize(
    ("build", "bring"),
    [
        (lambda: network(layers.Rescaling(1 / 255)), r"0\.\.1"),
        (lambda: network(layers.Rescaling(1 / 127.5, offset=-1)), r"-1\.\.1"),
        (lambda: network(keras.Sequential([keras.Input((8, 8, 1)), layers.Rescaling(1 / 255)])), r"0\.\.1"),
        (divided, r"0\.\.1"),
        (own, r"0\.\.1"),
        (lambda: adapted(1), r"-.*"),
        (lambda: network(layers.Rescaling(1, offset=-110)), r"-110\.\.145"),
    ],
)
def test_whatever_brings_the_pictures_to_scale_is_found_and_named(build, bring):
    """A layer, a model inside, an operation, a call of one's own, an adapted layer, means taken off."""
    model, x = build(), DIGITS.images[:8]
    assert scale_remark(model, x) == scale_remark(model, x.astype("float64")) == ""
    assert re.search(UNIT.format(bring), scale_remark(model, x / 255))
    assert "preprocess_input already" in scale_remark(model, x / 127.5 - 1)
    assert "12 or 16 bits" in scale_remark(model, x.astype("uint16") * 16)


def test_a_model_that_takes_0_to_1_says_so_and_one_without_a_scale_says_nothing():
    x = DIGITS.images[:8]
    for model in (network(layers.Rescaling(255)), adapted(1 / 255)):
        assert scale_remark(model, x / 255) == "" and "divided by 255" in scale_remark(model, x)
    for model in (network(), network(layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False))):
        assert scale_remark(model, x) == scale_remark(model, x / 255) == ""


def test_preprocessing_that_is_there_twice_is_said():
    model = network(layers.Rescaling(1 / 255), layers.Rescaling(1 / 255))
    assert "divide twice" in scale_remark(model, DIGITS.images[:8])


@pytest.mark.parametrize(
    "name", ["VGG16", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "DenseNet121", "Xception", "InceptionV3"]
)
def test_a_backbone_without_its_preprocessing_is_said_and_with_it_not(name):
    """Flat, inside another model, and in build_transfer_model; by Keras's own preprocess_input."""
    x = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3)).astype("float32")
    backbone = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(96, 96, 3))
    nested = keras.Sequential([keras.Input((96, 96, 3)), backbone, layers.GlobalAveragePooling2D(), layers.Dense(2)])
    family = entry_of(name).family
    right = getattr(keras.applications, family).preprocess_input(x.copy())
    for model in (backbone, nested):
        for wrong in (x, x / 255):
            assert f"keras.applications.{family}.preprocess_input" in scale_remark(model, wrong)
        assert scale_remark(model, right) == ""
    ours = cc.build_transfer_model(name, 2, (96, 96, 3), weights=None)
    assert scale_remark(ours, x) == "" and "0 to 255" in scale_remark(ours, x / 255)
    assert "preprocess_input already" in scale_remark(ours, right)


def test_pictures_too_small_for_an_open_network_are_said_with_a_size_that_works():
    model = keras.Sequential([keras.Input((None, None, 3)), layers.MaxPooling2D(), layers.MaxPooling2D()])
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    for size, works in ((2, False), (4, True)):
        data = np.ones((4, size, size, 3), "uint8"), np.arange(4) % 2
        if works:
            assert np.isfinite(cc.train_model(model, data, epochs=1, progress=False).metrics["loss"]).all()
            continue
        for door in (lambda d: cc.train_model(model, d, epochs=1), lambda d: cc.evaluate_model(model, d)):
            with pytest.raises(DataError, match=r"too small for this network: 2 x 2 .* from 4 x 4 on"):
                door(data)


def test_two_inputs_or_outputs_are_answered_in_a_sentence():
    one, two = keras.Input((2,)), keras.Input((2,))
    several = keras.Model([one, two], layers.Dense(1, activation="sigmoid")(layers.Concatenate()([one, two])))
    outputs = keras.Model(one, [layers.Dense(1)(one), layers.Dense(1)(one)])
    for model, what in ((several, "inputs"), (outputs, "outputs")):
        model.compile("adam", "mse")
        for door in (lambda m, d: cc.train_model(m, d, progress=False), cc.evaluate_model):
            with pytest.raises(ModelError, match=f"with 2 {what}.*model.fit"):
                door(model, (np.zeros((4, 2)), np.zeros(4, int)))


class TestClassesByName:
    """Trained on (blue, green, red), looked at on a set that has other classes, or another order."""

    ALL = ("blue", "green", "red")

    def sets(self, names, seed=0):
        values = {name: 40 + 80 * place for place, name in enumerate(self.ALL)}
        labels = np.arange(30) % len(names)
        grey = np.array([values.get(name, 0) for name in names])[labels]
        noise = np.random.default_rng(seed).integers(-9, 10, (30, 8, 8, 1))
        return ImageDataset((grey[:, None, None, None] + noise).astype("uint8"), labels, names)

    def test_validation_and_evaluation_match_them(self):
        model = cc.build_mlp((8, 8, 1), 3, units=(16,), seed=0)
        model.optimizer.learning_rate = 0.02
        two = self.sets(("blue", "red"), seed=1)
        history = cc.train_model(model, self.sets(self.ALL), two, epochs=60, progress=False)
        assert history.metrics["val_accuracy"][-1] == 1
        for names in (("blue", "red"), ("red", "green", "blue")):
            report = cc.evaluate_model(model, self.sets(names, seed=2))
            assert report.accuracy.value == 1 and report.class_names == self.ALL
        compared = cc.compare_models({"a": model, "b": model}, two)
        assert compared.values == (1, 1)

    def test_a_class_that_was_not_learned_is_refused_with_both_orders(self):
        model = cc.build_mlp((8, 8, 1), 3, seed=0)
        strange = self.sets(("blue", "yellow"))
        with pytest.raises(DataError, match=r"blue, green, red; validation_data has: blue, yellow"):
            cc.train_model(model, self.sets(self.ALL), strange, epochs=1, progress=False)
        cc.train_model(model, self.sets(self.ALL), epochs=1, progress=False)
        with pytest.raises(DataError, match=r"blue, green, red; data has: blue, yellow"):
            cc.evaluate_model(model, strange)

    def test_a_loaded_classifier_brings_its_names(self, tmp_path):
        model = cc.build_mlp((8, 8, 1), 3, units=(16,), seed=0)
        model.optimizer.learning_rate = 0.02
        cc.train_model(model, self.sets(self.ALL), epochs=60, progress=False)
        loaded = cc.load_classifier(cc.save_classifier(model, tmp_path / "three.keras", self.ALL))
        assert cc.evaluate_model(loaded, self.sets(("red", "blue"), seed=3)).accuracy.value == 1

    def test_leaks_compare_labels_by_name(self):
        first, second = self.sets(("red", "blue")), self.sets(("blue", "red"))
        same = ImageDataset(first.images, 1 - first.labels, ("blue", "red"))
        assert not cc.find_leaks(first, same).relabelled.any()
        other = ImageDataset(first.images, first.labels, second.class_names)
        assert cc.find_leaks(first, other).relabelled.all()


class TestClassWeights:
    def rows(self, labels, names=None):
        data = np.zeros((len(labels), 8, 8, 1), "uint8"), labels
        return rows_of(data if names is None else ImageDataset(*data, names))

    def test_one_hot_labels_are_balanced_as_their_numbers_are(self):
        for labels in (np.repeat([0, 1], [90, 10]), np.repeat([0, 1, 2], [60, 30, 10])):
            expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
            for form in (labels, np.eye(labels.max() + 1)[labels]):
                found = class_weights("balanced", self.rows(form))
                np.testing.assert_allclose(list(found.values()), expected)
        assert class_weights("balanced", self.rows(np.eye(2)[np.repeat([0, 1], [90, 10])])) == {0: 100 / 180, 1: 5.0}

    def test_scikit_learns_array_and_names_are_taken(self):
        labels = np.repeat([0, 2], [30, 10])
        array = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
        assert class_weights(array, self.rows(labels), 3) == {0: array[0], 2: array[1]}
        assert class_weights([1, 2, 3], self.rows(labels), 3) == {0: 1, 1: 2, 2: 3}
        named = self.rows(np.repeat([0, 1], [30, 10]), ("cat", "dog"))
        assert class_weights({"dog": 3, "cat": 1}, named) == class_weights({0: 1, 1: 3}, named) == {0: 1, 1: 3}

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"fox": 1, "cat": 1}, r"classes, which are 'cat', 'dog', or their numbers\. Received: 'fox'"),
            ({"cat": 1}, r"none for \[1\]"),
            ([1, 2, 3], "a number for each class that occurs"),
            ({0: 1, 1: -1}, "at least 0. Received: -1 for 1"),
            ({0: 1, 1: float("nan")}, "finite numbers"),
            ("even", "'balanced' or None"),
        ],
    )
    def test_what_they_cannot_be_is_said(self, given, message):
        with pytest.raises(DataError, match=message):
            class_weights(given, self.rows(np.repeat([0, 1], [30, 10]), ("cat", "dog")), 2)

    @pytest.mark.parametrize("classes", [2, 3])
    def test_a_training_on_one_hot_labels_is_the_training_on_numbers(self, classes):
        labels = np.arange(60) % classes
        x, losses = np.random.default_rng(0).normal(size=(60, 2)) + labels[:, None], []
        for form, loss in (
            (labels, "sparse_categorical_crossentropy"),
            (np.eye(classes)[labels], "categorical_crossentropy"),
        ):
            model = keras.Sequential([keras.Input((2,)), layers.Dense(classes, "softmax", kernel_initializer="ones")])
            model.compile("sgd", loss)
            history = cc.train_model(model, (x, form), epochs=2, class_weight="balanced", progress=False)
            losses.append(history.metrics["loss"])
            assert cc.evaluate_model(model, (x, form)).accuracy.n == 60
        np.testing.assert_allclose(*losses, rtol=1e-5)


class TestScikitLearn:
    def test_a_classifier_without_probabilities_is_evaluated_and_says_what_it_cannot(self):
        x, labels = DIGITS.images, DIGITS.labels
        model = make_pipeline(StandardScaler(), LinearSVC(random_state=0)).fit(x.reshape(len(x), -1), labels)
        report = cc.evaluate_model(model, DIGITS)
        assert report.accuracy.value == model.score(x.reshape(len(x), -1), labels) and report.probabilities is None
        with pytest.raises(ModelError, match=r"no probabilities.*CalibratedClassifierCV"):
            cc.predict_probabilities(model, x)

    def test_columns_follow_the_classes_that_it_learned(self):
        data = load_dataset("three_classes", n=90)
        some = data.subset(data.labels != 1)
        model = LogisticRegression().fit(some.x, some.labels)
        report = cc.evaluate_model(model, some)
        assert report.accuracy.value == model.score(some.x, some.labels) and report.probabilities.shape[1] == 3
        names = np.array(data.class_names)
        by_name = LogisticRegression().fit(data.x, names[data.labels])
        assert cc.evaluate_model(by_name, data).accuracy.value == by_name.score(data.x, names[data.labels])
        strange = LogisticRegression().fit(data.x, np.array(["a", "b", "c"])[data.labels])
        with pytest.raises(ModelError, match=r"classes must be those of the data\. Received: 'a', 'b', 'c'"):
            cc.evaluate_model(strange, data)

    @pytest.mark.parametrize("model", ["a model", None, LogisticRegression])
    def test_what_is_no_model_is_said(self, model):
        with pytest.raises(ModelError, match="model must be a Keras model, a fitted classifier"):
            cc.evaluate_model(model, DIGITS)


def test_accuracy_of_one_logit_counted_from_one_half_is_warned_of():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    data = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    for metric, said in (("accuracy", True), (keras.metrics.BinaryAccuracy(threshold=0.0), False)):
        model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=[metric])
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            cc.train_model(model, data, epochs=1, progress=False)
        assert any("counts from 0.5 on" in str(one.message) for one in found) == said


@pytest.mark.parametrize("convolutions", [1, 2, 3])
def test_a_network_in_the_manner_of_vgg_is_not_taken_for_the_one_that_learned_from_imagenet(convolutions):
    x = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    model = cc.build_vgg_like((32, 32, 3), 2, (4, 4, 4, 4), convolutions)
    assert scale_remark(model, x) == "" and "0 to 255" in scale_remark(model, x / 255)


def test_what_standardises_each_picture_or_was_adapted_to_these_gets_no_remark():
    """Black and white by their own spread are no numbers; a pixel never changes; values are no grey levels."""
    ops, x = keras.ops, DIGITS.images[:64]
    inputs = keras.Input((8, 8, 1))
    own_spread = (inputs - ops.mean(inputs, (1, 2, 3), keepdims=True)) / ops.std(inputs, (1, 2, 3), keepdims=True)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(own_spread)))
    assert scale_remark(model, x) == scale_remark(model, x / 255) == ""
    margins = x.copy()
    margins[:, :2] = 0
    noise = np.random.default_rng(0).normal(size=x.shape)
    for pictures, axis in ((margins, (1, 2, 3)), (noise, -1), (700 * noise, -1)):
        normalization = layers.Normalization(axis=axis)
        normalization.adapt(pictures.astype("float32"))
        assert scale_remark(network(normalization), pictures) == ""
