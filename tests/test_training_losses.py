"""Every loss of Keras by every usual last layer: what fits is trained, what does not is answered before it starts."""

import warnings

import numpy as np
import pytest

import cnn_course as cc
from cnn_course import CourseError, DataError, ModelError, load_keras
from cnn_course.training.losses import check_loss, last_activation

keras = load_keras()
layers, losses = keras.layers, keras.losses

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
CLASSES, YES = np.arange(24) % 4, np.arange(24) % 2
LABELS = {
    "classes": CLASSES,
    "one-hot": np.eye(4, dtype="float32")[CLASSES],
    "yes or no": YES,
    "several": np.stack([(np.arange(24) // k) % 2 for k in (1, 2, 3, 4)], axis=1),
    "numbers": X[:, 0].astype("float64"),
}
LAYERS = [(u, a) for u in (1, 4) for a in ("softmax", "sigmoid", "linear", "tanh", "relu", "softplus")]
LOGITS = ("SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
          "BinaryCrossentropy", "BinaryFocalCrossentropy")  # fmt: skip
PLAIN = sorted(
    name
    for name, kind in vars(losses).items()
    if isinstance(kind, type) and issubclass(kind, losses.Loss) and kind is not losses.Loss
)
ALL = [(name, False) for name in PLAIN] + [(name, True) for name in LOGITS]

ONE_HOT = {(4, "softmax", "one-hot")}
ROWS = {(4, "sigmoid", "one-hot"), (4, "sigmoid", "several")}
HINGE = {(1, a, "yes or no") for a in ("linear", "tanh")} | {
    (4, a, labels) for a in ("linear", "tanh") for labels in ("one-hot", "several")
}
OVERLAP = {(1, "sigmoid", "yes or no"), (4, "softmax", "one-hot"), (4, "softmax", "several"), *ROWS}
# A regression: as many numbers as units, which the activation can reach.
REGRESSION = (
    {(1, a, "yes or no") for a in ("sigmoid", "linear", "tanh", "relu", "softplus")}
    | {(1, a, "classes") for a in ("linear", "relu", "softplus")}
    | {(1, "linear", "numbers")}
    | {
        (4, a, labels)
        for a in ("softmax", "sigmoid", "linear", "tanh", "relu", "softplus")
        for labels in ("one-hot", "several")
    }
)
FITS = {
    ("SparseCategoricalCrossentropy", False): {(4, "softmax", "classes"), (4, "softmax", "yes or no")},
    ("SparseCategoricalCrossentropy", True): {(4, "linear", "classes"), (4, "linear", "yes or no")},
    ("CategoricalCrossentropy", False): ONE_HOT,
    ("CategoricalCrossentropy", True): {(4, "linear", "one-hot")},
    ("CategoricalFocalCrossentropy", False): ONE_HOT,
    ("CategoricalFocalCrossentropy", True): {(4, "linear", "one-hot")},
    ("CategoricalGeneralizedCrossEntropy", False): {(4, "softmax", "classes"), (4, "softmax", "yes or no")},
    ("KLDivergence", False): ONE_HOT,
    ("CategoricalHinge", False): {(4, "linear", "one-hot"), (4, "tanh", "one-hot")},
    ("BinaryCrossentropy", False): {(1, "sigmoid", "yes or no"), *ROWS},
    ("BinaryCrossentropy", True): {(1, "linear", "yes or no"), (4, "linear", "one-hot"), (4, "linear", "several")},
    ("BinaryFocalCrossentropy", False): {(1, "sigmoid", "yes or no"), *ROWS},
    ("BinaryFocalCrossentropy", True): {(1, "linear", "yes or no"), (4, "linear", "one-hot"), (4, "linear", "several")},
    ("Hinge", False): HINGE,
    ("SquaredHinge", False): HINGE,
    ("Dice", False): OVERLAP,
    ("Tversky", False): OVERLAP,
    ("CosineSimilarity", False): {one for one in REGRESSION if one[0] == 4},
    ("Poisson", False): {one for one in REGRESSION if one[1] not in ("linear", "tanh")},
    ("Circle", False): {(4, "linear", "classes"), (4, "linear", "yes or no")},
    ("CTC", False): set(),
}


def network(units, activation, loss):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(units, activation=activation)])
    model.compile("sgd", loss, run_eagerly=True)
    return model


@pytest.mark.parametrize(("name", "logits"), ALL)
def test_the_fitting_pairs_are_trained_and_every_other_gets_a_sentence_that_names_the_right_one(name, logits):
    fits, options = FITS.get((name, logits), REGRESSION), {"from_logits": True} if logits else {}
    for units, activation in LAYERS:
        model = network(units, activation, getattr(losses, name)(**options))
        for form, labels in LABELS.items():
            if (units, activation, form) in fits:
                check_loss(model, labels)
                assert np.isfinite(model.train_on_batch(X, labels)), (units, activation, form)
                continue
            with pytest.raises(CourseError) as found:
                check_loss(model, labels)
            sentence = str(found.value)
            assert len(sentence) < 400 and (f"loss {name}" in sentence or "The labels of data" in sentence), sentence


@pytest.mark.parametrize(
    ("units", "activation", "loss", "labels", "pair"),
    [
        (4, "linear", "sparse_categorical_crossentropy", "classes", r"softmax.*sparse_categorical.*from_logits=True"),
        (
            4,
            "sigmoid",
            "sparse_categorical_crossentropy",
            "classes",
            r"Dense\(4, activation='softmax'\) with loss",
        ),
        (
            1,
            "sigmoid",
            "sparse_categorical_crossentropy",
            "yes or no",
            r"Dense\(1, activation='sigmoid'\).*'binary",
        ),
        (1, "softmax", "binary_crossentropy", "yes or no", r"Dense\(1, activation='sigmoid'\) with loss='binary_cross"),
        (4, "softmax", "binary_crossentropy", "classes", r"Dense\(4, activation='softmax'\) with loss='sparse_categor"),
        (4, "sigmoid", "binary_crossentropy", "classes", r"Dense\(4, activation='softmax'\) with loss='sparse_categor"),
        (4, "linear", "categorical_crossentropy", "one-hot", r"'categorical_crossentropy'.*from_logits=True"),
        (
            4,
            "softmax",
            "mse",
            "classes",
            r"Dense\(4, activation='softmax'\) with loss='sparse",
        ),
        (1, "sigmoid", "mse", "numbers", "A last Dense without an activation"),
    ],
)
def test_the_usual_mistakes_by_name(units, activation, loss, labels, pair):
    with pytest.raises(CourseError, match=pair):
        cc.train_model(network(units, activation, loss), (X, LABELS[labels]), epochs=1, progress=False)


def test_one_number_a_picture_keeps_the_smoothing_of_a_one_hot_loss():
    for smoothing, advice in ((0.0, "sparse_categorical_crossentropy"), (0.1, None)):
        model = network(4, "softmax", losses.CategoricalCrossentropy(label_smoothing=smoothing))
        with pytest.raises(DataError, match=r"keras\.utils\.to_categorical\(labels, 4\)") as found:
            cc.train_model(model, (X, CLASSES), progress=False)
        assert ("sparse" in str(found.value)) == (advice is not None)


def test_rows_of_another_number_of_classes_and_validation_in_the_other_form_are_said():
    model = network(4, "softmax", "categorical_crossentropy")
    with pytest.raises(DataError, match=r"a column for each of the model's 4 classes\. Received: shape \(24, 3\)"):
        cc.train_model(model, (X, LABELS["one-hot"][:, :3]), progress=False)
    with pytest.raises(DataError, match="one label for each of validation_data"):
        cc.train_model(model, (X, LABELS["one-hot"]), (X, CLASSES), progress=False)
    sparse = network(4, "softmax", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match=r"labels of validation_data .*argmax"):
        cc.train_model(sparse, (X, CLASSES), (X, LABELS["one-hot"]), progress=False)


def test_maps_in_place_of_rows_and_no_loss_at_all_are_said():
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    data = np.zeros((4, 8, 8, 1), "uint8"), np.arange(4)
    with pytest.raises(ModelError, match=r"gives \(6, 6, 4\) for each picture.*GlobalAveragePooling2D"):
        cc.train_model(model, data, progress=False)
    model.compile("sgd")
    assert model.loss == "sparse_categorical_crossentropy"  # Keras keeps it, and its fit says that there is none
    with pytest.raises(ModelError, match=r"without a loss: model\.compile"):
        cc.train_model(model, data, progress=False)


def test_a_model_of_ones_own_that_gives_logits_is_seen_by_its_answers():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(4)

        def call(self, x):
            return self.dense(x)

    for loss, fits in (("sparse_categorical_crossentropy", False), (losses.SparseCategoricalCrossentropy(True), True)):
        model = Own()
        model.compile("sgd", loss)
        if fits:
            assert cc.train_model(model, (X, CLASSES), epochs=1, progress=False).epochs == 1
            continue
        with pytest.raises(ModelError, match="from_logits=True"):
            cc.train_model(model, (X, CLASSES), progress=False)


def test_the_last_activation_is_found_wherever_it_stands():
    inputs = keras.Input((8, 8, 3))
    flat = layers.Dense(2)(layers.Flatten()(inputs))
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    ends = {
        "softmax": [layers.Softmax()(flat), keras.ops.softmax(flat), layers.Activation("softmax")(flat), inner(inputs)],
        "linear": [flat, layers.Activation("linear")(flat)],
        "sigmoid": [layers.Dropout(0.1)(layers.Activation("sigmoid")(flat)), keras.ops.sigmoid(flat)],
        "other": [layers.Dense(2, activation="gelu")(flat), layers.Dense(2, activation="leaky_relu")(flat)],
        None: [
            layers.Add()([flat, flat]),
            layers.BatchNormalization()(flat),
            layers.Dense(2, activation=lambda x: x)(flat),
        ],
    }
    for name, outputs in ends.items():
        for output in outputs:
            assert last_activation(keras.Model(inputs, output)) == name


def test_a_loss_of_ones_own_is_let_through():
    def own(true, said):
        return keras.ops.mean(keras.ops.square(said), axis=-1)

    assert cc.train_model(network(4, "relu", own), (X, CLASSES), epochs=1, progress=False).epochs == 1


def test_labels_as_keras_takes_them_are_taken():
    """A column, as keras.datasets gives it; 0 and 1, or shares, as floats; a class that the loss leaves out."""
    column, ignored = YES[:, None], np.where(np.arange(24) % 5 == 0, -1, YES)
    sparse, binary = (network(4, "softmax", "sparse_categorical_crossentropy"), network(1, "sigmoid", "bce"))
    leaving_out = network(4, "softmax", losses.SparseCategoricalCrossentropy(ignore_class=-1))
    pairs = [(sparse, column), (binary, column), (binary, column.astype("float32")), (binary, 0.8 * YES + 0.1)]
    for model, labels in [*pairs, (leaving_out, ignored)]:
        wanted = float(model.evaluate(X, labels, verbose=0))
        found = cc.train_model(model, (X, labels), (X, labels), epochs=1, batch_size=24, progress=False)
        assert found.metrics["loss"][0] == pytest.approx(wanted, rel=1e-4)
    with pytest.raises(DataError, match="from 0 to 3"):
        check_loss(sparse, ignored)
    with pytest.raises(DataError, match="from 0 to 1"):
        check_loss(binary, 2.0 * YES)


def test_a_lambda_as_the_loss_is_trained_without_a_word():
    model = network(4, "softmax", lambda _, answers: keras.ops.mean(answers))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cc.train_model(model, (X, CLASSES), epochs=1, progress=False)
