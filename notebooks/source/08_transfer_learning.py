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
# # 08 · Transfer learning
#
# **What you will be able to do**
#
# - start from a network that has seen a million photographs, and train only its last layer;
# - open it block by block, with small steps, and keep batch normalisation still;
# - say when this helps, by how much, and when it loses;
# - save a network of your own with a card, and start from it next time.
#
# **Time**: about ninety minutes for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing. A small pretrained network comes with the course.
#
# **You need**: lessons 03 and 04. Run each cell with Shift + Enter; write your answers where the three dots `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()

# %% [markdown]
# ## 1 · A network that has seen a million photographs
#
# You have a hundred labelled pictures. A network with 200,000 weights learns such a set by heart, and little else. But edges,
# textures, fur, wheels and letters are the same in your pictures as in everybody's. Somebody has already paid for learning
# them: on ImageNet, 1.28 million photographs of 1,000 classes.
#
# **Transfer learning** takes that network without its last layer (the **backbone**), and puts a new last layer on top: a **head** for
# your classes.

# %% tags=["nbval-check-output"]
table = cc.backbones()
print(*repr(table).splitlines()[:5], sep="\n")
print(f"... {len(table)} in all, up to {max(row.parameters for row in table) / 1e6:.0f} million parameters")

# %% [markdown]
# `cc.backbones()` alone shows them all, with the licence of the weights, so far as anybody states one. The first one is **in the
# box**: MobileNet at a quarter of its width, 0.9 MB. The others are downloaded when you ask for them, or given as a file.
#
# We build a model for five classes on it, for pictures of 96 × 96.

# %%
model = cc.build_transfer_model("MobileNet", classes=5, input_shape=(96, 96, 3), alpha=0.25, seed=0)
cc.plot_network(model)

# %% tags=["nbval-check-output"]
described = cc.describe(model)
print(f"{described.parameters:,} parameters, of them {described.trainable_parameters:,} can be trained")
print([layer.name for layer in model.layers[:3]], "...", [layer.name for layer in model.layers[-3:]])

# %% [markdown]
# From the left: the picture; its **preprocessing** (this family wants numbers from -1 to 1, others want other things: it is inside the
# model, so a picture goes in as it was loaded); thirteen blocks of convolutions; `features`, the average of each of the last 256
# maps; dropout; and the head, a multinomial logit on those 256 features. 5 × 256 weights and 5 intercepts: 1,285.
#
# ### A prior on the weights
#
# You know this from regression. With few observations you do not let the coefficients run free: ridge pulls them towards zero, a
# Bayesian prior towards what is plausible. Here the prior is not "near zero" but "**near the weights that ImageNet taught**". There are
# two ways to hold on to it: forbid the weights to change (**freeze**), or start there and take few, small steps (**fine-tune**).
#
# ## 2 · Freeze
#
# A layer has a switch: `layer.trainable`. What is off is **frozen**: training does not change it.

# %%
cc.plot_open_blocks(model)

# %% [markdown]
# Only the head is open. Build such a model yourself, in plain Keras.

# %% exercise="freeze"

# %% exercise="trainable-parameters"

# %% [markdown]
# Yours, on the layers of the model above:

# %% tags=["nbval-check-output"]
count = yours_or_ours("trainable-parameters", trainable_parameters)
layers = [(layer.count_params(), layer.trainable) for layer in model.layers if layer.weights]
print(f"{len(layers)} layers with weights, {count(layers):,} trainable parameters")

# %% [markdown]
# ## 3 · Few labels
#
# The pictures under a protest's hashtag: one in five shows a protest; the rest are memes, cats, news and odd things. (They
# are drawn, so that no person is in them. Lesson 09 is about real ones.) Somebody has to label them. You have labelled
# **twenty of each kind**.

# %% tags=["nbval-check-output"]
pool = cc.load_dataset("hashtag", n=1000, image_size=160)
new = cc.load_dataset("hashtag", "test", n=500, image_size=160)
few = cc.few_labels(pool, 20, seed=0)
print(few.counts())

# %%
cc.plot_pictures(few.subset(np.arange(0, 100, 10)), n=10)

# %% [markdown]
# The backbone is frozen, so what it says of a picture never changes. `fine_tune` therefore computes the 256 features of each picture
# **once**, and trains the head on them: fifty epochs in seconds. In the place of pixels stands what a network that
# knows photographs found in them.

# %%
frozen = cc.build_transfer_model("MobileNet", 5, (160, 160, 3), alpha=0.25, seed=0)
history = cc.fine_tune(frozen, few, stages=0, progress=False)
cc.plot_history(history)

# %% tags=["nbval-check-output"]
features = cc.embed(frozen, few)
print(features.shape, "numbers in place of", few.images.shape)

# %% [markdown]
# How good is it? We count the share right in each class and take the mean: the classes are not equally frequent, and a network that
# says "meme" every time shall not look good (lesson 04).

# %%
def balanced(model, data):
    said = model.predict(data.images, batch_size=64, verbose=0).argmax(axis=1)
    return np.mean([np.mean(said[data.clean_labels == c] == c) for c in range(data.classes)])

reached = {"frozen": balanced(frozen, new)}
print(f"frozen: {reached['frozen']:.2f} of new pictures right, {described.trainable_parameters:,} weights learned")

# %% [markdown]
# And the same hundred pictures with a small network that knows nothing, with augmentation, as in lesson 04. It sees 64 × 64 pixels.
# This takes some seconds more.

# %%
small = {part: cc.load_dataset("hashtag", part, n=n, image_size=64) for part, n in [("train", 1000), ("test", 500)]}
few_small = cc.few_labels(small["train"], 20, seed=0)
augmentation = cc.build_augmentation(shift=0.1, zoom=0.2, rotation=15, flip=True, contrast=0.3, seed=0)
scratch = cc.build_small_cnn((64, 64, 3), 5, filters=(16, 32, 64), dropout=0.3, augmentation=augmentation, seed=0)
cc.train_model(scratch, few_small, epochs=75, progress=False)
reached["scratch"] = balanced(scratch, small["test"])
print({name: round(float(share), 2) for name, share in reached.items()})
assert reached["frozen"] > reached["scratch"] + 0.1

# %% [markdown]
# The drawn cats and crowds are no photographs. Still, 256 features learned from photographs and a logit on them beat a network of
# 286,000 weights that has to learn everything from these hundred pictures.
#
# ## 4 · Fine-tune: open the last blocks
#
# The first blocks see edges and colours, which every picture has; the last ones see what ImageNet is made of: dogs, buses, mushrooms.
# So it is the last blocks that may be worth changing. Three rules:
#
# 1. **The head first.** A head that is still random sends large, senseless gradients into the backbone.
# 2. **Small steps**, 0.0001 or less: near the prior.
# 3. **Batch normalisation stays closed.** It holds a mean and a variance of each map, from a million pictures. A few small batches of
#    yours would replace them.

# %%
cc.unfreeze(frozen, last=3)
cc.plot_open_blocks(frozen)

# %% tags=["nbval-check-output"]
for last in (0, 1, 3, None):
    opened = cc.describe(cc.unfreeze(frozen, last)).trainable_parameters
    print(f"last={last!s:5} {opened:8,} weights may change")

# %% exercise="fine-tune"

# %% [markdown]
# `fine_tune` goes through the stages in order: `0` is the head alone, `3` the last three blocks. It gives one history.

# %%
tuned = cc.build_transfer_model("MobileNet", 5, (160, 160, 3), alpha=0.25, seed=0)
norm = tuned.get_layer("conv_pw_13_bn")
before = [weight.copy() for weight in norm.get_weights()]
history = cc.fine_tune(tuned, few, stages=(0, 3), progress=False)
reached["fine-tuned"] = balanced(tuned, new)
print(history.ended)
print({name: round(float(share), 2) for name, share in reached.items()})

# %% tags=["nbval-check-output"]
for name, a, b in zip(("scale", "shift", "moving mean", "moving variance"), before, norm.get_weights()):
    print(f"{name:16} of conv_pw_13_bn stayed as it was: {np.array_equal(a, b)}")

# %% [markdown]
# Do not expect wonders from fine-tuning: here, and in the table below, it moves the result by a few points, sometimes downwards. The
# large step is from nothing to pretrained.
#
# ## 5 · Three curves
#
# One set, one draw of twenty pictures a class: that proves little. So the course measured four sets, with more labels and fewer, five
# draws each, and ships the table. `flowers` and `trashnet` are real photographs of five classes each, `digits` has ten classes.

# %%
cc.plot_transfer_curves()

# %% tags=["nbval-check-output"]
curves = cc.transfer_curves()
print(curves)

# %% [markdown]
# Each pale mark is one draw; lines go through the means. More labels help all three, by and large. Look at the spread: with few labels it
# matters which ones you happened to draw.
#
# Section 3 trained two of these marks anew, the first draw at 20 labels of `hashtag`. Another processor rounds otherwise, so expect
# nearly the same:

# %%
for method in ("scratch", "frozen"):
    found = curves.accuracies("hashtag", 20, method)
    print(f"{method:8} here {reached[method]:.2f}, in the table {found.min():.2f} to {found.max():.2f}")
    assert found.min() - 0.04 < reached[method] < found.max() + 0.04

# %% [markdown]
# What does it cost? Seconds of training on the processor named above, and the weights that could change. The network from scratch
# trains all of its weights at every step; the frozen backbone sees each picture once.

# %%
here = [row for row in curves.rows if (row.data, row.labels) == ("hashtag", 20)]
for method in curves.methods:
    rows = [row for row in here if row.method == method]
    print(f"{method:11}{np.mean([r.seconds for r in rows]):6.0f} s{rows[0].weights:10,} weights learned")

# %% [markdown]
# ## 6 · When transfer loses
#
# Look at the digits again: there the small network from scratch wins, and clearly. Why?

# %%
digits = cc.load_dataset("digits", n=3)
large = cc.load_dataset("digits", n=3, image_size=96)
print("as they are:", digits.shape, "  as the backbone sees them:", large.shape)
cc.plot_pictures(large)

# %% [markdown]
# 8 × 8 grey pixels, blown up: no texture, no colour, no fur. The backbone's features describe photographs, and two
# digits that a child tells apart look to it like two very blurred photographs. And the task is easy: a small network learns it from
# little. The prior is only worth what the old task and yours have in common.

# %% tags=["nbval-check-output"]
def gain(data, labels):
    return curves.accuracies(data, labels, "frozen").mean() - curves.accuracies(data, labels, "scratch").mean()

print("frozen minus from scratch, in points of a hundred")
for data in curves.sets:
    print(f"{data:9}", *(f"{labels:4} labels {100 * gain(data, labels):+4.0f}" for labels in curves.labels(data)))

# %% [markdown]
# Between the two lie grey thumbnails of clothes, Fashion-MNIST. There the frozen features got 0.64 right with 5 labels a class and 0.75
# with 20, a small network from scratch 0.66 and 0.73, and a plain logit on the pixels 0.65 and 0.74 (means of five draws): no gain worth
# a backbone. So compare, always, with the simple alternative.

# %% [markdown]
# ## 7 · How much to unfreeze?
#
# Count. InceptionV3 has 22 million weights. With 100 pictures that is 200,000 weights for each picture: opened all at once, it learns
# your pictures by heart.

# %% tags=["nbval-check-output"]
for name in ("MobileNet (alpha=0.25)", "MobileNetV2 (alpha=1)", "ResNet50", "InceptionV3", "VGG16"):
    row = table[name]
    print(f"{name:24}{row.parameters:12,} weights{row.parameters / 100:12,.0f} for each of 100 pictures")

# %% exercise="how-much-to-unfreeze"

# %% [markdown]
# ## 8 · Save it, and start from it next time
#
# In a year nobody knows which output was "meme", how good it was, or from which pictures it learned. `save_classifier` writes it into
# the file: the classes in their order, what you measured, and a hash of the set, by which it is told again.

# %%
path = cc.save_classifier(
    tuned, "my_hashtag.keras", few.class_names, metrics={"balanced accuracy": reached["fine-tuned"]}, data=few
)
loaded = cc.load_classifier(path)
print(f"{path.stat().st_size / 1e6:.1f} MB; it was measured at {loaded.card.metrics}")
print("learned from these pictures:", loaded.card.learned_from(few), "  from the new ones:", loaded.card.learned_from(new))

# %% tags=["nbval-check-output"]
print(loaded.card.class_names, "from", loaded.card.pictures, "pictures;", loaded.card.preprocessing)
same = np.array_equal(loaded.model.predict_on_batch(new.images[:8]), tuned.predict_on_batch(new.images[:8]))
print("the same answers as before it was saved:", same)

# %%
print("it says:", loaded.classify(new.images[:4]))
print("it is:  ", tuple(new.class_names[label] for label in new.clean_labels[:4]))

# %% [markdown]
# Next month the question is another one: is it a protest, or not? Your own network is now the backbone, with a new head for two classes.

# %% tags=["nbval-check-output"]
again = cc.build_transfer_model(loaded.model, classes=2, seed=0)
print(again.output_shape, again.layers[-1].name, f"{cc.describe(again).trainable_parameters} weights to learn")

# %%
yes_no = (few.images, (few.labels == few.class_names.index("protest")).astype(int))
cc.fine_tune(again, yes_no, stages=0, epochs=30, class_weight="balanced", progress=False)
said = again.predict(new.images, batch_size=64, verbose=0)[:, 0] > 0.5
truth = new.clean_labels == new.class_names.index("protest")
print(f"of the protests {np.mean(said[truth]):.0%} found; of all the rest {np.mean(~said[~truth]):.0%} left out")

# %% [markdown]
# ### Larger backbones, and files from elsewhere
#
# `cc.build_transfer_model("EfficientNetV2B0", ...)` downloads its weights once, checks them, and keeps them. Without a network the error
# says which file, from where, its hash, and the folder to put it in. Or give a file: `weights="weights.h5"`. A file that is not what
# it should be is refused, with the reason; a very common one:

# %% tags=["nbval-check-output"]
from pathlib import Path

Path("weights.h5").write_text("<html><h1>404 Not Found</h1></html>")
try:
    cc.build_transfer_model("ResNet50", 5, weights="weights.h5")
except cc.ModelError as error:
    print(error)
Path("weights.h5").unlink()

# %% [markdown]
# ## What to remember
#
# 1. A pretrained network is a prior on the weights: with few labels it is worth more than any trick of training.
# 2. The head first, then the last blocks with small steps; batch normalisation stays closed. The large gain is pretrained or not.
# 3. It helps as far as the old task and yours have something in common. Compare with the simple network, always.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - J. Yosinski, J. Clune, Y. Bengio and H. Lipson (2014), How transferable are features in deep neural networks?, *NeurIPS* 27: early
#   layers are general, late ones belong to their task.
# - A. Howard et al. (2017), MobileNets, arXiv:1704.04861: the network in the box. Its weights: Google, by way of Keras and
#   fchollet/deep-learning-models (MIT; the weights: Apache License).
# - O. Russakovsky et al. (2015), ImageNet large scale visual recognition challenge, *IJCV* 115, pp. 211–252.
# - S. Kornblith, J. Shlens and Q. V. Le (2019), Do better ImageNet models transfer better?, *CVPR*, section 4.
# - The curves: `benchmarks/transfer_curves.py`, and `transfer_fashion.py` beside it for Fashion-MNIST (Zalando, MIT). `flowers` is a
#   part of TensorFlow's flowers (CC BY 2.0, by photograph), `trashnet` is by G. Thung and M. Yang (2016, MIT), the digits are
#   scikit-learn's, the hashtag is drawn by the course.
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 3.4.1: ridge.
