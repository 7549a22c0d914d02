# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Keras and TensorFlow
#
# **What you will be able to do**
#
# - train one network in four ways, from bare TensorFlow to three lines of Keras, and show that they are the same;
# - build networks with branches in functional form;
# - get pictures to a network in the right form, fast, and without preprocessing them twice;
# - follow a training, stop it, take it up again; save a network and load it safely.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: lessons 01 and 04. Run each cell with Shift + Enter; write your answers where the three dots `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()

# %% [markdown]
# ## 1 · Two programs, one job
#
# **TensorFlow** computes with arrays (*tensors*), on whatever hardware there is, and it keeps a record of what it computed, so that it
# can differentiate. **Keras** knows layers, losses and training loops, and lets TensorFlow (or another program, see below) compute.
#
# First without Keras. The data: 1,198 digits of 8 × 8 pixels, as rows of 64 numbers. The network: 64 inputs, 32 hidden units, 10
# classes. All four ways begin with these weights:

# %% tags=["nbval-check-output"]
digits = cc.load_dataset("digits")
x = digits.images.reshape(len(digits), 64).astype("float32") / 255
y = digits.labels
start = cc.build_mlp((64,), classes=10, units=32, seed=0).get_weights()
print("x:", x.shape, x.dtype, " weights:", [weight.shape for weight in start])

# %% [markdown]
# ### By hand
#
# A `tf.Variable` is an array that may change. The model is two matrix products:

# %%
import tensorflow as tf

W1, b1, W2, b2 = [tf.Variable(weight) for weight in start]


def network(rows):
    """Return the probabilities of the ten classes."""
    hidden = tf.nn.relu(rows @ W1 + b1)
    return tf.nn.softmax(hidden @ W2 + b2)


network(x[:2]).numpy().round(2)

# %% [markdown]
# Now the gradient. You derived it by hand in lesson 01. `tf.GradientTape` records every step of a computation and walks back through
# it by the chain rule. A small one first: the derivative of $u^2 + 3u$ is $2u + 3$.

# %% tags=["nbval-check-output"]
u = tf.Variable(5.0)
with tf.GradientTape() as tape:
    value = u**2 + 3 * u
print("value", float(value), " derivative", float(tape.gradient(value, u)))

# %% [markdown]
# The whole training, then: for each batch a forward pass on the tape, the gradient, a step.

# %%
def step_by_hand(rows, labels, learning_rate=0.5):
    """Move the weights one step; return the mean loss of the batch before it."""
    weights = [W1, b1, W2, b2]
    with tf.GradientTape() as tape:
        likelihood = tf.gather(network(rows), labels, axis=1, batch_dims=1)
        loss = -tf.reduce_mean(tf.math.log(likelihood))
    for weight, gradient in zip(weights, tape.gradient(loss, weights)):
        weight.assign_sub(learning_rate * gradient)
    return float(loss)

# %%
losses = {"by hand": []}
for epoch in range(5):
    batches = [(x[i:i + 100], y[i:i + 100]) for i in range(0, len(x), 100)]
    total = sum(step_by_hand(rows, labels) * len(rows) for rows, labels in batches)
    losses["by hand"].append(total / len(x))
print(np.round(losses["by hand"], 4))

# %% [markdown]
# Every line of this could hold a mistake, and none of them would raise an error. You write it once now, to have seen it; for a Keras
# model, whose weights are in `model.trainable_variables`.

# %% exercise="train-step"

# %% [markdown]
# ### Keras, Sequential
#
# The same network as a row of layers. `compile` says how to train, `fit` trains.

# %%
sequential = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense(32, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
sequential.set_weights(start)
sequential.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
history = sequential.fit(x, y, batch_size=100, epochs=5, shuffle=False, verbose=0)
losses["Sequential"] = history.history["loss"]

# %% [markdown]
# ### Keras, functional
#
# A layer is a function: give it a tensor, and it returns one. For a row of layers that gains nothing; it is needed as soon as something
# branches.

# %%
inputs = keras.Input((64,))
hidden = keras.layers.Dense(32, activation="relu")(inputs)
outputs = keras.layers.Dense(10, activation="softmax")(hidden)
functional = keras.Model(inputs, outputs)
functional.set_weights(start)
functional.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
history = functional.fit(x, y, batch_size=100, epochs=5, shuffle=False, verbose=0)
losses["functional"] = history.history["loss"]

# %% [markdown]
# ### The same in R
#
# To read side by side; it is not run here. The package `keras3` calls the same Keras. The pipe `|>` hands what stands on its left to
# the function on its right.
#
# ```r
# library(keras3)
#
# model <- keras_model_sequential(input_shape = 64) |>
#   layer_dense(32, activation = "relu") |>
#   layer_dense(10, activation = "softmax")
#
# model |> set_weights(start)
# model |> compile(optimizer_sgd(0.5), loss = "sparse_categorical_crossentropy")
# model |> fit(x, y, batch_size = 100, epochs = 5, shuffle = FALSE)
# ```
#
# ### Are they the same?
#
# Same weights at the start, same batches in the same order, same rule. So the losses must be the same, epoch by epoch.

# %%
for name, values in losses.items():
    print(f"{name:10}", np.round(values, 5))

# %% tags=["nbval-check-output"]
gaps = [np.abs(np.subtract(values, losses["by hand"])).max() for values in losses.values()]
print("all equal to 0.0001:", max(gaps) < 1e-4)
weights = [np.asarray(weight) for weight in (W1, b1, W2, b2)]
for name, model in {"Sequential": sequential, "functional": functional}.items():
    same = [np.allclose(a, b, atol=1e-4) for a, b in zip(weights, model.get_weights())]
    print(f"{name:10} weights after 60 steps are those by hand:", all(same))

# %% [markdown]
# Keras adds nothing and leaves nothing out. It saves you the loop, and the mistakes in it: 17 lines of code by hand, 8 as Sequential, 7 in
# functional form, 6 in R (the lines that load packages not counted).
#
# ### When the functional form is needed
#
# A picture through two convolutions side by side, a small kernel for details and a large one for shapes, and both results together:

# %% exercise="functional-model"

# %% [markdown]
# Layer by layer: both convolutions give 28 × 28 × 8 numbers, and `Concatenate` puts their channels after each other.

# %% tags=["nbval-check-output"]
for row in cc.describe(yours_or_ours("functional-model", functional_model)):
    print(f"{row.kind:23} {row.output_shape!s:13} {row.parameters:4} parameters")

# %% [markdown]
# ## 2 · Where Keras came from, and where it is
#
# | year | |
# |---|---|
# | 2007 | **Theano**, from Montréal: formulas that differentiate themselves, on GPUs |
# | 2015 | **Keras** by François Chollet, on Theano; in November, Google publishes **TensorFlow** |
# | 2016 | **PyTorch** begins at Facebook; Microsoft publishes **CNTK** |
# | 2017 | Theano's authors announce its end. Keras computes with TensorFlow or CNTK |
# | 2019 | the last CNTK. Keras becomes the front of TensorFlow 2 |
# | 2023 | **Keras 3** is free again: TensorFlow, **JAX** or **PyTorch** compute, as you choose |
#
# Two of the programs below Keras have died; models written in Keras did not have to die with them. The same script runs on each:

# %%
SCRIPT = """
import keras, numpy as np
data = np.load("batch.npz")
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="relu"),
                          keras.layers.Dense(10, activation="softmax")])
model.set_weights([data[f"w{i}"] for i in range(4)])
model.compile(optimizer=keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy")
history = model.fit(data["x"], data["y"], batch_size=100, epochs=5, shuffle=False, verbose=0)
print(*history.history["loss"])
"""

# %% [markdown]
# The environment variable `KERAS_BACKEND` chooses, before Keras is loaded. Therefore each one runs in a process of its own (on the
# processor: the others would have to share a graphics card with this notebook). What is not installed is left out
# (in the course's folder, `pip install ".[torch]"` or `".[jax]"` adds it).

# %%
import os, subprocess, sys, tempfile

folder = tempfile.mkdtemp()
np.savez(f"{folder}/batch.npz", x=x, y=y, **{f"w{i}": w for i, w in enumerate(start)})
for backend in ("jax", "torch"):
    own = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    options = {"cwd": folder, "env": {**os.environ, **own}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", SCRIPT], **options)
    if done.returncode:
        print(f"{backend:10} does not run here: {done.stderr.strip().splitlines()[-1]}")
        continue
    losses[backend] = [float(number) for number in done.stdout.split()]
    print(f"{backend:10}", np.round(losses[backend], 5))

# %%
assert all(np.allclose(values, losses["by hand"], atol=1e-3) for values in losses.values())

# %% [markdown]
# ## 3 · Pictures on their way to the network
#
# Pictures are files of bytes: 0 to 255, of all sizes. A network wants one size, small numbers, batches. Three questions decide whether
# anything works:
#
# 1. **Who scales?** The models of this course do it themselves, in a layer `Rescaling(1/255)`. You give them pictures as they are.
# 2. **Does it happen twice?** Scaled before *and* inside, every pixel is nearly 0, and nobody tells you.
# 3. **Does it happen later, too?** What was done in training must be done with every new picture. A layer inside the model is saved with
#    it; a line in a script is forgotten.

# %%
test = cc.load_dataset("digits", split="test")
cnn = cc.build_small_cnn(digits.shape, classes=10, filters=(16, 32), seed=0)
cc.train_model(cnn, digits, test, epochs=8, progress=False)
inputs = {"as they are": test.images, "scaled before, too": test.images / 255}
for name, pictures in inputs.items():
    right = cnn.predict(pictures, verbose=0).argmax(axis=1) == test.labels
    print(f"{name:19} accuracy {right.mean():.2f}")

# %% [markdown]
# The second line is the most common silent mistake with other people's networks. `train_model` looks at the scale, and warns:

# %% tags=["nbval-check-output"]
import warnings

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    twice = (digits.images[:100] / 255).astype("float32"), digits.labels[:100]
    cc.train_model(cnn, twice, epochs=1, progress=False)
print(said[0].message)

# %% [markdown]
# ### The pipeline
#
# While the network computes, the next batch should be on its way. `tf.data` is TensorFlow's conveyor belt. Each step takes what the step
# before it delivers, and the **order matters**: shuffle single pictures and not batches; change pictures at random *after* the place
# where they are kept (`cache`), or every epoch sees the same changes; `prefetch` at the end, so that one batch is always ready.

# %% tags=["nbval-check-output"]
pipeline = (
    tf.data.Dataset.from_tensor_slices((digits.images, digits.labels))
    .cache()
    .shuffle(1198, seed=0)
    .batch(100)
    .prefetch(2)
)
print("batches:", len(pipeline))
print("one of them:", [tuple(part.shape) for part in next(iter(pipeline))])

# %% [markdown]
# `cc.batches(data, 100)` builds such a belt for any data set of the course, also for pictures that stay in their files until they are
# needed, and for the other backends. `train_model` uses it.
#
# Augmentation (lesson 04) is best made of **layers**: then it works on whole batches, switches itself off outside training, and travels
# with the model.

# %% exercise="augmentation-pipeline"

# %% [markdown]
# ## 4 · Watching, stopping, going on
#
# Training takes minutes, hours, days. A **callback** is called by `fit` after every batch or epoch. Writing one takes a few lines:

# %%
class LargestStep(keras.callbacks.Callback):
    """Keep, for each epoch, how far the kernels of the first convolution have moved."""

    def on_train_begin(self, logs=None):
        self.moved, self.before = [], self.model.get_layer("conv_1").get_weights()[0]

    def on_epoch_end(self, epoch, logs=None):
        now = self.model.get_layer("conv_1").get_weights()[0]
        self.moved.append(float(np.abs(now - self.before).max()))
        self.before = now

# %% [markdown]
# The course has two more: `train_model` shows a line with the time left unless you say `progress=False`, and `cc.LiveCurves()` draws the
# curves while they grow. `patience=2`: stop when the validation loss has not improved for two epochs, and take the best weights back.
# The notebook's stop button (or Ctrl + C) does the same by hand: what was learned until then is not lost.

# %%
watch = LargestStep()
cnn = cc.build_small_cnn(digits.shape, classes=10, filters=(16, 32), seed=0)
curves = cc.train_model(cnn, digits, test, epochs=8, patience=2, callbacks=[watch, cc.LiveCurves()])
print("moved:", np.round(watch.moved, 3))
curves

# %% [markdown]
# **The battery dies at night.** With a `checkpoint` the same call goes on where it stopped. Here it is stopped after two epochs:

# %%
def build():
    return cc.build_small_cnn(digits.shape, classes=10, filters=(16, 32), seed=0)


night = tempfile.mkdtemp()
cc.train_model(build(), digits, test, epochs=2, checkpoint=night, progress=False)
morning = cc.train_model(build(), digits, test, epochs=4, checkpoint=night, progress=False)
morning

# %% tags=["nbval-check-output"]
print("epochs:", morning.epochs, " taken up again after epoch", *morning.resumed_after)

# %% [markdown]
# ## 5 · Saving, and loading without a nasty surprise
#
# A `.keras` file is a zip archive: the layers in words, the weights in numbers.

# %% tags=["nbval-check-output"]
import zipfile

cnn.save(f"{folder}/digits.keras")
print(sorted(zipfile.ZipFile(f"{folder}/digits.keras").namelist()))

# %% exercise="save-and-load"

# %% [markdown]
# Python's own `pickle` format can run any program while it is loaded: **never open a pickle from a stranger**. A `.keras` file holds no
# program, with one exception: a `Lambda` layer carries a Python function. Keras refuses to load it unless you say that you trust it.

# %% tags=["nbval-check-output"]
odd = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda z: z * 2)])
odd.save(f"{folder}/odd.keras")
try:
    keras.models.load_model(f"{folder}/odd.keras")
    print("loaded")
except ValueError as error:
    print("refused:", str(error).split(". ")[0] + ".")

# %% [markdown]
# So write layers instead of lambdas (the course does), keep `safe_mode=True` as it is, and load only files whose source you know.
#
# ## What to remember
#
# 1. Keras is the loop around gradients: same weights and same batches give the same numbers, by hand, in Keras, on any backend.
# 2. Preprocessing belongs into the model, once.
# 3. Save the whole model as `.keras`, train with a checkpoint, and load nothing that may run a stranger's program.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - F. Chollet (2021), *Deep Learning with Python*, 2nd ed., chapters 3 and 7: tensors, the tape, Sequential and functional models.
# - J. Bergstra et al. (2010), Theano: a CPU and GPU math compiler in Python, *SciPy 2010*, pp. 3–10.
# - M. Abadi et al. (2016), TensorFlow: a system for large-scale machine learning, *OSDI*, pp. 265–283.
# - F. Seide and A. Agarwal (2016), CNTK: Microsoft's open-source deep-learning toolkit, *KDD*, p. 2135.
# - The Keras team (2023), *Introducing Keras 3*; the guides “The functional API”, “Writing a training loop from scratch” and
#   “Serialization and saving” at keras.io.
# - T. Kalinowski, J. J. Allaire and F. Chollet, *keras3*, the R package; not run here.
# - The digits are scikit-learn's `load_digits`.
