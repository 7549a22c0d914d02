"""The shipped table of lesson 04: complete, readable, and every sentence of the lesson holds."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_course import DataError, training_curves
from cnn_course._install import install_command


def script():
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "training_curves.py"
    spec = importlib.util.spec_from_file_location("training_curves_script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_claim_was_measured_on_three_seeds_and_holds():
    curves, module = training_curves(), script()
    assert curves.claims == tuple(module.CLAIMS)
    for claim in curves.claims:
        for setting in curves.settings(claim):
            assert len(curves.values(claim, setting, "accuracy")) == len(module.SEEDS)
    held = dict(module.sentences(curves))
    assert len(held) >= 12 and all(held.values()), [sentence for sentence, holds in held.items() if not holds]


def test_one_row_measured_again_lies_within_its_spread_and_a_margin():
    """Plain gradient descent at 0.01, seed 1: five epochs of the digits."""
    module = script()
    import keras

    digits, test = (module.cc.load_dataset("digits", part) for part in ("train", "test"))
    history = module.train(module.mlp(32, keras.optimizers.SGD(0.01), 1), digits, test, epochs=5, seed=1)
    known = training_curves().values("learning rate", "SGD 0.01", "val_accuracy")
    assert known.min() - 0.08 < history.metrics["val_accuracy"][-1] < known.max() + 0.08


def test_a_table_says_mean_lowest_and_highest_and_where_it_comes_from():
    curves = training_curves()
    text = curves.table("rare class", "recall")
    found = curves.values("rare class", "balanced", "recall")
    assert f"{found.mean():.3g} ({found.min():.3g} to {found.max():.3g})" in text
    assert "Keras" in text and "CPU cores" in text and np.isfinite(found).all()


@pytest.mark.parametrize(
    "asked", [("nothing", "1", "loss"), ("batch size", "2", "loss"), ("batch size", "1", "beauty")]
)
def test_what_was_not_measured_is_an_error_with_what_was(asked):
    with pytest.raises(DataError, match=r"batch size: 1, 32, 1198.*Numbers: epochs"):
        training_curves().values(*asked)


def test_what_lesson_04_says_of_the_cost_is_what_the_benchmark_measured():
    root = Path(__file__).resolve().parents[1]
    rows = [line.split("|") for line in (root / "benchmarks/results/training_speed.md").read_text().splitlines()]
    ratios = {row[1].strip(): row[5].strip() for row in rows if len(row) > 6}
    text = " ".join((root / "notebooks/source/04_training.py").read_text(encoding="utf-8").replace("# ", "").split())
    assert f"took {ratios['shift and flip']} times as long with shift and flip" in text
    assert f"`train_model` without them {ratios['train_model']} times" in text
    assert float(ratios["train_model"]) <= 1.05 and float(ratios["shift and flip"]) <= 1.3


WITHOUT_BACKEND = """
import sys
sys.modules.update(dict.fromkeys(["tensorflow", "torch", "jax", "jaxlib"]))
import cnn_course as cc
history = cc.TrainingHistory({"loss": (0.9, 0.5)}, seconds=(1, 1))
assert cc.training_curves().claims and cc.plot_history(history) and cc.plot_comparison({"one": history})
assert cc.evaluate_predictions([0, 1], [0.2, 0.9]).calibration().error
assert "keras" not in sys.modules
try:
    cc.train_model
except cc.BackendError as error:
    print(error)
"""


def test_the_table_a_history_and_an_evaluation_need_no_backend():
    done = subprocess.run([sys.executable, "-c", WITHOUT_BACKEND], capture_output=True, text=True)
    assert done.returncode == 0 and install_command("tensorflow") in done.stdout, done.stderr
