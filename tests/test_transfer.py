"""Freezing, opening, and fine-tuning in stages: on three backends, each in its own process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.transfer import tuning
from cnn_course.transfer.parts import is_batch_norm, parts_of
from cnn_course.transfer.tuning import backbone_features

keras = cc.load_keras()
RNG = np.random.default_rng(0)
PICTURES, LABELS = RNG.integers(0, 256, (12, 48, 48, 3), "uint8"), np.arange(12) % 3


def model_of(**options):
    return cc.build_transfer_model("MobileNet", 3, (48, 48, 3), alpha=0.25, seed=0, **options)


def open_layers(model):
    return [layer.name for layer in model.layers if layer.trainable_weights]


def test_unfreeze_opens_blocks_by_number_and_by_name_and_never_batch_norm():
    model = model_of()
    assert open_layers(cc.unfreeze(model, 1)) == ["conv_dw_13", "conv_pw_13", "probabilities"]
    by_number = open_layers(cc.unfreeze(model, 2))
    assert by_number == ["conv_dw_12", "conv_pw_12", "conv_dw_13", "conv_pw_13", "probabilities"]
    assert open_layers(cc.unfreeze(model, "conv_12")) == by_number
    everything = open_layers(cc.unfreeze(model))
    assert everything[0] == "conv1" and len(everything) == 28
    assert not any(layer.trainable for layer in model.layers if is_batch_norm(layer))
    assert open_layers(cc.freeze(model)) == ["probabilities"] == open_layers(cc.unfreeze(model, 0))


def test_unfreeze_lowers_the_learning_rate_and_compiles_as_before():
    model = model_of(learning_rate=0.02)
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    cc.unfreeze(model, 1)
    optimizer = model.optimizer
    assert type(optimizer).__name__ == "SGD" and optimizer.momentum == 0.9
    assert float(optimizer.learning_rate) == pytest.approx(1e-4) and model.loss == "sparse_categorical_crossentropy"
    assert float(cc.unfreeze(model, 2, learning_rate=1e-5).optimizer.learning_rate) == pytest.approx(1e-5)
    assert float(cc.unfreeze(model, 2).optimizer.learning_rate) == pytest.approx(1e-5), "a lower rate stays"
    assert float(cc.freeze(model, 0.003).optimizer.learning_rate) == pytest.approx(0.003)


def test_a_backbone_inside_a_model_is_opened_too():
    base = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(48, 48, 3))
    base.trainable = False
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dropout(0.1), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((48, 48, 3)), base, *head])
    cc.unfreeze(model, 1)
    assert [layer.name for layer in base.layers if layer.trainable_weights] == ["conv_dw_13", "conv_pw_13"]
    assert not [layer.name for layer in cc.freeze(model).get_layer(base.name).layers if layer.trainable_weights]


@pytest.mark.parametrize("last", ["conv_99", 14, -1, True, 1.5])
def test_a_block_that_is_not_there_is_named_with_those_that_are(last):
    with pytest.raises(cc.ModelError, match=r"last must be a number of blocks from 0 to 13, .*conv_1, conv_2"):
        cc.unfreeze(model_of(), last)


def test_what_has_no_body_or_no_layers_is_refused():
    with pytest.raises(cc.ModelError, match="must have a body with weights and a head"):
        cc.freeze(cc.build_logit((4,), 3))
    with pytest.raises(cc.ModelError, match=r"model must be a Keras model\. Received: int"):
        cc.freeze(3)
    with pytest.raises(cc.ModelError, match=r"learning_rate must be positive\. Received: learning_rate=0"):
        cc.unfreeze(model_of(), 1, learning_rate=0)


def test_fine_tune_trains_the_head_then_the_blocks_and_keeps_one_history():
    model = model_of()
    before = {layer.name: [w.copy() for w in layer.get_weights()] for layer in model.layers}
    history = cc.fine_tune(
        model, (PICTURES, LABELS), (PICTURES, LABELS), stages=(0, 1, "conv_12"), epochs=(6, 2, 1),
        learning_rate=(0.01, 1e-4, 1e-5), batch_size=4, progress=False,
    )  # fmt: skip
    assert history.epochs == 9 and set(history.metrics) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    titles, epochs, weights = zip(*history.stages, strict=True)
    assert titles == ("head", "last block", "from conv_12 on") and epochs == (6, 2, 1)
    assert weights == (771, 771 + 256 * 9 + 256 * 256, 771 + 256 * 9 + 256 * 256 + 128 * 9 + 128 * 256)
    after = {layer.name: layer.get_weights() for layer in model.layers}
    changed = {n for n in before if any((a != b).any() for a, b in zip(before[n], after[n], strict=True))}
    assert changed == {"conv_dw_12", "conv_pw_12", "conv_dw_13", "conv_pw_13", "probabilities"}
    assert history.metrics["loss"][5] < history.metrics["loss"][0]
    assert "head: 6 epochs, 771 weights; last block" in repr(history)
    assert (
        tuple(map(tuple, type(history).from_json(json.loads(json.dumps(history.as_json()))).stages)) == history.stages
    )


def test_the_head_learns_on_features_as_it_would_behind_the_backbone():
    """The same head, trained by Keras through the whole closed model, without dropout and in the same order."""
    ours, theirs = model_of(dropout=0.0), model_of(dropout=0.0)
    theirs.optimizer.learning_rate.assign(0.01)
    cc.fine_tune(ours, (PICTURES, LABELS), stages=0, epochs=3, learning_rate=0.01, progress=False)
    cc.train_model(theirs, (PICTURES, LABELS), epochs=3, progress=False)
    for a, b in zip(ours.layers[-1].get_weights(), theirs.layers[-1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_features_are_computed_once(monkeypatch):
    seen = []
    forward = tuning._forward
    monkeypatch.setattr(tuning, "_forward", lambda extractor, x, n: (seen.append(len(x)), forward(extractor, x, n))[1])
    cc.fine_tune(model_of(), (PICTURES, LABELS), stages=(0,), epochs=20, learning_rate=0.01, progress=False)
    assert sum(seen) == len(PICTURES)


def test_features_of_pictures_read_from_disk_are_those_of_pictures_in_memory(tmp_path):
    from PIL import Image

    for place, picture in enumerate(PICTURES):
        (tmp_path / str(LABELS[place])).mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / str(LABELS[place]) / f"{place:02d}.png")
    lazy = cc.load_images_from_folder(tmp_path, image_size=48, batch_size=4)
    memory = cc.load_images_from_folder(tmp_path, image_size=48)
    model = model_of()
    np.testing.assert_allclose(backbone_features(model, lazy), backbone_features(model, memory), rtol=1e-5)
    assert backbone_features(model, PICTURES).shape == (12, 256)


def test_features_of_many_pictures_are_those_of_each_alone(monkeypatch):
    monkeypatch.setattr(tuning, "_BATCH", 2)  # two full batches and a short one
    model = model_of()
    alone = [backbone_features(model, PICTURES[place : place + 1])[0] for place in (0, 4)]
    np.testing.assert_allclose(backbone_features(model, PICTURES[:5])[[0, 4]], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": (0, 1), "epochs": (1, 2, 3)}, r"epochs must be one number, or one for each of the stages \(0, 1\)"),
        ({"stages": ()}, "stages must name at least one"),
        ({"stages": (0, 99)}, "each of the stages must be a number of blocks from 0 to 13"),
        ({"stages": (0, "conv_99")}, "each of the stages must be a number of blocks"),
        ({"learning_rate": (0.01, -1)}, "learning_rate must be positive"),
        ({"epochs": (1, 0)}, "epochs must be an integer of at least 1"),
    ],
)
def test_stages_that_do_not_fit_are_named_before_anything_is_trained(options, message):
    model = model_of()
    before = [weight.copy() for weight in model.get_weights()]
    with pytest.raises(cc.CourseError, match=message):
        cc.fine_tune(model, (PICTURES, LABELS), progress=False, **{"epochs": 1, "learning_rate": 0.01, **options})
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_stages_have_epochs_and_learning_rates_by_themselves():
    parts = parts_of(model_of())
    assert tuning._plan(parts, (0, 3, None), None, None) == ((0, 50, 0.01), (3, 10, 1e-4), (None, 10, 1e-4))
    assert tuning._plan(parts, "conv_12", 4, None) == (("conv_12", 4, 1e-4),)


@pytest.mark.parametrize("pictures", [PICTURES[:, :32], PICTURES[..., :1], PICTURES[0]], ids=["size", "grey", "one"])
def test_pictures_of_another_shape_are_named_with_the_models(pictures):
    with pytest.raises(cc.DataError, match=r"The model takes pictures of shape \(48, 48, 3\)\. Received"):
        backbone_features(model_of(), pictures)
    with pytest.raises(
        cc.DataError, match=r"The model takes inputs of shape \(48, 48, 3\)\. Received: validation_data"
    ):
        wrong = (pictures, np.zeros(len(pictures), int))
        cc.fine_tune(model_of(), (PICTURES, LABELS), wrong, stages=0, epochs=1, progress=False)


def sequential():
    base = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(48, 48, 3))
    base.trainable = False
    head = [
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(3),
        keras.layers.Softmax(),
    ]
    model = keras.Sequential([keras.Input((48, 48, 3)), base, *head])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_plain_keras_model_with_its_backbone_inside_is_tuned_twice_over():
    """As the exercise has the student build it: `Sequential`, the backbone one of its layers, a softmax of its own."""
    model = sequential()
    base = model.layers[0]
    norms = [weight.copy() for layer in base.layers if is_batch_norm(layer) for weight in layer.get_weights()]
    for _ in range(2):
        history = cc.fine_tune(model, (PICTURES, LABELS), stages=(0, 1), epochs=(3, 1), progress=False)
        assert [name for name, _, _ in history.stages] == ["head", "last block"] and history.epochs == 4
        assert [layer.name for layer in base.layers if layer.trainable_weights] == ["conv_dw_13", "conv_pw_13"]
    after = [weight for layer in base.layers if is_batch_norm(layer) for weight in layer.get_weights()]
    assert all((a == b).all() for a, b in zip(norms, after, strict=True))
    assert cc.build_transfer_model(model, 5).output_shape == (None, 5)


def test_a_second_call_goes_on_from_the_first_and_computes_the_features_anew():
    model, seen = model_of(dropout=0.0), []
    for epochs in (2, 1):
        history = cc.fine_tune(model, (PICTURES, LABELS), stages=(0, 2), epochs=epochs, progress=False)
        seen.append((history.metrics["loss"], backbone_features(model, PICTURES)))
    assert seen[1][0][0] < seen[0][0][0], "the head had learned already"
    assert history.epochs == 2 and (seen[0][1] != seen[1][1]).any()


def test_a_head_inside_an_inner_model_is_named():
    inputs = keras.Input((48, 48, 3))
    outer = keras.Model(inputs, model_of()(inputs))
    outer.compile("adam", "sparse_categorical_crossentropy")
    for call in (lambda: backbone_features(outer, PICTURES), lambda: cc.build_transfer_model(outer, 4)):
        with pytest.raises(cc.ModelError, match=r"'dropout' lies in the model 'mobilenet' inside it: take that one"):
            call()


def test_a_training_stopped_by_hand_ends_all_stages(monkeypatch):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    train = tuning.train_model
    monkeypatch.setattr(tuning, "train_model", lambda *a, **k: train(*a, **k, callbacks=Stop()))
    history = cc.fine_tune(model_of(), (PICTURES, LABELS), stages=(0, 1), epochs=(5, 2), progress=False)
    assert len(history.stages) == 1 and history.epochs < 5 and "by hand" in history.ended


def test_a_loss_that_keras_cannot_write_down_is_asked_for_in_one_sentence():
    def own(truth, said):
        return keras.losses.sparse_categorical_crossentropy(truth, said)

    model = model_of()
    model.compile("adam", loss=own)
    with pytest.raises(cc.ModelError, match="The layers are set, but the model could not be compiled again"):
        cc.unfreeze(model, 1)
    assert open_layers(model) == ["conv_dw_13", "conv_pw_13", "probabilities"]


def test_a_model_that_is_not_compiled_is_named():
    model = model_of()
    with pytest.raises(cc.ModelError, match="must be compiled before it can be trained"):
        cc.fine_tune(keras.Model(model.inputs, model.outputs), (PICTURES, LABELS))


PROGRAM = """
import sys, tempfile, keras, numpy as np, cnn_course as cc
from cnn_course.transfer.parts import is_batch_norm
rng = np.random.default_rng(0)
x, y = rng.integers(0, 256, (12, 48, 48, 3), "uint8"), np.arange(12) % 3
model = cc.build_transfer_model("MobileNet", 3, (48, 48, 3), alpha=0.25, seed=0, dropout=0.0,
                                augmentation=cc.build_augmentation(flip=True, noise=2, seed=0))
def still():
    return [w.copy() for layer in model.layers if is_batch_norm(layer) for w in layer.get_weights()]
def trained(name):
    return [w.copy() for w in model.get_layer(name).get_weights()]
norms, first, last, head = still(), trained("conv1"), trained("conv_pw_13"), trained("probabilities")
assert len(norms) == 4 * 27
model.fit(x, y, epochs=1, batch_size=6, verbose=0)  # closed, by Keras's own fit
assert all((a == b).all() for a, b in zip(norms, still())), "statistics moved while frozen"
assert (trained("conv_pw_13")[0] == last[0]).all() and (trained("probabilities")[0] != head[0]).any()
cc.fine_tune(model, (x, y), stages=(0, 1), epochs=(3, 1), batch_size=6, progress=False)
assert all((a == b).all() for a, b in zip(norms, still())), "statistics moved while the last block was open"
assert (trained("conv_pw_13")[0] != last[0]).any() and (trained("conv1")[0] == first[0]).all()
cc.unfreeze(model, learning_rate=1e-3)
model.fit(x, y, epochs=1, batch_size=6, verbose=0)
assert all((a == b).all() for a, b in zip(norms, still())), "statistics moved while everything was open"
assert (trained("conv1")[0] != first[0]).any()
with tempfile.TemporaryDirectory() as folder:
    path = cc.save_classifier(model, f"{folder}/a.keras", ["a", "b", "c"], data=(x, y))
    again = cc.load_classifier(path).model
np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)
assert not any(layer.trainable for layer in again.layers if is_batch_norm(layer))
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_batch_norm_stays_still_and_the_model_is_saved(backend):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip().endswith(backend), done.stderr[-3000:]


def test_few_labels_draws_each_class_as_often():
    data = cc.load_dataset("digits")
    few, again, other = (cc.few_labels(data, 3, seed) for seed in (0, 0, 1))
    assert set(few.counts().values()) == {3}
    assert (few.images == again.images).all() and (few.images != other.images).any()
    with pytest.raises(cc.DataError, match="per_class must be an integer from 1 to 1"):
        cc.few_labels(data, 0)


def test_the_table_holds_five_seeds_of_each_and_the_margins_that_the_lesson_speaks_of():
    table = cc.transfer_curves()
    for name in table.sets:
        assert {5, 20} <= set(table.labels(name)), "the lesson speaks of these two; others may be there"
        for labels in table.labels(name):
            for method in ("scratch", "frozen", "fine-tuned"):
                found = table.accuracies(name, labels, method)
                assert len(found) == 5 and (found > 0).all() and (found < 1).all()
    mean = {(r.data, r.labels, r.method): table.accuracies(r.data, r.labels, r.method).mean() for r in table.rows}
    for name in ("flowers", "trashnet"):
        for labels in (5, 20):
            assert mean[name, labels, "frozen"] > mean[name, labels, "scratch"] + 0.10
    assert mean["digits", 5, "scratch"] > mean["digits", 5, "frozen"] + 0.10
    assert mean["digits", 20, "scratch"] > mean["digits", 20, "frozen"] + 0.05
    assert "Keras" in table.made and "core" in table.made and "hashtag" in repr(table)
    with pytest.raises(cc.DataError, match="There is no row for data='cats'"):
        table.accuracies("cats", 5, "frozen")


WITHOUT_BACKEND = """
import sys
sys.modules["keras"] = None  # whoever loads it fails, as where no backend is installed
import cnn_course as cc
assert len(cc.transfer_curves().rows) > 50 and "flowers" in cc.plot_transfer_curves().alt
assert len(cc.few_labels(cc.load_dataset("digits"), 5)) == 50
assert len(cc.backbones()) == 50 and "in the box" in repr(cc.backbones())
"""


def test_tables_and_their_figure_need_no_backend():
    done = subprocess.run([sys.executable, "-c", WITHOUT_BACKEND], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def application(name, **options):
    return getattr(keras.applications, name)(**{"weights": None, "input_shape": (32, 32, 3), "classes": 7, **options})


def branching():
    """A head of two ways that come together again."""
    base = cc.build_transfer_model("MobileNet", 3, (48, 48, 3), alpha=0.25)
    base = keras.Model(base.input, base.get_layer("features").output)
    ways = [keras.layers.Dense(4, name=name)(base.output) for name in ("left", "right")]
    outputs = keras.layers.Dense(3, activation="softmax", name="end")(keras.layers.Concatenate(name="both")(ways))
    model = keras.Model(base.input, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


HEADS = {  # what must be the head, and where the body ends
    "the course's": (model_of, ["dropout", "probabilities"], "features"),
    "on maps of one pixel": (
        lambda: application("MobileNet", alpha=0.25), ["dropout", "conv_preds", "reshape", "predictions"], "global",
    ),
    "behind squeezes": (
        lambda: application("MobileNetV3Small"),
        ["conv_2", "activation", "dropout", "logits", "flatten", "predictions"], "global_average_pooling2d",
    ),
    "three layers": (lambda: application("VGG16"), ["fc1", "fc2", "predictions"], "flatten"),
    "hidden layers": (lambda: cc.build_small_cnn((28, 28, 1), 5, units=16), ["hidden_1", "probabilities"], "flatten"),
    "two ways": (branching, ["left", "right", "both", "end"], "features"),
    "a network without maps": (lambda: cc.build_mlp((8, 8, 1), 3, units=(8, 8)), ["probabilities"], "hidden_2"),
    "none": (lambda: application("MobileNet", alpha=0.25, include_top=False), [], "conv_pw_13_relu"),
    "none but pooling": (
        lambda: application("MobileNet", alpha=0.25, include_top=False, pooling="avg"), [], "global_average_pooling2d",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_the_head_is_what_follows_the_backbone(name):
    build, head, end = HEADS[name]
    keras.backend.clear_session()
    model = build()
    parts = parts_of(model, headless=True)
    names = [layer.name for layer in parts.head]
    assert len(names) == len(head) and all(map(str.startswith, names, head)), names
    assert parts.body[-1].name.startswith(end)
    if head:
        assert {layer.name for layer in cc.freeze(model).layers if layer.trainable_weights} <= {
            layer.name for layer in parts.head
        }
        assert all(layer.trainable_weights for layer in parts.head if layer.weights)
    else:
        with pytest.raises(cc.ModelError, match=r"has no head: it ends in its features\. build_transfer_model\("):
            cc.freeze(model)


def test_a_head_of_two_ways_learns_and_stays_as_it_is():
    model = branching()
    before = [weight.copy() for weight in model.get_layer("left").get_weights()]
    history = cc.fine_tune(model, (PICTURES, LABELS), stages=(0,), epochs=(2,), progress=False)
    assert history.epochs == 2 and (model.get_layer("left").get_weights()[0] != before[0]).any()
    assert tuple(model.get_layer("left").input.shape) == (None, 256), "another way leads into the head now"


def test_a_network_of_one_block_is_tuned_and_says_how_many_it_has():
    model = cc.build_small_cnn((48, 48, 3), 3, filters=(2,), units=())
    history = cc.fine_tune(model, (PICTURES, LABELS), epochs=1, progress=False)
    assert [title for title, _, _ in history.stages] == ["head", "last block"]
    with pytest.raises(cc.ModelError, match=r"each of the stages must be a number of blocks from 0 to 1, the name of"):
        cc.fine_tune(model, (PICTURES, LABELS), stages=(0, 2), progress=False)
