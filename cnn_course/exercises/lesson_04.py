"""Lesson 04, training: what students get wrong, and what a good teacher says to it."""

from math import prod

import numpy as np

from .definitions import ChoiceExercise, FunctionExercise, Misconception, Question


def _draw_steps(rng):
    """Weights, gradients and learning rates; the first gradient is long, the second one short."""
    fixed = [
        (np.array([1.0, -2.0, 3.0]), np.array([4.0, 3.0, -12.0]), 0.1),
        (np.array([[0.5, 1.5], [2.0, -1.0]]), np.array([[0.1, -0.2], [0.3, 0.4]]), 0.5),
    ]
    drawn = []
    for _ in range(5):
        shape = tuple(rng.integers(2, 5, size=rng.integers(1, 3)).tolist())
        drawn.append((rng.normal(size=shape), rng.normal(size=shape), round(float(rng.uniform(0.01, 0.9)), 2)))
    return fixed + drawn


SGD_STEP = FunctionExercise(
    id="sgd-step",
    title="One step downhill",
    points=1,
    question="Write `sgd_step(w, gradient, learning_rate)`: the weights after one step of gradient descent.",
    cases=_draw_steps,
    reference=lambda w, gradient, learning_rate: w - learning_rate * gradient,
    answers=("cnn_course.descend",),
    hints=(
        "The gradient points to where the loss grows fastest. Which way is down?",
        "How far? The gradient times the learning rate.",
        "`w - learning_rate * gradient`, as a new array.",
    ),
    solution='''
def sgd_step(w, gradient, learning_rate):
    """Return the weights after one step."""
    return w - learning_rate * gradient
''',
    misconceptions=(
        Misconception(
            lambda w, gradient, learning_rate: w + learning_rate * gradient,
            "You went uphill: the gradient points to where the loss grows. Step against it.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: w - gradient,
            "You left the learning rate out: it says how far to go along the gradient.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: -learning_rate * gradient,
            "That is the step alone. The new weights are the old ones plus the step.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: learning_rate * (w - gradient),
            "The learning rate belongs to the gradient alone. You shrank the weights, too.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: (1 - learning_rate) * w - learning_rate * gradient,
            "You shrank the weights as well: that is weight decay, not plain gradient descent.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: w - learning_rate * np.sign(gradient),
            "You took only the gradient's signs. Its size counts, too: steep means far.",
        ),
        Misconception(
            lambda w, gradient, learning_rate: w - learning_rate * gradient / np.linalg.norm(gradient),
            "You made the gradient as long as 1. Gradient descent takes it as long as it is.",
        ),
    ),
)


def _draw_rows(rng):
    """Rows with their labels, a batch size and an order; one batch divides, one does not, one is too large."""

    def rows(n, columns):
        return rng.normal(size=(n, columns)).round(2), rng.integers(0, 3, n) + 10 * np.arange(n)

    fixed = [(*rows(n, 2), size, rng.permutation(np.arange(n)[::-1])) for n, size in ((5, 2), (6, 3), (4, 6), (7, 3))]
    sizes = zip(rng.integers(5, 12, 4).tolist(), rng.integers(2, 5, 4).tolist(), strict=True)
    return fixed + [(*rows(n, 3), size, rng.permutation(n)) for n, size in sizes]


def _batches(x, y, batch_size, order):
    return [(x[rows], y[rows]) for rows in _pieces(order, batch_size)]


def _pieces(order, batch_size):
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


MINIBATCHES = FunctionExercise(
    id="minibatches",
    title="Cut an epoch into batches",
    points=3,
    question=(
        "Write `minibatches(x, y, batch_size, order)`: a list of pairs `(rows of x, their labels)`. `order` says which "
        "row comes when; each row comes once; the last batch may be smaller."
    ),
    cases=_draw_rows,
    reference=_batches,
    hints=(
        "Put the rows into the new order first: `x[order]`. The labels, too.",
        "Where do the batches begin? `range(0, len(order), batch_size)`.",
        "`rows = order[start:start + batch_size]` and then `(x[rows], y[rows])`. A slice may reach past the end.",
    ),
    solution='''
def minibatches(x, y, batch_size, order):
    """Return the batches of one epoch."""
    batches = []
    for start in range(0, len(order), batch_size):
        rows = order[start:start + batch_size]
        batches.append((x[rows], y[rows]))
    return batches
''',
    misconceptions=(
        Misconception(
            lambda x, y, batch_size, order: [b for b in _batches(x, y, batch_size, order) if len(b[1]) == batch_size],
            "You dropped the last batch where it is smaller. Its rows would never be looked at.",
        ),
        Misconception(
            lambda x, y, batch_size, order: _batches(x, y, batch_size, np.arange(len(x))),
            "You cut the rows as they stand. `order` says which row comes when.",
        ),
        Misconception(
            lambda x, y, batch_size, order: [
                (x[rows], y[start : start + len(rows)])
                for rows, start in zip(_pieces(order, batch_size), range(0, len(order), batch_size), strict=True)
            ],
            "You put the rows into the new order, and not their labels: every picture has now another one's label.",
        ),
        Misconception(
            lambda x, y, batch_size, order: [
                (x[start : start + len(rows)], y[rows])
                for rows, start in zip(_pieces(order, batch_size), range(0, len(order), batch_size), strict=True)
            ],
            "You put the labels into the new order, and not their rows.",
        ),
        Misconception(
            lambda x, y, batch_size, order: [
                (x[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in range(len(order))
            ],
            "A new batch begins at every row, so most rows come several times. Begin `batch_size` rows further on.",
        ),
        Misconception(
            lambda x, y, batch_size, order: [
                (x[order[i::batch_size]], y[order[i::batch_size]]) for i in range(min(batch_size, len(order)))
            ],
            "You made `batch_size` batches. It says how many rows are in one.",
        ),
        Misconception(
            lambda x, y, batch_size, order: [(b, a) for a, b in _batches(x, y, batch_size, order)],
            "Each pair is the wrong way round: first the rows of x, then their labels.",
        ),
        Misconception(
            lambda x, y, batch_size, order: _batches(x, y, batch_size, order)[:1],
            "You returned the first batch alone. Is `return` inside the loop?",
        ),
        Misconception(
            lambda x, y, batch_size, order: [x[rows] for rows in _pieces(order, batch_size)],
            "The labels are missing: each batch is a pair.",
        ),
        Misconception(
            lambda x, y, batch_size, order: _batches(x, y, batch_size, np.argsort(order)),
            "You turned the order round: `order[0]` is the row that comes first, not the place where row 0 goes.",
        ),
    ),
)


def _draw_activations(rng):
    """Shapes of activations, and batch sizes."""
    fixed = [
        ([(28, 28, 8), (14, 14, 8), (10,)], 32),
        ([(10, 10, 4), (10, 10, 16), (64,)], 100),
        ([(100,), (10,)], 7),
    ]
    drawn = []
    for _ in range(5):
        side, channels = (int(n) for n in rng.integers(4, 30, 2))
        shapes = [(side, side, channels), (side // 2, side // 2, channels), (int(rng.integers(2, 60)),)]
        drawn.append((shapes, int(rng.integers(2, 200))))
    return fixed + drawn


def _numbers(shapes):
    return sum(map(prod, shapes))


BATCH_MEMORY = FunctionExercise(
    id="batch-memory",
    title="What a batch costs",
    points=2,
    question=(
        "Write `batch_memory(activation_shapes, batch_size)`: the bytes of all activations of a batch on the way "
        "forward. `activation_shapes` holds the shape of each layer's output for one picture; every number is a "
        "float32, 4 bytes."
    ),
    cases=_draw_activations,
    reference=lambda activation_shapes, batch_size: 4 * batch_size * _numbers(activation_shapes),
    hints=(
        "How many numbers are in an output of shape (28, 28, 8)?",
        "All layers are kept, because the way back needs them: add them up.",
        "`4 * batch_size * sum(math.prod(shape) for shape in activation_shapes)`",
    ),
    solution='''
def batch_memory(activation_shapes, batch_size):
    """Return the bytes that the activations of a batch take."""
    numbers = sum(int(np.prod(shape)) for shape in activation_shapes)
    return 4 * batch_size * numbers
''',
    misconceptions=(
        Misconception(
            lambda activation_shapes, batch_size: batch_size * _numbers(activation_shapes),
            "You counted numbers. A float32 takes 4 bytes.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 8 * batch_size * _numbers(activation_shapes),
            "You have twice too many. A float32 takes 4 bytes (8: float64), and only the way forward is asked.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 32 * batch_size * _numbers(activation_shapes),
            "You counted bits. A byte has 8 of them, so a float32 takes 4 bytes.",
        ),
        *(
            Misconception(
                lambda activation_shapes, batch_size, unit=unit: 4 * batch_size * _numbers(activation_shapes) / unit,
                f"You gave {name}. The answer is asked in bytes.",
            )
            for unit, name in ((1e6, "megabytes"), (2**20, "mebibytes"), (1e3, "kilobytes"), (2**10, "kibibytes"))
        ),
        Misconception(
            lambda activation_shapes, batch_size: 4 * _numbers(activation_shapes),
            "That is one picture. Every picture of the batch has activations of its own.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 4 * batch_size * max(map(prod, activation_shapes)),
            "You took the largest layer alone. In training all are kept at once, because the way back needs them.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 4 * batch_size * prod(activation_shapes[-1]),
            "You took the last layer alone. In training all are kept, because the way back needs them.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 4 * batch_size * sum(map(sum, activation_shapes)),
            "You added up each shape. An output of shape (28, 28, 8) holds 28 * 28 * 8 numbers: multiply.",
        ),
        Misconception(
            lambda activation_shapes, batch_size: 4 * batch_size * prod(map(prod, activation_shapes)),
            "You multiplied the layers with each other. They lie side by side in memory: add them up.",
        ),
    ),
)

_FINDINGS = {
    "overfits": "it learns the training pictures by heart",
    "rate": "the learning rate is too large",
    "short": "it should go on training",
    "fine": "nothing to mend",
}

READ_THE_CURVE = ChoiceExercise(
    id="read-the-curve",
    title="Read the curve",
    points=2,
    question="Four trainings, loss of the training and of the validation pictures. Say what each picture above shows.",
    questions={
        "A": Question(
            "The training loss goes to 0, the validation loss turns round and grows.",
            _FINDINGS,
            "overfits",
            {
                "rate": "A: with too large steps the training loss could not become so small and so smooth.",
                "short": "A: the training loss has nowhere to go, and the validation loss gets worse with every epoch.",
                "fine": "A: look at the dashed line: on new pictures it is worse at the end than in the middle.",
            },
        ),
        "B": Question(
            "Both losses jump up and down, and do not fall.",
            _FINDINGS,
            "rate",
            {
                "overfits": "B: then the training loss would be small. Here it does not even fall.",
                "short": "B: more of the same jumps would not help. The steps are too long to get down.",
                "fine": "B: a loss that jumps and does not fall has not learned.",
            },
        ),
        "C": Question(
            "Both losses are still falling at the last epoch, side by side.",
            _FINDINGS,
            "short",
            {
                "overfits": "C: the two lines lie side by side. By heart would mean a gap between them.",
                "rate": "C: too large steps show as jumps. Both lines are smooth.",
                "fine": "C: both still fall. It would have been better with more epochs.",
            },
        ),
        "D": Question(
            "Both losses fall, become level, and end close to each other.",
            _FINDINGS,
            "fine",
            {
                "overfits": "D: the gap is small, and it does not grow.",
                "rate": "D: both lines are smooth, and they came down.",
                "short": "D: both lines are level: more epochs would change little.",
            },
        ),
    },
    hints=(
        "Look at the training loss first: does it fall? Only then compare it with the validation loss.",
        "A gap that grows: it learns by heart. Jumps: the steps are too long.",
        "Both fall at the end: go on. Both level and close: done.",
    ),
)

_KEPT = {
    "yes": "yes: the label stays, and such pictures occur",
    "no": "no: the label may become wrong",
    "odd": "the label stays, but no such picture will ever come",
}

LABEL_SAFE = ChoiceExercise(
    id="label-safe",
    title="Is the label still right?",
    points=2,
    question="An augmentation invents pictures and keeps their labels. May you use each of these?",
    questions={
        "A": Question(
            "Handwritten digits, turned by up to 180 degrees.",
            _KEPT,
            "no",
            {
                "yes": "A: turn a 6 by 180 degrees. What is its label now?",
                "odd": "A: a 6 on its head does not only look odd: it is a 9.",
            },
        ),
        "B": Question(
            "Photographs of a protest, mirrored left to right.",
            _KEPT,
            "yes",
            {
                "no": "B: a crowd is a crowd in a mirror, too. Only the writing on the banners suffers.",
                "odd": "B: the crowd could as well have walked the other way.",
            },
        ),
        "C": Question(
            "Photographs of a street, upside down.",
            _KEPT,
            "odd",
            {
                "yes": "C: the label stays, but have you ever seen the sky below a street?",
                "no": "C: a street on its head is still a street. The question is whether such a picture comes.",
            },
        ),
        "D": Question(
            "Pictures of clothes, shifted by two pixels.",
            _KEPT,
            "yes",
            {
                "no": "D: a shirt two pixels further left is still a shirt.",
                "odd": "D: nobody puts every shirt exactly into the middle.",
            },
        ),
        "E": Question(
            "Road signs, among them “turn left” and “turn right”, mirrored left to right.",
            _KEPT,
            "no",
            {
                "yes": "E: in a mirror, “turn left” says “turn right”, and keeps its old label.",
                "odd": "E: such a sign does come: it is the other class.",
            },
        ),
    },
    hints=(
        "Look at the changed picture with fresh eyes. Which label would you give it?",
        "If the label stays: could somebody have taken this picture?",
        "Where a class is the mirror image, or the turned image, of another one, the label goes wrong.",
    ),
)
