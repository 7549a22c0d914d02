"""What the lesson says of trained networks, measured: where Grad-CAM points, what flips, what pictures excite."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.explain.shipped import FOLDER
from cnn_course.models.shipped import HASHTAG_CNN

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("CNN_COURSE_TEST_DATA", "/nowhere"))
WEIGHTS = DATA / "weights/mobilenet_v2_1.0/mobilenet_v2_1.0_224_from_ptq_no_top.weights.h5"


def script(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_grad_cam_points_at_the_object_and_with_shuffled_weights_it_does_not():
    accuracy, of, trained, shuffled = script("benchmarks/grad_cam_pointing.py").measure(seed=0)
    assert accuracy > 0.85 and of == 100
    assert trained >= 90 and np.mean(shuffled) < 75


def test_an_adversarial_step_flips_half_where_noise_flips_a_fifth_as_many_or_fewer():
    benchmark = script("benchmarks/adversarial_strength.py")
    model, images, labels = benchmark.digits(seed=0)
    assert (model.predict(images, verbose=0).argmax(axis=1) == labels).mean() >= 0.95
    benchmark.STRENGTHS = (0, 8, 16, 24, 32, 40)
    rates = benchmark.flips(model, images[:250], labels[:250], seed=0)
    strength = benchmark.half(rates["one step"])
    assert 12 < strength < 40
    assert np.interp(strength, benchmark.STRENGTHS, rates["noise"]) <= 0.1
    assert benchmark.half(rates["ten steps"]) < strength


def test_the_stored_table_holds_what_the_lesson_says():
    lines = (ROOT / "benchmarks/results/adversarial_strength.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith(("| digits", "| fash"))
    ]
    assert len(rows) == 6
    for name, _, accuracy, one, noise, ten in rows:
        low, high, least = {"digits": (24, 28, 0.95), "fashion-mnist": (11, 14, 0.85)}[name]
        assert low <= float(one) <= high and float(accuracy) >= least and float(noise) <= 0.1
        assert 0.13 <= round(1 - float(ten) / float(one), 2) <= 0.37


def test_the_hashtag_network_is_small_and_as_good_as_its_card_says():
    card = json.loads(HASHTAG_CNN.with_suffix(".json").read_text())
    assert HASHTAG_CNN.stat().st_size < 500_000 and card["licence"].startswith("CC0")
    posts = cc.load_dataset("hashtag", "test", n=500, seed=2)
    right = cc.load_hashtag_cnn().predict(posts.images, verbose=0).argmax(axis=1) == posts.clean_labels
    assert abs(right.mean() - card["accuracy"]) < 0.03


def test_the_shipped_pictures_are_small_and_have_a_card():
    pictures = cc.load_feature_pictures()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 400_000
    assert len(pictures) == 12 and len({p.layer for p in pictures}) == 3
    assert all(p.mean > p.photos_99 for p in pictures)
    card = json.loads((FOLDER / "card.json").read_text())
    assert {"what", "network", "photos", "licence", "made"} <= set(card)


@pytest.mark.data
def test_each_shipped_picture_excites_its_channel_more_than_99_of_100_photographs():
    if not WEIGHTS.exists():
        pytest.skip("no MobileNetV2 weights and photographs: set CNN_COURSE_TEST_DATA to a folder with them")
    made = script("scripts/feature_pictures.py")
    pictures = cc.load_feature_pictures()
    layers = list(dict.fromkeys(p.layer for p in pictures))
    model = made.network(WEIGHTS)
    photos = made.activations(model, made.photographs(DATA, every=4), layers)
    reached = made.activations(model, np.stack([p.picture for p in pictures]), layers)
    for n, p in enumerate(pictures):
        own = reached[p.layer][n, p.channel]
        assert own == pytest.approx(p.mean, abs=0.02)
        assert own > np.quantile(photos[p.layer][:, p.channel], 0.99)
