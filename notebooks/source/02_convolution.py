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
# # 02 · Convolution
#
# **What you will be able to do**
#
# - say why a model for pictures should know which pixels are neighbours, and show it with numbers;
# - compute a convolution by hand, in Python, and in your head when only its size is asked;
# - choose kernel size, stride, padding and dilation, and know what each one costs;
# - write a filter that finds edges, and recognise a filter from what it did to a photograph;
# - count the parameters of a convolution, and say why there are so few.
#
# **Time**: about two hours for you; less than one minute of computing on a laptop with 2 cores.
#
# **Downloads**: nothing.
#
# **You need**: regression, the logit, and a little Python (lists, functions, `for`). You need no lesson before this one.
#
# Run each cell with Shift + Enter. In the exercises, write your answer where the three dots `...` stand, run the cell,
# then run the check below it. A wrong answer costs nothing. You may try as often as you like, and `hint("output-size")`
# gives you a hint, three times, each one closer to the answer.

# %% [markdown]
# ## 1 · A picture is a table of numbers
#
# Let us load a photograph and ask for its *shape*.

# %% tags=["nbval-check-output"]
import numpy as np
import cnn_course as cc
from cnn_course import check, hint, yours_or_ours

china = cc.example_image("china")
print(china.shape, china.dtype)

# %% [markdown]
# 427 rows, 640 columns, and 3 numbers in each place: how much red, how much green and how much blue. Each number is
# a whole number from 0 (none) to 255 (as much as the screen can give). That is what `uint8` means.
#
# One place in the picture is a **pixel**. One of the three tables is a **channel**. Here they are, each one as a grey
# picture: black is 0, white is 255. The sky is blue, so it is brightest in the blue channel.

# %%
channels = {"red": china[:, :, 0], "green": china[:, :, 1], "blue": china[:, :, 2]}
cc.plot_feature_maps(china, channels, limits=(0, 255))

# %% [markdown]
# ## 2 · Neighbours are alike
#
# You know this from maps of votes or rents: near things are more alike than distant things. Waldo Tobler called it the
# first law of geography. Does it hold for pixels? We can measure it.
#
# Make the picture grey (the mean of its three channels). Pair each pixel with the one `d` steps to its right. Compute
# the correlation over all pairs.

# %%
grey = china.mean(axis=2)
for d in (1, 10, 100):
    left = grey[:, :-d].ravel()  # all columns but the last d, written as one long row
    right = grey[:, d:].ravel()  # all columns but the first d
    print(f"{d:3d} pixels apart: correlation {np.corrcoef(left, right)[0, 1]:.2f}")

# %% [markdown]
# `pixel_correlation` does this for every distance from 1 up. We take a second photograph, a flower, to be sure that it
# is not only this one. (To the right is one direction. `china.swapaxes(0, 1)` lays the picture on its side: try it.)

# %%
flower = cc.example_image("flower")
curves = {"china": cc.pixel_correlation(china, 100), "flower": cc.pixel_correlation(flower, 100)}
assert all(curve[0] > 0.9 > curve[99] + 0.2 for curve in curves.values())
cc.plot_pixel_correlation(curves)

# %% [markdown]
# Direct neighbours are almost copies of each other. With distance, the likeness fades. In `china` it fades slowly, because
# large parts of that picture are alike: bright sky above, dark trees below. But in both it fades. So:
#
# > A pixel says a lot about its neighbours, and less and less about the pixels farther away.
#
# A good model for pictures should use that. Does the model that you know use it?

# %% [markdown]
# ## 3 · What a logit does not see
#
# A regression wants a row of columns, not a table. So before a logit can use a picture, somebody has to *flatten* it:
# write its rows one after the other.

# %% tags=["nbval-check-output"]
small_picture = np.array([[1, 2, 3], [4, 5, 6]])
print(small_picture.ravel())  # ravel: one row after the other

# %% [markdown]
# All values are still there. What is lost is who is whose neighbour: 1 stood right above 4, and now three columns lie
# between them. And the logit does not care! For a regression, columns have no order.
#
# Let us test that claim in the hardest way. We take small pictures of handwritten digits, 8 × 8 pixels. We draw *one*
# random order of the 64 pixels and put every picture into that same order. Above: the digits. Below: the same
# digits after the shuffle. No human can read them.

# %%
from sklearn.datasets import load_digits

digits = load_digits()
order = np.random.default_rng(0).permutation(64)  # one order, the same for all pictures
flat = digits.images.reshape(-1, 64) / 16         # these pictures count from 0 to 16
shuffled = flat[:, order]
cc.plot_shuffle(digits.images[:8], shuffled[:8].reshape(-1, 8, 8))

# %% [markdown]
# Now fit a multinomial logit on 1,200 pictures, and count how many of the other 597 it gets right. Once with the
# pixels in their places, once shuffled. (scikit-learn adds a small penalty on large coefficients, as a ridge regression
# does. It treats all columns alike, so it does not care about their order either. `solver` names the way to the maximum,
# here Newton's.)

# %%
from sklearn.linear_model import LogisticRegression

train, test = slice(0, 1200), slice(1200, None)
in_place = LogisticRegression(solver="newton-cholesky").fit(flat[train], digits.target[train])
mixed_up = LogisticRegression(solver="newton-cholesky").fit(shuffled[train], digits.target[train])

share = in_place.score(flat[test], digits.target[test])
share_shuffled = mixed_up.score(shuffled[test], digits.target[test])
print(f"right: {share:.1%} in place, {share_shuffled:.1%} shuffled")
assert share == share_shuffled > 0.85

# %% [markdown]
# Exactly the same. Not by luck: the two models have the same coefficients, only in another order.

# %% tags=["nbval-check-output"]
print(np.allclose(in_place.coef_[:, order], mixed_up.coef_, atol=1e-6))

# %% [markdown]
# What the shuffle did destroy is the thing that we measured in section 2. Let us measure it again: one new order for
# all 273,280 pixels, the same for both photographs. Near or far, the correlation is now zero.

# %%
new_places = np.random.default_rng(0).permutation(grey.size)
for name, photo in {"china": china, "flower": flower}.items():
    in_new_order = photo.mean(axis=2).ravel()[new_places].reshape(grey.shape)
    curves[f"{name}, shuffled"] = cc.pixel_correlation(in_new_order, 100)
    assert np.abs(curves[f"{name}, shuffled"]).max() < 0.02
cc.plot_pixel_correlation(curves)

# %% [markdown]
# So there is a strong regularity in every photograph, and the logit throws it away. A human needs it: you could not read
# the shuffled digits. We want a model that looks at **neighbours together**. Its basic step is the convolution.
# (In lesson 03 we shuffle again. Then a convolutional network gets worse, as you did.)

# %% [markdown]
# ## 4 · The sliding window
#
# Take a small picture, 5 × 5, and a still smaller table of numbers, 3 × 3. The small table is called the **kernel**. Its
# numbers are **weights**, like the coefficients of a regression.
#
# Lay the kernel on the upper left corner of the picture. Multiply each pixel by the weight that lies on it. Add up the
# nine products. That is one number of the output.

# %% tags=["nbval-check-output"]
image = np.array([[3, 3, 2, 1, 0],
                  [0, 0, 1, 3, 1],
                  [3, 1, 2, 2, 3],
                  [2, 0, 0, 2, 2],
                  [2, 0, 0, 0, 1]])
kernel = np.array([[0, 1, 2],
                   [2, 2, 0],
                   [0, 1, 2]])
patch = image[0:3, 0:3]    # rows 0, 1, 2 and columns 0, 1, 2
print(patch * kernel)
print("sum:", (patch * kernel).sum())

# %% [markdown]
# Then move the kernel one pixel to the right, and do the same. At the right edge, go back to the left, one row down.
# Press **Play**, or move the slider with the arrow keys. Orange: the window, with the kernel's weights small in the
# corners. Blue: the number that was just computed.

# %%
cc.animate_convolution(image, kernel)

# %% [markdown]
# The whole story on one page, nine windows for nine numbers. Choose one and check it by hand.

# %%
cc.plot_convolution_steps(image, kernel)

# %% [markdown]
# Now drive it yourself. The right arrow takes the window one step on; click a number, or reach it with the tab key, and change it.

# %%
cc.ConvolutionDemo()

# %% [markdown]
# The output is again a table, so it is again a picture. It is called a **feature map**: it says where in the picture
# the thing was found that the kernel looks for. (You also read *activation map*. It is the same.)
#
# As a formula, with $I$ the image, $K$ the kernel and $O$ the output:
#
# $$O_{ij} = \sum_{a} \sum_{b} I_{i+a,\; j+b} \, K_{ab}$$
#
# Read it aloud: for the output in row $i$ and column $j$, start at pixel $(i, j)$, go over all rows $a$ and columns $b$ of
# the kernel, multiply, add. Counting starts at 0, as in Python. Here is the formula for the first row of the output:

# %% tags=["nbval-check-output"]
for j in range(3):
    print((image[0:3, j:j + 3] * kernel).sum())

# %% [markdown]
# It is your turn. Your function should work for every picture and every kernel, not only for 5 × 5 and 3 × 3. How many
# rows does the output have if the picture has 5 and the kernel 3? And if they have 7 and 2?

# %% exercise="conv2d"

# %% [markdown]
# From here on we use *your* function where it is right, and the course's function until then. That is what
# `yours_or_ours` does. So you can read on in any case.

# %% tags=["nbval-check-output"]
convolve = yours_or_ours("conv2d", conv2d)
print(np.array(convolve(image, kernel), dtype=int))

# %% [markdown]
# Is it really what others call a convolution in this field? Ask a library that we did not write. SciPy has a function
# for the sliding window. (It calls it *correlate*. Section 6 says why.)

# %% tags=["nbval-check-output"]
from scipy.signal import correlate2d

print((cc.conv2d(image, kernel) == correlate2d(image, kernel, mode="valid")).all())

# %% [markdown]
# ## 5 · What a kernel can find
#
# Nine weights are enough to do useful things to a photograph. Look at these two first.

# %%
blur = np.full((3, 3), 1 / 9)
sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
cc.plot_kernels({"blur": blur, "sharpen": sharpen})

# %% [markdown]
# - **Blur** takes the mean of nine neighbours. Fine detail goes away. You know it from time series: a moving average.
# - **Sharpen** takes the pixel five times and subtracts its four neighbours. What differs from its neighbours comes out
#   stronger.
#
# In both, the weights add up to 1. So a flat area keeps its brightness. We use your `conv2d` on a part of the
# photograph.

# %%
part = china[60:220, 180:420]
grey_part = part.mean(axis=2)
maps = {"blur": convolve(grey_part, blur), "sharpen": convolve(grey_part, sharpen)}
cc.plot_feature_maps(part, maps, limits=(0, 255))

# %% [markdown]
# Now a kernel whose weights add up to **0**. On a flat area it gives 0: the positive and the negative weights cancel. It
# answers only where something *changes*. A border between two areas is called an **edge**.

# %%
horizontal = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
cc.plot_kernels({"horizontal edges": horizontal})

# %% [markdown]
# Upper row negative, lower row positive: this kernel asks "how much brighter is it below me than above me?". The middle
# column counts twice, because it is nearer.
#
# Try it on three tiny pictures: a flat one, one that is dark above and bright below, and one that is dark on the left and
# bright on the right. What will come out? Decide before you run the cell.

# %% tags=["nbval-check-output"]
flat_area = np.full((3, 3), 100)
dark_above = np.array([[0, 0, 0], [0, 0, 0], [100, 100, 100]])
dark_left = dark_above.T  # .T turns rows into columns
for tiny in (flat_area, dark_above, dark_left):
    print(f"{np.sum(convolve(tiny, horizontal)):.0f}")

# %% [markdown]
# 0 on the flat area. 400 where dark turns into bright on the way down. And 0 on the third picture: there is an edge, but it
# stands upright, and this kernel does not look for those. Can you make one that does?

# %% exercise="edge-kernel"

# %% [markdown]
# On the photograph, mid-grey stands for 0, bright for positive numbers, dark for negative ones. Find the roofs in the first
# map, and the columns below the roof in the second one. The sky is flat, and so it is mid-grey in both.

# %%
vertical = yours_or_ours("edge-kernel", edge_kernel)
edges = {
    "horizontal edges": convolve(grey_part, horizontal),
    "vertical edges": convolve(grey_part, np.array(vertical)),
}
cc.plot_feature_maps(part, edges)

# %% [markdown]
# Change the nine weights yourself and see at once what happens to the photograph. Try: all weights 0 but a 1 in the middle.
# Then move that 1 to a corner. Then make the picture negative, dark for bright.

# %%
cc.FilterDemo(part, filter="vertical edges")

# %% [markdown]
# Now the other way round. Four kernels were at work here. You see what came out, and say which kernel did it.

# %%
from cnn_course.exercises.lesson_02 import mystery_maps

unknown = mystery_maps(grey_part)
cc.plot_feature_maps(part, unknown, limits={"B": (0, 255), "D": (0, 255)}, columns=3)

# %% exercise="read-feature-map"

# %% [markdown]
# Nobody has to invent these weights. In a **convolutional network** they are *estimated*, like the coefficients of a
# regression: start with random weights, and change them, little by little, so that the predictions get better. Often the
# network finds edge filters by itself. You will see them in lesson 07.

# %% [markdown]
# ## 6 · A small quarrel about a name
#
# In mathematics, a convolution turns the kernel by half a turn before it slides. What we did, without the turn, is called
# *cross-correlation* there. Deep learning does the cross-correlation and says convolution.

# %%
cc.plot_kernels({"the kernel": kernel, "flipped": cc.flip_kernel(kernel)})

# %% [markdown]
# SciPy has both, under their mathematical names. Its true convolution is ours with the flipped kernel:

# %% tags=["nbval-check-output"]
from scipy.signal import convolve2d

true_convolution = convolve2d(image, kernel, mode="valid")
print("same kernel:   ", (true_convolution == cc.conv2d(image, kernel)).all())
print("flipped kernel:", (true_convolution == cc.conv2d(image, cc.flip_kernel(kernel))).all())

# %% [markdown]
# Does it matter? Not for a network. If the weights are estimated, the estimate is simply turned as well. It matters when
# you copy a kernel from a book, or when you compare two programs: ask which one is meant.

# %% [markdown]
# ## 7 · How large is the feature map?
#
# You need this all the time: a network stacks one convolution on the other, and each one must know the size of what it
# gets. One direction is enough, rows and columns work alike. So take one row of 7 pixels, and a kernel of 3.

# %%
cc.plot_windows(7, 3)

# %% [markdown]
# Below the row you see every position of the kernel. The first one starts at pixel 0, the last one at pixel 4. In general
# the last one starts at $W - K$, so there are $W - K + 1$ of them. ($W$: width of the picture, $K$: size of the kernel.)

# %% [markdown]
# **Stride.** The kernel may move more than one pixel at a time. The step is called the stride, $S$. With a stride of 2
# the feature map has about half as many rows and half as many columns: a quarter of the numbers, and a quarter of the work.

# %%
cc.plot_windows(7, 3, strides=2)

# %% [markdown]
# The $W - K$ pixels of way are now cut into steps of $S$: $(W - K) / S$ steps, and one more for the first position.

# %% [markdown]
# **Padding.** Two things may annoy you. The map is smaller than the picture. And a pixel at the border is seen by fewer
# windows than one in the middle. The remedy: put a border of zeros around the picture. That border is the padding, $P$
# pixels on *each* side (hatched). A hollow bar reads a zero that was put there.

# %%
cc.plot_windows(7, 3, padding=1)

# %% [markdown]
# Padding makes the picture wider on both sides, so it counts twice. A padding of 2 on a picture of 32 × 32:

# %% tags=["nbval-check-output"]
picture = np.ones((32, 32))
print(np.pad(picture, 2).shape)
print(cc.conv2d(picture, np.ones((5, 5)), padding=2).shape)

# %% [markdown]
# The 5 × 5 kernel took away what the padding had added. Everything together:
#
# $$O = \frac{W - K + 2P}{S} + 1$$
#
# In two directions the formula holds twice, for the rows and for the columns. The worked example again, with a stride of 2
# and a padding of 1: $(5 - 3 + 2) / 2 + 1 = 3$ rows, and as many columns.

# %%
cc.plot_convolution_steps(image, kernel, strides=2, padding=1)

# %% [markdown]
# **When it does not divide.** A row of 8, a kernel of 3, a stride of 2: $(8 - 3) / 2 + 1 = 3.5$. The kernel never takes half
# a position. Every framework rounds **down**, to 3. Look at what this means:

# %%
cc.plot_windows(8, 3, strides=2)

# %% [markdown]
# Pixel 7 is never read. No error, no warning: the last column of your picture simply does not count.
# `unreached_pixels` tells you how many are lost.

# %% tags=["nbval-check-output"]
print(cc.output_size(8, 3, strides=2), "positions,", cc.unreached_pixels(8, 3, strides=2), "pixel never read")
print(cc.output_size(32, 5), cc.output_size(32, 5, padding=2), cc.output_size(32, 5, strides=2, padding=2))

# %% [markdown]
# Note the order in the next exercise: it follows the lecture, $W, K, P, S$. In the course's own `output_size`, as in Keras,
# the strides come before the padding. That is why we name them: `strides=2, padding=2`.

# %% exercise="output-size"

# %% [markdown]
# **`valid` and `same`.** In Keras you rarely give the padding as a number. You choose a word.
#
# - `"valid"`: no padding. Only windows that lie wholly inside the picture are valid.
# - `"same"`: just enough zeros that, with a stride of 1, the map is as large as the picture. With a stride $S$ it has
#   $W / S$ pixels, rounded **up**.
#
# With a kernel of 3 and a stride of 1, `same` is one zero on each side. But look at 8 pixels and a stride of 2:

# %%
cc.plot_windows(8, 3, strides=2, padding="same")

# %% [markdown]
# Four positions are wanted. They need 9 pixels: three steps of 2, and the 3 of the kernel. There are 8. One zero is
# missing, and one zero cannot be put on both sides. TensorFlow and Keras put the odd one **at the end** (right, below).

# %% tags=["nbval-check-output"]
print("stride 1:", cc.same_padding(8, 3), " stride 2:", cc.same_padding(8, 3, strides=2))

# %% [markdown]
# Take your time with this one. Change stride, padding and dilation, watch the formula below the grids, and look for the border
# pixels that no window reaches.

# %%
cc.ConvolutionDemo(strides=2, padding="same")

# %% exercise="same-padding"

# %% [markdown]
# **Dilation.** Sometimes a kernel should see more of the picture and still have only few weights. Then pull its weights
# apart. With a dilation of 2 it reads every second pixel. Three weights now reach over 5 pixels.

# %%
cc.plot_windows(9, 3, dilation_rate=2)

# %% [markdown]
# For the size of the map, only the reach counts. It is $(K - 1) D + 1$ for a dilation $D$. Put it where $K$ stood in the
# formula.

# %% tags=["nbval-check-output"]
print(cc.output_size(9, 3, dilation_rate=2), cc.output_size(9, 5))

# %% [markdown]
# Play with all of it. Can you find a setting in which the last row is never read? One in which the output is as large as
# the input, with a stride of 1 and a dilation of 2?

# %%
setting = {"kernel_size": (3, 3), "strides": 2, "padding": "valid", "dilation_rate": 1}
print("output:", cc.output_size((8, 8), **setting))
print("rows and columns never read:", cc.unreached_pixels((8, 8), **setting))

# %% [markdown]
# ## 8 · Colour: the window gets a depth
#
# A colour picture has three channels. Then there is one kernel *for each channel*. The three kernels together are called a
# **filter**. All $5 \times 5 \times 3 = 75$ products are added up to **one** number. So one filter makes one map, however many
# channels go in.

# %%
cc.plot_volume(input_shape=(32, 32, 3), kernel_size=5, filters=1)

# %% [markdown]
# The filter slides over rows and columns, not over channels: it reaches through all of them already. On $32 \times 32$ pixels
# a window of 5 has 28 positions in each direction, so the map is $28 \times 28$.
#
# One thing is seldom enough to look for. Take ten filters, and you get ten maps. Stacked, they are a new picture with ten
# "channels", ready for the next convolution.

# %%
cc.plot_volume(input_shape=(32, 32, 3), kernel_size=5, filters=10)

# %% [markdown]
# In Python a set of filters has four axes: height, width, channels that go in, filters (maps that come out).

# %% tags=["nbval-check-output"]
colour_picture = np.ones((32, 32, 3))
ten_filters = np.ones((5, 5, 3, 10))
ten_maps = cc.conv2d(colour_picture, ten_filters)
print(ten_maps.shape, ten_maps[0, 0, 0])

# %% [markdown]
# Every map shows 75 here: the sum of $5 \times 5 \times 3$ ones. In the formula, one more sum. With $z^k$ the $k$-th channel of
# the input and $C_h z^k$ short for "slide kernel $h$ over channel $k$", papers write
#
# $$g_{ij}(z) = \sum_k C_{h_{ijk}} z^k$$
#
# for the $j$-th map in layer $i$: it has its own kernel $h_{ijk}$ for each channel $k$, and the results are added. (To each map
# one more number is added at last, the intercept. Here it is called the **bias**.)
#
# Let us use it. A filter with positive weights for red and negative ones for blue asks: "is it redder than blue here?" The
# pavilion says yes, the sky says no.

# %%
red_not_blue = np.zeros((3, 3, 3, 1))
red_not_blue[:, :, 0] = 1 / 9   # the kernel for red: a mean
red_not_blue[:, :, 2] = -1 / 9  # the kernel for blue: minus a mean; green keeps its zeros
red_map = cc.conv2d(part, red_not_blue)
cc.plot_feature_maps(part, red_map, names=["redder than blue"])

# %% exercise="conv2d-channels"

# %% tags=["nbval-check-output"]
convolve_channels = yours_or_ours("conv2d-channels", conv2d_channels)
print(convolve_channels(colour_picture, ten_filters).shape)
print(np.allclose(convolve_channels(part / 255, red_not_blue), red_map / 255))

# %% [markdown]
# ## 9 · Few weights, used again and again
#
# Compare two ways to get from a picture of $32 \times 32 \times 3$ numbers to ten maps of $28 \times 28$.
#
# In a **dense** layer every output is a regression on *all* inputs, with coefficients of its own. In a convolution an output
# is joined only to the pixels under its window, and **all outputs of a map share the same weights**. Here for 8 pixels and 6
# outputs. Lines of one kind carry the same number.

# %%
cc.plot_connections(inputs=8, kernel_size=3)

# %% [markdown]
# How many parameters would the dense layer have, with a bias for each output?

# %% tags=["nbval-check-output"]
inputs, outputs = 32 * 32 * 3, 28 * 28 * 10
print(f"{(inputs + 1) * outputs:,} parameters")

# %% [markdown]
# Twenty-four million, for one layer and a picture of the size of a stamp. And the convolution?

# %% exercise="conv-parameters"

# %% [markdown]
# Does the size of the picture enter your formula? It does not. The same few weights work on a stamp and on a poster.
#
# We can ask **Keras**, the library that the next lessons build on. (It takes a few seconds to start.) Keras wants a *batch*:
# a stack of pictures, here a stack of one.

# %% tags=["nbval-check-output"]
keras = cc.load_keras()  # import keras, without TensorFlow's log lines

layer = keras.layers.Conv2D(filters=10, kernel_size=5)
stamp = china[100:132, 300:332].astype("float32")
keras_maps = keras.ops.convert_to_numpy(layer(stamp[np.newaxis]))
print(keras_maps.shape, layer.count_params())

# %% [markdown]
# 760 parameters in place of 24 million. Does Keras compute what you computed? Take its random weights and put them into our
# own function. The largest difference, over all 7,840 numbers:

# %%
weights, biases = layer.get_weights()
ours = cc.conv2d(stamp, weights) + biases
difference = np.abs(ours - keras_maps[0]).max()
print(f"largest difference: {difference:.5f}, largest number: {np.abs(ours).max():.0f}")
assert difference < 1e-4 * np.abs(ours).max()

# %% [markdown]
# Sharing has one more gift. The same weights look everywhere, so a thing is found wherever it is. Move a bright square three
# columns to the right: its map moves three columns to the right, and is otherwise the same.

# %% tags=["nbval-check-output"]
here = np.zeros((8, 12))
here[3:5, 2:4] = 1
there = np.roll(here, 3, axis=1)  # three columns to the right
print((cc.conv2d(there, kernel)[:, 3:] == cc.conv2d(here, kernel)[:, :-3]).all())

# %% [markdown]
# A logit that has learned a cat on the left knows nothing of a cat on the right. A convolution does.

# %% [markdown]
# ## 10 · The same thing as one matrix
#
# Each output is a weighted sum of pixels. So a convolution is **linear**, and a linear map can be written as a matrix. Flatten
# the 5 × 5 picture into 25 numbers. Each of the 9 outputs is a row of weights for these 25. We take a kernel with the
# weights 1 to 9, so that you can find each of them.

# %%
counting = np.arange(1, 10).reshape(3, 3)
matrix = cc.convolution_matrix(counting, input_size=5)
cc.plot_convolution_matrix(matrix)

# %% [markdown]
# Look at one row: nine weights, in three groups of three, because a window covers three rows of the picture. Look at the next
# row: the same weights, one pixel further. All other entries are zero. A matrix with mostly zeros is called **sparse**.
#
# Matrix times picture is the convolution:

# %% tags=["nbval-check-output"]
print((matrix @ image.ravel()).reshape(3, 3))
print(cc.conv2d(image, counting))

# %% [markdown]
# Now you can say in the language of regression what a convolution is: **a multivariate linear model under restrictions.** Most
# coefficients are fixed at zero (far pixels do not count), and the others are forced to be equal (the same rule
# everywhere). Restrictions that are true make an estimate better. For photographs they are nearly true: that was section 2.
#
# The pattern on a larger picture, 28 × 28 pixels and a kernel of 5 × 5: 451,584 entries, and 25 different numbers.

# %%
large = cc.convolution_matrix(np.arange(1, 26).reshape(5, 5), input_size=28)
assert large.shape == (576, 784) and len(np.unique(large.data)) == 25
cc.plot_convolution_matrix(large)

# %% [markdown]
# A warning for the next lesson. If one convolution is a matrix, then two in a row are the product of two matrices, and that
# is again one matrix. Two linear layers can do no more than one larger one:

# %% tags=["nbval-check-output"]
twice = cc.conv2d(cc.conv2d(image, [[1, 2], [0, 1]]), [[1, 0], [3, 1]])
once = cc.conv2d(image, [[1, 2, 0], [3, 8, 2], [0, 3, 1]])  # the two kernels in one
print((twice == once).all())

# %% [markdown]
# That is why a network puts something that is *not* linear after each convolution. Lesson 03 shows what, and builds a whole
# network from what you have now.

# %% [markdown]
# ## What to remember
#
# 1. Near pixels are alike. A convolution looks at neighbours together; a logit on flattened pixels cannot.
# 2. Lay the kernel down, multiply, add, move on: $O = (W - K + 2P) / S + 1$, rounded down. One filter reaches through all
#    channels and makes one map.
# 3. It is a linear model under restrictions: most weights are zero, the others are shared. That is why it needs so few.
#
# `progress()` shows what you have solved.

# %%
cc.progress()

# %% [markdown]
# ## Where it comes from
#
# - V. Dumoulin and F. Visin (2016), *A guide to convolution arithmetic for deep learning*, arXiv:1603.07285. The worked
#   example is their figure 1.1 (section 1.1); sizes, strides and padding: chapter 2, relationships 1 to 6; the matrix: section
#   4.1; dilation: section 5.1.
# - C. M. Bishop (2006), *Pattern Recognition and Machine Learning*, section 5.5.6, pp. 267–269: neighbours, shared weights.
# - T. Hastie, R. Tibshirani and J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 11.7, pp. 404–409:
#   the same restrictions on handwritten digits, and what they gain.
# - I. Goodfellow, Y. Bengio and A. Courville (2016), *Deep Learning*, sections 9.1 and 9.2: cross-correlation, sparse and shared
#   weights.
# - D. M. Pelt and J. A. Sethian (2018), A mixed-scale dense convolutional neural network for image analysis, *PNAS* 115(2),
#   pp. 254–259: the notation $g_{ij}$, and dilation put to work.
# - W. R. Tobler (1970), A computer movie simulating urban growth in the Detroit region, *Economic Geography* 46, p. 236.
# - The photographs are scikit-learn's `china.jpg` and `flower.jpg`, the digits its `load_digits`; their authors and licences
#   are in `cc.example_image()` and in scikit-learn's documentation.
