"""Lesson 02, convolution: what students get wrong, and what a good teacher says to it."""

import numpy as np

from .definitions import ArtifactExercise, ChoiceExercise, FunctionExercise, Misconception, Property, Question


def _draw_geometries(rng):
    """Widths, kernels, paddings and strides that fit; the first ones tell the misconceptions apart."""
    fixed = [(5, 3, 0, 1), (32, 5, 2, 1), (7, 3, 1, 2), (8, 3, 0, 2), (28, 5, 0, 3)]
    drawn = []
    for _ in range(8):
        k = int(rng.integers(1, 8))
        drawn.append((k + int(rng.integers(0, 40)), k, int(rng.integers(0, 4)), int(rng.integers(1, 5))))
    return fixed + drawn


def _draw_positions(inputs, got, expected):
    """The row of pixels with every position of the kernel below it."""
    w, k, p, s = inputs
    if w + 2 * p > 40:
        return ""
    cell, rows = 14, []
    for i in range(w + 2 * p):
        dashed = "" if p <= i < p + w else " stroke-dasharray='2 2' fill-opacity='0'"
        rows.append(
            f"<rect x='{i * cell + 1}' y='1' width='{cell}' height='{cell}' fill='#8884' stroke='#888'{dashed}/>"
        )
    for n in range(expected):
        y = (n + 1) * (cell + 3)
        rows.append(f"<rect x='{n * s * cell + 1}' y='{y}' width='{k * cell}' height='{cell - 4}' fill='#0072b2'/>")
    width, height = (w + 2 * p) * cell + 2, (expected + 1) * (cell + 3) + 2
    text = f"{w} pixels, {p} of padding on each side; the kernel fits {expected} times"
    return (
        f"<svg role='img' aria-label='{text}' width='{width}' height='{height}'>{''.join(rows)}</svg><div>{text}.</div>"
    )


OUTPUT_SIZE = FunctionExercise(
    id="output-size",
    title="The size of the output",
    points=2,
    question=(
        "How many positions can the kernel take? Write `output_size(w, k, p, s)` for a row of `w` pixels, a kernel of "
        "`k`, a padding of `p` on each side and a stride of `s`."
    ),
    cases=_draw_geometries,
    reference=lambda w, k, p, s: (w - k + 2 * p) // s + 1,
    answers=("cnn_course.output_size",),
    draw=_draw_positions,
    hints=(
        "Put the kernel at the left edge. How often can it still move?",
        "Padding makes the row wider on both sides.",
        "(W - K + 2P) / S + 1, and the kernel never takes half a position: round the division down.",
    ),
    solution='''
def output_size(w, k, p, s):
    """Return the number of positions of the kernel."""
    return (w - k + 2 * p) // s + 1
''',
    misconceptions=(
        Misconception(
            lambda w, k, p, s: (w - k + p) // s + 1,
            "You added the padding once. It is added on both sides, so it counts twice.",
        ),
        Misconception(
            lambda w, k, p, s: (w - k + 2 * p) // s,
            "You counted the moves. The kernel also has its first position, before any move.",
        ),
        Misconception(
            lambda w, k, p, s: (w - k + 2 * p) / s + 1,
            "That is the formula of the lecture, but a kernel never takes half a position: round down first.",
        ),
        Misconception(
            lambda w, k, p, s: -(-(w - k + 2 * p) // s) + 1,
            "You rounded up. A last position that the row has no room for does not exist: round down.",
        ),
        Misconception(
            lambda w, k, p, s: (w + 2 * p) // s + 1,
            "The kernel's own width is missing: it takes up K pixels wherever it stands.",
        ),
        Misconception(
            lambda w, k, p, s: w - k + 2 * p + 1,
            "You let the kernel move by one pixel. With a stride of S it jumps S pixels at a time.",
        ),
        Misconception(
            lambda w, k, p, s: (w - k) // s + 1,
            "You left the padding out. It makes the row wider before the kernel starts.",
        ),
        Misconception(
            lambda w, k, p, s: (w - k + 2 * p + 1) // s,
            "The + 1 is for the first position. It comes after the division, not before.",
        ),
        Misconception(
            lambda w, k, p, s: w - k + 2 * p // s + 1,
            "Python divides before it adds: here only 2P is divided. Put the whole way in parentheses first.",
        ),
    ),
)


def _draw_same(rng):
    fixed = [(8, 3, 1), (8, 3, 2), (7, 3, 2), (5, 4, 1), (6, 1, 2), (5, 1, 1)]
    drawn = rng.integers([1, 1, 1], [40, 8, 5], size=(8, 3))
    return fixed + [tuple(map(int, row)) for row in drawn]


def _same_padding(input_size, kernel_size, strides):
    total = max((-(-input_size // strides) - 1) * strides + kernel_size - input_size, 0)
    return total // 2, total - total // 2


def _half_kernel(input_size, kernel_size, strides):
    return (kernel_size - 1) // 2, kernel_size // 2


def _padding_to_input_size(n, k, s):
    total = (n - 1) * s + k - n
    return total // 2, total - total // 2


def _unbounded(n, k, s):
    total = (-(-n // s) - 1) * s + k - n
    return total // 2, total - total // 2


SAME_PADDING = FunctionExercise(
    id="same-padding",
    title="Where same puts its zeros",
    points=2,
    question=(
        "Write `same_padding(input_size, kernel_size, strides)`: how many zeros TensorFlow puts `(before, after)` "
        "the row so that the output has `input_size / strides` positions, rounded up."
    ),
    cases=_draw_same,
    reference=_same_padding,
    answers=("cnn_course.same_padding",),
    hints=(
        "How many positions are wanted? Divide by the stride and round up.",
        "The last kernel starts after (positions - 1) strides. Up to which pixel does it reach?",
        "total = max((positions - 1) * strides + kernel_size - input_size, 0); the odd zero goes to the end.",
    ),
    solution='''
def same_padding(input_size, kernel_size, strides):
    """Return the number of zeros (before, after)."""
    positions = -(-input_size // strides)
    total = max((positions - 1) * strides + kernel_size - input_size, 0)
    return total // 2, total - total // 2
''',
    misconceptions=(
        Misconception(
            lambda n, k, s: _same_padding(n, k, s)[::-1],
            "The odd zero is on the wrong side: TensorFlow puts it at the end.",
        ),
        Misconception(
            _half_kernel,
            "That is right for a stride of 1. With a larger stride fewer zeros are needed: count how far the last "
            "kernel reaches.",
        ),
        Misconception(
            lambda n, k, s: (_same_padding(n, k, s)[1],) * 2,
            "You put the same number on both sides. Where the total is odd, one side gets one more.",
        ),
        Misconception(
            _padding_to_input_size,
            "You kept the output as long as the input. With a stride, `same` means input_size / strides, rounded up.",
        ),
        Misconception(
            _unbounded,
            "The number of zeros came out negative. Where the kernel needs none, it is 0.",
        ),
    ),
)


WORKED_IMAGE = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
WORKED_KERNEL = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])


def _draw_images(rng):
    cases = [(WORKED_IMAGE, WORKED_KERNEL)]
    for _ in range(6):
        kernel = tuple(rng.integers(1, 4, size=2))
        image = tuple(np.array(kernel) + rng.integers(0, 5, size=2))
        cases.append((rng.integers(0, 10, size=image), rng.integers(-3, 4, size=kernel)))
    return [*cases, (rng.normal(size=(7, 5)), rng.normal(size=(2, 3)))]


def _conv2d(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijkl,kl->ij", windows, kernel)


def _cut(image, kernel):
    """One row and one column too few."""
    return _conv2d(image, kernel)[:-1, :-1]


def _padded(image, kernel):
    rows, columns = kernel.shape
    pad = ((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2)
    return _conv2d(np.pad(image, pad), kernel)


def _jumping(image, kernel):
    rows, columns = kernel.shape
    return _conv2d(image, kernel)[::rows, ::columns]


CONV2D = FunctionExercise(
    id="conv2d",
    title="The sliding window",
    points=3,
    question=(
        "Write `conv2d(image, kernel)`: for every position of the kernel on the picture, multiply cell by cell and add "
        "up. No padding, stride 1, no flip."
    ),
    cases=_draw_images,
    reference=_conv2d,
    answers=("cnn_course.conv2d", "cnn_course.conv2d_loops"),
    hints=(
        "How many rows and columns has the output? Make an array of zeros of that size first.",
        "For each cell (i, j) of the output, cut out the patch `image[i:i + rows, j:j + columns]`.",
        "Two loops, and inside: `output[i, j] = (image[i:i + rows, j:j + columns] * kernel).sum()`.",
    ),
    solution='''
def conv2d(image, kernel):
    """Return the output of the sliding window, without padding."""
    rows, columns = kernel.shape
    output = np.zeros((image.shape[0] - rows + 1, image.shape[1] - columns + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = (image[i:i + rows, j:j + columns] * kernel).sum()
    return output
''',
    misconceptions=(
        Misconception(
            lambda image, kernel: _conv2d(image, kernel[::-1, ::-1]),
            "You flipped the kernel. That is the true convolution of mathematics; networks do not flip.",
        ),
        Misconception(
            _cut,
            "The last position is missing in each direction: there are H - K + 1 of them, not H - K.",
        ),
        Misconception(
            _padded,
            "Your output is as large as the picture: you padded it with zeros. Here the kernel stays inside.",
        ),
        Misconception(
            _jumping,
            "Your kernel jumps by its own width. With a stride of 1 the windows overlap.",
        ),
        Misconception(
            lambda image, kernel: _conv2d(image, np.ones_like(kernel)),
            "You added up the patch without the weights. Multiply each cell by the kernel's cell first.",
        ),
        Misconception(
            lambda image, kernel: _conv2d(image, kernel) / kernel.size,
            "You took the mean of the products. A convolution is their sum.",
        ),
    ),
)


def _draw_volumes(rng):
    cases = []
    for _ in range(6):
        kh, kw, c, f = (int(n) for n in rng.integers([1, 1, 2, 2], [4, 4, 4, 4]))
        h, w = (int(n) for n in rng.integers(3, 7, size=2))
        cases.append((rng.integers(0, 10, size=(h, w, c)), rng.integers(-3, 4, size=(kh, kw, c, f))))
    fixed = (np.arange(2 * 3 * 2).reshape(2, 3, 2), np.arange(1, 13).reshape(1, 2, 2, 3))
    return [fixed, *cases]


def _conv2d_channels(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[:2], axis=(0, 1))
    return np.einsum("ijckl,klcf->ijf", windows, kernel)


CONV2D_CHANNELS = FunctionExercise(
    id="conv2d-channels",
    title="Several channels, several filters",
    points=3,
    question=(
        "Write `conv2d_channels(image, kernel)`: a picture `(h, w, c)` and filters `(kh, kw, c, f)` give feature maps "
        "`(h', w', f)`, one for each filter."
    ),
    cases=_draw_volumes,
    reference=_conv2d_channels,
    answers=("cnn_course.conv2d", "cnn_course.conv2d_loops"),
    hints=(
        "One filter gives one map. Its patch has all the channels.",
        "A map is the sum over the channels of the maps of each channel.",
        "`output[i, j, f] = (image[i:i + kh, j:j + kw, :] * kernel[:, :, :, f]).sum()`.",
    ),
    solution='''
def conv2d_channels(image, kernel):
    """Return one feature map for each filter."""
    kh, kw, channels, filters = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1, filters))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            for f in range(filters):
                output[i, j, f] = (image[i:i + kh, j:j + kw, :] * kernel[:, :, :, f]).sum()
    return output
''',
    misconceptions=(
        Misconception(
            lambda image, kernel: _conv2d_channels(image[:, :, :1], kernel[:, :, :1]),
            "You used the first channel alone. A filter adds up over all the channels.",
        ),
        Misconception(
            lambda image, kernel: _conv2d_channels(image, kernel) / image.shape[2],
            "You took the mean over the channels. A convolution adds them up.",
        ),
        Misconception(
            lambda image, kernel: _conv2d_channels(image, kernel[::-1, ::-1]),
            "You flipped the kernel. That is the true convolution of mathematics; networks do not flip.",
        ),
        Misconception(
            lambda image, kernel: _conv2d_channels(image, kernel).sum(axis=2),
            "You added the filters' maps together. Each filter keeps a map of its own.",
        ),
        Misconception(
            lambda image, kernel: np.moveaxis(_conv2d_channels(image, kernel), 2, 0),
            "The maps come first in your output. Here the channels come last: (h', w', f).",
        ),
    ),
)


def _draw_layers(rng):
    fixed = [(3, 1, 1), (5, 3, 10), (3, 64, 128), (1, 16, 4)]
    drawn = rng.integers([1, 1, 1], [8, 65, 65], size=(8, 3))
    return fixed + [tuple(map(int, row)) for row in drawn]


CONV_PARAMETERS = FunctionExercise(
    id="conv-parameters",
    title="How many parameters?",
    points=1,
    question=(
        "Write `conv_parameters(kernel_size, channels, filters)`: the number of parameters of a convolution with "
        "square kernels of `kernel_size` x `kernel_size`, biases included."
    ),
    cases=_draw_layers,
    reference=lambda kernel_size, channels, filters: (kernel_size**2 * channels + 1) * filters,
    hints=(
        "How many weights has one kernel? And one filter, which has a kernel for each channel?",
        "Each filter has one intercept (bias).",
        "(kernel_size * kernel_size * channels + 1) * filters",
    ),
    solution='''
def conv_parameters(kernel_size, channels, filters):
    """Return the number of weights and biases."""
    return (kernel_size * kernel_size * channels + 1) * filters
''',
    misconceptions=(
        Misconception(
            lambda k, c, f: k * k * c * f,
            "The biases are missing: each filter has one.",
        ),
        Misconception(
            lambda k, c, f: k * k * f + f,
            "A filter has one kernel for each channel of its input. Yours has one in all.",
        ),
        Misconception(
            lambda k, c, f: (k * c + 1) * f,
            "The kernel is a square: it has kernel_size times kernel_size weights.",
        ),
        Misconception(
            lambda k, c, f: k * k * c * f + 1,
            "There is one bias for each filter, not one for the whole layer.",
        ),
        Misconception(
            lambda k, c, f: (k * k + 1) * c * f,
            "You gave each kernel a bias. There is one for each filter, whatever the number of channels.",
        ),
    ),
)


def _array(answer):
    return np.asarray(answer, dtype=float)


def _strength(kernel, picture):
    return float(np.abs(_conv2d(picture, kernel)).sum())


def _vertical_edge():
    picture = np.zeros((7, 7))
    picture[:, 4:] = 1
    return picture


EDGE_KERNEL = ArtifactExercise(
    id="edge-kernel",
    title="A kernel for vertical edges",
    points=2,
    question=(
        "Make `edge_kernel`, a 3 x 3 array that is silent on an even surface and answers vertical edges more than "
        "horizontal ones."
    ),
    properties=(
        Property(
            "3 x 3",
            lambda k: _array(k).shape == (3, 3),
            "The kernel should be 3 x 3: three lists of three numbers, in `np.array`.",
        ),
        Property("finite numbers", lambda k: np.isfinite(_array(k)).all(), "Some of the weights are not numbers."),
        Property("not all zero", lambda k: _array(k).any(), "Your kernel is all zeros: it is silent everywhere."),
        Property(
            "sum 0",
            lambda k: abs(_array(k).sum()) < 1e-9 * max(1.0, np.abs(_array(k)).sum()),
            "On an even surface your kernel still answers: its weights must add up to 0.",
        ),
        Property(
            "answers vertical edges",
            lambda k: _strength(_array(k), _vertical_edge()) > 1e-9,
            "Your kernel is silent on a vertical edge: left and right must have different weights.",
        ),
        Property(
            "vertical more than horizontal",
            lambda k: _strength(_array(k), _vertical_edge()) > 1.0001 * _strength(_array(k), _vertical_edge().T),
            "Your kernel answers horizontal edges at least as much. The weights should change from left to right, and "
            "not from top to bottom.",
        ),
    ),
    hints=(
        "A vertical edge: left dark, right bright. Which weights tell left from right?",
        "The weights of the left column negative, those of the right one positive, so that the sum is 0.",
        "For instance -1 0 1 in each of the three rows.",
    ),
    solution="""
edge_kernel = np.array([[-1, 0, 1],
                        [-1, 0, 1],
                        [-1, 0, 1]])
""",
    misconceptions=(
        Misconception(
            lambda: np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]]),
            "Your kernel is silent on a vertical edge: left and right must have different weights.",
        ),
        Misconception(
            lambda: np.ones((3, 3)) / 9,
            "On an even surface your kernel still answers: its weights must add up to 0.",
        ),
        Misconception(
            lambda: np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
            "Your kernel answers horizontal edges at least as much. The weights should change from left to right, and "
            "not from top to bottom.",
        ),
        Misconception(
            lambda: np.array([-1, 0, 1]),
            "The kernel should be 3 x 3: three lists of three numbers, in `np.array`.",
        ),
        Misconception(lambda: np.zeros((3, 3)), "Your kernel is all zeros: it is silent everywhere."),
    ),
)


_MYSTERIES = {
    "A": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "B": np.full((3, 3), 1 / 9),
    "C": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "D": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
}


def mystery_maps(picture):
    """Return what four kernels made of a grey picture, without saying which kernels.

    Parameters
    ----------
    picture : numpy.ndarray
        Shape (height, width).

    Returns
    -------
    dict of str to numpy.ndarray
        ``"A"`` to ``"D"``, each of shape (height - 2, width - 2).

    Examples
    --------
    >>> {name: made.shape for name, made in mystery_maps(np.ones((5, 4))).items()}
    {'A': (3, 2), 'B': (3, 2), 'C': (3, 2), 'D': (3, 2)}
    """
    return {name: _conv2d(np.asarray(picture, dtype=float), np.array(k)) for name, k in _MYSTERIES.items()}


_KERNELS = {
    "left-right": "-1 0 1 in each row",
    "up-down": "-1 in the whole first row, 0 in the second, 1 in the third",
    "mean": "1/9 everywhere",
    "sharpen": "0 -1 0 / -1 5 -1 / 0 -1 0",
}

READ_FEATURE_MAP = ChoiceExercise(
    id="read-feature-map",
    title="Which kernel made which map?",
    points=2,
    question="Each of the four maps above was made by one of four kernels. Say which.",
    questions={
        "A": Question(
            "Even parts are grey; upright borders are bright or dark.",
            _KERNELS,
            "left-right",
            {
                "up-down": "A: that kernel compares above and below. It would show lying borders, not upright ones.",
                "mean": "A: that kernel is a mean. An even wall would keep its brightness.",
                "sharpen": "A: that kernel's weights add up to 1. The picture itself would still be there.",
            },
        ),
        "B": Question(
            "The picture, softer.",
            _KERNELS,
            "mean",
            {
                "left-right": "B: that kernel's weights add up to 0. Even parts would lose their brightness.",
                "up-down": "B: those weights add up to 0. Even parts would turn grey, all of them alike.",
                "sharpen": "B: that kernel adds the difference to the neighbours. Borders become harder, not softer.",
            },
        ),
        "C": Question(
            "Even parts are grey; lying borders are bright or dark.",
            _KERNELS,
            "up-down",
            {
                "left-right": "C: that kernel compares left and right. It is silent along a roof that lies flat.",
                "mean": "C: a mean never turns even parts into the same grey.",
                "sharpen": "C: a sharpened picture is still the picture, with its own brightness.",
            },
        ),
        "D": Question(
            "The picture, with harder borders.",
            _KERNELS,
            "sharpen",
            {
                "left-right": "D: only borders would be left, and the brightness of the walls would be gone.",
                "up-down": "D: only the lying borders would be left.",
                "mean": "D: a mean makes borders softer.",
            },
        ),
    },
    hints=(
        "First add up the weights. What does the kernel make of an even wall?",
        "Sum 1: the brightness stays. Sum 0: even parts become 0.",
        "Then put the kernel on a border and compute one cell on each side of it.",
    ),
)
