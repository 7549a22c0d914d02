"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

from itertools import pairwise

import numpy as np


def logistic(z):
    return 1 / (1 + np.exp(-z))


def shares(values, axis=-1):
    return values / values.sum(axis=axis, keepdims=True)


def stable(scores, axis=-1):
    return shares(np.exp(scores - scores.max(axis=axis, keepdims=True)), axis)


def one_sum(scores):
    return np.exp(scores) / np.exp(scores).sum()


def true_class(p, labels):
    return np.array([row[label] for row, label in zip(p, labels, strict=True)])


def dummies(p, labels):
    return (np.arange(p.shape[1]) == labels[:, None]).astype(float)


WRONG = {
    "softmax": [
        ("Right for small scores.", lambda s: np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)),
        ("You subtracted the largest", lambda s: shares(np.exp(s - np.max(s)))),
        ("Your columns add up", lambda s: stable(s, axis=0)),
        ("Your whole table adds up", lambda s: stable(s.ravel()).reshape(s.shape)),
        ("The largest score got", lambda s: stable(-1 * s)),
        ("", lambda s: shares(np.exp(s), axis=0)),
        ("You subtracted each row's mean", lambda s: shares(np.exp(s - s.mean(axis=-1, keepdims=True)))),
        ("", lambda s: shares(np.exp(s - s.min(axis=-1, keepdims=True)))),
        ("", lambda s: shares(np.exp(s / 100))),
        ("", lambda s: stable(s).round(2)),
        ("", lambda s: stable(s).argmax(axis=-1)),
        ("", lambda s: shares(2 ** (s - s.max(axis=-1, keepdims=True)))),
        ("", lambda s: stable(s).max(axis=-1)),
    ],
    "cross-entropy": [
        ("You took the mean, as", lambda p, y: -np.mean(np.log(true_class(p, y)))),
        ("That is the log-likelihood.", lambda p, y: np.log(true_class(p, y)).sum()),
        ("You took the logarithm to the base 2", lambda p, y: -np.log2(true_class(p, y)).sum()),
        ("You returned one number", lambda p, y: -np.log(true_class(p, y))),
        ("You added up all the", lambda p, y: -sum(np.log(p).ravel())),
        ("", lambda p, y: -true_class(p, y).sum()),
        ("", lambda p, y: -np.log(1 - true_class(p, y)).sum()),
        ("You took the largest probability", lambda p, y: -np.log(p.max(axis=1)).sum()),
        ("", lambda p, y: -(p * np.log(p)).sum()),
        ("", lambda p, y: (p.argmax(axis=1) != y).mean()),
    ],
    "hidden-layer": [
        ("The logistic function of", lambda X, a0, a, b0, b: stable(np.dot(np.dot(X, a) + a0, b) + b0)),
        ("You returned the scores", lambda X, a0, a, b0, b: b0 + logistic(a0 + X @ a) @ b),
        ("You took the logistic function at", lambda X, a0, a, b0, b: logistic(logistic(X @ a + a0) @ b + b0)),
        ("All the intercepts", lambda X, a0, a, b0, b: stable(logistic(X @ a) @ b)),
        ("Your hidden units are ReLUs", lambda X, a0, a, b0, b: stable((X @ a + a0).clip(min=0) @ b + b0)),
        ("", lambda X, a0, a, b0, b: logistic(X @ a + a0)),
        ("Your softmax makes the columns", lambda X, a0, a, b0, b: stable(logistic(X @ a + a0) @ b + b0, axis=0)),
        ("", lambda X, a0, a, b0, b: stable(logistic(X @ a - a0) @ b - b0)),
        ("", lambda X, a0, a, b0, b: stable(logistic(X @ a + a0) @ b + b0).argmax(axis=1)),
        ("", lambda X, a0, a, b0, b: stable(X @ a @ b)),
        ("Your softmax divides by", lambda X, a0, a, b0, b: one_sum(logistic(X @ a + a0) @ b + b0)),
        ("", lambda X, a0, a, b0, b: stable(-(logistic(X @ a + a0) @ b + b0))),
    ],
    "softmax-gradient": [
        ("The sign is turned.", lambda T, y: dummies(T, y) - stable(T)),
        ("That is the gradient of the mean", lambda T, y: (stable(T) - dummies(T, y)) / T.shape[0]),
        ("You subtracted 1 everywhere", lambda T, y: -(1 - stable(T))),
        ("You subtracted from the scores", lambda T, y: T - dummies(T, y)),
        ("The true class is missing", lambda T, y: np.exp(T) / np.exp(T).sum(axis=1, keepdims=True)),
        ("", lambda T, y: true_class(stable(T), y) - 1),
        ("Your softmax divides by", lambda T, y: one_sum(T) - dummies(T, y)),
        ("Your softmax makes the columns", lambda T, y: stable(T, axis=0) - dummies(T, y)),
        ("", lambda T, y: stable(T) + dummies(T, y)),
        ("", lambda T, y: stable(T) - y[:, None]),
        ("", lambda T, y: (stable(T) - dummies(T, y)) ** 2),
        ("", lambda T, y: np.abs(stable(T) - dummies(T, y))),
        ("", lambda T, y: (stable(T) - dummies(T, y)) / T.size),
        ("", lambda T, y: -np.log(stable(T)) * dummies(T, y)),
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
