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
# # 03 · Building a convolutional network
#
# **What you will be able to do**
#
# - shrink a map by pooling, in three ways, and say what is lost;
# - build a network layer by layer, and know the shape and the parameters of each layer before you run it;
# - say how far a unit sees, and what dropout does;
# - read the table of any network, from LeNet to ResNet, and compare what they cost.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: lesson 02. Run each cell with Shift + Enter; write your answers where the three dots `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()

# %% [markdown]
# ## 1 · Pooling: less to look at
#
# A feature map says where something was found. Often the exact pixel does not matter: an edge here or one pixel further is the
# same edge. **Pooling** puts one number in the place of a small block. No weights, nothing to learn.

# %% tags=["nbval-check-output"]
feature_map = np.array([[1, 3, 0, 2],
                        [4, 2, 1, 0],
                        [0, 0, 5, 6],
                        [1, 2, 7, 8]])
print(cc.max_pool2d(feature_map, 2))
print(cc.average_pool2d(feature_map, 2))
print(cc.norm_pool2d(feature_map, 2).round(2))

# %% [markdown]
# Each block of 2 × 2 became one number: its **maximum** ("was it found anywhere here?"), its **average** ("how much of it, on the
# whole?"), or its **norm**, the root of the sum of squares, in which large values count most. Do the first block by hand.
#
# Play with it: choose *Max pooling* or the other two, and change the size.

# %%
cc.ConvolutionDemo(mode="max", input_size=4, kernel_size=2, strides=2)

# %% exercise="max-pool"

# %% exercise="pool-variants"

# %% [markdown]
# What does it do to a photograph? Vertical edges first, then the three kinds of pooling, with blocks of 8 × 8.

# %%
grey = cc.example_image("china").mean(axis=2)[60:220, 180:420]
edges = np.maximum(cc.conv2d(grey, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), 0)
pool = yours_or_ours("pool-variants", pool_variants)
maps = {kind: pool(edges, 8, kind) for kind in ("max", "average", "norm")}
cc.plot_feature_maps(edges, maps, limits={kind: (0, maps[kind].max() / 2) for kind in maps})

# %% [markdown]
# The columns of the tower are still there, in one number of 64. And a map that moves by one pixel hardly changes after
# pooling. Measure it: how alike are the maps of the picture and of the picture moved by one pixel?

# %%
moved = np.roll(edges, 1, axis=1)
for name, size in {"no pooling": 1, "blocks of 4": 4, "blocks of 8": 8}.items():
    a, b = (cc.max_pool2d(picture, size).ravel() for picture in (edges, moved))
    print(f"{name:12} correlation {np.corrcoef(a, b)[0, 1]:.2f}")

# %% [markdown]
# ## 2 · Deep: a picture becomes a picture becomes a picture
#
# A layer takes a picture of shape (height, width, channels) and makes a new one, with as many channels as it has filters:
#
# $$z_i^j = \sigma\left(g_{ij}(z_{i-1}) + b_{ij}\right)$$
#
# $z_i^j$ is channel $j$ of layer $i$; $g_{ij}$ adds up convolutions over all channels of the layer before (lesson 02), $b_{ij}$ is
# the intercept, here called bias, and $\sigma$ a nonlinearity, most often $\max(0, z)$, the **ReLU**.
#
# Why the $\sigma$? Without it, two convolutions in a row are again one convolution. Look: a 3 × 3 kernel after a 3 × 3 kernel is a
# single 5 × 5 kernel. Depth would buy nothing.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
picture, first, second = rng.normal(size=(9, 9)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
both = cc.conv2d(np.pad(first, 2), cc.flip_kernel(second))  # the one kernel that does the same
in_two_steps = cc.conv2d(cc.conv2d(picture, first), second)
print("one kernel:", both.shape, "the same:", np.allclose(cc.conv2d(picture, both), in_two_steps))

with_relu = cc.conv2d(np.maximum(cc.conv2d(picture, first), 0), second)
print("with a ReLU in between, the same:", np.allclose(cc.conv2d(picture, both), with_relu))

# %% [markdown]
# ## 3 · How far does a unit see?
#
# One number behind a 3 × 3 kernel depends on 3 × 3 pixels. Behind two of them on 5 × 5. And after a pooling, one step on the map is
# two steps in the picture. So deep units see far: this is the **receptive field**. Early layers can see lines and little spots;
# late ones, if they are far enough up, whole things of the task: an eye, a wheel, a banner.

# %% tags=["nbval-check-output"]
layers = [(3, 1), (2, 2), (3, 1), (2, 2), (3, 1)]  # (kernel size, strides): convolution, pooling, ...
for depth in range(1, len(layers) + 1):
    field = cc.receptive_field(layers[:depth])
    print(f"{depth} layers: {field.size:2d} pixels, neighbours lie {field.jump} apart")

# %% exercise="receptive-field"

# %% [markdown]
# ## 4 · The end: flatten, and a multinomial logit
#
# After some rounds of convolution and pooling the picture is small and has many channels. Then it is written as one long row
# (**flatten**), and what follows you know: a hidden layer perhaps, and a softmax over the classes. For two classes one number
# is enough, the probability of the second. For a regression it is one number without a softmax.
#
# Here is LeNet-5 (LeCun et al., 1998), the grandmother of them all, in the course's version.

# %%
lenet = cc.build_lenet(seed=0)
cc.plot_network(lenet)

# %% tags=["nbval-check-output"]
table = cc.describe(lenet)
print(table)

# %% [markdown]
# Read it from top to bottom. Every row is a layer: the shape of what it gives, its **parameters**, its **MACs** (a
# multiplication and the addition after it are one), the memory of its output, and how far it **sees**. The **jump** is how many
# pixels lie between what two neighbours see; *unreached* would be the pixels that no window gets to. Take your pencil: why has `conv_1` 156 parameters? (5 × 5 × 1
# weights and a bias, six times.) Why has `hidden_1` 48,120? Most parameters sit where the map is flattened, most of the
# work is done in the convolutions: that is so in many networks.

# %% tags=["nbval-check-output"]
print((5 * 5 * 1 + 1) * 6, (400 + 1) * 120)
print(f"convolutions: {table['conv_1'].macs + table['conv_2'].macs:,} of {table.macs:,} MACs")
print(f"first dense layer: {table['hidden_1'].parameters:,} of {table.parameters:,} parameters")

# %% tags=["nbval-check-output"]
for classes, what in {10: "ten classes", 2: "two classes", None: "regression"}.items():
    last = cc.build_lenet(classes=classes, seed=0).layers[-1]
    print(f"{what}: {last.units} number(s), {last.activation.__name__}")

# %% [markdown]
# Train it on real handwritten digits. (Lesson 04 is about what happens in this line.)

# %%
train = cc.load_dataset("digits", image_size=28)
test = cc.load_dataset("digits", "test", image_size=28)
history = cc.train_model(lenet, train, test, epochs=6)
cc.plot_history(history)

# %%
share = lenet.evaluate(test.images, test.labels, verbose=0)[1]
print(f"{share:.1%} of {len(test)} new digits are right")
assert share > 0.9

# %% [markdown]
# Keep it, in a file beside this notebook: lesson 07 looks inside it.

# %%
lenet.save("lenet.keras")

# %% [markdown]
# ## 5 · How many filters?
#
# Nobody can say beforehand. Try 2, 8 and 32, and look. The digits are too easy for this; take drawn shapes, anywhere in the
# picture, turned a little, in all colours. What counts is the outline.

# %%
shapes = cc.load_dataset("shapes", n=2000, image_size=32, clutter=False, noise=4)
new_shapes = cc.load_dataset("shapes", "test", n=600, image_size=32, clutter=False, noise=4)
cc.plot_pictures(shapes, n=8)

# %%
def small_cnn(filters):
    return cc.build_small_cnn((32, 32, 3), classes=6, filters=(filters, filters), units=32, seed=0)

sizes = {f"{n} filters": lambda n=n: small_cnn(n) for n in (2, 8, 32)}
runs = cc.compare(sizes, shapes, new_shapes, epochs=8, progress=False)
cc.plot_comparison(runs)

# %%
reached = {name: runs[name].metrics["val_accuracy"][-1] for name in runs}
print({name: round(value, 2) for name, value in reached.items()})
assert reached["32 filters"] > reached["2 filters"] + 0.1

# %% [markdown]
# More filters find more, up to a point, and each costs parameters and time. With few pictures a large network also learns the
# pictures by heart: lesson 04.
#
# ## 6 · The shuffle again
#
# In lesson 02 a fixed shuffle of the pixels cost the logit nothing. Now three networks: a logit, a network with a hidden layer
# (MLP), and a convolutional one. Each learns the shapes as they are, and the shapes with all pixels moved to new places, always
# the same ones. Who suffers? Decide before you run the cell.

# %%
order = np.random.default_rng(0).permutation(32 * 32)

def shuffled(data):
    rows = data.images.reshape(len(data), 32 * 32, 3)[:, order]
    return rows.reshape(data.images.shape), data.labels

builders = {
    "logit": lambda: cc.build_logit((32, 32, 3), 6, seed=0),
    "MLP": lambda: cc.build_mlp((32, 32, 3), 6, units=(64,), seed=0),
    "CNN": lambda: small_cnn(24),
}

# %%
in_place = cc.compare(builders, shapes, new_shapes, epochs=8, progress=False)
moved = cc.compare(builders, shuffled(shapes), shuffled(new_shapes), epochs=8, progress=False)
right = {name: [runs[name].metrics["val_accuracy"][-1] for runs in (in_place, moved)] for name in builders}
for name, (before, after) in right.items():
    print(f"{name:6} in place {before:.2f}   shuffled {after:.2f}")
assert right["CNN"][0] > right["CNN"][1] + 0.15 and abs(right["logit"][0] - right["logit"][1]) < 0.1

# %% [markdown]
# The convolutional network is far ahead, and it alone falls: what it knew better was *which pixels are neighbours*. (The logit
# gets a third right, the MLP not much more: the outline may be anywhere, and every place would need its own weights.)
#
# ## 7 · Dropout
#
# In training a random share of the activations is set to zero, other ones in each step. No unit can rely on one other unit; it is
# as if many thinned networks were averaged. What is kept is divided by the share that is kept, so that the next layer gets as
# much as before on average. When the network predicts, nothing is dropped.

# %% tags=["nbval-check-output"]
layer = keras.layers.Dropout(0.25, seed=1)
ones = np.ones((1, 1000), "float32")
in_training = np.asarray(layer(ones, training=True))
print("values in training:", np.unique(in_training).round(2))
print("when predicting:   ", np.unique(np.asarray(layer(ones, training=False))))

# %% exercise="dropout"

# %% [markdown]
# ## 8 · The famous ones
#
# The same table for the networks that you will read of. None is trained here: the table needs no weights. **MobileNet** splits each
# convolution into one for each channel and one across the channels. **ResNet** adds the input of a block to its output, so that
# a hundred layers can still be trained. **Inception** (GoogLeNet's child) looks with several kernels side by side. **VGG-16** only has
# 3 × 3 kernels. The **mixed-scale dense** network (Pelt and Sethian, 2018) has hardly any parameters: every layer sees all layers
# before it, and its dilations grow.

# %% tags=["nbval-check-output"]
networks = {
    "LeNet-5 (1998)": lenet,
    "VGG-16 (2014)": keras.applications.VGG16(weights=None),
    "Inception v3 (2015)": keras.applications.InceptionV3(weights=None),
    "ResNet-50 (2015)": keras.applications.ResNet50(weights=None),
    "MobileNet (2017)": keras.applications.MobileNet(weights=None),
    "mixed-scale dense (2018)": cc.build_mixed_scale_dense((224, 224, 1), 2, seed=0),
}
for name, network in networks.items():
    t = cc.describe(network)
    print(f"{name:24} {t.parameters / 1e6:8.3f} M parameters {t.macs / 1e6:9.1f} M MACs   sees {t.receptive_field.size}")

# %% [markdown]
# AlexNet (2012), with which it all began again, had 61 million parameters, 724 million MACs and a receptive field of 195. Compare
# VGG-16 and MobileNet: a thirtieth of the work and of the parameters, at almost the same accuracy on ImageNet. Architecture matters.

# %% [markdown]
# Now take them apart, and build your own. Choose a layer in the table, change it, and watch all numbers follow.
#
# - Choose *VGG-16*. Which layer holds three quarters of the parameters? Put *Global average pooling* in the place of *Flatten*: how
#   many are left? (37.7 of 138.4 million.) Do the MACs care?
# - Choose *LeNet-5*, and look at what layer 5 sees. Add one more convolution or pooling before *Flatten*. How far does it see now?
# - Choose *LeNet-5* again, and give layer 4 a *dilation* of 2. It sees further: with how many more parameters of its own?
# - Choose *a small start*. Make one unit of its last map see at least 32 × 32 pixels, with fewer than 20,000 parameters in all.
#
# (The AlexNet in it is the later one, of a single tower: 714 million MACs.) *Show the Keras code* gives you your network to copy.

# %%
cc.ArchitectureDemo()

# %%
del networks, network
cc.plot_network(cc.build_small_cnn((64, 64, 3), 5, seed=0))

# %% exercise="build-cnn"

# %% [markdown]
# Yours, or the course's until then, on the digits:

# %%
model = yours_or_ours("build-cnn", build_cnn)
cc.train_model(model, train, test, epochs=4, progress=False)

# %% [markdown]
# ## What to remember
#
# 1. Convolution, nonlinearity, pooling, again and again; then flatten and a softmax. Each layer makes a picture from a picture.
# 2. The receptive field grows with depth, and faster after each stride: early layers see lines, late ones see things.
# 3. Parameters sit in the first dense layer, the work in the convolutions. `describe(model)` tells you before you train.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning applied to document recognition, *Proceedings of the
#   IEEE* 86(11), section II: LeNet-5.
# - N. Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting, *JMLR* 15, pp. 1929–1958.
# - D. M. Pelt and J. A. Sethian (2018), A mixed-scale dense convolutional neural network for image analysis, *PNAS* 115(2),
#   pp. 254–259: the notation $g_{ij}$, and the last network of the table.
# - A. Araujo, W. Norris and J. Sim (2019), Computing receptive fields of convolutional neural networks, *Distill*.
# - A. Krizhevsky et al. (2012), K. Simonyan and A. Zisserman (2015), C. Szegedy et al. (2016), K. He et al. (2016), A. Howard et al.
#   (2017): AlexNet, VGG, Inception v3, ResNet, MobileNet.
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 11.7, pp. 404–409.
# - The digits are scikit-learn's `load_digits`; the shapes are drawn by the course.
