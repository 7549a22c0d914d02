"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

from itertools import pairwise

import numpy as np


def logistic(z):
    return 1 / (1 + np.exp(-z))


def shares(values, axis=1):
    return values / values.sum(axis=axis, keepdims=True)


def stable(scores, axis=1):
    return shares(np.exp(scores - scores.max(axis=axis, keepdims=True)), axis)


def true_class(p, labels):
    return np.array([row[label] for row, label in zip(p, labels, strict=True)])


def dummies(p, labels):
    return (np.arange(p.shape[1]) == labels[:, None]).astype(float)


WRONG = {
    "softmax": [
        ("Right for small scores.", lambda s: np.exp(s) / np.exp(s).sum(axis=-1)[:, None]),
        ("You subtracted the largest", lambda s: shares(np.exp(s - np.max(s)))),
        ("Your columns add up", lambda s: stable(s, axis=0)),
        ("Your whole table adds up", lambda s: stable(s.ravel()[None])[0].reshape(s.shape)),
        ("The largest score got", lambda s: stable(-1 * s)),
        ("", lambda s: shares(np.exp(s), axis=0)),
        ("", lambda s: stable(s).round(2)),
        ("", lambda s: stable(s).argmax(axis=1)),
        ("", lambda s: shares(2 ** (s - s.max(axis=1, keepdims=True)))),
        ("", lambda s: stable(s).max(axis=1)),
    ],
    "cross-entropy": [
        ("You took the mean, as", lambda p, y: -np.mean(np.log(true_class(p, y)))),
        ("That is the log-likelihood.", lambda p, y: np.log(true_class(p, y)).sum()),
        ("You took the logarithm to the base 2", lambda p, y: -np.log2(true_class(p, y)).sum()),
        ("You returned one number", lambda p, y: -np.log(true_class(p, y))),
        ("You added up all the", lambda p, y: -sum(np.log(p).ravel())),
        ("", lambda p, y: -true_class(p, y).sum()),
        ("", lambda p, y: -np.log(1 - true_class(p, y)).sum()),
        ("", lambda p, y: -np.log(p.max(axis=1)).sum()),
        ("", lambda p, y: -(p * np.log(p)).sum()),
        ("", lambda p, y: (p.argmax(axis=1) != y).mean()),
    ],
    "hidden-layer": [
        ("The logistic function is missing", lambda x, a, a0: a0 + np.dot(x, a)),
        ("The intercepts are missing", lambda x, a, a0: logistic(np.dot(x, a))),
        ("You added the intercepts after", lambda x, a, a0: a0 + logistic(np.dot(x, a))),
        ("Your units go down", lambda x, a, a0: 1 / (1 + np.exp(x @ a + a0))),
        ("That is the ReLU", lambda x, a, a0: (x @ a + a0).clip(min=0)),
        ("", lambda x, a, a0: np.exp(x @ a + a0)),
        ("", lambda x, a, a0: logistic(-(x @ a) + a0)),
        ("", lambda x, a, a0: logistic(x @ a + a0) > 0.5),
        ("", lambda x, a, a0: logistic(x @ a + a0).sum(axis=1)),
        ("", lambda x, a, a0: logistic(x @ a + a0[0])),
    ],
    "softmax-gradient": [
        ("The sign is turned.", lambda p, y: -(p - dummies(p, y))),
        ("That is the gradient of the mean", lambda p, y: (p - dummies(p, y)) / p.shape[0]),
        ("You subtracted 1 everywhere", lambda p, y: -(1 - p)),
        ("You left the other classes", lambda p, y: np.where(dummies(p, y) == 1, p - 1, 0)),
        ("That is the derivative of a prob", lambda p, y: p - p**2),
        ("", lambda p, y: true_class(p, y) - 1),
        ("", lambda p, y: p - y[:, None]),
        ("", lambda p, y: (p - dummies(p, y)) ** 2),
        ("", lambda p, y: (p - dummies(p, y)).sum(axis=0)),
        ("", lambda p, y: p + dummies(p, y)),
    ],
    "count-mlp-parameters": [
        ("The intercepts are missing", lambda s: sum(a * b for a, b in pairwise(s))),
        ("You counted the units", lambda s: int(np.sum(s))),
        ("You gave the inputs", lambda s: s[0] + sum(a * b + b for a, b in pairwise(s))),
        ("You counted one intercept", lambda s: sum(a * b + 1 for a, b in pairwise(s))),
        ("You counted the intercepts where", lambda s: sum(a * (b + 1) for a, b in pairwise(s))),
        ("You stopped after the first", lambda s: s[0] * s[1] + s[1]),
        ("", lambda s: int(np.prod(s))),
        ("", lambda s: sum((a + 1) * (b + 1) for a, b in pairwise(s))),
        ("", lambda s: (s[0] + 1) * s[-1]),
        ("", lambda s: sum(a + b for a, b in pairwise(s))),
    ],
}
