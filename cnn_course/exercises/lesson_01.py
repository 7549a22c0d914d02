"""Lesson 01, neural networks: what students get wrong, and what a good teacher says to it."""

from itertools import pairwise

import numpy as np

from .definitions import FunctionExercise, Misconception


def _draw_scores(rng):
    """Scores; the first ones overflow, underflow, and have rows far from each other."""
    fixed = [
        np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.5]]),
        np.array([[1.0, 2.0, 4.0], [1000.0, 1001.0, 1003.0]]),
        np.array([[-1000.0, -1001.0], [-1002.0, -1004.0], [-1000.0, -1000.5]]),
        np.array([[1000.0, 2.0, -1000.0], [999.0, 1001.0, -998.0]]),
    ]
    drawn = [rng.normal(scale=2, size=rng.integers(2, 5, size=2)) for _ in range(5)]
    return [(t,) for t in [*fixed, np.array([0.5, 2.0, -1.0]), *drawn]]


def _softmax(t):
    powers = np.exp(t - t.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@np.errstate(all="ignore")
def _softmax_without_shift(t):
    return np.exp(t) / np.exp(t).sum(axis=-1, keepdims=True)


@np.errstate(all="ignore")
def _softmax_with_the_mean_taken_off(t):
    return _softmax_without_shift(t - t.mean(axis=-1, keepdims=True))


@np.errstate(all="ignore")
def _softmax_with_one_shift(t):
    powers = np.exp(t - t.max())
    return powers / powers.sum(axis=-1, keepdims=True)


def _softmax_of_the_table(t):
    powers = np.exp(t - t.max())
    return powers / powers.sum()


def _softmax_of_the_columns(t):
    return _softmax(t.T).T


_WHOLE_TABLE = "Your softmax divides by the sum of the whole table. Each row is one observation, and adds up to 1."
_COLUMNS = "Your softmax makes the columns add up to 1. Each row is one observation, and adds up to 1: axis=1."


def _logistic(z):
    return np.exp(-np.logaddexp(0, -z))


SOFTMAX = FunctionExercise(
    id="softmax",
    title="From scores to probabilities",
    points=2,
    question=(
        "Write `softmax(t)`: a table `(n, k)` of scores, one row for each observation, becomes one of probabilities "
        "of the same shape. It should also work for scores like 1000, and for a single row `(k,)`: the classes are "
        "always along the last axis."
    ),
    cases=_draw_scores,
    reference=_softmax,
    hints=(
        "Take `np.exp` of every score. What must you divide by, so that each row adds up to 1?",
        "`np.exp(1000)` is infinite. A softmax does not change when you subtract the same number from a whole row.",
        "First `t - t.max(axis=-1, keepdims=True)`, then `np.exp`, then divide by the sums with `axis=-1`.",
    ),
    solution='''
def softmax(t):
    """Return probabilities: each row adds up to 1."""
    powers = np.exp(t - t.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
''',
    misconceptions=(
        Misconception(
            _softmax_without_shift,
            "Right for small scores. But exp(1000) is too large for the computer, and exp(-1000) becomes 0: subtract "
            "each row's largest score first.",
        ),
        Misconception(
            _softmax_with_the_mean_taken_off,
            "You subtracted each row's mean. A score far above it still becomes infinite: subtract the largest score, "
            "so that no exponent is above 0.",
        ),
        Misconception(
            _softmax_with_one_shift,
            "You subtracted the largest score of the whole table. A row that lies far below it becomes 0 / 0: subtract "
            "each row's own maximum.",
        ),
        Misconception(
            _softmax_of_the_columns,
            "Your columns add up to 1. Each row is one observation, so each row must add up to 1: axis=-1.",
        ),
        Misconception(
            _softmax_of_the_table,
            "Your whole table adds up to 1. Each row is one observation, and each row must add up to 1.",
        ),
        Misconception(
            lambda t: t / t.sum(axis=-1, keepdims=True),
            "You divided the scores themselves. They may be negative: take the exponential first.",
        ),
        Misconception(
            lambda t: np.log(_softmax(t)),
            "You returned the logarithms. The probabilities themselves are asked.",
        ),
        Misconception(
            lambda t: _softmax(-t),
            "The largest score got the smallest probability: the sign in the exponent is wrong.",
        ),
        Misconception(
            _logistic,
            "You took the logistic function of each score. With several classes the probabilities must share 1 in all.",
        ),
        Misconception(
            lambda t: np.exp(t - t.max(axis=-1, keepdims=True)),
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
            lambda p, labels: -np.log(p.max(axis=1)).sum(),
            "You took the largest probability of each row: what the model believes. A likelihood takes the probability "
            "of what happened.",
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


def _draw_networks(rng):
    """The first weights are square, so that a transposed table runs as well."""
    x = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
    fixed = (
        x,
        np.array([0.5, -1]),
        np.array([[1.0, -1], [0.5, 2]]),
        np.array([0.2, -0.4]),
        np.array([[1.0, 2], [-1, 1]]),
    )
    cases = [fixed]
    for _ in range(6):
        n, inputs, units, classes = (int(size) for size in rng.integers(2, [6, 5, 5, 5]))
        shapes = (n, inputs), units, (inputs, units), classes, (units, classes)
        cases.append(tuple(rng.normal(size=shape) for shape in shapes))
    return cases


def _network(X, alpha0, alpha, beta0, beta, sigma=_logistic, g=_softmax):
    return g(sigma(X @ alpha + alpha0) @ beta + beta0)


def _same(values):
    return values


HIDDEN_LAYER = FunctionExercise(
    id="hidden-layer",
    title="A network with one hidden layer",
    points=3,
    question=(
        "Write `hidden_layer(X, alpha0, alpha, beta0, beta)`: the probabilities f of all the classes, with logistic "
        "units and the softmax at the end. `X` is `(n, p)`. `alpha` is `(p, m)`, one column for each hidden unit, and "
        "`alpha0` holds the `m` intercepts; `beta` is `(m, k)`, one column for each class, and `beta0` holds `k`."
    ),
    cases=_draw_networks,
    reference=_network,
    hints=(
        "First Z, the hidden units: each is a weighted sum of the inputs, an intercept, then the logistic function.",
        "`Z = logistic(X @ alpha + alpha0)` has the shape (n, m). Then T, in the same way from Z, and its softmax.",
        "`T = Z @ beta + beta0`, then `np.exp(T) / np.exp(T).sum(axis=1, keepdims=True)`.",
    ),
    solution='''
def hidden_layer(X, alpha0, alpha, beta0, beta):
    """Return the probabilities, of shape (n, k)."""
    Z = 1 / (1 + np.exp(-(X @ alpha + alpha0)))
    T = Z @ beta + beta0
    powers = np.exp(T - T.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
''',
    misconceptions=(
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, sigma=_same),
            "The logistic function of the hidden units is missing. Without it the whole network is only a logit again.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, g=_same),
            "You returned the scores T. The softmax makes probabilities of them.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, g=_logistic),
            "You took the logistic function at the end as well. The classes share one probability: take the softmax.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, g=_softmax_of_the_table),
            _WHOLE_TABLE,
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, g=_softmax_of_the_columns),
            _COLUMNS,
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, sigma=_softmax),
            "You made the hidden units add up to 1. That is for the output; hidden units do not compete.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, sigma=np.tanh),
            "Your hidden units take tanh. It goes from -1 to 1; the logistic function goes from 0 to 1.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, beta0, beta, sigma=lambda z: z * (z > 0)),
            "Your hidden units are ReLUs. Here the logistic function is asked.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, 0, alpha, 0, beta),
            "All the intercepts are missing: each hidden unit has one, and so has each class.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, 0, alpha, beta0, beta),
            "The intercepts alpha0 are missing: each hidden unit has one.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, alpha0, alpha, 0, beta),
            "The intercepts beta0 are missing: each class has one.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _softmax((_logistic(X @ alpha) + alpha0) @ beta + beta0),
            "You added alpha0 after the logistic function. It belongs inside, to the weighted sum.",
        ),
        Misconception(
            lambda X, alpha0, alpha, beta0, beta: _network(X, -alpha0, -alpha, beta0, beta),
            "Your hidden units go down where they should go up. The logistic function is 1 / (1 + exp(-z)).",
        ),
    ),
)


def _draw_scored(rng):
    fixed = [
        (np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 1.0]]), np.array([0, 2])),
        (np.array([[0.0, 1.0], [2.0, -1.0], [0.3, 0.2]]), np.array([1, 0, 0])),
    ]
    drawn = []
    for _ in range(5):
        n, k = (int(size) for size in rng.integers([2, 2], [7, 6]))
        drawn.append((rng.normal(scale=1.5, size=(n, k)), rng.integers(0, k, size=n)))
    return fixed + drawn


def _gradient(T, labels):
    return _softmax(T) - _dummies(T, labels)


SOFTMAX_GRADIENT = FunctionExercise(
    id="softmax-gradient",
    title="The gradient at the scores",
    points=3,
    question=(
        "Write `softmax_gradient(T, labels)`: the derivative of the cross-entropy R (a sum) by each score, "
        "as a table `(n, k)` like `T`. `labels` holds the true class of each row."
    ),
    cases=_draw_scored,
    reference=_gradient,
    hints=(
        "Write R for one observation with the true class c: R = -T_c + log(sum of exp(T_k)). Differentiate it.",
        "The derivative of the logarithm is the softmax itself. The other part is -1, for the true class only.",
        "Take the softmax of each row, and subtract 1 at the place of the true class.",
    ),
    solution='''
def softmax_gradient(T, labels):
    """Return the gradient at the scores, of shape (n, k)."""
    powers = np.exp(T - T.max(axis=1, keepdims=True))
    gradient = powers / powers.sum(axis=1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient
''',
    misconceptions=(
        Misconception(
            lambda T, labels: -_gradient(T, labels),
            "The sign is turned. Where the model says too much, R grows with the score: f - y.",
        ),
        Misconception(
            lambda T, labels: _gradient(T, labels) / len(labels),
            "That is the gradient of the mean. R is the sum over the observations: do not divide by n.",
        ),
        Misconception(
            lambda T, labels: _softmax(T),
            "The true class is missing: subtract 1 at its place in each row.",
        ),
        Misconception(
            lambda T, labels: _softmax_of_the_table(T) - _dummies(T, labels),
            _WHOLE_TABLE,
        ),
        Misconception(
            lambda T, labels: _softmax_of_the_columns(T) - _dummies(T, labels),
            _COLUMNS,
        ),
        Misconception(
            lambda T, labels: _softmax(T) - 1,
            "You subtracted 1 everywhere. y is 1 for the true class alone, and 0 for the others.",
        ),
        Misconception(
            lambda T, labels: T - _dummies(T, labels),
            "You subtracted from the scores themselves. Take their softmax first.",
        ),
        Misconception(
            lambda T, labels: -_dummies(T, labels) / _softmax(T),
            "That is the derivative with respect to the probabilities. Go one step back, through the softmax, to the "
            "scores.",
        ),
        Misconception(
            lambda T, labels: _softmax(T) * (1 - _softmax(T)),
            "That is the derivative of a probability with respect to its own score. Where is the observed class?",
        ),
        Misconception(
            lambda T, labels: 2 * _gradient(T, labels),
            "That is twice the gradient, as for a sum of squares. A cross-entropy has no 2.",
        ),
        Misconception(
            lambda T, labels: _gradient(T, labels) * _softmax(T) * (1 - _softmax(T)),
            "You multiplied by f (1 - f) as well. For the cross-entropy it cancels: f - y is all that is left.",
        ),
        Misconception(
            lambda T, labels: _gradient(T, labels) * _dummies(T, labels),
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
