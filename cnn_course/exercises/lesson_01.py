"""Lesson 01, neural networks: what students get wrong, and what a good teacher says to it."""

from itertools import pairwise

import numpy as np

from .definitions import FunctionExercise, Misconception


def _draw_scores(rng):
    """Tables of scores; the first ones overflow, underflow, and have rows far from each other."""
    fixed = [
        np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.5]]),
        np.array([[1.0, 2.0, 4.0], [1000.0, 1001.0, 1003.0]]),
        np.array([[-1000.0, -1001.0], [-1002.0, -1004.0], [-1000.0, -1000.5]]),
    ]
    drawn = [rng.normal(scale=2, size=rng.integers(2, 5, size=2)) for _ in range(5)]
    return [(scores,) for scores in fixed + drawn]


def _softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@np.errstate(all="ignore")
def _softmax_without_shift(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@np.errstate(all="ignore")
def _softmax_with_one_shift(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum(axis=1, keepdims=True)


def _softmax_of_the_table(scores):
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _logistic(z):
    return np.exp(-np.logaddexp(0, -z))


SOFTMAX = FunctionExercise(
    id="softmax",
    title="From scores to probabilities",
    points=2,
    question=(
        "Write `softmax(scores)`: a table `(n, k)`, one row for each observation, becomes a table of probabilities of "
        "the same shape. It should also work for scores like 1000."
    ),
    cases=_draw_scores,
    reference=_softmax,
    hints=(
        "Take `np.exp` of every score. What must you divide by, so that each row adds up to 1?",
        "`np.exp(1000)` is infinite. A softmax does not change when you subtract the same number from a whole row.",
        "First `scores - scores.max(axis=1, keepdims=True)`, then `np.exp`, then divide by the sums with `axis=1`.",
    ),
    solution='''
def softmax(scores):
    """Return probabilities: each row adds up to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
''',
    misconceptions=(
        Misconception(
            _softmax_without_shift,
            "Right for small scores. But exp(1000) is too large for the computer, and exp(-1000) becomes 0: subtract "
            "each row's largest score first.",
        ),
        Misconception(
            _softmax_with_one_shift,
            "You subtracted the largest score of the whole table. A row that lies far below it becomes 0 / 0: subtract "
            "each row's own maximum.",
        ),
        Misconception(
            lambda scores: _softmax(scores.T).T,
            "Your columns add up to 1. Each row is one observation, so each row must add up to 1: axis=1.",
        ),
        Misconception(
            _softmax_of_the_table,
            "Your whole table adds up to 1. Each row is one observation, and each row must add up to 1.",
        ),
        Misconception(
            lambda scores: scores / scores.sum(axis=1, keepdims=True),
            "You divided the scores themselves. They may be negative: take the exponential first.",
        ),
        Misconception(
            lambda scores: np.log(_softmax(scores)),
            "You returned the logarithms. The probabilities themselves are asked.",
        ),
        Misconception(
            lambda scores: _softmax(-scores),
            "The largest score got the smallest probability: the sign in the exponent is wrong.",
        ),
        Misconception(
            _logistic,
            "You took the logistic function of each score. With several classes the probabilities must share 1 in all.",
        ),
        Misconception(
            lambda scores: np.exp(scores - scores.max(axis=1, keepdims=True)),
            "You did not divide by the row's sum, so the row does not add up to 1.",
        ),
    ),
)


def _draw_predictions(rng):
    fixed = [
        (np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]), np.array([0, 1])),
        (np.array([[0.25, 0.75], [0.9, 0.1], [0.5, 0.5]]), np.array([1, 0, 0])),
    ]
    drawn = []
    for _ in range(5):
        n, k = (int(size) for size in rng.integers([2, 2], [7, 6]))
        drawn.append((_softmax(rng.normal(size=(n, k))), rng.integers(0, k, size=n)))
    return fixed + drawn


def _of_the_true_class(probabilities, labels):
    return probabilities[np.arange(len(labels)), labels]


def _dummies(probabilities, labels):
    return np.eye(probabilities.shape[1])[labels]


def _cross_entropy(probabilities, labels):
    return -np.log(_of_the_true_class(probabilities, labels)).sum()


def _binary_cross_entropy(probabilities, labels):
    y = _dummies(probabilities, labels)
    return -(y * np.log(probabilities) + (1 - y) * np.log(1 - probabilities)).sum()


CROSS_ENTROPY = FunctionExercise(
    id="cross-entropy",
    title="Minus the log-likelihood",
    points=2,
    question=(
        "Write `cross_entropy(probabilities, labels)`: minus the log-likelihood of the whole sample. `probabilities` "
        "is a table `(n, k)`; `labels` holds the true class of each observation, 0 to k - 1."
    ),
    cases=_draw_predictions,
    reference=_cross_entropy,
    hints=(
        "Which number in each row is the likelihood of what was observed?",
        "`probabilities[i, labels[i]]` is the probability that the model gave to the true class of observation i.",
        "`-np.log(probabilities[np.arange(len(labels)), labels]).sum()`",
    ),
    solution='''
def cross_entropy(probabilities, labels):
    """Return minus the log-likelihood, a number."""
    rows = np.arange(len(labels))
    return -np.log(probabilities[rows, labels]).sum()
''',
    misconceptions=(
        Misconception(
            lambda p, labels: _cross_entropy(p, labels) / len(labels),
            "You took the mean, as Keras reports it. Minus the log-likelihood is the sum over the observations.",
        ),
        Misconception(
            lambda p, labels: -_cross_entropy(p, labels),
            "That is the log-likelihood. The cross-entropy is minus that: a number to make small.",
        ),
        Misconception(
            lambda p, labels: _cross_entropy(p, labels) / np.log(2),
            "You took the logarithm to the base 2. A likelihood takes the natural one, `np.log`.",
        ),
        Misconception(
            lambda p, labels: _cross_entropy(p, labels) / np.log(10),
            "You took the logarithm to the base 10. A likelihood takes the natural one, `np.log`.",
        ),
        Misconception(
            lambda p, labels: -np.log(p).sum(),
            "You added up all the classes. Only the probability of the true class counts: y is 0 for the others.",
        ),
        Misconception(
            _binary_cross_entropy,
            "You also counted log(1 - p) for the classes that did not happen. That is for yes-or-no questions; here "
            "the classes share one probability.",
        ),
        Misconception(
            lambda p, labels: (1 - _of_the_true_class(p, labels)).sum(),
            "You added up the probability that was missing. A likelihood needs the logarithm.",
        ),
        Misconception(
            lambda p, labels: -np.log(_of_the_true_class(p, labels).sum()),
            "You took the logarithm of the sum. It is the sum of the logarithms.",
        ),
        Misconception(
            lambda p, labels: -np.log(_of_the_true_class(p, labels)),
            "You returned one number for each observation. Add them up.",
        ),
    ),
)


def _draw_layers(rng):
    """The first weights are square, so that a transposed table runs as well."""
    fixed = (np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]]), np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([0.5, -1]))
    cases = [fixed]
    for _ in range(6):
        n, inputs, units = (int(size) for size in rng.integers([2, 2, 2], [6, 5, 5]))
        cases.append((rng.normal(size=(n, inputs)), rng.normal(size=(inputs, units)), rng.normal(size=units)))
    return cases


HIDDEN_LAYER = FunctionExercise(
    id="hidden-layer",
    title="A hidden layer",
    points=2,
    question=(
        "Write `hidden_layer(x, alpha, alpha_0)`: the values Z of all the hidden units, with the logistic function. "
        "`x` is `(n, p)`, `alpha` is `(p, m)` with one column for each unit, `alpha_0` holds the `m` intercepts."
    ),
    cases=_draw_layers,
    reference=lambda x, alpha, alpha_0: _logistic(x @ alpha + alpha_0),
    hints=(
        "One unit is one logit without its last step: a weighted sum, an intercept, then the logistic function.",
        "`x @ alpha` gives the weighted sums of all the units for all the observations. Its shape is (n, m).",
        "`1 / (1 + np.exp(-(x @ alpha + alpha_0)))`",
    ),
    solution='''
def hidden_layer(x, alpha, alpha_0):
    """Return Z, of shape (n, m)."""
    return 1 / (1 + np.exp(-(x @ alpha + alpha_0)))
''',
    misconceptions=(
        Misconception(
            lambda x, alpha, alpha_0: x @ alpha + alpha_0,
            "The logistic function is missing. Without it the whole network is only a logit again.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: _logistic(x @ alpha),
            "The intercepts are missing: each unit has one.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: _logistic(x @ alpha) + alpha_0,
            "You added the intercepts after the logistic function. They belong inside, to the weighted sum.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: _logistic(-(x @ alpha + alpha_0)),
            "Your units go down where they should go up. The logistic function is 1 / (1 + exp(-z)), with a minus.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: np.tanh(x @ alpha + alpha_0),
            "That is tanh. It goes from -1 to 1; the logistic function goes from 0 to 1.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: np.maximum(x @ alpha + alpha_0, 0),
            "That is the ReLU. Here the logistic function is asked.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: _softmax(x @ alpha + alpha_0),
            "You made each row add up to 1. That is for the output; hidden units do not compete.",
        ),
        Misconception(
            lambda x, alpha, alpha_0: _logistic(x @ alpha - alpha_0),
            "You subtracted the intercepts. They are added to the weighted sum.",
        ),
    ),
)

SOFTMAX_GRADIENT = FunctionExercise(
    id="softmax-gradient",
    title="The gradient at the scores",
    points=3,
    question=(
        "Write `softmax_gradient(probabilities, labels)`: the derivative of the cross-entropy R (a sum) with respect "
        "to each score T, as a table `(n, k)`. `probabilities` are the softmax of the scores."
    ),
    cases=_draw_predictions,
    reference=lambda p, labels: p - _dummies(p, labels),
    hints=(
        "Write R for one observation with the true class c: R = -T_c + log(sum of exp(T_k)). Differentiate it.",
        "The derivative of the logarithm is the softmax itself. The other part is -1, for the true class only.",
        "Copy the probabilities, and subtract 1 in each row at the place of the true class.",
    ),
    solution='''
def softmax_gradient(probabilities, labels):
    """Return the gradient at the scores, of shape (n, k)."""
    gradient = probabilities.copy()
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient
''',
    misconceptions=(
        Misconception(
            lambda p, labels: _dummies(p, labels) - p,
            "The sign is turned. Where the model says too much, R grows with the score: p - y.",
        ),
        Misconception(
            lambda p, labels: (p - _dummies(p, labels)) / len(labels),
            "That is the gradient of the mean. R is the sum over the observations: do not divide by n.",
        ),
        Misconception(
            lambda p, labels: p.copy(),
            "The true class is missing: subtract 1 at its place in each row.",
        ),
        Misconception(
            lambda p, labels: p - 1,
            "You subtracted 1 everywhere. y is 1 for the true class alone, and 0 for the others.",
        ),
        Misconception(
            lambda p, labels: -_dummies(p, labels) / p,
            "That is the derivative with respect to the probabilities. Go one step back, through the softmax, to the "
            "scores.",
        ),
        Misconception(
            lambda p, labels: p * (1 - p),
            "That is the derivative of a probability with respect to its own score. Where is the observed class?",
        ),
        Misconception(
            lambda p, labels: 2 * (p - _dummies(p, labels)),
            "That is twice the gradient, as for a sum of squares. A cross-entropy has no 2.",
        ),
        Misconception(
            lambda p, labels: (p - _dummies(p, labels)) * p * (1 - p),
            "You multiplied by p (1 - p) as well. For the cross-entropy it cancels: p - y is all that is left.",
        ),
        Misconception(
            lambda p, labels: (p - _dummies(p, labels)) * _dummies(p, labels),
            "You left the other classes at 0. Their scores are in the sum under the softmax, so they matter too.",
        ),
    ),
)


def _draw_sizes(rng):
    fixed = [[2, 4, 3], [64, 16, 10], [5, 3], [3, 7, 5, 2]]
    drawn = [rng.integers(2, 65, size=rng.integers(2, 6)).tolist() for _ in range(6)]
    return [(sizes,) for sizes in fixed + drawn]


def _weights(sizes):
    return sum(before * after for before, after in pairwise(sizes))


COUNT_MLP_PARAMETERS = FunctionExercise(
    id="count-mlp-parameters",
    title="How many parameters?",
    points=1,
    question=(
        "Write `count_mlp_parameters(sizes)`: the number of weights and intercepts of a network. `sizes` is a list: "
        "inputs, units of each hidden layer, classes, such as `[2, 4, 3]`."
    ),
    cases=_draw_sizes,
    reference=lambda sizes: _weights(sizes) + sum(sizes[1:]),
    hints=(
        "Two neighbouring layers: how many lines connect a units with b units?",
        "Every unit has one intercept as well, but the inputs have none.",
        "Add up (sizes[i] + 1) * sizes[i + 1] over the layers.",
    ),
    solution='''
def count_mlp_parameters(sizes):
    """Return the number of weights and intercepts."""
    total = 0
    for before, after in zip(sizes[:-1], sizes[1:]):
        total += (before + 1) * after
    return total
''',
    misconceptions=(
        Misconception(
            _weights,
            "The intercepts are missing: each unit has one.",
        ),
        Misconception(
            lambda sizes: _weights(sizes) + len(sizes) - 1,
            "You counted one intercept for each layer. Each unit has its own.",
        ),
        Misconception(
            lambda sizes: _weights(sizes) + sum(sizes),
            "You gave the inputs intercepts too. They are data, not units.",
        ),
        Misconception(
            lambda sizes: _weights(sizes) + sum(sizes[:-1]),
            "You counted the intercepts where the lines begin. A unit's intercept belongs to where they end.",
        ),
        Misconception(
            lambda sizes: _weights(sizes) + sum(sizes[1:-1]),
            "The intercepts of the output are missing: each class has one.",
        ),
        Misconception(
            lambda sizes: sum(sizes),
            "You counted the units. Count the lines between them, and an intercept for each unit.",
        ),
        Misconception(
            lambda sizes: (sizes[0] + 1) * sizes[1],
            "You stopped after the first layer. Each further layer has weights of its own.",
        ),
    ),
)
