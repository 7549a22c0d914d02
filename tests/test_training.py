"""Training: batches, augmentation, checkpoints that survive a kill, and plain words when it goes wrong."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cnn_course import (
    DataError,
    ModelError,
    RandomNoise,
    TrainingHistory,
    TrainingWarning,
    batches,
    build_augmentation,
    build_logit,
    build_mlp,
    build_small_cnn,
    compare,
    train_model,
)

STEPS = 25  # batches in an epoch


def points(n=200, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, 2)).astype("float32")
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def small_model(dropout=0.2, seed=0):
    return build_mlp((2,), classes=2, units=(8,), dropout=dropout, seed=seed)


def interrupt_at(batch):
    """A callback that presses Ctrl + C once, at this batch counted from 1 over all epochs."""
    import keras

    class Interrupt(keras.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, _batch, logs=None):
            self.seen += 1
            if self.seen == batch:
                raise KeyboardInterrupt

    return Interrupt()


class TestBatches:
    def test_every_picture_comes_once_an_epoch_and_each_epoch_in_an_order_of_its_own(self):
        x, labels = np.arange(20, dtype="uint8").reshape(10, 1, 1, 2), np.arange(10)
        made = batches((x, labels), batch_size=4, seed=3)
        epochs = [np.concatenate([np.asarray(part) for _, part in made]) for _ in range(3)]
        assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
        assert len({tuple(epoch) for epoch in epochs}) == 3

    def test_pictures_and_labels_stay_together_and_keep_their_type(self):
        x = np.arange(10, dtype="uint8").reshape(10, 1, 1, 1)
        for pictures, labels in batches((x, np.arange(10)), batch_size=3):
            assert np.asarray(pictures).dtype == "uint8"
            np.testing.assert_array_equal(np.asarray(pictures).ravel(), np.asarray(labels))

    def test_the_same_seed_gives_the_same_order_and_no_shuffle_the_datas_own(self):
        data = np.zeros((10, 1, 1, 1), "uint8"), np.arange(10)
        orders = [
            np.concatenate([np.asarray(labels) for _, labels in batches(data, 4, **options)]).tolist()
            for options in ({"seed": 1}, {"seed": 1}, {"shuffle": False})
        ]
        assert orders[0] == orders[1] != orders[2] == list(range(10))

    @pytest.mark.parametrize("batch_size", [0, -1, 2.5, True, "32"])
    def test_a_bad_batch_size_is_named(self, batch_size):
        with pytest.raises(DataError, match="batch_size must be a positive integer"):
            batches(points(), batch_size)

    @pytest.mark.parametrize("data", [None, 3, (np.zeros((3, 2)),), (np.zeros((3, 2)), np.zeros(4))])
    def test_what_is_no_data_is_said(self, data):
        with pytest.raises(DataError, match="data must"):
            batches(data)


class TestTraining:
    def test_the_same_seed_trains_the_same_way(self):
        losses = [train_model(small_model(), points(), epochs=2, progress=False).metrics["loss"] for _ in range(2)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)

    def test_it_is_keras_fit_on_the_same_batches(self):
        """One epoch without random layers, against a loop over `train_on_batch` in the order that `batches` gives."""
        data = points()
        history = train_model(small_model(dropout=0), data, epochs=1, seed=4, progress=False)
        by_hand, sums, seen = small_model(dropout=0), 0.0, 0
        for x, labels in batches(data, 32, seed=4):
            by_hand.reset_metrics()
            sums += float(by_hand.train_on_batch(np.asarray(x), np.asarray(labels))[0]) * len(labels)
            seen += len(labels)
        np.testing.assert_allclose(history.metrics["loss"][0], sums / seen, rtol=1e-5)

    def test_patience_stops_and_takes_the_best_weights_back(self):
        x, _ = points(60)
        held_out = points(200, seed=1)
        model = build_mlp((2,), classes=2, units=(64,), seed=0)
        model.optimizer.learning_rate = 0.05
        random_labels = np.random.default_rng(0).integers(0, 2, 60)
        history = train_model(model, (x, random_labels), held_out, epochs=60, patience=3, progress=False)
        best = int(np.argmin(history.metrics["val_loss"])) + 1
        assert history.epochs == best + 3 == history.best_epoch + 3 and history.restored_epoch == best
        got = model.evaluate(*held_out, verbose=0, return_dict=True)["loss"]
        np.testing.assert_allclose(got, history.metrics["val_loss"][best - 1], rtol=1e-4)
        assert "had not improved for 3 epochs" in history.ended

    def test_a_loss_that_is_no_number_stops_with_the_usual_reasons(self):
        x, labels = points()
        model = build_mlp((2,), classes=2, units=(8,), seed=0)
        model.optimizer.learning_rate = 1e30
        with pytest.warns(TrainingWarning, match=r"The loss became .* Usually the learning rate is too large"):
            history = train_model(model, (1e18 * x, labels), epochs=5, progress=False)
        assert history.epochs < 5

    def test_class_weights_balance_the_classes(self):
        rng = np.random.default_rng(0)
        labels = (rng.random(600) < 0.1).astype(int)
        x = rng.normal(size=(600, 2)) + labels[:, None]
        found = {}
        for class_weight in (None, "balanced"):
            model = build_logit((2,), classes=2, seed=0)
            model.optimizer.learning_rate = 0.05
            train_model(model, (x, labels), epochs=15, class_weight=class_weight, progress=False)
            found[class_weight] = np.mean(model.predict(x[labels == 1], verbose=0) > 0.5)
        assert found["balanced"] > found[None] + 0.2

    def test_a_batch_that_will_not_fit_is_said_with_one_that_would(self, monkeypatch):
        from cnn_course.training import checks

        model = build_small_cnn((64, 64, 3), classes=2, seed=0)
        data = np.zeros((64, 64, 64, 3), "uint8"), np.arange(64) % 2
        fixed, each = checks._needed(model)
        monkeypatch.setattr(checks, "free_memory", lambda: fixed + 10 * each)
        with pytest.warns(TrainingWarning, match=r"Try batch_size=10\."):
            train_model(model, data, epochs=1, batch_size=64, progress=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error", TrainingWarning)
            train_model(model, data, epochs=1, batch_size=10, progress=False)

    def test_where_a_card_trains_its_memory_counts_and_not_the_computers(self, monkeypatch):
        from cnn_course.training import checks

        model = build_small_cnn((64, 64, 3), classes=2, seed=0)
        monkeypatch.setattr(checks, "on_gpu", lambda variable: True)
        monkeypatch.setattr(checks, "free_memory", lambda: 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error", TrainingWarning)
            checks.warn_if_too_large(model, 64)  # TensorFlow does not say how much of a card is free
        fixed, each = checks._needed(model)
        monkeypatch.setattr(checks, "_free_on_card", lambda: fixed + 10 * each)
        with pytest.warns(TrainingWarning, match=r"Try batch_size=10\."):
            checks.warn_if_too_large(model, 64)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"epochs": 0}, "epochs must be an integer of at least 1"),
            ({"seed": -1}, "seed must be"),
            ({"patience": 0}, "patience must be"),
            ({"class_weight": "even"}, "class_weight must be"),
        ],
    )
    def test_bad_arguments_are_named(self, change, message):
        with pytest.raises(DataError, match=message):
            train_model(small_model(), points(), progress=False, **change)

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (np.array([-1, 0, 1, 2]), r"from -1 to 2\. -1 is a picture without a label"),
            (np.array(["a", "b", "c", "a"]), "Received: dtype <U1"),
            (np.array([0.0, 1.0, 2.0, 1.0]), r"dtype float64\. labels\.astype\(int\)"),
            (np.eye(3)[[0, 1, 2, 0]], r"shape \(4, 3\)\. One-hot labels become numbers"),
        ],
    )
    @pytest.mark.parametrize("loss", ["by name", "an object"])
    def test_labels_of_another_kind_are_said_with_the_way_out(self, labels, message, loss):
        import keras

        model = build_small_cnn((16, 16, 1), classes=3, seed=0)
        if loss == "an object":
            model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy())
        pictures = np.zeros((4, 16, 16, 1), "uint8")
        with pytest.raises(DataError, match=message):
            train_model(model, (pictures, labels), progress=False)
        with pytest.raises(DataError, match="labels of validation_data"):
            train_model(model, (pictures, np.array([0, 1, 2, 0])), (pictures, labels), progress=False)

    def test_one_hot_loss_with_integer_labels_names_the_other_loss(self):
        model = build_small_cnn((16, 16, 1), classes=3, seed=0)
        model.compile("adam", loss="categorical_crossentropy")
        with pytest.raises(DataError, match="sparse_categorical_crossentropy"):
            train_model(model, (np.zeros((4, 16, 16, 1), "uint8"), np.arange(4) % 3), progress=False)

    def test_data_sets_arrays_and_lazy_folders_may_stand_beside_each_other(self, tmp_path):
        from PIL import Image

        from cnn_course import load_dataset, load_images_from_folder

        data = load_dataset("shapes", n=12, image_size=16, seed=0)
        for row, (picture, label) in enumerate(zip(data.images, data.labels, strict=True)):
            folder = tmp_path / data.class_names[label]
            folder.mkdir(exist_ok=True)
            Image.fromarray(picture).save(folder / f"{row}.png")
        lazy = load_images_from_folder(tmp_path, image_size=16, batch_size=8)
        classes = len(lazy.class_names)
        for held_out in (data.subset(np.flatnonzero(data.labels < classes)), [lazy.take(np.arange(3)), [0, 1, 0]]):
            model = build_small_cnn((16, 16, 3), classes=classes, filters=(4,), units=4, seed=0)
            history = train_model(model, lazy, held_out, epochs=1, progress=False)
            assert set(history.metrics) >= {"val_loss", "val_accuracy"}

    def test_a_binary_model_takes_true_and_false_with_balanced_weights(self):
        x, labels = points()
        rare = labels.astype(bool) & (x[:, 0] > 0)
        history = train_model(small_model(), (x, rare), epochs=1, class_weight="balanced", progress=False)
        assert np.isfinite(history.metrics["loss"][0])

    def test_a_class_without_a_weight_is_named(self):
        with pytest.raises(DataError, match=r"Received: none for \[1\]"):
            train_model(small_model(), points(), class_weight={0: 1.0}, progress=False)

    def test_a_model_of_ones_own_is_trained_and_resumed(self, tmp_path):
        import keras

        class Own(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(2, activation="softmax")

            def call(self, x):
                return self.dense(x)

        for epochs in (1, 2):
            model = Own()
            model.compile("sgd", "sparse_categorical_crossentropy")
            history = train_model(model, points(), epochs=epochs, checkpoint=tmp_path, progress=False)
        assert history.resumed_after == (1,)

    @pytest.mark.parametrize("model", ["model", small_model])
    def test_what_is_no_model_is_said(self, model):
        with pytest.raises(ModelError, match="model must be a Keras model"):
            train_model(model, points(), progress=False)

    def test_stopped_by_hand_it_keeps_the_epochs_and_the_best_weights(self, capsys):
        interrupt = interrupt_at(batch=3 * 7 + 2)
        held_out, model = points(100, seed=1), small_model()
        history = train_model(model, points(), held_out, epochs=9, patience=9, callbacks=interrupt)
        assert history.epochs == 3 and history.restored_epoch == history.best_epoch
        assert "Stopped by hand in epoch 4. The weights are those of epoch" in capsys.readouterr().out
        loss = model.evaluate(*held_out, verbose=0, return_dict=True)["loss"]
        np.testing.assert_allclose(loss, history.metrics["val_loss"][history.best_epoch - 1], rtol=1e-4)

    def test_stopped_by_hand_a_comparison_gives_what_there_is(self):
        interrupt = interrupt_at(batch=7 + 2)
        settings = {name: small_model for name in ("first", "second", "third")}
        found = compare(settings, points(), epochs=1, callbacks=[interrupt], progress=False)
        assert list(found) == ["first", "second"] and found["second"].epochs == 0
        assert "second" in repr(found)

    def test_labels_beyond_the_classes_and_pictures_of_another_size_are_said(self):
        model = build_small_cnn((28, 28, 1), classes=3, seed=0)
        with pytest.raises(DataError, match="labels of data must be integers from 0 to 2"):
            train_model(model, (np.zeros((4, 28, 28, 1), "uint8"), np.array([0, 1, 2, 3])), progress=False)
        with pytest.raises(DataError, match=r"x\[\.\.\., None\]"):
            train_model(model, (np.zeros((4, 28, 28), "uint8"), np.zeros(4, int)), progress=False)

    def test_pictures_in_0_to_1_are_warned_of(self):
        model = build_small_cnn((28, 28, 1), classes=2, seed=0)
        data = np.random.default_rng(0).random((4, 28, 28, 1), "float32"), np.array([0, 1, 0, 1])
        with pytest.warns(TrainingWarning, match="0 to 255"):
            train_model(model, data, epochs=1, progress=False)

    def test_a_monitor_that_is_no_metric_lists_those_there_are(self):
        with pytest.raises(ModelError, match=r"monitor must be one of .*loss"):
            train_model(small_model(), points(), epochs=1, monitor="val_loss", progress=False)

    def test_compare_trains_each_setting_on_a_fresh_model(self):
        sizes = {"small": {"batch_size": 10}, "large": {"batch_size": 200}}
        both = compare(sizes, points(), model=small_model, epochs=2, progress=False)
        assert list(both) == ["small", "large"]
        assert both["small"].metrics["loss"][-1] < both["large"].metrics["loss"][-1]
        with pytest.raises(ModelError, match="function that builds its model"):
            compare({"one": small_model()}, points(), progress=False)

    def test_the_history_survives_a_file(self, tmp_path):
        history = train_model(small_model(), points(), epochs=2, progress=False)
        assert TrainingHistory.load(history.save(tmp_path / "history.json")) == history
        (tmp_path / "other.json").write_text("[1, 2]")
        with pytest.raises(DataError, match=r"other\.json must be a history"):
            TrainingHistory.load(tmp_path / "other.json")


class TestAugmentation:
    ALL: ClassVar = {"shift": 0.2, "zoom": 0.2, "rotation": 20, "flip": True, "contrast": 0.5, "noise": 10}

    @pytest.mark.parametrize("name", ALL)
    def test_it_acts_in_training_only(self, name):
        pictures = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype("float32")
        layers = build_augmentation(**{name: self.ALL[name]}, seed=0)
        for still in (layers(pictures), layers(pictures, training=False), layers.predict(pictures, verbose=0)):
            np.testing.assert_array_equal(np.asarray(still), pictures)
        changed = np.asarray(layers(pictures, training=True))
        assert changed.shape == pictures.shape and np.abs(changed - pictures).mean() > 1
        assert changed.min() >= 0 and changed.max() <= 255

    def test_inside_a_model_it_acts_in_fit_alone(self):
        model = build_small_cnn((16, 16, 1), classes=2, augmentation=build_augmentation(noise=50, seed=0), seed=0)
        pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1), "uint8")
        first = model.predict(pictures, verbose=0)
        np.testing.assert_array_equal(first, model.predict(pictures, verbose=0))
        np.testing.assert_allclose(first, np.asarray(model(pictures)), rtol=1e-5, atol=1e-7)
        assert np.abs(first - np.asarray(model(pictures, training=True))).max() > 1e-4

    def test_noise_has_the_strength_that_was_asked_for(self):
        grey = np.full((1, 128, 128, 1), 128, "float32")
        assert abs(np.std(np.asarray(RandomNoise(10.0, seed=0)(grey, training=True))) - 10) < 0.3

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ({}, "every strength is 0"),
            ({"shift": 2}, r"shift must be .* Received: shift=2"),
            ({"rotation": -1}, r"rotation must be .* Received: rotation=-1"),
            ({"flip": "sideways"}, r"flip must be .* Received: flip='sideways'"),
            ({"noise": "a"}, r"stddev|noise must be .* Received: noise='a'"),
            ({"shift": 0.1, "fill_mode": "x"}, r"fill_mode must be .* Received: fill_mode='x'"),
        ],
    )
    def test_bad_strengths_are_named(self, bad, message):
        with pytest.raises(ModelError, match=message):
            build_augmentation(**bad)


def train_until_killed(folder, steps_done, epochs):
    """Run in a process of its own: a training that counts its steps where its killer can see them."""
    import keras

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(0.004)
            steps_done.value += 1

    history = train_model(
        small_model(), points(8 * STEPS), epochs=epochs, batch_size=8, checkpoint=folder, callbacks=[Count()]
    )
    history.save(Path(folder) / "history.json")


class TestCheckpoints:
    def test_ten_kills_at_random_batches_lose_no_finished_epoch(self, tmp_path):
        """Each start goes on after the last finished epoch; the end is that of a training nobody killed."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tensorflow", "keras", "cnn_course.training"])
        drawn, epochs, done_before = random.Random(5), 20, 0
        for _ in range(10):
            steps = context.Value("i", 0, lock=False)
            process = context.Process(target=train_until_killed, args=(tmp_path, steps, epochs))
            process.start()
            last = drawn.randrange(1, 2 * STEPS)
            while steps.value < last and process.is_alive():
                time.sleep(0.001)
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            last = steps.value  # on a busy computer some steps later than it was meant to be
            kept = sorted(int(path.stem[-5:]) for path in tmp_path.glob("epoch_*.npz"))
            done = kept[-1] if kept else 0
            last = steps.value  # the killer may have come late
            assert done - done_before in ((last - 1) // STEPS, last // STEPS)
            for path in tmp_path.glob("epoch_*.npz"):
                with np.load(path, allow_pickle=False) as content:
                    assert all(np.isfinite(content[name]).all() for name in content.files if name != "state")
            done_before = done
        assert done_before < epochs
        process = context.Process(target=train_until_killed, args=(tmp_path, steps, epochs))
        process.start()
        process.join()
        history = TrainingHistory.load(tmp_path / "history.json")
        assert history.epochs == epochs and history.resumed_after
        whole = train_model(small_model(), points(8 * STEPS), epochs=epochs, batch_size=8, progress=False)
        np.testing.assert_allclose(history.metrics["loss"], whole.metrics["loss"], rtol=1e-4)

    def test_it_says_that_it_goes_on(self, tmp_path, capsys):
        train_model(small_model(), points(), epochs=2, checkpoint=tmp_path)
        capsys.readouterr()
        history = train_model(small_model(), points(), epochs=4, checkpoint=tmp_path)
        assert "going on after epoch 2" in capsys.readouterr().out
        assert history.resumed_after == (2,) and history.epochs == 4

    def test_a_finished_training_is_not_run_again(self, tmp_path):
        first, second = small_model(), small_model()
        before = train_model(first, points(), epochs=2, checkpoint=tmp_path, progress=False)
        again = train_model(second, points(), epochs=2, checkpoint=tmp_path, progress=False)
        assert again.metrics == before.metrics
        for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_another_trainings_folder_is_refused(self, tmp_path):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)
        with pytest.raises(ModelError, match=r"checkpoint of another training: batch_size was 32, is 16"):
            train_model(small_model(), points(), epochs=1, batch_size=16, checkpoint=tmp_path, progress=False)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"activation": "tanh"}, r"model\.layers\.\d\.activation was relu, is tanh"),
            ({"seed": 1}, "the first weights are others"),
            ({"learning_rate": 0.1}, r"optimizer\.learning_rate was 0\.001.*, is 0\.1"),
            ({"loss": "binary_focal_crossentropy"}, r"loss was binary_crossentropy, is binary_focal_crossentropy"),
            ({"data": points(seed=5)}, "the pictures of data are others"),
            ({"data": (points()[0], 1 - points()[1])}, "the labels of data are others"),
            ({"validation_data": points(seed=6)}, "the pictures of validation_data"),
        ],
    )
    def test_a_folder_belongs_to_one_model_one_compile_and_one_data_set(self, tmp_path, change, message):
        loss = change.pop("loss", None)
        arguments = {"data": points(), "epochs": 2, "checkpoint": tmp_path, "progress": False}
        given = {name: change[name] for name in change if name in ("data", "validation_data")}
        build = {"activation": "relu", "seed": 0, "learning_rate": 0.001}
        train_model(build_mlp((2,), classes=2, units=(8,), **build), **{**arguments, "epochs": 1})
        other = build_mlp((2,), classes=2, units=(8,), **{**build, **{k: v for k, v in change.items() if k in build}})
        if loss:
            other.compile(other.optimizer, loss, metrics=["accuracy"])
        with pytest.raises(ModelError, match=f"holds the checkpoint of another training: .*{message}"):
            train_model(other, **{**arguments, **given})
        again = build_mlp((2,), classes=2, units=(8,), **build)  # its layers are counted on: other names
        assert train_model(again, **arguments).resumed_after == (1,)

    def test_the_same_model_goes_on_after_a_stop_in_the_middle_and_with_a_rate_that_a_callback_changed(self, tmp_path):
        import keras

        def halve(epoch, rate):
            return rate / 2

        arguments = {"checkpoint": tmp_path, "progress": False}
        model, slower = small_model(), keras.callbacks.LearningRateScheduler(halve)
        callbacks = [slower, interrupt_at(batch=7 + 2)]
        assert train_model(model, points(), epochs=3, callbacks=callbacks, **arguments).epochs == 1
        model.optimizer.learning_rate = 0.0005  # what the first epoch ended with
        assert train_model(model, points(), epochs=2, callbacks=slower, **arguments).resumed_after == (1,)
        assert train_model(small_model(), points(), epochs=3, callbacks=slower, **arguments).resumed_after == (1, 2)

    def test_first_weights_without_a_seed_are_warned_of(self, tmp_path):
        for seed in (None, None):
            model = small_model(seed=seed)
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always", TrainingWarning)
                history = train_model(model, points(), epochs=2, checkpoint=tmp_path, progress=False)
        assert history.epochs == 2 and "began from other first weights" in str(found[-1].message)
        assert found[-1].filename == __file__

    def test_each_setting_of_a_comparison_has_a_folder_of_its_own(self, tmp_path):
        rates = {f"rate {rate}": {"model": lambda rate=rate: build_logit((2,), 2, seed=0, learning_rate=rate)}
                 for rate in (0.001, 0.1, 1.0)}  # fmt: skip
        kept, plain = (
            compare(rates, points(), epochs=2, progress=False, **options) for options in ({"checkpoint": tmp_path}, {})
        )
        for name in rates:
            np.testing.assert_allclose(kept[name].metrics["loss"], plain[name].metrics["loss"], rtol=1e-5)
        assert len(list(tmp_path.iterdir())) == len({h.metrics["loss"] for h in kept.histories.values()}) == 3
        again = compare(rates, points(), epochs=2, checkpoint=tmp_path, progress=False)
        assert all(again[name].metrics == kept[name].metrics for name in rates)

    def test_empty_foreign_broken_and_swollen_files_are_one_sentence(self, tmp_path):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)
        file = tmp_path / "epoch_00001.npz"
        whole = file.read_bytes()
        with np.load(file) as content:
            parts = {name: content[name] for name in content.files}

        def without(changed, save=np.savez):
            with file.open("wb") as stream:
                save(stream, **{**parts, **changed})

        def damaged():
            file.write_bytes(whole[:-300] + bytes(300))

        faults = {
            "it is empty": [lambda: file.write_bytes(b"")],
            "it is damaged, or no checkpoint": [
                lambda: file.write_bytes(b"no checkpoint"),
                lambda: file.write_bytes(whole[: len(whole) // 2]),
                damaged,
                lambda: file.open("wb").write(b"\x93NUMPY\x01\x00v\x00"),
                lambda: np.savez(file, other=np.zeros(3)),
                lambda: without({"state": np.array([{}], object)}),
                lambda: without({"state": np.array("[1, 2]")}),
                lambda: without({"state": np.array("[" * 100_000)}),
                lambda: without({"v00001": np.array(["a"] * 8)}),
                lambda: without({"v00001": np.zeros(10**7)}, np.savez_compressed),
            ],
            r"its weights are not all numbers \(NaN\)": [lambda: without({"v00001": np.full(8, np.nan)})],
        }
        for sentence, makers in faults.items():
            for make in makers:
                file.write_bytes(whole)
                make()
                with pytest.raises(
                    ModelError, match=rf"epoch_00001\.npz cannot be read: {sentence}\. Delete it"
                ) as said:
                    train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)
                assert "pickle" not in str(said.value) and len(str(said.value)) < 400
        file.write_bytes(whole)
        assert train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False).resumed_after == (1,)

    def test_a_file_in_the_place_of_the_folder_is_named(self, tmp_path):
        (tmp_path / "run").write_text("")
        with pytest.raises(ModelError, match="checkpoint must be a folder"):
            train_model(small_model(), points(), epochs=1, checkpoint=tmp_path / "run", progress=False)

    def test_pictures_on_disk_are_the_same_in_another_place_and_others_are_not(self, tmp_path):
        from PIL import Image

        from cnn_course import load_dataset, load_images_from_folder

        data = load_dataset("shapes", n=12, image_size=16, seed=0)
        for row, picture in enumerate(data.images):
            folder = tmp_path / "here" / ("even", "odd")[row % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / f"{row}.png")

        def trained(place, epochs):
            lazy = load_images_from_folder(place, image_size=16, batch_size=8)
            model = build_small_cnn((16, 16, 3), classes=2, filters=(4,), units=4, seed=0)
            return train_model(model, lazy, epochs=epochs, checkpoint=tmp_path / "kept", progress=False)

        assert trained(tmp_path / "here", 1).epochs == 1
        moved = (tmp_path / "here").rename(tmp_path / "there")
        assert trained(moved, 2).epochs == 2
        Image.fromarray(255 - data.images[0]).save(moved / "even" / "0.png")
        with pytest.raises(ModelError, match=r"holds the checkpoint of another training: .*pictures"):
            trained(moved, 3)

    def test_another_models_folder_is_refused_with_the_shapes(self, tmp_path):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)
        wider = build_mlp((2,), classes=2, units=(16,), dropout=0.2, seed=0)
        with pytest.raises(ModelError, match=r"checkpoint of another training: weights was .*8.*, is .*16"):
            train_model(wider, points(), epochs=2, checkpoint=tmp_path, progress=False)

    def test_a_broken_checkpoint_is_named(self, tmp_path):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)
        file = next(tmp_path.glob("epoch_*.npz"))
        file.write_bytes(file.read_bytes()[:500])
        with pytest.raises(ModelError, match=r"epoch_00001\.npz cannot be read"):
            train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)

    def test_a_full_disk_leaves_the_last_checkpoint_whole(self, tmp_path, monkeypatch):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ModelError, match=r"epoch 2 could not be written .*No space left.*The folder holds epoch 1"):
            train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)
        monkeypatch.undo()
        resumed = train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)
        assert resumed.resumed_after == (1,) and not list(tmp_path.glob(".*"))


class TestProgress:
    def lines(self, monkeypatch, columns, encoding="utf-8"):
        """What a terminal of this width shows, one entry for each time the line is written."""
        import io

        class Terminal(io.TextIOWrapper):
            def isatty(self):
                return True

        from cnn_course.training import _progress

        monkeypatch.setattr(_progress, "_EVERY", 0.0)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", "24")
        terminal = Terminal(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", terminal)
        train_model(small_model(), points(), points(seed=1), epochs=2)
        terminal.flush()
        return terminal.buffer.getvalue().decode(encoding).split("\r")

    def test_a_terminal_shows_time_left_loss_accuracy_and_validation_and_ends_still(self, monkeypatch):
        *lines, last = self.lines(monkeypatch, columns=200)
        assert all(word in lines[-2] for word in ("100%", "epoch 2 of 2", "0:00 left", "loss", "accuracy", "val_loss"))
        assert "val_loss" in lines[10] and "val_loss" not in lines[3]  # stays until the next one is there
        assert last == "Training mlp on 200 pictures\n" and not lines[-1].strip()

    def test_a_narrow_terminal_gets_a_line_that_does_not_wrap(self, monkeypatch):
        lines = self.lines(monkeypatch, columns=60)
        assert max(map(len, lines)) < 60 and any("epoch 1 of 2" in line for line in lines)

    def test_a_terminal_without_block_letters_is_no_error(self, monkeypatch):
        assert any("epoch 2 of 2" in line for line in self.lines(monkeypatch, columns=100, encoding="ascii"))

    def test_a_pipe_gets_the_closing_line_alone(self, capsys):
        train_model(small_model(), points(), epochs=2)
        assert capsys.readouterr().out == "Training mlp on 200 pictures\n"

    def test_an_error_in_the_middle_leaves_the_terminal_on_a_line_of_its_own(self, monkeypatch, capsys):
        with pytest.raises(ModelError, match="monitor must be"):
            train_model(small_model(), points(), epochs=1, monitor="beauty")
        assert capsys.readouterr().out.endswith("\n")


PROGRAM = """
import sys, warnings, numpy as np
from cnn_course import TrainingWarning, build_augmentation, build_small_cnn, load_keras, train_model
keras = load_keras()
rng = np.random.default_rng(0)
labels = np.arange(64) % 2
x = rng.integers(0, 100, (64, 16, 16, 1)).astype("uint8")
x[labels == 1, :, 8:] += 100
def train(epochs):
    model = build_small_cnn((16, 16, 1), 2, augmentation=build_augmentation(shift=0.1, noise=5, seed=0), seed=0)
    return train_model(model, (x, labels), (x, labels), epochs=epochs, checkpoint=sys.argv[1], progress=False)
train(1)
history = train(3)
assert history.resumed_after == (1,), history
assert history.metrics["loss"][2] < history.metrics["loss"][0], history
model = build_small_cnn((16, 16, 1), 2, seed=0)
class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == 2:
            raise KeyboardInterrupt
stopped = train_model(model, (x, labels), (x, labels), epochs=5, patience=5, callbacks=Interrupt(), progress=False)
assert stopped.epochs == 2 and stopped.restored_epoch == stopped.best_epoch, stopped
loss = model.evaluate(x, labels, verbose=0, return_dict=True)["loss"]
assert abs(loss - min(stopped.metrics["val_loss"])) < 1e-4, (loss, stopped)
model.optimizer.learning_rate = 1e30
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always", TrainingWarning)
    failed = train_model(model, (x, labels), epochs=3, progress=False)
assert "became nan" in failed.ended and "it is 1e+30" in failed.ended, failed
assert any(issubclass(warning.category, TrainingWarning) for warning in said)
print(history.backend)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_other_backends_train_and_resume(backend, tmp_path):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "run")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == backend, done.stderr[-3000:]
