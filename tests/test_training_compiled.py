"""Layers opened or closed after the model was compiled: said where Keras would go on as before, and only there."""

import os
import subprocess
import sys

import pytest

import cnn_course as cc
from cnn_course.training.checks import check_compiled_for

PROGRAM = """
import itertools
import numpy as np
import cnn_course as cc
from cnn_course import ModelError, load_keras, train_model

keras = load_keras()
backend = keras.backend.backend()
rng = np.random.default_rng(0)
points = rng.normal(size=(32, 4)).astype("float32")
data = points, (points[:, 0] > 0).astype(int)

def network(closed):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="below"), keras.layers.Dense(2, "softmax")])
    made.layers[0].trainable = not closed
    made.compile("adam", "sparse_categorical_crossentropy")
    return made

def change(opens, before, again):
    model = network(opens)
    if before == "trained":
        model.fit(*data, verbose=0)
    if before == "evaluated":
        model.evaluate(*data, verbose=0)
    model.layers[0].trainable = opens
    if again:
        model.compile("adam" if again == "new" else model.optimizer, "sparse_categorical_crossentropy")
    return model

def goes_on_as_before(model, opens):
    # What Keras itself does: the truth that train_model's sentence is held against.
    was = model.layers[0].get_weights()[0]
    try:
        model.fit(*data, verbose=0)
    except (KeyError, ValueError):
        return True
    return np.array_equal(was, model.layers[0].get_weights()[0]) == opens

def is_said(model):
    try:
        train_model(model, data, epochs=1, progress=False)
    except ModelError as error:
        text = str(error)
        assert "model.compile" in text and "unfreeze" in text and "freeze(" in text and "'below'" in text, text
        return True
    return False

wrong = []
for case in itertools.product((True, False), ("trained", "evaluated", "fresh"), ("", "new", "same")):
    truth = goes_on_as_before(change(*case), case[0])
    wrong += [(case, truth)] if truth != is_said(change(*case)) else []
assert not wrong, wrong
assert goes_on_as_before(change(True, "trained", ""), True)  # on every backend
assert not is_said(change(True, "trained", "new"))

keras.mixed_precision.set_global_policy("mixed_float16")  # the optimizer is wrapped
assert is_said(change(True, "trained", "")) and not is_said(change(True, "trained", "new"))
keras.mixed_precision.set_global_policy("float32")

model = change(False, "trained", "")
model.layers[0].trainable = True  # and back: nothing is changed
assert not is_said(model)

pictures = rng.integers(0, 256, (8, 32, 32, 1), "uint8"), np.arange(8) % 2
small = cc.build_small_cnn((32, 32, 1), 2, filters=(4, 8), units=(), seed=0)
for step in (cc.freeze, cc.unfreeze, cc.freeze, lambda m: cc.unfreeze(m, 1)):
    train_model(step(small), pictures, epochs=1, progress=False)
small.layers[1].trainable = not small.layers[1].trainable
cc.fine_tune(small, pictures, stages=(0, 1), epochs=1, progress=False)  # compiles again by itself
train_model(small, pictures, epochs=1, progress=False)
for build in (cc.build_mlp, cc.build_small_cnn):
    model = build((32, 32, 1), 2, seed=0)
    for _ in range(2):
        train_model(model, pictures, epochs=1, progress=False)
print(backend)
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_layers_changed_after_compile_are_named_where_keras_would_go_on_as_before(backend):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip().endswith(backend), done.stderr[-3000:]


BUILT = {
    "logit": lambda: cc.build_logit((32, 32, 1), 2),
    "mlp": lambda: cc.build_mlp((32, 32, 1), 2),
    "small_cnn": lambda: cc.build_small_cnn((32, 32, 1), 2),
    "lenet": lambda: cc.build_lenet((32, 32, 1), 2),
    "vgg_like": lambda: cc.build_vgg_like((32, 32, 3), 2),
    "resnet_small": lambda: cc.build_resnet_small((32, 32, 3), 2),
    "mixed_scale_dense": lambda: cc.build_mixed_scale_dense((32, 32, 1), 2),
    "transfer": lambda: cc.build_transfer_model("MobileNet", 2, (96, 96, 3), alpha=0.25),
}


@pytest.mark.parametrize("name", BUILT)
def test_no_model_of_the_course_is_called_changed_and_a_closed_one_of_each_is(name):
    model = BUILT[name]()
    for _ in range(2):
        model.optimizer.build(model.trainable_variables)
        model.train_function = object()  # as after a first epoch
        check_compiled_for(model)
        if name != "transfer" or len(model.trainable_variables) > 2:
            break
        cc.unfreeze(model, 1)
    model.trainable = False
    with pytest.raises(cc.ModelError, match=r"trainable was changed \(of '.*model\.compile.*unfreeze"):
        check_compiled_for(model)
