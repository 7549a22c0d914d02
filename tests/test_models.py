"""The builders: pictures go in as they were loaded, seeds decide, and every backend trains and saves them."""

import os
import subprocess
import sys

import numpy as np
import pytest

import cnn_course as cc

PICTURES = {
    "logit": cc.build_logit,
    "mlp": cc.build_mlp,
    "lenet": cc.build_lenet,
    "small_cnn": cc.build_small_cnn,
    "vgg_like": cc.build_vgg_like,
    "resnet_small": cc.build_resnet_small,
    "mixed_scale_dense": cc.build_mixed_scale_dense,
}
SHAPE = (32, 32, 3)
ENDS = {3: ("probabilities", 3, "softmax"), 2: ("probability", 1, "sigmoid"), None: ("prediction", 1, "linear")}


@pytest.mark.parametrize("build", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("classes", ENDS)
def test_the_end_fits_the_question(build, classes):
    model = build(SHAPE, classes, seed=0)
    name, units, activation = ENDS[classes]
    last = model.layers[-1]
    assert (last.name, last.units, last.activation.__name__) == (name, units, activation)
    assert model.compiled and model.input_shape == (None, *SHAPE) and model.inputs[0].dtype == "float32"


@pytest.mark.parametrize("build", PICTURES.values(), ids=PICTURES)
def test_pictures_go_in_as_bytes_and_the_gradient_at_the_picture_is_not_zero(build):
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
    model = build(SHAPE, 3, seed=0)
    pictures = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), "uint8")
    np.testing.assert_allclose(model.predict(pictures, verbose=0).sum(axis=1), 1, rtol=1e-5)
    x = tf.constant(pictures, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tf.reduce_sum(model(x)[:, 0])
    assert float(tf.reduce_max(tf.abs(tape.gradient(score, x)))) > 0


@pytest.mark.parametrize("build", PICTURES.values(), ids=PICTURES)
def test_the_same_seed_gives_the_same_weights(build):
    first, again, other = (build(SHAPE, 3, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("build", PICTURES.values(), ids=PICTURES)
def test_dropout_and_augmentation_are_inside(build):
    layers = cc.build_augmentation(shift=0.1, seed=0)
    model = build(SHAPE, 3, dropout=0.25, augmentation=layers, seed=0)
    assert layers in model.layers
    assert any(layer.__class__.__name__ == "Dropout" and layer.rate == 0.25 for layer in model.layers)


@pytest.mark.parametrize("build", [cc.build_logit, cc.build_mlp])
def test_points_are_not_rescaled(build):
    model = build((5,), 3, seed=0)
    assert not any(layer.__class__.__name__ == "Rescaling" for layer in model.layers)


@pytest.mark.parametrize("classes", [1, 0, -3, 2.5, True, "ten"])
def test_a_wrong_number_of_classes_is_named(classes):
    with pytest.raises(cc.ModelError, match="classes must be an integer of at least 2"):
        cc.build_small_cnn(SHAPE, classes)


WRONG = {
    "no channel": (lambda: cc.build_small_cnn((28, 28)), r"Did you leave the channel out"),
    "a batch": (lambda: cc.build_small_cnn((10, 28, 28, 1)), r"Leave the number of pictures out"),
    "points": (lambda: cc.build_lenet((5,)), r"Points have no neighbours"),
    "too small": (lambda: cc.build_small_cnn((6, 6, 1)), r"at least 8 x 8 pixels"),
    "open size": (lambda: cc.build_logit((None, None, 3)), r"input_shape must be positive integers"),
    "no filters": (
        lambda: cc.build_resnet_small(SHAPE, filters=()),
        r"filters must be positive integers.*filters=\(\)",
    ),
    "no dilations": (lambda: cc.build_mixed_scale_dense(SHAPE, dilation_rates=[]), r"dilation_rates must be positive"),
    "three filters": (lambda: cc.build_lenet(filters=(1, 2, 3)), r"filters must be 2 positive integers"),
    "kernel 0": (lambda: cc.build_small_cnn(SHAPE, kernel_size=0), r"kernel_size must be positive integers"),
    "kernel of three": (lambda: cc.build_small_cnn(SHAPE, kernel_size=(3, 3, 3)), r"kernel_size must be .* or a pair"),
    "activation": (lambda: cc.build_mlp(SHAPE, activation="rulu"), r"activation must be .*Received: activation='rulu'"),
    "of LeNet": (lambda: cc.build_lenet(activation=3), r"activation must be .*Received: activation=3"),
    "dropout": (lambda: cc.build_mlp(SHAPE, dropout=50), r"dropout must be a share in \[0, 1\)"),
    "rate 0": (lambda: cc.build_mlp(SHAPE, learning_rate=0), r"learning_rate must be a positive number"),
    "rate nan": (lambda: cc.build_mlp(SHAPE, learning_rate=float("nan")), r"learning_rate must be a positive number"),
    "seed": (lambda: cc.build_mlp(SHAPE, seed=-1), r"seed must be a non-negative integer or None"),
    "augmentation": (lambda: cc.build_mlp(SHAPE, augmentation="flip"), r"augmentation must be a Keras layer or a list"),
}


@pytest.mark.parametrize(("build", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named_with_what_came(build, message):
    with pytest.raises(cc.ModelError, match=message):
        build()


def test_what_numpy_and_keras_hand_over_is_taken():
    import keras

    steps = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=10)
    for rate in (np.float32(0.01), steps):
        model = cc.build_small_cnn(np.array(SHAPE), np.int64(3), filters=np.array([4, 8]), learning_rate=rate)
        assert model.input_shape == (None, *SHAPE) and model.output_shape == (None, 3)


PROGRAM = """
import sys, tempfile, keras, numpy as np, cnn_course as cc
rng = np.random.default_rng(0)
x, y = rng.integers(0, 256, (12, 32, 32, 3), "uint8"), np.arange(12) % 3
for build in (cc.build_logit, cc.build_mlp, cc.build_lenet, cc.build_small_cnn, cc.build_vgg_like,
              cc.build_resnet_small, cc.build_mixed_scale_dense):
    model = build((32, 32, 3), 3, dropout=0.1, augmentation=cc.build_augmentation(noise=3, seed=0), seed=0)
    before = [w.copy() for w in model.get_weights()]
    model.fit(x, y, epochs=2, batch_size=6, verbose=0)
    assert any((a != b).any() for a, b in zip(before, model.get_weights())), build
    table = cc.describe(model)
    assert table.parameters == model.count_params() - sum(
        int(np.prod(w.shape)) for w in model.non_trainable_weights if "seed_generator" in w.path), build
    assert not table.unknown, (build, table.unknown)
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        again = keras.saving.load_model(f"{folder}/model.keras", safe_mode=True)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_every_builder_trains_saves_loads_and_describes(backend):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip().endswith(backend), done.stderr[-3000:]
