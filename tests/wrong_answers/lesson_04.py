"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

from math import prod

import numpy as np


def cut(x, y, size, order, start=0, stop=None, step=None):
    stop = len(order) if stop is None else stop
    return [(x[order[i : i + size]], y[order[i : i + size]]) for i in range(start, stop, step or size)]


def numbers(shapes):
    return sum(map(prod, shapes))


WRONG = {
    "sgd-step": [
        ("", lambda w, gradient, learning_rate: w),
        ("", lambda w, gradient, learning_rate: learning_rate * gradient - w),
        ("", lambda w, gradient, learning_rate: w * (1 - learning_rate * gradient)),
        ("", lambda w, gradient, learning_rate: w - learning_rate),
        ("", lambda w, gradient, learning_rate: w - gradient / learning_rate),
        ("", lambda w, gradient, learning_rate: w - learning_rate * np.abs(gradient)),
        ("", lambda w, gradient, learning_rate: w - 2 * learning_rate * gradient),
        ("", lambda w, gradient, learning_rate: w - learning_rate * gradient.mean()),
        ("", lambda w, gradient, learning_rate: gradient - learning_rate * w),
        ("You returned nothing", lambda w, gradient, learning_rate: None),
    ],
    "minibatches": [
        ("", lambda x, y, batch_size, order: []),
        ("", lambda x, y, batch_size, order: [(x[order], y[order])]),
        ("", lambda x, y, batch_size, order: (x[order], y[order])),
        ("", lambda x, y, batch_size, order: cut(x, y, batch_size, order, start=batch_size)),
        ("", lambda x, y, batch_size, order: cut(x, y, batch_size, order, step=batch_size + 1)),
        ("", lambda x, y, batch_size, order: cut(x, y, batch_size - 1, order, step=batch_size)),
        ("", lambda x, y, batch_size, order: [(x[i], y[i]) for i in order]),
        ("", lambda x, y, batch_size, order: [y[order[i : i + batch_size]] for i in range(0, len(order), batch_size)]),
        ("", lambda x, y, batch_size, order: cut(x, y, batch_size, order[::-1])),
        ("", lambda x, y, batch_size, order: [batch for pair in cut(x, y, batch_size, order) for batch in pair]),
    ],
    "batch-memory": [
        ("", lambda activation_shapes, batch_size: 2 * batch_size * numbers(activation_shapes)),
        ("", lambda activation_shapes, batch_size: 4 * (batch_size + numbers(activation_shapes))),
        ("", lambda activation_shapes, batch_size: 4 * batch_size * numbers(activation_shapes[:-1])),
        ("", lambda activation_shapes, batch_size: 4 * batch_size * numbers(activation_shapes[1:])),
        ("", lambda activation_shapes, batch_size: 4 * batch_size * prod(activation_shapes[0])),
        ("", lambda activation_shapes, batch_size: 4 * batch_size * len(activation_shapes)),
        ("", lambda activation_shapes, batch_size: 4 * numbers(activation_shapes) / batch_size),
        ("You gave megabytes", lambda activation_shapes, batch_size: 4 * batch_size * numbers(activation_shapes) / 1e6),
        (
            "You gave mebibytes",
            lambda activation_shapes, batch_size: batch_size * numbers(activation_shapes) * 4 / 1024 / 1024,
        ),
        ("", lambda activation_shapes, batch_size: 4 * batch_size * numbers(activation_shapes) // 1024),
        (
            "You have twice too many",
            lambda activation_shapes, batch_size: 2 * 4 * batch_size * numbers(activation_shapes),
        ),
        ("", lambda activation_shapes, batch_size: 4 * batch_size**2 * numbers(activation_shapes)),
        ("", lambda activation_shapes, batch_size: [4 * batch_size * prod(s) for s in activation_shapes]),
    ],
}
