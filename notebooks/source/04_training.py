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
# # 04 · Training: gradient descent, mini-batches, overfitting
#
# **What you will be able to do**
#
# - say why networks are trained with small batches, and measure what a batch costs in time and memory;
# - choose a learning rate, and know what momentum and Adam do;
# - read a learning curve, see overfitting, and do something about it;
# - invent pictures whose label stays right, and not be fooled by accuracy when a class is rare.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: lessons 01 and 03. Run each cell with Shift + Enter; write your answers where the three dots `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()

# %% [markdown]
# ## 1 · One step downhill
#
# The loss $R(\theta)$ says how badly the network does with the weights $\theta$. The gradient points to where it grows fastest. So take a
# step the other way, again and again, by a share $\gamma$ of the gradient, the **learning rate**:
#
# $$\theta \leftarrow \theta - \gamma\, \nabla R(\theta)$$

# %% exercise="sgd-step"

# %% [markdown]
# Two weights can be drawn. Here they are the intercept and the slope of a regression line; the rings are heights of the loss. Press
# *play*. Then try a learning rate of 0.9, and one of 0.01. Then a batch of 1.

# %%
cc.DescentDemo(batch_size=64, learning_rate=0.1, updates=20)

# %% [markdown]
# The full gradient walks a smooth path. With one point at a time, each step follows what *that* point wants: the path trembles. A batch
# of a few lies in between. All three, 60 updates each:

# %%
common = {"learning_rate": 0.15, "updates": 60}
demos = {f"batch of {n}": cc.DescentDemo(batch_size=n, **common) for n in (64, 8, 1)}
points_x, points_y = np.array(demos["batch of 1"].x), np.array(demos["batch of 1"].y)


def line_loss(a, b):
    """Return half the mean squared error of the line a + b x."""
    errors = a[..., None] + b[..., None] * points_x - points_y
    return np.mean(errors**2, axis=-1) / 2


paths = {name: demo.path for name, demo in demos.items()}
cc.plot_descent(paths, line_loss, labels=("intercept", "slope"))

# %% [markdown]
# ## 2 · Full, one, or a mini-batch?
#
# The rows are put into a new order for each **epoch** (one pass through the data), and cut into batches.

# %% exercise="minibatches"

# %% tags=["nbval-check-output"]
minibatches = yours_or_ours("minibatches", minibatches)
rows, classes = np.arange(7)[:, None] * 10, np.arange(7)
for batch, labels in minibatches(rows, classes, 3, np.array([4, 0, 6, 2, 5, 1, 3])):
    print(batch.ravel(), labels)

# %% [markdown]
# Now real data: 1,198 handwritten digits, a network with 32 hidden units, plain gradient descent.

# %%
digits, new_digits = (cc.load_dataset("digits", split=part) for part in ("train", "test"))


def network(optimizer):
    """Return a network with one hidden layer, always with the same first weights."""
    model = cc.build_mlp(digits.shape, classes=10, units=32, seed=0)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

# %% [markdown]
# Five epochs each, and everything the same but the batch. To be fair, the full batch has a second try, with a learning rate ten times as
# large: its gradient does not tremble, so it bears longer steps.

# %%
def trained_with(batch_size, rate=0.1):
    """Return one setting for `compare`."""
    return {"batch_size": batch_size, "model": lambda: network(keras.optimizers.SGD(rate))}


sizes = {"one": trained_with(1), "32": trained_with(32), "all": trained_with(1198)}
sizes["all, rate 1"] = trained_with(1198, rate=1.0)
batches = cc.compare(sizes, digits, new_digits, epochs=5, progress=False)
cc.plot_comparison(batches, "val_accuracy", x="seconds")

# %% [markdown]
# To the right: time. (Each line begins late: before the first step TensorFlow compiles the network.) The full batch computes fast, and
# after five epochs it has made five steps. Longer ones help, up to a point (try a rate of 3). One picture at a time makes
# 5,990 steps, and each one costs nearly as much as a batch of 32: most of the time goes into starting the computation, not into it.

# %%
for name in batches:
    history = batches[name]
    steps, seconds = 5 * -(-1198 // history.batch_size), sum(history.seconds)
    print(f"{name:11} {steps:5} steps, {seconds:5.1f} s, accuracy {history.at(5)['val_accuracy']:.2f}")
assert batches["32"].at(5)["val_accuracy"] > batches["all"].at(5)["val_accuracy"] + 0.2

# %% [markdown]
# ### Memory
#
# The way back needs the numbers of the way forward. So all activations of a batch are kept at once: memory grows with the batch.

# %% exercise="batch-memory"

# %% tags=["nbval-check-output"]
batch_memory = yours_or_ours("batch-memory", batch_memory)
table = cc.describe(cc.build_small_cnn((64, 64, 3), classes=5))
shapes = [row.output_shape for row in table]
for n in (1, 32, 1024):
    print(f"batch of {n:4}: {batch_memory(shapes, n) / 1e6:8.1f} MB")

# %% [markdown]
# Told is not measured. Python can count the memory that NumPy asks for, so let the course's own network in NumPy take one training step
# (in float64, so every number takes 8 bytes, and gradients come on top):

# %%
import tracemalloc
from cnn_course.from_scratch.network import Dense, Network, ReLU

rng = np.random.default_rng(0)
first = Dense(rng.normal(size=(64, 500)) / 8, np.zeros(500))
big = Network([first, ReLU(), Dense(rng.normal(size=(500, 10)) / 22, np.zeros(10))])
pixels = digits.images.reshape(-1, 64) / 255
for n in (1, 32, 1024):
    tracemalloc.start()
    big.train_step(pixels[:n], digits.labels[:n], learning_rate=0.1)
    print(f"batch of {n:4}: {tracemalloc.get_traced_memory()[1] / 1e6:6.2f} MB at most")
    tracemalloc.stop()

# %% [markdown]
# ### Does the full batch overfit?
#
# So one hears, and it is **disputed**. The claim: the tremble of small batches leads to flatter valleys, which generalise better
# (Keskar et al., 2017); others find that the difference goes away once all are trained equally far (Hoffer et al., 2017). A fair test
# must stop both at the *same* training loss. That takes the full batch many more epochs; so this was measured beforehand, on 200
# digits and three seeds:

# %% tags=["nbval-check-output"]
measured = cc.training_curves()
print(measured.table("full batch, equal loss", "epochs", "loss", "val_accuracy"))

# %% [markdown]
# `8` and `200` are the sizes of the batch; `val_accuracy` is on new digits. On this small problem there is nothing to see: the full batch
# was slow, not worse. The batch in between is the standard because of accuracy **per second** and of memory.
#
# ## 3 · How long is a step?

# %% tags=["nbval-check-output"]
print(measured.table("learning rate", "val_accuracy", "loss"))

# %% [markdown]
# Five epochs each, batches of 32. Too small, and nothing happens; too large, and nothing good. There is no formula: try powers of ten,
# and look at the first epochs. One of these rows, recomputed here:

# %%
plain = network(keras.optimizers.SGD(0.1))
again = cc.train_model(plain, digits, new_digits, epochs=5, progress=False)
reached = again.metrics["val_accuracy"][-1]
known = measured.values("learning rate", "SGD 0.1", "val_accuracy")
print(f"here {reached:.2f}, in the table {known.min():.2f} to {known.max():.2f}")
assert known.min() - 0.08 < reached < known.max() + 0.08

# %% [markdown]
# Two ideas help where the loss is steep in one direction and flat in another, a long valley. **Momentum** keeps rolling: each step adds a
# share of the last one. **Adam** gives every weight a step of its own, the mean of its gradients divided by their usual size. Each has
# a learning rate here that suits it:

# %%
valley = lambda a, b: a**2 / 40 + b**2
slope = lambda place: np.array([place[0] / 20, 2 * place[1]])
settings = {"sgd": 0.8, "momentum": 0.1, "adam": 0.3}
start = (8.0, 1.5)
paths = {name: cc.descend(slope, start, name, rate, updates=40)
         for name, rate in settings.items()}
cc.plot_descent(paths, valley)

# %% tags=["nbval-check-output"]
for name, path in paths.items():
    print(f"{name:9} after 40 steps at {path[-1].round(2)}, loss {valley(*path[-1]):.3f}")

# %% [markdown]
# All three use the gradient alone. Adam needs the least tuning, which is why the course's models use it.
#
# ## 4 · Learning by heart
#
# A network for the `shapes` of lesson 03 with three convolutions and **no pooling**: 2.8 million weights, 300 pictures.

# %%
shapes = cc.load_dataset("shapes", n=300, image_size=32, seed=0)
new_shapes = cc.load_dataset("shapes", split="test", n=500, image_size=32)
keras.utils.set_random_seed(0)
maps = [keras.layers.Conv2D(filters, 3, activation="relu") for filters in (16, 32, 64)]
top = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(6, "softmax")]
scale = keras.layers.Rescaling(1 / 255)
by_heart = keras.Sequential([keras.Input((32, 32, 3)), scale, *maps, *top])
by_heart.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
curve = cc.train_model(by_heart, shapes, new_shapes, epochs=15, progress=False)
cc.plot_history(curve)

# %% [markdown]
# The training loss goes towards 0. The **validation loss**, on pictures that it is not trained on, falls, turns, and grows. From there on
# the network learns these 300 pictures, not shapes. This is **overfitting**.

# %%
end, lowest = curve.at(15), min(curve.metrics["val_loss"])
print(f"accuracy: training {end['accuracy']:.2f}, validation {end['val_accuracy']:.2f}")
print(f"validation loss: lowest {lowest:.2f}, at the end {end['val_loss']:.2f}")
known = measured.values("overfitting", "no pooling", "val_accuracy")
assert end["val_loss"] > 1.05 * lowest
assert known.min() - 0.1 < end["val_accuracy"] < known.max() + 0.1

# %% [markdown]
# What helps? Measured on three seeds, each with 300 pictures of its own, the same for all rows but the last. All were trained until
# little changed: 30 epochs with pooling, 15 without, where each takes longer.

# %% tags=["nbval-check-output"]
print(measured.table("overfitting", "epochs", "accuracy", "val_accuracy", "val_loss"))

# %% [markdown]
# - **Early stopping** (`patience=3`) takes the weights from where the validation loss was lowest, and saves a third of the time or more. Look
#   closely: the loss is lower, the accuracy is not higher. The network that went on is right as often, but far too sure where it is wrong.
# - **Pooling** is the largest gain here: fewer weights, and a shape may sit anywhere.
# - **Dropout** (lesson 03) makes learning by heart harder. Look at its row: it narrows the gap, and here it does not gain much.
# - **Augmentation** invents pictures out of those there are.
# - **More data** beats everything. If you can label more pictures, do that first.

# %% [markdown]
# To read a curve is a skill. Four drawn ones (not trained: drawn), training solid, validation dashed:

# %%
t = np.linspace(0, 1, 20)
wild = np.random.default_rng(114).uniform(-0.5, 0.6, size=(2, 20))
drawn = {
    "A": 2.2 * np.exp(-5 * t), "val_A": 0.9 + 1.3 * np.exp(-7 * t) + 0.9 * t**2,
    "B": 2.2 + wild[0], "val_B": 2.3 + wild[1],
    "C": 2.2 - 0.8 * t, "val_C": 2.25 - 0.75 * t,
    "D": 0.35 + 1.8 * np.exp(-7 * t), "val_D": 0.45 + 1.8 * np.exp(-6.5 * t),
}
cc.plot_history(cc.TrainingHistory(drawn, seconds=[1.0] * 20))

# %% exercise="read-the-curve"

# %% [markdown]
# ## 5 · Augmentation: more pictures out of few
#
# A shape a little further left is the same shape. So change each picture at random before the network sees it, another way in each epoch.
# In this course augmentation is made of Keras **layers**, and they act in training only:

# %%
cc.plot_augmentations(cc.example_image("flower")[100:228, 200:328])

# %% [markdown]
# Play with the strengths. From where on would *you* no longer know what it is?

# %%
cc.AugmentationPreview(shapes.images[0], shift=0.1, rotation=15)

# %% tags=["nbval-check-output"]
augmentation = cc.build_augmentation(shift=0.1, flip=True, rotation=15, seed=0)
picture = shapes.images[:1]
for training in (True, False):
    changed = keras.ops.convert_to_numpy(augmentation(picture, training=training))
    print(f"training={training!s:5}  changed:", not np.allclose(changed, picture), changed.shape)

# %% [markdown]
# Which changes keep the label? That is a question about the world, not about networks.

# %% exercise="label-safe"

# %% [markdown]
# **What it costs.** Little, if it is done right: on 10,000 pictures of clothes, an epoch took 1.12 times as long with shift and flip as
# plain `fit` without, and `train_model` without them 1.01 times (`benchmarks/results/training_speed.md`, medians of seven). What made the difference: layers change a whole batch at once, in the same compiled program as the network, and TensorFlow
# itself gathers the next batch meanwhile. One picture at a time in a Python loop, the network would wait.
#
# ## 6 · A rare class, and why accuracy misleads
#
# The `hashtag` pictures: one in five shows a protest. Two classes now, protest or not.

# %% tags=["nbval-check-output"]
scraped = cc.load_dataset("hashtag", n=600, image_size=32, seed=0)
new_scraped = cc.load_dataset("hashtag", split="test", n=500, image_size=32, seed=0)
protest = (scraped.labels == 0).astype(int)
truth = (new_scraped.clean_labels == 0).astype(int)
print("protests:", protest.sum(), "of", len(protest), "to train, ", truth.sum(), "of", len(truth), "new")
never = cc.evaluate_predictions(truth, np.zeros_like(truth), ("other", "protest"))
print("a program that always says no, accuracy", never.accuracy)

# %% [markdown]
# 80 % right, and it has never found a protest. So look at each class by itself. **Recall**: which share of the protests was found?
# **Precision**: which share of what was called a protest is one? The **balanced accuracy** is the mean of the classes' recalls.

# %%
finder = cc.build_small_cnn((32, 32, 3), 2, filters=(16, 32), units=32, dropout=0.3, seed=0)
cc.train_model(finder, (scraped.images, protest), epochs=8, progress=False)
said = finder.predict(new_scraped.images, verbose=0)
found = cc.evaluate_predictions(truth, said, ("other", "protest"))
found

# %%
cc.plot_confusion(found.confusion)

# %% [markdown]
# Two ways out. **Weights**: `class_weight="balanced"` lets each protest count as much as four other pictures in the loss. It finds more of
# them, and is wrong more often. Three seeds; `val_accuracy` and `recall` are on 500 new pictures. (Without weights, one of the three
# networks found no protest at all, and was 80 % right.)

# %% tags=["nbval-check-output"]
print(measured.table("rare class", "val_accuracy", "recall"))

# %% [markdown]
# The accuracy went down, and the researcher is happier: it depends on what a mistake costs. The other way is not to touch the training,
# and to move the **threshold** from which you say *protest*:

# %%
cc.plot_precision_recall(found.precision_recall())

# %% [markdown]
# Every point of the curve is one threshold. Lesson 09 chooses one.
#
# ## What to remember
#
# 1. Mini-batches: almost as quick per picture as the full batch, and hundreds of steps per epoch. Try learning rates by powers of ten.
# 2. Watch the validation loss. When it turns, stop; then think of more data, augmentation, pooling, dropout.
# 3. With a rare class, read recall and precision, not accuracy.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - L. Bottou, F. E. Curtis and J. Nocedal (2018), Optimization methods for large-scale machine learning, *SIAM Review* 60(2), sections
#   3 and 4: full gradient, one at a time, mini-batch.
# - B. T. Polyak (1964), Some methods of speeding up the convergence of iteration methods: momentum. D. P. Kingma and J. Ba (2015),
#   Adam, *ICLR*.
# - N. S. Keskar et al. (2017), On large-batch training for deep learning: generalization gap and sharp minima, *ICLR*. E. Hoffer,
#   I. Hubara and D. Soudry (2017), Train longer, generalize better, *NeurIPS*.
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., sections 7.2 and 11.5: overfitting,
#   and stopping early. N. Srivastava et al. (2014), Dropout, *JMLR* 15, pp. 1929–1958.
# - P. Y. Simard, D. Steinkraus and J. C. Platt (2003), Best practices for convolutional neural networks, *ICDAR*: shifts and rotations.
# - The table of three seeds: `benchmarks/training_curves.py`.
