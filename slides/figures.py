"""Figures and numbers of the lecture, made by the package when the slides are built; the slides use `cc` and `np`."""

import warnings
from functools import cache
from itertools import pairwise

import numpy as np

import cnn_course as cc
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


def rows_of(matrix):
    """Return a matrix as it is read aloud: its rows, with bars between them."""
    return " / ".join(" ".join(str(int(v)) for v in row) for row in np.asarray(matrix))


# From the logit to the hidden layer


@styled
def nodes(sizes, names, alt, weights=None):
    """Draw a network as circles and lines: one column for each layer."""
    figure = new_figure(alt, width=4.4, height=3.5)
    ax = bare(figure.add_subplot())
    ax.set_aspect("equal")
    places = [[(2.6 * i, (n - 1) / 2 - k) for k in range(n)] for i, n in enumerate(sizes)]
    for left, right in pairwise(places):
        for x0, y0 in left:
            for x1, y1 in right:
                ax.plot([x0, x1], [y0, y1], color=LINE, linewidth=1.4, marker="", linestyle="-", zorder=1)
    fills = (PAPER, ORANGE, BLUE) if len(sizes) == 3 else (PAPER, BLUE)
    for column, fill, (letter, title) in zip(places, fills, names, strict=True):
        for k, (x, y) in enumerate(column):
            ax.scatter(x, y, s=820, color=fill, edgecolor=INK, zorder=2, marker="o")
            ink = INK if fill == PAPER else text_on(fill)
            ax.text(x, y, f"${letter}_{k + 1}$", ha="center", va="center", fontsize=15, color=ink, zorder=3)
        ax.text(column[0][0], -max(sizes) / 2 - 0.25, title, ha="center", va="top", fontsize=TEXT)
    ax.set_xlim(-0.8, 2.6 * (len(sizes) - 1) + 0.8)
    ax.set_ylim(-max(sizes) / 2 - 0.9, max(sizes) / 2 + 0.1)
    return figure


def logit_nodes():
    """Return the logit as a network."""
    return nodes(
        (2, 3), (("X", "inputs"), ("f", "classes")), "A logit as a network: two inputs, three outputs, six lines."
    )


def hidden_nodes():
    """Return a network with four hidden units."""
    names = (("X", "inputs"), ("Z", "hidden"), ("f", "classes"))
    return nodes(
        (2, 4, 3), names, "Two inputs, four hidden units, three outputs, each joined to all of the layer before."
    )


@styled
def activations():
    """Draw the three common functions of a hidden unit."""
    z = np.linspace(-4, 4, 200)
    curves = {"logistic": 1 / (1 + np.exp(-z)), "tanh": np.tanh(z), "ReLU": np.maximum(z, 0)}
    figure = new_figure("The logistic function from 0 to 1, tanh from −1 to 1, the ReLU cut at 0.", height=2.7)
    for ax, (name, values), colour in zip(
        figure.subplots(1, 3), curves.items(), (BLUE, GREEN, VERMILLION), strict=True
    ):
        ax.plot(z, values, color=colour, marker="", linestyle="-", linewidth=3.2)
        ax.set(title=name, xlabel="z", ylim=(-1.2, 2.2) if name == "ReLU" else (-1.2, 1.2))
        ax.axhline(0, color=LINE, linewidth=1, marker="", zorder=0)
    return figure


@cache
def fitted(name):
    """Return a logit and networks with 2, 4 and 16 hidden units, fitted to a problem of points."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    data = cc.load_dataset(name, n=120)
    models = {"logit": LogisticRegression()}
    for units in (2, 4, 16):
        models[f"{units} units"] = MLPClassifier(
            (units,), activation="tanh", solver="lbfgs", max_iter=1000, random_state=0
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {size: model.fit(data.x, data.labels) for size, model in models.items()}


def boundaries(name):
    """Return the regions of the four models."""
    return legible(cc.plot_boundaries(fitted(name), cc.load_dataset(name, n=120)), 13.2)


def share_right(name, model):
    """Return the share of new points that a model gets right, in per cent."""
    new = cc.load_dataset(name, split="test", n=400)
    return f"{100 * fitted(name)[model].score(new.x, new.labels):.0f} %"


@styled
def logit_regions():
    """Return the regions of a multinomial logit on three classes."""
    from sklearn.linear_model import LogisticRegression

    data = cc.load_dataset("three_classes", n=300)
    figure = new_figure("Three classes of points, divided by a logit: straight borders.", width=4.3, height=3.5)
    cc.plot_boundaries(LogisticRegression(C=np.inf).fit(data.x, data.labels), data, ax=figure.add_subplot())
    return figure


# Pictures and convolutions


def channels():
    """Return a photograph and its three channels."""
    china = cc.example_image("china")
    maps = {name: china[:, :, k] for k, name in enumerate(("red", "green", "blue"))}
    return cc.plot_feature_maps(china, maps, limits=(0, 255))


@cache
def flattened():
    """Return the logit's shares with pixels in place and shuffled, in per cent."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    digits, order = load_digits(), np.random.default_rng(0).permutation(64)
    flat = digits.images.reshape(-1, 64) / 16
    shares = []
    for pixels in (flat, flat[:, order]):
        model = LogisticRegression(solver="newton-cholesky").fit(pixels[:1200], digits.target[:1200])
        shares.append(f"{100 * model.score(pixels[1200:], digits.target[1200:]):.1f} %")
    return shares


def shuffle():
    """Return eight digits, and the same digits after one fixed shuffle of their pixels."""
    digits, order = cc.load_dataset("digits", n=8).images, np.random.default_rng(0).permutation(64)
    return cc.plot_shuffle(digits, digits.reshape(8, -1)[:, order].reshape(digits.shape))


def correlation(distance):
    """Return the correlation of pixels so far apart in the photograph."""
    return f"{cc.pixel_correlation(cc.example_image('china'), distance)[distance - 1]:.2f}"


def correlation_curves():
    """Return the correlation of pixels against their distance, for two photographs."""
    return cc.plot_pixel_correlation(
        {name: cc.pixel_correlation(cc.example_image(name), 100) for name in ("china", "flower")}
    )


@styled
def frames():
    """Return the worked example in nine frames."""
    drawn = []
    for sheet in _sheets(IMAGE, KERNEL, 1, "valid", 1):
        row, column = (int(place) + 1 for place in sheet.position)
        figure = new_figure(
            f"The window for row {row}, column {column} of the output: {sheet.sum}", width=5.0, height=3.3
        )
        _draw_sheet(figure.add_subplot(), sheet, width=5.0)
        drawn.append(figure)
    return drawn


@cache
def grey():
    """Return a part of the photograph, in grey."""
    return cc.example_image("china").mean(axis=2)[60:220, 180:420]


def found():
    """Return what four hand-made kernels find."""
    kernels = {
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "upright edges": UPRIGHT,
    }
    maps = {name: cc.conv2d(grey(), kernel) for name, kernel in kernels.items()}
    return cc.plot_feature_maps(grey().astype("uint8"), maps, limits={"blur": (0, 255), "sharpen": (0, 255)})


def windows(**options):
    """Return one row of seven pixels, and every window on it."""
    return cc.plot_windows(7, 3, **options)


def pooled():
    """Return edges, and the three kinds of pooling with blocks of 8."""
    edges = np.maximum(cc.conv2d(grey(), UPRIGHT), 0)
    pools = {"max": cc.max_pool2d, "average": cc.average_pool2d, "norm": cc.norm_pool2d}
    maps = {name: pool(edges, 8) for name, pool in pools.items()}
    return cc.plot_feature_maps(edges, maps, limits={name: (0, m.max() / 2) for name, m in maps.items()})


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


def trained_share():
    """Return the share of new digits that it gets right, in per cent."""
    return f"{100 * trained()[1].metrics['val_accuracy'][-1]:.0f} %"


@cache
def famous():
    """Return a Markdown table of famous networks."""
    apps = cc.load_keras().applications
    networks = {
        "LeNet-5 (1998)": lenet,
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


def html_table(head, rows):
    """Return rows as HTML."""
    cells = "".join(f"<th scope='col'>{h}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return Html(f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>")


class Html:
    """A piece of HTML that stands where a figure would."""

    def __init__(self, text):
        self.text = text

    def _repr_html_(self):
        return self.text


def famous_table():
    """Return the famous networks beside each other."""
    return html_table(("network", "parameters", "million MACs", "sees (pixels)"), famous())


def lenet_table():
    """Return LeNet's own table."""
    rows = [(r.name, _shape(r), f"{r.parameters:,}", f"{r.macs or 0:,}", r.field_text) for r in cc.describe(lenet())]
    kept = [row for row in rows if row[2] != "0" or "pool" in row[0]]
    return html_table(("layer", "gives", "parameters", "MACs", "sees"), kept)


def _shape(row):
    return " × ".join(str(n) for n in row.output_shape if n is not None)


def seen():
    """Return the pictures that excite channels of an ImageNet network most."""
    pictures = cc.load_feature_pictures()
    figure = cc.plot_pictures(np.stack([p.picture[::2, ::2] for p in pictures]), columns=6)
    figure.alt = (
        "What twelve channels of MobileNetV2 answer to most: stripes, then patterns, then fur, beaks and houses."
    )
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
    percent = ", ".join(f"{100 * share:.0f} % at {strength}" for strength, share in shares.items())
    figure = new_figure(
        f"A digit before and after one adversarial step, and the share right by its strength: {percent}.", height=3.1
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
    return f"{100 * attack()[0][strength]:.0f} %"


@styled
def augmented():
    """Draw one photograph under each kind of augmentation."""
    kinds = ("shift", "zoom", "rotation", "flip", "contrast", "noise")
    picture = cc.example_image("china")[60:380, 120:440]
    figure = new_figure(f"One photograph, and after: {', '.join(kinds)}.", height=2.1)
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
        ax.add_patch(
            __import__("matplotlib").patches.Rectangle((x, 0), 1, 1, facecolor=colour, edgecolor=INK, linewidth=1.2)
        )
        ink = INK if colour == PAPER else text_on(colour)
        ax.text(x + 0.5, 0.64, title, ha="center", va="center", fontsize=LARGE, color=ink, weight="bold")
        ax.text(x + 0.5, 0.3, text, ha="center", va="center", fontsize=TEXT - 1, color=ink)
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
    return boxes(rows, "The five parts: networks, convolution, computing, transfer, an example.")


def deep():
    """Return a picture that becomes a picture, and at the end probabilities."""
    rows = [
        ("$z_0$", "the picture\nh × w × colours", PAPER),
        ("$z_1$", "lines, spots", BLUE),
        ("$z_2$", "corners,\ntextures", BLUE),
        ("$z_3$", "parts of\nthe task", BLUE),
        ("softmax", "probabilities", ORANGE),
    ]
    return boxes(rows, "A picture becomes a picture of lines, of corners, of parts, and then probabilities.")


def transfer_steps():
    """Return the three steps of transfer learning."""
    rows = [
        ("1 Freeze", "take the body,\nhold its weights", PAPER),
        ("2 Head", "train a new\nsoftmax on it", ORANGE),
        ("3 Last block", "open it, small\nlearning rate", GREEN),
        ("4 All", "if pictures\nare many", PAPER),
    ]
    return boxes(
        rows, "Freeze the body, train a new head, open the last block, open all if pictures are many.", height=2.3
    )


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
    return f"{100 * np.mean(hashtag().labels != hashtag().clean_labels):.0f} %"


def share_of(name):
    """Return the share of one kind of picture, in per cent."""
    data = hashtag()
    return f"{100 * data.counts()[name] / len(data):.0f} %"


@styled
def posted_again():
    """Draw groups of pictures that were posted again."""
    data = hashtag()
    groups = [np.flatnonzero(repeats().groups == g) for g in np.unique(repeats().groups)]
    groups = [group for group in groups if len(group) > 1][:4]
    figure = new_figure("Four pairs of pictures that were posted twice.", height=2.4)
    for panel, group in zip(figure.subfigures(1, 4), groups, strict=True):
        for ax, i in zip(panel.subplots(1, 2), group, strict=False):
            draw_picture(ax, data.images[i])
    return figure


@cache
def few_labels_pixels():
    """Return mean accuracies of a logit on small pixels with 5 to 40 labels of each class, five draws each."""
    from sklearn.linear_model import LogisticRegression

    train, new = hashtag(), cc.load_dataset("hashtag", "test", n=500)
    x, x_new = (d.images[:, ::4, ::4].reshape(len(d), -1) / 255 for d in (train, new))
    means = {}
    for each in (5, 10, 20, 40):
        shares = []
        for seed in range(5):
            order = np.random.default_rng(seed).permutation(len(train))
            chosen = np.concatenate([order[train.labels[order] == c][:each] for c in range(train.classes)])
            model = LogisticRegression(C=0.05, max_iter=300).fit(x[chosen], train.labels[chosen])
            shares.append(model.score(x_new, new.labels))
        means[each] = float(np.mean(shares))
    return means


def curves_of(data):
    """Return the measured curves of transfer learning on one set, or on several."""
    figure = legible(cc.plot_transfer_curves(data=data), 11)
    if isinstance(data, str):
        figure.set_size_inches(6.2, 4.2)
        for legend in figure.legends:
            legend.set_ncols(1)
    return figure


def measured_speeds():
    """Return measured speeds of the small network."""
    rows = [m for m in cc.load_measurements() if m.network == "small_cnn" and m.precision == "float32"]
    return legible(cc.plot_measurements(rows), 11)


def legible(figure, points):
    """Return the figure with no text smaller than so many points."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_size(max(text.get_size(), points))
    return figure
