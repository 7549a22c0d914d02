"""Figures and numbers of the lecture, made by the package when the slides are built; the slides use `cc` and `np`."""

import warnings
from functools import cache
from itertools import pairwise

import numpy as np
from fonts import MATH
from matplotlib.patches import Rectangle

import cnn_course as cc
from cnn_course.plots._cells import draw_cells, prepare_cells
from cnn_course.plots._style import (
    BLUE,
    GREEN,
    INK,
    LARGE,
    LINE,
    ORANGE,
    PAPER,
    TEXT,
    VERMILLION,
    bare,
    draw_picture,
    new_figure,
    styled,
    text_on,
)  # fmt: skip
from cnn_course.plots.convolution import _draw_sheet, _sheets

IMAGE = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
KERNEL = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
UPRIGHT = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def per_cent(share):
    """Return a share in per cent, as one word: it never breaks at the end of a line."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


# From the logit to the hidden layer


@styled
def nodes(sizes, names, alt):
    """Draw a network as circles and lines: one column for each layer."""
    figure = new_figure(alt, width=5.3, height=3.9)
    ax = bare(figure.add_subplot())
    ax.set_aspect("equal")
    places = [[(2.3 * layer, (n - 1) / 2 - k) for k in range(n)] if n else [] for layer, n in enumerate(sizes)]
    columns = [column for column in places if column]
    for left, right in pairwise(columns):
        for x0, y0 in left:
            for x1, y1 in right:
                ax.plot([x0, x1], [y0, y1], color=LINE, linewidth=1.4, marker="", linestyle="-", zorder=1)
    for column, fill, (letter, title) in zip(places, (PAPER, ORANGE, BLUE), names, strict=True):
        for k, (x, y) in enumerate(column):
            ax.scatter(x, y, s=1000, color=fill, edgecolor=INK, zorder=2, marker="o")
            ink = INK if fill == PAPER else text_on(fill)
            ax.text(x, y, letter + "₁₂₃₄"[k], ha="center", va="center", fontsize=17, family=MATH, color=ink, zorder=3)
        if column:
            ax.text(column[0][0], -2.3, title, ha="center", va="top", fontsize=TEXT)
    ax.set_xlim(-0.8, 5.4)
    ax.set_ylim(-2.8, 2.1)
    return figure


def hidden_frames():
    """Return the logit as a network, and the same with four hidden units."""
    names = (("𝑋", "inputs"), ("𝑍", "hidden units"), ("𝑓", "classes"))
    logit = nodes((2, 0, 3), names, "A logit as a network: two inputs, three classes, six lines.")
    words = "Two inputs, four hidden units, three classes; each unit is joined to all of the layer before."
    return [logit, nodes((2, 4, 3), names, words)]


@styled
def activations():
    """Draw the three common functions of a hidden unit."""
    z = np.linspace(-4, 4, 200)
    curves = {"logistic": 1 / (1 + np.exp(-z)), "tanh": np.tanh(z), "ReLU": np.maximum(z, 0)}
    figure = new_figure("The logistic function from 0 to 1, tanh from −1 to 1, the ReLU cut at 0.", height=3.0)
    for ax, (name, values), colour in zip(
        figure.subplots(1, 3), curves.items(), (BLUE, GREEN, VERMILLION), strict=True
    ):
        ax.plot(z, values, color=colour, marker="", linestyle="-", linewidth=3.2)
        ax.set(title=name, ylim=(-1.2, 2.2) if name == "ReLU" else (-1.2, 1.2))
        ax.axhline(0, color=LINE, linewidth=1, marker="", zorder=0)
    return figure


def dense_parameters(inputs, units):
    """Return the parameters of a dense layer, biases included, however large: nobody could build some of these."""
    return (inputs + 1) * units


def convolution_parameters(kernel_size, channels, filters):
    """Return the parameters of a convolution, biases included, as Keras counts them."""
    layer = cc.load_keras().layers.Conv2D(filters, kernel_size)
    layer.build((None, 32, 32, channels))
    return layer.count_params()


def steps(pictures, batch_size):
    """Return how many mini-batches one pass over so many pictures has."""
    return len(cc.batches((np.zeros((pictures, 1)), np.zeros(pictures, int)), batch_size))


def wilson(correct, n):
    """Return Wilson's interval of an accuracy, in per cent."""
    interval = cc.wilson_interval(correct, n)
    return f"{100 * interval.low:.0f} to {per_cent(interval.high)}".replace(" ", "\N{NO-BREAK SPACE}")


def points_of(name, n=120, **options):
    """Return the points of a problem by the name that the slides give it."""
    return cc.load_dataset(name.lower(), n=n, **options)


@cache
def fitted(name):
    """Return a logit and networks with 2, 4 and 16 hidden units, fitted to a problem of points."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    data = points_of(name)
    models = {"logit": LogisticRegression()}
    for units in (2, 4, 16):
        models[f"{units} units"] = MLPClassifier(
            (units,), activation="tanh", solver="lbfgs", max_iter=1000, random_state=0
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {size: model.fit(data.x, data.labels) for size, model in models.items()}


@styled
def boundaries(*shown):
    """Draw the regions of some models, (problem, model) each, and say how many new points each gets right."""
    rights = [f"{problem}, {model}: {share_right(problem, model)}" for problem, model in shown]
    figure = new_figure(f"The regions of four models. New points right: {'; '.join(rights)}.", height=2.75, width=9.1)
    problems = {problem for problem, _ in shown}
    for ax, (problem, model) in zip(figure.subplots(1, len(shown)), shown, strict=True):
        cc.plot_boundaries(fitted(problem)[model], points_of(problem), ax=bare(ax))
        where = f"{problem}, " if len(problems) > 1 else ""
        ax.set(title=f"{where}{model}:\n{share_right(problem, model)} right", xlabel="", ylabel="", aspect="auto")
        ax.set_box_aspect(1)
    return figure


def share_right(name, model):
    """Return the share of new points that a model gets right, in per cent."""
    new = points_of(name, split="test", n=400)
    return per_cent(fitted(name)[model].score(new.x, new.labels))


@styled
def logit_regions():
    """Return the regions of a multinomial logit on three classes."""
    from sklearn.linear_model import LogisticRegression

    data = cc.load_dataset("three_classes", n=300)
    figure = new_figure("Three classes of points, divided by a logit: straight borders.", width=5.2, height=3.9)
    cc.plot_boundaries(LogisticRegression(C=np.inf).fit(data.x, data.labels), data, ax=figure.add_subplot())
    return figure


# Pictures and convolutions


@styled
def channels():
    """Draw a photograph, its three channels, and the numbers of a few pixels."""
    china, (top, left), side = cc.example_image("china"), (186, 292), 6
    words = f"A photograph, its red, green and blue channel in grey, and {side} × {side} numbers of the red one."
    figure = new_figure(words, height=3.55)
    titles = ("the picture", "red", "green", "blue")
    pictures, numbers = figure.subfigures(1, 2, width_ratios=(1.75, 1))
    for ax, name, k in zip(pictures.subplots(2, 2).ravel(), titles, range(-1, 3), strict=True):
        draw_picture(ax, china[::2, ::2] if k < 0 else china[::2, ::2, k])
        ax.set_title(name, fontsize=TEXT)
        if k == 0:
            place = ((left + side / 2) / 2, (top + side / 2) / 2)
            ax.plot(*place, marker="s", markersize=11, markerfacecolor="none", color=VERMILLION, markeredgewidth=2.5)
    ax = prepare_cells(numbers.add_subplot(), side, side)
    patch = china[top : top + side, left : left + side, 0].astype(int)
    draw_cells(ax, patch, 36, fills=np.vectorize(lambda v: f"#{v:02x}{v:02x}{v:02x}")(patch))
    ax.set_title("red, in the little square", fontsize=TEXT)
    return figure


@cache
def flattened():
    """Return the logit's shares with pixels in place and shuffled, in per cent."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    digits, order = load_digits(), np.random.default_rng(0).permutation(64)
    flat = digits.images.reshape(-1, 64) / 16
    shares = []
    for pixels in (flat, flat[:, order]):
        model = LogisticRegression(max_iter=1000).fit(pixels[:1200], digits.target[:1200])
        shares.append(f"{100 * model.score(pixels[1200:], digits.target[1200:]):.1f}\N{NO-BREAK SPACE}%")
    return shares


def shuffle():
    """Return eight digits, and the same digits after one fixed shuffle of their pixels."""
    digits, order = cc.load_dataset("digits", n=8).images, np.random.default_rng(0).permutation(64)
    return cc.plot_shuffle(digits, digits.reshape(8, -1)[:, order].reshape(digits.shape))


def correlation(distance):
    """Return the correlation of pixels so far apart in the photograph."""
    return f"{cc.pixel_correlation(cc.example_image('china'), distance)[distance - 1]:.2f}"


@styled
def correlation_curves():
    """Draw the correlation of pixels against their distance, for two photographs."""
    curves = {name: cc.pixel_correlation(cc.example_image(name), 100) for name in ("china", "flower")}
    words = ", ".join(f"{name} {curve[0]:.2f} to {curve[-1]:.2f}" for name, curve in curves.items())
    figure = new_figure(f"Correlation of pixels 1 to 100 apart: {words}.", width=5.6, height=3.7)
    cc.plot_pixel_correlation(curves, ax=figure.add_subplot())
    return figure


@styled
def frames():
    """Return the worked example in nine frames."""
    drawn = []
    for sheet in _sheets(IMAGE, KERNEL, 1, "valid", 1):
        row, column = (int(place) + 1 for place in sheet.position)
        figure = new_figure(
            f"The window for row {row}, column {column} of the output: {sheet.sum}", width=5.0, height=3.5
        )
        _draw_sheet(figure.add_subplot(), sheet, width=5.0)
        drawn.append(figure)
    return drawn


@cache
def grey():
    """Return a part of the photograph, in grey."""
    return cc.example_image("china").mean(axis=2)[60:220, 180:420]


def found():
    """Return what three hand-made kernels find."""
    kernels = {
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "upright edges": UPRIGHT,
    }
    maps = {name: cc.conv2d(grey(), kernel) for name, kernel in kernels.items()}
    return four(grey().astype("uint8"), maps, {"blur": (0, 255), "sharpen": (0, 255)})


def four(picture, maps, limits):
    """Return a picture and three maps, two in a row."""
    figure = cc.plot_feature_maps(picture, maps, limits=limits, columns=2)
    figure.set_size_inches(5.6, 4.15)
    return figure


@styled
def volume():
    """Draw a filter in a picture, and the map that it makes."""
    figure = new_figure(cc.plot_volume((32, 32, 3), 5).alt, width=5.6, height=3.0)
    cc.plot_volume((32, 32, 3), 5, ax=figure.add_subplot())
    return figure


@styled
def windows(**options):
    """Draw one row of seven pixels, and every window on it."""
    figure = new_figure(cc.plot_windows(7, 3, **options).alt, width=4.4, height=2.75)
    cc.plot_windows(7, 3, ax=figure.add_subplot(anchor="NW"), **options)
    return figure


def connections():
    """Return who is joined to whom in a dense layer and in a convolution."""
    figure = legible(cc.plot_connections(), TEXT)
    figure.set_size_inches(9.0, 3.4)
    return figure


def pooled():
    """Return edges, and the three kinds of pooling with blocks of 8."""
    edges = np.maximum(cc.conv2d(grey(), UPRIGHT), 0)
    pools = {"max": cc.max_pool2d, "average": cc.average_pool2d, "norm": cc.norm_pool2d}
    maps = {name: pool(edges, 8) for name, pool in pools.items()}
    return four(edges, maps, {name: (0, m.max() / 2) for name, m in maps.items()})


# Networks


@cache
def lenet():
    """Return the course's LeNet-5, untrained."""
    return cc.build_lenet(seed=0)


@cache
def trained():
    """Return a LeNet-5 after six epochs of real digits, its history, and the test set."""
    model = cc.build_lenet(seed=0)
    train, test = (cc.load_dataset("digits", split, image_size=28) for split in ("train", "test"))
    history = cc.train_model(model, train, test, epochs=6, progress=False)
    return model, history, test


def learning():
    """Return the learning curves."""
    figure = legible(cc.plot_history(trained()[1]), TEXT)
    figure.set_size_inches(9.0, 3.2)
    return figure


def trained_share():
    """Return the share of new digits that it gets right, in per cent."""
    return per_cent(trained()[1].metrics["val_accuracy"][-1])


def alexnet():
    """Return AlexNet as a single tower, as Krizhevsky described it in 2014."""
    layers = cc.load_keras().layers
    blocks = [layers.Conv2D(64, 11, strides=4, padding="same", activation="relu"), layers.MaxPooling2D(3, 2)]
    blocks += [layers.Conv2D(192, 5, padding="same", activation="relu"), layers.MaxPooling2D(3, 2)]
    blocks += [layers.Conv2D(filters, 3, padding="same", activation="relu") for filters in (384, 256, 256)]
    blocks += [layers.MaxPooling2D(3, 2), layers.Flatten()]
    blocks += [layers.Dense(units, activation="relu") for units in (4096, 4096, 1000)]
    return cc.load_keras().Sequential([cc.load_keras().Input((224, 224, 3)), *blocks])


@cache
def famous():
    """Return famous networks: name, parameters, million MACs, receptive field."""
    apps = cc.load_keras().applications
    networks = {
        "LeNet-5 (1998)": lenet,
        "AlexNet (2012)": alexnet,
        "VGG-16 (2014)": lambda: apps.VGG16(weights=None),
        "Inception v3 (2015)": lambda: apps.InceptionV3(weights=None),
        "ResNet-50 (2015)": lambda: apps.ResNet50(weights=None),
        "MobileNet (2017)": lambda: apps.MobileNet(weights=None),
        "mixed-scale dense (2018)": lambda: cc.build_mixed_scale_dense((224, 224, 1), 2, seed=0),
    }
    table = []
    for name, build in networks.items():
        t = cc.describe(build())
        field = max(t.receptive_field.size) if isinstance(t.receptive_field.size, tuple) else t.receptive_field.size
        table.append((name, f"{t.parameters:,}", f"{t.macs / 1e6:,.1f}", f"{field:,}"))
    return table


def html_table(head, rows, numbers):
    """Return rows as HTML; the columns from the one called `numbers` on are set to the right."""
    first = head.index(numbers)
    kinds = ["" if column < first else " class=right" for column in range(len(head))]
    cells = "".join(f"<th scope=col{kind}>{h}</th>" for kind, h in zip(kinds, head, strict=True))
    lines = ("".join(f"<td{kind}>{c}</td>" for kind, c in zip(kinds, row, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return Html(f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>")


class Html:
    """A piece of HTML that stands where a figure would."""

    def __init__(self, text):
        self.text = text

    def _repr_html_(self):
        return self.text


def lenet_drawing():
    """Return LeNet as a row of boxes."""
    figure = legible(cc.plot_network(lenet()), TEXT)
    figure.set_size_inches(9.0, 3.0)
    return figure


def activation_megabytes(batch_size):
    """Return the memory of LeNet's activations, forward only, as the slide says it."""
    size = sum(row.activation_bytes for row in cc.describe(lenet())) * batch_size / 1e6
    return f"{size:.1f}\N{NO-BREAK SPACE}MB"


def famous_table():
    """Return the famous networks beside each other."""
    return html_table(("network", "parameters", "million MACs", "sees (pixels)"), famous(), "parameters")


def lenet_table():
    """Return LeNet's own table."""
    rows = [(r.name, _shape(r), f"{r.parameters:,}", f"{r.macs or 0:,}", r.field_text) for r in cc.describe(lenet())]
    kept = [row for row in rows if row[2] != "0" or "pool" in row[0]]
    return html_table(("layer", "gives", "parameters", "MACs", "sees"), kept, "parameters")


def _shape(row):
    return " × ".join(str(n) for n in row.output_shape if n is not None)


@styled
def seen():
    """Draw the pictures that excite channels of an ImageNet network most, a row for each depth."""
    from PIL import Image

    pictures = cc.load_feature_pictures()
    figure = new_figure(
        "What twelve channels of MobileNetV2 answer to most: lines, then patterns, then scales, skin, dogs and eyes.",
        width=6.1,
        height=4.15,
    )
    rows = zip(figure.subplots(3, 4), ("block 2", "block 6", "block 14"), strict=True)
    for number, (line, title) in enumerate(rows):
        line[0].set_ylabel(title, fontsize=TEXT)
        for ax, picture in zip(line, pictures[4 * number :], strict=False):
            draw_picture(ax, np.asarray(Image.fromarray(picture.picture).resize((128, 128), Image.Resampling.LANCZOS)))
    return figure


@cache
def looked_at():
    """Return four posts, the classes that the course's small network finds in them, and what it looked at."""
    network, posts = cc.load_hashtag_cnn(), cc.load_dataset("hashtag", "test", n=300)
    found = network.predict(posts.images, verbose=0).argmax(axis=1)
    right = [np.flatnonzero((found == c) & (posts.clean_labels == c))[1] for c in range(4)]
    pictures = posts.images[right]
    maps = {"saliency": [cc.saliency(network, p, c, "smooth", samples=12) for c, p in enumerate(pictures)]}
    maps["Grad-CAM"] = cc.grad_cam(network, pictures)
    return pictures, {name: np.asarray(heat) for name, heat in maps.items()}, posts.class_names[:4]


def heat():
    """Return where the small network looks, in four posts."""
    figure = cc.plot_heat_maps(*looked_at())
    figure.set_size_inches(5.9, 4.0)
    return figure


@cache
def attack():
    """Return the step in grey levels, the share of digits still right after it, and one digit before and after."""
    import tensorflow as tf

    model, _, test = trained()
    x = tf.constant(test.images.astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = cc.load_keras().losses.sparse_categorical_crossentropy(test.labels, model(x))
    direction = np.sign(tape.gradient(loss, x).numpy())
    before = np.argmax(model.predict(test.images, verbose=0), axis=1)
    shares, examples = {0: np.mean(before == test.labels)}, None
    for strength in (8, 16, 32, 48):
        pictures = np.clip(test.images + strength * direction, 0, 255).astype("uint8")
        after = np.argmax(model.predict(pictures, verbose=0), axis=1)
        shares[strength] = np.mean(after == test.labels)
        fell = np.flatnonzero((before == test.labels) & (after != test.labels))
        if strength == 32:
            examples = [(test.images[i], pictures[i], before[i], after[i]) for i in fell[:1]]
    return shares, examples


@styled
def attacked():
    """Draw a digit before and after the step, and how the share of right answers falls with the strength."""
    shares, examples = attack()
    percent = ", ".join(f"{per_cent(share)} at {strength}" for strength, share in shares.items())
    figure = new_figure(
        f"A digit before and after one adversarial step, and the share right by its strength: {percent}.", height=2.5
    )
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.5))
    for ax, picture, answer in zip((left, middle), examples[0][:2], examples[0][2:], strict=True):
        draw_picture(ax, picture)
        ax.set_title(f"says: {answer}")
    right.plot(list(shares), [100 * share for share in shares.values()], color=VERMILLION)
    right.set(xlabel="strength, grey levels of 255", ylabel="% right", ylim=(0, 104))
    return figure


def attack_share(strength):
    """Return the share of digits that are still right after a step of so many grey levels."""
    return per_cent(attack()[0][strength])


@styled
def augmented():
    """Draw one photograph under each kind of augmentation."""
    kinds = ("shift", "zoom", "rotation", "flip", "contrast", "noise")
    picture = cc.example_image("china")[60:380:2, 120:440:2]
    figure = new_figure(f"One photograph, and after: {', '.join(kinds)}.", height=1.75)
    settings = {"shift": 0.2, "zoom": 0.3, "rotation": 25, "flip": "horizontal", "contrast": 0.6, "noise": 25}
    for ax, kind in zip(figure.subplots(1, 7), ("as it is", *kinds), strict=True):
        changed = picture
        if kind != "as it is":
            layers = cc.build_augmentation(**{kind: settings[kind]}, seed=3)
            changed = np.asarray(layers(picture[None].astype("float32"), training=True))[0].clip(0, 255).astype("uint8")
        draw_picture(ax, changed)
        ax.set_title(kind)
    return figure


# Boxes and arrows


@styled
def boxes(rows, alt, height=2.3, width=9.0):
    """Draw boxes in a row with arrows between them: (title, text, colour) each."""
    figure = new_figure(alt, height=height, width=width)
    ax = bare(figure.add_subplot())
    n, gap = len(rows), 0.22
    for i, (title, text, colour) in enumerate(rows):
        x = i * (1 + gap)
        ax.add_patch(Rectangle((x, 0), 1, 1, facecolor=colour, edgecolor=INK, linewidth=1.2))
        ink = INK if colour == PAPER else text_on(colour)
        weight = 600 if title.isascii() else 400  # not a formula
        ax.text(x + 0.5, 0.64, title, ha="center", va="center", fontsize=LARGE, color=ink, weight=weight)
        ax.text(x + 0.5, 0.3, text, ha="center", va="center", fontsize=TEXT, color=ink)
        if i + 1 < n:
            ax.annotate("", (x + 1 + gap, 0.5), (x + 1, 0.5), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.8})
    ax.set_xlim(-0.02, n * (1 + gap) - gap + 0.02)
    ax.set_ylim(-0.05, 1.05)
    return figure


def way():
    """Return the five parts of the lecture."""
    rows = [
        ("Networks", "a logit with\na hidden layer", PAPER),
        ("Convolution", "neighbours\ntogether", PAPER),
        ("Computing", "Keras\nand CUDA", PAPER),
        ("Transfer", "start from\nothers' weights", PAPER),
        ("Example", "a scraped\nhashtag", ORANGE),
    ]
    return boxes(rows, "The five parts: networks, convolution, computing, transfer, an example.", height=1.9)


def deep():
    """Return a picture that becomes a picture, and at the end probabilities."""
    rows = [
        ("𝑧₀", "the picture:\nh × w × colours", PAPER),
        ("𝑧₁", "lines, spots", BLUE),
        ("𝑧₂", "corners,\ntextures", BLUE),
        ("𝑧₃", "parts of\nthe task", BLUE),
        ("softmax", "probabilities", ORANGE),
    ]
    return boxes(rows, "A picture becomes a picture of lines, of corners, of parts, and then probabilities.")


@cache
def opened():
    """Return how many weights of ResNet-50 with a new head may change, by what was opened: head, last 3, all."""
    model = cc.build_transfer_model("ResNet50", 5, (224, 224, 3), weights=None)
    total = cc.describe(model).parameters
    counts = [cc.describe(cc.unfreeze(model, last)).trainable_parameters for last in (0, 3)]
    return {"head": counts[0], "last 3": counts[1], "all": total}


def keras_history():
    """Return where Keras came from."""
    rows = [
        ("2015", "Keras,\non Theano", PAPER),
        ("2017", "on TensorFlow,\nCNTK, Theano;\nin R", PAPER),
        ("2019", "inside\nTensorFlow 2", ORANGE),
        ("2023", "Keras 3:\nTensorFlow,\nJAX, PyTorch", GREEN),
    ]
    return boxes(
        rows,
        "Keras: 2015 on Theano; 2017 on three backends and in R; 2019 inside TensorFlow 2; 2023 on three again.",
        height=2.3,
    )


@styled
def bounds():
    """Draw MACs for each byte of LeNet's layers: who waits for arithmetic and who for memory."""
    rows = [row for row in cc.describe(lenet()) if row.macs]
    names = [row.name for row in rows]
    values = [intensity(row) for row in rows]
    words = ", ".join(f"{name} {value:.1f}" for name, value in zip(names, values, strict=True))
    figure = new_figure(
        f"Multiply-accumulates for each number moved, one picture at a time: {words}.", width=5.2, height=3.4
    )
    ax = figure.add_subplot()
    ax.barh(names[::-1], values[::-1], color=[BLUE if v > 2 else VERMILLION for v in values[::-1]])
    ax.set(xlabel="MACs for each number moved", xscale="log")
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
    for y, value in enumerate(values[::-1]):
        ax.annotate(f"{value:.1f}", (value, y), (4, 0), textcoords="offset points", va="center", fontsize=TEXT)
    ax.set_xlim(right=max(values) * 3)
    return figure


def intensity(row):
    """Return the MACs of a layer for each number that it reads or writes once: its weights and its output."""
    return row.macs / (row.parameters + int(np.prod([n for n in row.output_shape if n])))


# The hashtag


@cache
def hashtag():
    """Return the pictures that were posted under the hashtag."""
    return cc.load_dataset("hashtag", n=1000)


@cache
def repeats():
    """Return what find_duplicates finds in them."""
    return cc.find_duplicates(hashtag().images)


def wrong_labels():
    """Return the share of labels that the makers of the set know to be wrong, in per cent."""
    return per_cent(np.mean(hashtag().labels != hashtag().clean_labels))


def share_of(name):
    """Return the share of one kind of picture, in per cent."""
    return per_cent(hashtag().counts()[name] / len(hashtag()))


def share_without(name):
    """Return the share of all other pictures, in per cent."""
    return per_cent(1 - hashtag().counts()[name] / len(hashtag()))


@styled
def posted():
    """Draw six pictures of each kind."""
    data = hashtag()
    figure = new_figure(f"Six pictures of each kind: {', '.join(data.class_names)}.", width=6.1, height=4.1)
    for kind, (line, name) in enumerate(zip(figure.subplots(len(data.class_names), 6), data.class_names, strict=True)):
        line[0].set_ylabel(name.replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=TEXT)
        for ax, k in zip(line, np.flatnonzero(data.labels == kind), strict=False):
            draw_picture(ax, data.images[k])
    return figure


@styled
def posted_again():
    """Draw groups of pictures that were posted again."""
    data = hashtag()
    groups = [np.flatnonzero(repeats().groups == g) for g in np.unique(repeats().groups)]
    groups = [group for group in groups if len(group) > 1][:4]
    figure = new_figure("Four pairs of pictures that were posted twice.", height=1.45)
    for panel, group in zip(figure.subfigures(1, 4), groups, strict=True):
        for ax, i in zip(panel.subplots(1, 2), group, strict=False):
            draw_picture(ax, data.images[i])
    return figure


@cache
def pixels_right(labels):
    """Return how good a logit on small pixels is with so many labels of each class, as `right_with` counts it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    new = cc.load_dataset("hashtag", "test", n=500)
    shares = []
    for seed in range(5):
        few = cc.few_labels(hashtag(), labels, seed)
        x, x_new = (d.images[:, ::4, ::4].reshape(len(d), -1) / 255 for d in (few, new))
        model = LogisticRegression(C=0.05, max_iter=300).fit(x, few.labels)
        shares.append(balanced_accuracy_score(new.clean_labels, model.predict(x_new)))
    return per_cent(np.mean(shares))


@styled
def curves_of(data):
    """Return the measured curves of transfer learning on one set, or on several."""
    figure = cc.plot_transfer_curves(data=data)
    if isinstance(data, str):
        figure.set_size_inches(5.6, 4.1)
        figure.legends.clear()
        figure.axes[0].legend(loc="lower right")
        figure.axes[0].set_title("")
    else:
        figure.set_size_inches(9.0, 3.35)
    figure.axes[0].set_ylabel("share right")
    return legible(figure, TEXT)


def right_with(data, labels, method):
    """Return the measured share right with so many labels of each class, in per cent: the mean over the seeds."""
    return per_cent(cc.transfer_curves().accuracies(data, labels, method).mean())


def fewest(data):
    """Return the fewest labels of each class that were measured."""
    return cc.transfer_curves().labels(data)[0]


def worth(data):
    """Return the most labels with which a network from scratch is still worse than a frozen one with the fewest."""
    curves = cc.transfer_curves()
    frozen = curves.accuracies(data, fewest(data), "frozen").mean()
    beaten = [n for n in curves.labels(data) if curves.accuracies(data, n, "scratch").mean() < frozen]
    return max(beaten)


@styled
def measured_speeds():
    """Draw measured speeds of the small network on a processor, by batch size."""
    rows = [m for m in cc.load_measurements() if (m.network, m.precision, m.kind) == ("small_cnn", "float32", "CPU")]
    words = ", ".join(f"{m.pictures_per_second:,.0f} with a batch of {m.batch_size}" for m in rows)
    figure = new_figure(f"Pictures per second in training: {words}.", width=4.9, height=2.7)
    ax = figure.add_subplot()
    ax.barh(range(len(rows)), [m.pictures_per_second for m in rows], color=BLUE)
    ax.set_yticks(range(len(rows)), [f"batch {m.batch_size}" for m in rows])
    ax.bar_label(ax.containers[0], fmt="{:,.0f}", padding=5)
    ax.invert_yaxis()
    ax.set(xlabel="pictures per second, training", xlim=(0, 1.3 * max(m.pictures_per_second for m in rows)), xticks=[])
    return figure


def measured_on():
    """Return what the speeds were measured on."""
    row = next(iter(cc.load_measurements()))
    return f"{row.cores} cores of an {row.hardware}, {row.versions}, {row.date}"


def legible(figure, points):
    """Return the figure with no text smaller than so many points."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_size(max(text.get_size(), points))
    return figure
