"""Settings that leave no trace, honest timings, the roofline, the table, and several devices, on every backend."""

import dataclasses
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.devices import Gpu, Machine, Timing, backend_facts, bounds, timing
from cnn_course.devices.measurements import NAMES


def run(program, backend="tensorflow"):
    """Run a program in a fresh process, as the backend's first user."""
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def small(seed=0):
    return cc.build_small_cnn((12, 12, 1), 4, filters=(4,), units=8, seed=seed)


class TestSettings:
    def test_mixed_precision_leaves_no_trace_even_after_an_error(self):
        keras = cc.load_keras()
        before = keras.config.dtype_policy().name
        with pytest.raises(ZeroDivisionError), cc.mixed_precision("float16") as policy:
            model = small()
            assert policy == "mixed_float16" and model.layers[2].compute_dtype == "float16"
            assert type(model.optimizer).__name__ == "LossScaleOptimizer"
            raise ZeroDivisionError
        assert keras.config.dtype_policy().name == before == "float32"
        assert all(layer.compute_dtype == "float32" for layer in small().layers)

    def test_xla_computes_the_same_and_leaves_no_trace(self):
        x, y = np.random.default_rng(0).integers(0, 256, (32, 12, 12, 1), "uint8"), np.arange(32) % 4
        losses = {}
        for enabled in (True, False):
            model = small()
            before = model.jit_compile
            with cc.xla(model, enabled):
                assert model.jit_compile is enabled
                losses[enabled] = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"]
            assert model.jit_compile is before and model.train_function is None
            model.fit(x, y, verbose=0)
        np.testing.assert_allclose(losses[True], losses[False], rtol=1e-4)

    def test_inside_each_other_and_after_an_error_the_settings_are_those_of_before(self):
        keras, model = cc.load_keras(), small()
        before = keras.config.dtype_policy().name, model.jit_compile
        with pytest.raises(ZeroDivisionError), cc.mixed_precision("float16"), cc.xla(model):
            with cc.mixed_precision("bfloat16"), cc.xla(model, False):
                assert (keras.config.dtype_policy().name, model.jit_compile) == ("mixed_bfloat16", False)
            assert (keras.config.dtype_policy().name, model.jit_compile) == ("mixed_float16", True)
            raise ZeroDivisionError
        assert (keras.config.dtype_policy().name, model.jit_compile) == before

    def test_what_cannot_be_is_said(self):
        with pytest.raises(cc.DataError, match="dtype must be 'bfloat16' or 'float16'"), cc.mixed_precision("int8"):
            pass
        keras = cc.load_keras()
        bare = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        with pytest.raises(cc.ModelError, match="must be compiled"), cc.xla(bare):
            pass

    def test_after_the_first_tensor_it_is_too_late_and_the_error_says_so(self):
        cc.load_keras().ops.ones(2)
        for call in (cc.grow_memory, cc.logical_devices):
            with pytest.raises(cc.BackendError, match=r"before the backend makes its first tensor.*restart the kernel"):
                call()
        with pytest.raises(cc.BackendError, match="99 devices were asked for, and there is 1"), cc.data_parallel(99):
            pass


PARALLEL = """
import numpy as np, cnn_course as cc
rng = np.random.default_rng(0)
data = rng.integers(0, 256, (96, 12, 12, 1), "uint8"), np.arange(96) % 4
build = lambda: cc.build_small_cnn((12, 12, 1), 4, filters=(4,), units=8, seed=0)
with cc.data_parallel() as replicas:
    assert len(replicas) == 2, replicas
    model = build()
    both = cc.train_model(model, data, epochs=4, batch_size=32, progress=False)
with cc.data_parallel(1):
    alone = build()
    one = cc.train_model(alone, data, epochs=4, batch_size=32, progress=False)
np.testing.assert_allclose(both.metrics["loss"], one.metrics["loss"], rtol=1e-5)
for a, b in zip(model.get_weights(), alone.get_weights()):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
outside = cc.train_model(build(), data, epochs=1, batch_size=32, progress=False)
np.testing.assert_allclose(outside.metrics["loss"], one.metrics["loss"][:1], rtol=1e-5)
print(replicas.devices)
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_have_the_losses_of_one_with_the_global_batch(backend):
    assert "CPU:1" in run(PARALLEL, backend).upper()


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_example_of_the_documentation_runs(backend):
    """Its pictures do not fill whole batches by themselves, and its model is evaluated on an odd number of others."""
    page = Path(__file__).resolve().parents[1] / "docs" / "several_devices.md"
    program = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert "accuracy" in run(program + "\nassert len(replicas) == 2 and whole < len(train)", backend)


def test_a_batch_that_jax_cannot_share_is_said():
    program = """
import numpy as np, cnn_course as cc
try:
    with cc.data_parallel() as replicas:
        model, data = cc.build_logit((2,), classes=2, seed=0), (np.zeros((31, 2), "float32"), np.arange(31) % 2)
        cc.train_model(model, data, epochs=1, batch_size=16, progress=False)
except cc.DataError as error:
    assert "evenly among the 2 devices" in str(error)
else:
    raise SystemExit("no error")
assert cc.load_keras().distribution.distribution() is None
"""
    run(program, "jax")


TORCH = """
import cnn_course as cc
for call in (cc.logical_devices, lambda: cc.data_parallel().__enter__(), lambda: cc.xla(None).__enter__()):
    try:
        call()
    except cc.BackendError as error:
        assert "KERAS_BACKEND=tensorflow" in str(error), error
    else:
        raise SystemExit("no error")
model = cc.build_lenet(seed=0)
timing = cc.time_training(model, batch_size=4, steps=2, repeats=2)
assert timing.median > 0 and timing.backend.startswith("torch")
assert cc.roofline(model, cc.measure_machine(size=128, repeats=1), batch_size=2, repeats=1)["conv_1"].seconds > 0
assert cc.describe_devices().backend.startswith("torch") and cc.grow_memory() == 0
"""


def test_torch_times_and_says_what_it_cannot():
    run(TORCH, "torch")


def test_jax_times_and_draws_and_splits_in_time():
    program = """
import cnn_course as cc
assert cc.logical_devices(3) == ("CPU:0", "CPU:1", "CPU:2")
import jax
assert len(jax.devices()) == 3
model = cc.build_lenet(seed=0)
assert cc.time_training(model, batch_size=4, steps=2, repeats=2).median > 0
assert cc.roofline(model, cc.measure_machine(size=128, repeats=1), batch_size=2, repeats=1)["conv_1"].seconds > 0
assert cc.describe_devices().backend.startswith("jax")
"""
    run(program, "jax")


class TestTiming:
    def test_the_clock_sees_the_work_and_not_the_warm_up(self):
        """A layer that sleeps 20 ms a step, and a first epoch that is slower still."""
        keras = cc.load_keras()
        import tensorflow as tf

        calls = []

        def slow(x):
            calls.append(0)
            time.sleep(0.3 if len(calls) <= 2 else 0.02)
            return x

        inputs = keras.Input((4,))
        slept = keras.layers.Lambda(lambda x: tf.ensure_shape(tf.numpy_function(slow, [x], tf.float32), (None, 4)))(
            inputs
        )
        model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(slept))
        model.compile("sgd", "sparse_categorical_crossentropy")
        timing = cc.time_training(model, batch_size=8, steps=2, repeats=3)
        assert len(calls) == 8 and len(timing.seconds) == 3
        assert timing.median >= 0.02 and min(timing.seconds) < 0.25
        assert timing.pictures_per_second == pytest.approx(8 / timing.median)
        assert timing.epoch_seconds(20) == pytest.approx(3 * timing.median)

    def test_the_model_is_afterwards_as_before(self):
        model = small()
        before = model.get_weights()
        cc.time_training(model, batch_size=8, steps=2, repeats=2)
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
        assert int(model.optimizer.iterations) == 0

    def test_the_row_is_of_the_card_only_if_the_weights_lie_there(self, monkeypatch):
        """The first card that the backend names trains, whatever the driver's order; float32 there may be tf32."""
        cards = Gpu("NVIDIA A100", 0, "8.0"), Gpu("an old one", 0, "3.5")
        facts = dataclasses.replace(backend_facts(), gpus=cards)
        monkeypatch.setattr(timing, "backend_facts", lambda: facts)
        monkeypatch.setattr(timing, "_memory_meter", lambda there: (lambda: None, lambda: 5 if there else 7))
        on_processor = cc.time_training(small(), batch_size=8, steps=1, repeats=1)
        assert (on_processor.on_gpu, on_processor.precision, on_processor.peak_memory) == (False, "float32", 7)
        monkeypatch.setattr(timing, "on_gpu", lambda variable: True)
        on_card = cc.time_training(small(), batch_size=8, steps=1, repeats=1)
        assert (on_card.on_gpu, on_card.device, on_card.precision, on_card.peak_memory) == (
            True,
            "NVIDIA A100",
            "tf32",
            5,
        )

    def test_memory_at_the_peak_is_more_than_the_pictures(self):
        timing = cc.time_training(small(), batch_size=8, steps=2, repeats=2)
        if timing.peak_memory is None:
            pytest.skip("this system does not say how much memory a process uses")
        assert timing.peak_memory > 50e6 and "MB at the peak" in repr(timing)

    @pytest.mark.parametrize("change", [{"batch_size": 0}, {"steps": 0}, {"repeats": 0}, {"warm_up": 0}])
    def test_bad_numbers_are_named(self, change):
        with pytest.raises(cc.DataError, match=next(iter(change))):
            cc.time_training(small(), **change)

    def test_a_model_that_is_not_compiled_is_said(self):
        keras = cc.load_keras()
        with pytest.raises(cc.ModelError, match="must be compiled"):
            cc.time_training(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]))


class TestRoofline:
    def test_the_copy_is_no_slower_than_numpys(self):
        """Memory that is asked for anew in each call, as an addition does, would be several times slower."""
        source, target = np.ones(10_000_000, "float32"), np.zeros(10_000_000, "float32")
        taken = []
        for _ in range(8):
            began = time.perf_counter()
            np.copyto(target, source)
            taken.append(time.perf_counter() - began)
        found = cc.measure_machine(size=1024, repeats=8).bytes_per_second
        assert found > 0.4 * 2 * source.nbytes / min(taken)

    def test_a_short_call_is_timed_many_times_over_and_a_long_one_once(self):
        calls = []

        def call():
            calls.append(0)
            time.sleep(0.02 if slow else 0.0005)

        for slow, at_least, at_most in ((True, 2 + 3, 2 + 3), (False, 2 + 3 * 2, 2 + 3 * 100)):
            calls.clear()
            seconds = bounds._seconds(call, repeats=3, wait=lambda done: None)
            assert at_least <= len(calls) <= at_most and len(seconds) == 3
            assert min(seconds) >= (0.02 if slow else 0.0005)

    def test_bytes_and_flops_are_those_of_the_hand(self):
        """A dense layer 4 -> 3 on 2 rows: 24 products, 8 + 6 numbers in and out, 15 weights."""
        keras = cc.load_keras()
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        layer = cc.roofline(model, Machine(1e9, 1e9), batch_size=2, measure=False)[model.layers[0].name]
        assert (layer.flops, layer.bytes) == (48, 4 * 29)
        assert layer.bound == "memory" and layer.limit == pytest.approx(116e-9)

    def test_flops_are_those_of_describe_and_larger_batches_have_more_for_each_byte(self):
        model = cc.build_lenet(seed=0)
        one, many = (cc.roofline(model, Machine(1e11, 1e10), batch_size=n, measure=False) for n in (1, 256))
        assert sum(layer.flops for layer in one) == cc.describe(model).flops
        assert many["hidden_1"].intensity > 50 * one["hidden_1"].intensity
        assert (one["hidden_1"].bound, many["hidden_1"].bound) == ("memory", "arithmetic")

    def test_a_large_product_is_no_faster_than_the_roof_by_much(self):
        keras = cc.load_keras()
        model = keras.Sequential([keras.Input((1024,)), keras.layers.Dense(1024)])
        found = cc.roofline(model, cc.measure_machine(size=1024, repeats=3), batch_size=1024, repeats=3)
        layer = found[model.layers[0].name]
        assert layer.bound == "arithmetic" and 0 < layer.flops_per_second < 3 * found.machine.flops_per_second

    def test_layers_inside_models_are_measured_under_their_full_name(self):
        keras = cc.load_keras()
        inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="deep")], name="inner")
        model = keras.Sequential([keras.Input((8, 8, 1)), inner, keras.layers.Flatten(), keras.layers.Dense(2)])
        found = cc.roofline(model, Machine(1e11, 1e10), batch_size=2, repeats=1)
        assert found["inner/deep"].seconds > 0 and "deep" in repr(found) and "deep" in found._repr_html_()

    def test_a_machine_without_speed_and_a_network_without_products_are_refused(self):
        with pytest.raises(cc.DataError, match="bytes_per_second must be a positive number"):
            Machine(1e9, 0)
        keras = cc.load_keras()
        with pytest.raises(cc.ModelError, match="No layer of this network multiplies"):
            cc.roofline(keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]), Machine(1e9, 1e9))

    def test_what_is_measured_is_drawn_in(self):
        found = cc.roofline(cc.build_lenet(seed=0), Machine(1e11, 1e10), batch_size=2, repeats=1)
        ax = cc.plot_roofline(found).axes[0]
        drawn = {round(float(y), 6) for line in ax.lines for y in np.atleast_1d(line.get_ydata())}
        assert all(round(layer.flops_per_second / 1e9, 6) in drawn for layer in found)
        assert {text.get_text() for text in ax.texts} >= {"conv_1", "conv_2", "hidden_1"}


class TestMeasurements:
    def test_every_recorded_row_names_hardware_versions_and_date(self):
        table = cc.load_measurements()
        assert len(table) >= 4
        for row in table:
            assert row.hardware and row.cores >= 1 and "Keras" in row.versions and row.date >= "2026-11-01"
            assert row.low_ms <= row.step_ms <= row.high_ms
            assert row.pictures_per_second == pytest.approx(1000 * row.batch_size / row.step_ms, rel=0.01)
        assert ("no row of a GPU" in repr(table)) == (not any(row.kind == "GPU" for row in table))

    def test_an_own_row_stands_below_the_courses_and_beside_it_in_the_figure(self, tmp_path):
        path = tmp_path / "mine.csv"
        timing = cc.time_training(small(), batch_size=8, steps=2, repeats=2)
        row = cc.record_measurement(timing, path, remark="mine, with a comma")
        cc.record_measurement(timing, path)
        table = cc.load_measurements(path)
        assert len(table) == len(cc.load_measurements()) + 2 and table.rows[-2] == row
        assert len(table.where(network="small_cnn", batch_size=8, remark="mine, with a comma")) == 1
        figure = cc.plot_measurements(table.rows[-2:])
        assert len(figure.axes[0].patches) == 2 and "batch 8" in figure.alt

    def test_files_of_several_computers_stand_in_one_table(self, tmp_path):
        timing = cc.time_training(small(), batch_size=8, steps=1, repeats=1)
        card = dataclasses.replace(timing, device="Tesla T4", on_gpu=True, precision="mixed_float16")
        mine, cloud = tmp_path / "mine.csv", tmp_path / "cloud.csv"
        rows = cc.record_measurement(timing, mine), cc.record_measurement(card, cloud)
        table = cc.load_measurements(mine, cloud)
        assert table.rows[-2:] == rows and not table.note
        assert [bar.get_hatch() for bar in cc.plot_measurements(rows).axes[0].patches] == ["", "//"]
        with pytest.raises(cc.DataError, match=r"There is no file .*nothing\.csv"):
            cc.load_measurements(mine, tmp_path / "nothing.csv")

    def test_another_table_is_refused_and_not_written_to(self, tmp_path):
        path = tmp_path / "other.csv"
        path.write_text("a,b\n1,2\n")
        with pytest.raises(cc.DataError, match="is no table of measurements"):
            cc.load_measurements(path)
        timing = cc.time_training(small(), batch_size=8, steps=1, repeats=1)
        with pytest.raises(cc.DataError, match="is no table of measurements"):
            cc.record_measurement(timing, path)
        assert path.read_text() == "a,b\n1,2\n"
        path.write_text(",".join(NAMES) + "\n" + ",".join("x" for _ in NAMES) + "\n")
        with pytest.raises(cc.DataError, match="a row cannot be read"):
            cc.load_measurements(path)

    def test_a_row_that_cannot_be_written_is_said_and_the_measurement_is_not_lost(self, tmp_path):
        timing = Timing((0.02, 0.01), 32, 10, 1, "small_cnn", "a processor", "tensorflow 2.21.0", "float32", 2)
        for place in (tmp_path, tmp_path / "no such folder" / "mine.csv"):
            with pytest.raises(cc.DataError, match=r"The row cannot be written to .*The measurement itself is whole"):
                cc.record_measurement(timing, place)

    def test_nothing_to_draw_and_an_unknown_field_are_said(self):
        with pytest.raises(cc.DataError, match="no row to draw"):
            cc.plot_measurements([])
        with pytest.raises(cc.DataError, match="Received: colour"):
            cc.load_measurements().where(colour="red")
