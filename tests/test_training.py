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
        from cnn_course.training import _checks

        model = build_small_cnn((64, 64, 3), classes=2, seed=0)
        data = np.zeros((64, 64, 64, 3), "uint8"), np.arange(64) % 2
        fixed, each = _checks._needed(model)
        monkeypatch.setattr(_checks, "free_memory", lambda: fixed + 10 * each)
        with pytest.warns(TrainingWarning, match=r"Try batch_size=10\."):
            train_model(model, data, epochs=1, batch_size=64, progress=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error", TrainingWarning)
            train_model(model, data, epochs=1, batch_size=10, progress=False)

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

    def test_labels_beyond_the_classes_and_pictures_of_another_size_are_said(self):
        model = build_small_cnn((28, 28, 1), classes=3, seed=0)
        with pytest.raises(DataError, match="labels must be integers from 0 to 2"):
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
        "bad",
        [{}, {"shift": 2}, {"rotation": -1}, {"flip": "sideways"}, {"noise": "a"}, {"shift": 0.1, "fill_mode": "x"}],
    )
    def test_bad_strengths_are_named(self, bad):
        with pytest.raises(ModelError, match=r"Received|every strength is 0"):
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
            kept = sorted(int(path.stem[-5:]) for path in tmp_path.glob("epoch_*.npz"))
            done = kept[-1] if kept else 0
            assert done - done_before in ((last - 1) // STEPS, last // STEPS, last // STEPS + 1)
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

    def test_a_broken_checkpoint_is_named(self, tmp_path):
        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)
        file = next(tmp_path.glob("epoch_*.npz"))
        file.write_bytes(file.read_bytes()[:500])
        with pytest.raises(ModelError, match=r"epoch_00001\.npz cannot be read"):
            train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)

    def test_a_full_disk_leaves_the_last_checkpoint_whole(self, tmp_path, monkeypatch):
        from cnn_course.training import history

        train_model(small_model(), points(), epochs=1, checkpoint=tmp_path, progress=False)

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(history.os, "fsync", full)
        with pytest.raises(Exception, match="No space left"):
            train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)
        monkeypatch.undo()
        resumed = train_model(small_model(), points(), epochs=2, checkpoint=tmp_path, progress=False)
        assert resumed.resumed_after == (1,) and not list(tmp_path.glob(".*"))


PROGRAM = """
import sys, numpy as np
from cnn_course import build_augmentation, build_small_cnn, train_model
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
print(history.backend)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_other_backends_train_and_resume(backend, tmp_path):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "run")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == backend, done.stderr[-3000:]
