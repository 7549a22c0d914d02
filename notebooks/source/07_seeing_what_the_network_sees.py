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
# # 07 · Seeing what the network sees
#
# **What you will be able to do**
#
# - look at what each layer makes of a picture, and at what a channel looks for;
# - draw which pixels speak for an answer, in several ways, and test whether such a drawing says anything;
# - use a network as a way to turn a picture into a row of numbers;
# - fool a network with a change that no eye sees, and say how strong it must be.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: lessons 02 and 03. Run each cell with Shift + Enter; write your answers where the three dots `...` stand.

# %%
import cnn_course as cc
import numpy as np
from cnn_course import check, hint, yours_or_ours

keras = cc.load_keras()
import tensorflow as tf

# %% [markdown]
# ## 1 · Two networks
#
# The first is the LeNet for digits of lesson 03. If you saved yours as `lenet.keras` beside this notebook, it is taken; if there is
# none, or it cannot be read, it is trained again, in some seconds.

# %%
train = cc.load_dataset("digits", image_size=28)
test = cc.load_dataset("digits", "test", image_size=28)
try:
    lenet = keras.saving.load_model("lenet.keras")
except Exception:  # there is none, or it is not whole
    lenet = cc.build_lenet(seed=0)
    cc.train_model(lenet, train, epochs=6, progress=False);

# %%
share = lenet.evaluate(test.images, test.labels, verbose=0)[1]
print(f"{share:.1%} of {len(test)} new digits are right")
assert share > 0.9

# %% [markdown]
# The second comes with the course, trained. It sorts the pictures that were posted under a (made-up) protest's hashtag: protest, meme,
# cat, news screenshot, odd. All are drawings, so nobody is in them.

# %% tags=["nbval-check-output"]
network = cc.load_hashtag_cnn()
posts = cc.load_dataset("hashtag", "test", n=300)
print(posts.class_names)
print(cc.describe(network))

# %%
found = network.predict(posts.images, verbose=0).argmax(axis=1)
right = (found == posts.clean_labels).mean()
print(f"{right:.0%} right on {len(posts)} new pictures")
assert right > 0.9
cc.plot_pictures(posts, n=8)

# %% [markdown]
# ## 2 · Feature maps, layer by layer
#
# The first look inside: what does each convolution make of *this* picture? One call gives them all.

# %% tags=["nbval-check-output"]
protest = np.flatnonzero(posts.clean_labels == 0)
picture = posts.images[protest[1]]
maps = cc.feature_maps(network, picture)
for name, values in maps.items():
    print(f"{name}: {values.shape}")

# %%
cc.plot_layers(picture, maps)

# %% [markdown]
# A row is a layer, the number above a map its channel; white is where the channel answers most. In `conv_1` you still see the
# picture: edges, one colour, bright or dark. Each pooling halves the maps. In `conv_4` (8 × 8) a map says *here*, and hardly ever
# what a person would call by one word.
#
# Your own network on a digit:

# %%
cc.plot_layers(test.images[2], cc.feature_maps(lenet, test.images[2]))

# %% [markdown]
# The kernels of a first layer can be drawn themselves, because they work on the picture. Here are those of LeNet, grey for 0, white
# for positive weights, black for negative ones. A bright side beside a dark one: that kernel answers to edges.

# %%
kernels = lenet.get_layer("conv_1").get_weights()[0]
shades = 127.5 + 127.5 * kernels / np.abs(kernels).max(axis=(0, 1, 2))
cc.plot_pictures(np.moveaxis(shades, -1, 0).astype("uint8"), titles=range(kernels.shape[-1]))

# %% [markdown]
# ## 3 · What does a channel look for?
#
# Turn the question round. Keep the weights, and change the **picture** so that one channel answers as much as it can: gradient
# ascent, on pixels. It is the training loop with the roles swapped.
#
# Done bluntly, it ends in noise. Three things help: build the picture of waves, slow ones first; let colours vary together as they do
# in photographs; and shift it a little at each step, so that no single pixel can be exploited.
#
# First your own network: eight channels of its second convolution. Most want a piece of a stroke: an edge, an end, a corner.

# %%
corners = cc.activation_maximisation(lenet, "conv_2", list(range(8, 16)), steps=64, jitter=2, decay=2)
cc.plot_pictures(corners, titles=[f"conv_2, {k}" for k in range(8, 16)])

# %% [markdown]
# The ten outputs can be asked as well. What is the best 0, the best 1, the best 2 that your network can think of?

# %%
ideal = cc.activation_maximisation(lenet, lenet.layers[-1].name, list(range(10)), steps=64, jitter=1, decay=1.5)
sure = lenet.predict(ideal, verbose=0)
cc.plot_pictures(ideal, titles=[f"a {k}: {p[k]:.0%}" for k, p in enumerate(sure)], columns=5)

# %%
assert (sure.argmax(axis=1) == np.arange(10)).mean() > 0.7

# %% [markdown]
# In some you see the digit, in others nothing; the network is sure of nearly all. It never learned what a digit looks like, only what
# tells one digit from nine others. Keep that in mind for section 8.
#
# Now the network for posts: more layers, and colour.

# %%
channels = [3, 39, 42, 43, 50, 54, 56, 60]
asked_for = cc.activation_maximisation(network, "conv_3", channels, steps=64, jitter=3)
cc.plot_pictures(asked_for, titles=[f"conv_3, {k}" for k in channels])

# %% tags=["nbval-check-output"]
print(asked_for.shape, asked_for.dtype)

# %% [markdown]
# Does it work? The channel's mean answer to its own picture, beside its answers to 300 real posts:

# %%
answers = cc.feature_maps(network, posts.images, ["conv_3"])["conv_3"].mean(axis=(1, 2))
own = cc.feature_maps(network, asked_for, ["conv_3"])["conv_3"].mean(axis=(1, 2))
for n, k in enumerate(channels[:4]):
    highest = answers[:, k].max()
    print(f"channel {k:2}: own picture {own[n, k]:.2f}, strongest of 300 posts {highest:.2f}")
assert np.mean([own[n, k] > np.quantile(answers[:, k], 0.99) for n, k in enumerate(channels)]) > 0.7

# %% [markdown]
# This network has seen 4,000 drawings. Now one that has seen a million photographs: MobileNetV2, trained on ImageNet. These
# pictures were made in the same way, with the same function, and come with the course. From top to bottom: near the input,
# in the middle, near the end.

# %%
big = cc.load_feature_pictures()
titles = [f"{p.layer.removesuffix('_expand_BN')}, {p.channel}" for p in big]
cc.plot_pictures(np.stack([p.picture for p in big]), titles=titles, columns=4)

# %% [markdown]
# Nobody drew the last row. It is what four channels of the fourteenth block ask for, and you may see the coils of a snake, the skin of
# a frog, too many dogs, and eyes. **Lines, then patterns, then things.** That early layers see lines and late ones see things of the
# task is not a way of speaking: here it is.

# %% tags=["nbval-check-output"]
for p in big[::4]:
    print(f"{p.layer}: {p.mean:.1f} on its picture, one photograph in 100 gets {p.photos_99:.1f}")

# %% [markdown]
# ## 4 · Saliency: which pixels move the answer?
#
# In a regression you read a coefficient: how much does the prediction change when this variable changes? For a network it is the
# **gradient** of the answer with respect to the picture, another one for each picture:
#
# $$S_{ij} = \max_c \left| \frac{\partial f_k(x)}{\partial x_{ijc}} \right|$$

# %% [markdown]
# In a logit, where each pixel has one coefficient, it is just the coefficient's size, the same for every picture:

# %% tags=["nbval-check-output"]
logit = cc.build_logit((2, 2, 1), classes=2, seed=0)
logit.layers[-1].set_weights([np.array([[2.0], [-1.0], [0.0], [0.5]]), np.zeros(1)])
for grey in (0, 200):
    print((255 * cc.saliency(logit, np.full((2, 2, 1), grey), 1)).round(3))

# %% exercise="saliency"

# %%
saliency = yours_or_ours("saliency", saliency)
examples = protest[[1, 3, 4, 6, 8]]
pictures = posts.images[examples]
mine = np.stack([saliency(network, p.astype("float32"), 0) for p in pictures])
cc.plot_heat_maps(pictures, {"saliency": mine})

# %% [markdown]
# Speckled. Two remedies. **SmoothGrad** takes the mean gradient over noisy copies of the picture. **Integrated gradients** walk from a
# black picture to this one and add up what each pixel did on the way; their sum is the rise of the score, so nothing is lost. And
# all three below look at the score *before* the softmax: a network that is sure of itself has hardly any gradient behind it.

# %%
kinds = {kind: cc.saliency(network, pictures, 0, kind, samples=24) for kind in ("plain", "smooth", "integrated")}
cc.plot_heat_maps(pictures, kinds)

# %% [markdown]
# Better, not good: the three agree on some places and not on others. Pixels are noisy witnesses. Section 5 asks larger ones.

# %% [markdown]
# That the parts add up can be checked. The more points on the way, the closer:

# %%
parts = cc.saliency(network, pictures[:1], 0, "integrated", samples=100, signed=True)
scores = keras.Model(network.input, network.get_layer("hidden_1").output)
weights, bias = network.layers[-1].get_weights()
features = np.asarray(scores(np.stack([pictures[0], 0 * pictures[0]]).astype("float32")))
rise = (features[0] - features[1]) @ weights[:, 0]
print(f"sum of all parts {parts.sum():.2f}, rise of the score {rise:.2f}")
assert abs(parts.sum() - rise) < 0.1 * abs(rise) + 0.1

# %% [markdown]
# ## 5 · Grad-CAM: where did it look?
#
# Pixels are a fine grain. **Grad-CAM** asks the last maps instead. Each map $A^m$ gets a weight, its mean gradient; maps that speak for
# the class are added, those against it subtracted, and what is negative is cut off:
#
# $$w_m = \frac{1}{hw}\sum_{ij} \frac{\partial s_k}{\partial A^m_{ij}}, \qquad L_{ij} = \max\left(0, \sum_m w_m A^m_{ij}\right)$$

# %% tags=["nbval-check-output"]
activations = np.array([[[1.0, 0.0], [3.0, 2.0]]])  # 1 row, 2 columns, 2 maps
gradients = np.array([[[0.5, -1.0], [0.5, -3.0]]])
weights = gradients.mean(axis=(0, 1))
print("weights:", weights)
print("sum:", (activations * weights).sum(axis=-1))
print("map:", np.maximum((activations * weights).sum(axis=-1), 0))

# %% exercise="grad-cam"

# %% [markdown]
# Now with the network: what does it look at when it says "protest"? The course's `grad_cam` finds the last maps and their gradients;
# below it, two relatives. **HiResCAM** leaves the mean out: each number of a map times its own gradient. **Occlusion** needs no
# gradient at all: cover a place, see how far the score falls.

# %%
where = {
    "Grad-CAM": cc.grad_cam(network, pictures, 0),
    "HiResCAM": cc.grad_cam(network, pictures, 0, method="hires_cam"),
    "occlusion": cc.occlusion(network, pictures, 0, size=16, strides=4),
}
cc.plot_heat_maps(pictures, where)

# %% [markdown]
# One picture of each class, and the class that the network finds in it:

# %%
one_each = [np.flatnonzero((posts.clean_labels == k) & (found == k))[2] for k in range(5)]
heat = cc.grad_cam(network, posts.images[one_each])
cc.plot_heat_maps(posts.images[one_each], {"Grad-CAM": heat}, titles=posts.class_names)

# %% [markdown]
# So what does it look at when it says "protest"? Ask all the protests, not five: how much of the heat lies in each third of the
# picture? And do not take the map's word for it. **Cover** that third, and see how many are a protest still.

# %%
thirds = {"top, houses": slice(0, 22), "middle, placards": slice(22, 43), "bottom, crowd": slice(43, 64)}
protests = posts.images[protest]
heat = cc.grad_cam(network, protests, 0)
share, still = {}, {}
for name, rows in thirds.items():
    covered = protests.astype("float32")
    covered[:, rows] = covered.mean(axis=(1, 2), keepdims=True)
    share[name] = heat[:, rows].sum() / heat.sum()
    still[name] = (network.predict(covered, verbose=0).argmax(axis=1) == 0).mean()
    print(f"{name:16} {share[name]:.0%} of the heat; without it {still[name]:.0%} are a protest still")

# %%
assert max(share.values()) < 0.5 and min(still, key=still.get) == "middle, placards"

# %% [markdown]
# The map likes the crowd best, by a little. What the network can least do without are the placards: cover them, and half of the
# protests become memes, because a meme is a plain place with letters above or below. No third alone decides: it is houses *and*
# placards *and* heads. (A covered picture is unlike all that the network was trained on, so this is evidence, not proof.)
#
# And where it errs? Then the map often shows what it mistook.

# %%
wrong = np.flatnonzero(found != posts.clean_labels)[:6]
names = [f"{posts.class_names[posts.clean_labels[i]]}:\n{posts.class_names[found[i]]}?" for i in wrong]
cc.plot_heat_maps(posts.images[wrong], cc.grad_cam(network, posts.images[wrong]), titles=names)

# %% [markdown]
# ## 6 · A map that explains nothing
#
# Such pictures convince quickly, too quickly. Here is a "heat map" that looks at edges only. It never asks the network:

# %%
def edges(model, image, class_index):
    grey = np.asarray(image, float).mean(axis=-1)
    return np.abs(np.gradient(grey, axis=-1)) + np.abs(np.gradient(grey, axis=-2))

cc.plot_heat_maps(pictures, {"edges": edges(network, pictures, 0)})

# %% [markdown]
# Would you have known? The test: shuffle the network's weights, so that it has learned nothing, and explain again. If the map stays
# the same, it said nothing about what was learned.

# %%
methods = {"edges": edges, "saliency": cc.saliency, "Grad-CAM": cc.grad_cam}
checks = {name: cc.sanity_check(method, network, pictures, 0) for name, method in methods.items()}
for name, result in checks.items():
    print(f"{name:9} correlation with the map of a shuffled network: {result.correlation:.2f}")
assert checks["edges"].correlation > 0.99 > 0.9 > checks["Grad-CAM"].correlation

# %%
cc.plot_heat_maps(pictures, {"Grad-CAM": checks["Grad-CAM"].original, "shuffled": checks["Grad-CAM"].randomised})

# %% [markdown]
# Passing the test proves little; failing it proves that a method is useless.
#
# ## 7 · Stop before the last layer
#
# The last layer is a multinomial logit. Everything before it makes its variables. Stop there, and a picture is a row of numbers, in
# which pictures that mean the same lie near each other. Lesson 08 lives on this.

# %% exercise="feature-extractor"

# %%
feature_extractor = yours_or_ours("feature-extractor", feature_extractor)
rows = np.asarray(feature_extractor(posts.images.astype("float32")))
queries = one_each[:4]

# %% tags=["nbval-check-output"]
print(posts.images.shape, "->", rows.shape)

# %%
near = cc.nearest_neighbours(rows, rows[queries], n=7)
cc.plot_neighbours(posts.images[queries], posts.images, near.indices[:, 1:])

# %% [markdown]
# The first neighbour of a picture is itself, so it is left out. Compare: neighbours by *pixels* share the colour of the wall.

# %%
flat = posts.images.reshape(len(posts), -1).astype(float)
by_pixels = cc.nearest_neighbours(flat, flat[queries], n=7)
cc.plot_neighbours(posts.images[queries], posts.images, by_pixels.indices[:, 1:])

# %%
for name, x in {"features": rows, "pixels": flat}.items():
    result = cc.nearest_neighbours(x, x, n=2)
    same = posts.clean_labels[result.indices[:, 1]] == posts.clean_labels
    print(f"nearest neighbour by {name:8} of the same class: {same.mean():.0%}")

# %% [markdown]
# All 300 in the plane: the two directions in which the 32 numbers differ most.

# %%
cc.plot_embedding(cc.project_2d(rows), posts.clean_labels, posts.class_names)

# %% [markdown]
# ## 8 · Adversarial pictures
#
# Training moves the weights against the gradient of the loss. Now hold the weights and move the **picture** *with* it: one small
# step for every pixel, all in the direction that hurts. `cc.loss_gradient` gives the gradient at a picture.

# %% tags=["nbval-check-output"]
pixels = np.array([[2.0, 250.0, 100.0]])
slopes = np.array([[-0.02, 0.0001, 3.0]])
print(np.clip(pixels + 8 * np.sign(slopes), 0, 255))

# %% exercise="adversarial-step"

# %%
adversarial_step = yours_or_ours("adversarial-step", adversarial_step)

def attack(images, slopes, strength):
    return np.stack([adversarial_step(x.astype("float32"), g, strength) for x, g in zip(images, slopes)])

def answers_of(model, images):
    return model.predict(np.asarray(images, "float32"), verbose=0).argmax(axis=1)

# %% [markdown]
# One hundred posts that the network gets right, changed by 4 grey levels of 255:

# %%
some = np.flatnonzero(found == posts.clean_labels)[:100]
x, y = posts.images[some], posts.clean_labels[some]
fooled = attack(x, cc.loss_gradient(network, x, y), 4)
after = answers_of(network, fooled)
flipped = np.flatnonzero(after != y)[:6]
words = [[posts.class_names[k] for k in labels[flipped]] for labels in (y, after)]
cc.plot_adversarial(x[flipped], fooled[flipped], *words)

# %%
print(f"{(after != y).mean():.0%} of {len(y)} right answers flipped")
assert (after != y).mean() > 0.2

# %% [markdown]
# The row in the middle is made thirty times stronger than it is, or nobody could see it. Look at the upper and the lower pictures as
# long as you like: to you they are the same.
#
# How strong must it be? Draw the share of right answers that flip against the strength, for posts and for digits, and beside it random
# noise of the same size.

# %%
few = np.flatnonzero(answers_of(lenet, test.images[:400]) == test.labels[:400])
sets = {"posts": (network, x, y), "digits": (lenet, test.images[few], test.labels[few])}
strengths, rates = [0, 2, 4, 8, 16, 24, 32], {}
for name, (model, images, labels) in sets.items():
    slopes = cc.loss_gradient(model, images, labels)
    signs = np.random.default_rng(0).choice([-1, 1], images.shape)
    steps = [attack(images, slopes, s) for s in strengths]
    noise = [np.clip(images + s * signs, 0, 255) for s in strengths]
    rates[f"{name}, one step"] = [(answers_of(model, p) != labels).mean() for p in steps]
    rates[f"{name}, noise"] = [(answers_of(model, p) != labels).mean() for p in noise]
cc.plot_flip_rates(strengths, rates)

# %%
for name in sets:
    flips = np.array([rates[f"{name}, one step"], rates[f"{name}, noise"]])
    at_half = np.argmax(flips[0] >= 0.5)
    print(f"{name}: {strengths[at_half]} grey levels flip {flips[0, at_half]:.0%}, noise as strong {flips[1, at_half]:.0%}")
    assert flips[0].max() > 0.5 and flips[1, at_half] <= flips[0, at_half] / 5

# %% [markdown]
# Noise of that size does little: random pushes cancel out. The gradient's do not: thousands of tiny pushes, all one way. (Noise four
# times as strong is too much for the network of the posts; that is a weakness of its own.) A post has 12,288 numbers to push, a digit
# 784, so each has to be pushed harder there. At 24 you see it:

# %%
digits, labels = test.images[few], test.labels[few]
fooled = attack(digits, slopes, 24)  # the slopes of the digits, from above
after = answers_of(lenet, fooled)
flipped = np.flatnonzero(after != labels)[:6]
cc.plot_adversarial(digits[flipped], fooled[flipped], *[[f"a {k}" for k in z[flipped]] for z in (labels, after)])

# %% [markdown]
# Measured with three seeds each: on digits (accuracy 0.97) a step of 24 to 28 grey levels flips half of the right answers, on
# Fashion-MNIST (0.88 to 0.89) one of 11 to 14; ten small steps need 13 to 37 % less, and noise of that size flips 3 % or fewer.
#
# You can also *choose* what it shall see. Several small steps, towards a target:

# %%
threes = digits[labels == 3][:6]
as_eights = cc.adversarial(lenet, threes, strength=40, target=8, steps=10)
cc.plot_adversarial(threes, as_eights, ["a 3"] * 6, [f"a {k}" for k in answers_of(lenet, as_eights)])

# %% [markdown]
# ## 9 · Draw one yourself
#
# With the pointer, or with the arrow keys and Space. Can you draw a digit that the network takes for another one, while every
# person reads yours? (Alive in the notebook only: the model runs in its kernel.)

# %%
cc.ClassifierDemo(lenet, picture=test.images[2], examples=test)

# %% [markdown]
# ## What to remember
#
# 1. A gradient can be asked of the picture as well as of the weights: towards a channel (what does it look for?), a score (which
#    pixels?), or the loss (how do I fool it?).
# 2. Lines, patterns, things: depth makes them. The row of numbers before the last layer is the picture as the network knows it.
# 3. A heat map is a claim. Shuffle the weights; if the map stays, it explained nothing.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - K. Simonyan, A. Vedaldi and A. Zisserman (2014), Deep inside convolutional networks: saliency, and pictures of a class.
# - D. Smilkov et al. (2017), SmoothGrad. M. Sundararajan, A. Taly and Q. Yan (2017), Axiomatic attribution for deep networks.
# - R. R. Selvaraju et al. (2017), Grad-CAM, *ICCV*. R. L. Draelos and L. Carin (2020), Use HiResCAM instead of Grad-CAM.
# - M. D. Zeiler and R. Fergus (2014), Visualizing and understanding convolutional networks, section 4.2: occlusion.
# - C. Olah, A. Mordvintsev and L. Schubert (2017), Feature visualization, *Distill*.
# - J. Adebayo et al. (2018), Sanity checks for saliency maps, *NeurIPS*.
# - I. Goodfellow, J. Shlens and C. Szegedy (2015), Explaining and harnessing adversarial examples. A. Kurakin, I. Goodfellow and
#   S. Bengio (2017), Adversarial examples in the physical world.
# - M. Sandler et al. (2018), MobileNetV2. The pictures of section 3 were made by the course; their card names the weights.
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 11.5.
