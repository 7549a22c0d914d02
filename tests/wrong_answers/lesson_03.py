"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

import numpy as np


def blocks(x, p):
    rows, columns = x.shape[0] // p, x.shape[1] // p
    return [[x[i * p : (i + 1) * p, j * p : (j + 1) * p] for j in range(columns)] for i in range(rows)]


def each(x, p, function):
    return np.array([[function(block) for block in row] for row in blocks(x, p)])


def kinds(x, p, kind, **others):
    functions = {"max": np.max, "average": np.mean, "norm": lambda b: np.sqrt((b**2).sum()), **others}
    return each(x, p, functions[kind])


def field(layers, start=1, step=lambda k: k - 1, grow=lambda jump, s: jump * s):
    size, jump = start, 1
    for k, s in layers:
        size += step(k) * jump
        jump = grow(jump, s)
    return size


def one_block_early(x, p):
    height, width = x.shape
    return np.array([[x[i : i + p, j : j + p].max() for j in range(0, width - p, p)] for i in range(0, height - p, p)])


WRONG = {
    "max-pool": [
        ("", lambda x, pool_size: each(x, pool_size, np.min)),
        ("", lambda x, pool_size: each(x, pool_size, np.sum)),
        ("", lambda x, pool_size: each(x, pool_size, np.median)),
        ("", lambda x, pool_size: each(x, pool_size, np.argmax)),
        ("Your answer is the", lambda x, pool_size: each(x, pool_size, np.max).T),
        ("", lambda x, pool_size: each(x, 2, np.max)),
        ("", lambda x, pool_size: each(x, pool_size, np.max).ravel()),
        ("", lambda x, pool_size: x[::pool_size, ::pool_size]),
        ("", lambda x, pool_size: each(x, pool_size, np.max)[:-1]),
        ("", lambda x, pool_size: x.max()),
        ("You stop one block early", lambda x, p: one_block_early(x, p)),
    ],
    "pool-variants": [
        ("You took the average, whatever", lambda x, pool_size, kind: kinds(x, pool_size, "average")),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, norm=lambda b: b.sum())),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, norm=lambda b: np.sqrt(np.abs(b.sum())))),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, max=lambda b: np.abs(b).max())),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, average=np.median)),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, norm=lambda b: np.linalg.norm(b, 2))),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, average=lambda b: b.sum() / pool_size)),
        (
            "In the norm you took",
            lambda x, pool_size, kind: kinds(x, pool_size, kind, norm=lambda b: np.sqrt((b**2).sum()) / pool_size),
        ),
        ("", lambda x, pool_size, kind: kinds(x, pool_size, kind, norm=np.var)),
        ("Your answer is the", lambda x, pool_size, kind: kinds(x, pool_size, kind).T),
    ],
    "dropout": [
        ("", lambda x, rate, mask: x * rate),
        ("", lambda x, rate, mask: x * (1 - rate)),
        ("", lambda x, rate, mask: x[mask == 1] / (1 - rate)),
        ("", lambda x, rate, mask: x * mask + (1 - rate)),
        ("", lambda x, rate, mask: x * mask / (1 + rate)),
        ("", lambda x, rate, mask: x - mask / (1 - rate)),
        ("", lambda x, rate, mask: x * (1 - mask)),
        ("", lambda x, rate, mask: mask / (1 - rate)),
        ("", lambda x, rate, mask: x * mask * x.sum() / (x * mask).sum()),
        ("", lambda x, rate, mask: x * mask / (1 - rate) ** 2),
    ],
    "receptive-field": [
        ("", lambda layers: layers[-1][0]),
        ("Your answer is always", lambda layers: field(layers, start=0)),
        ("You added the whole kernel", lambda layers: field(layers, step=lambda k: k)),
        ("", lambda layers: field(layers, grow=lambda jump, s: jump + s)),
        ("You took the stride of the layer before", lambda layers: field(layers, grow=lambda jump, s: s)),
        ("", lambda layers: field(layers) ** 2),
        ("", lambda layers: int(np.prod([s for _, s in layers]))),
        ("", lambda layers: max(k for k, _ in layers)),
        ("", lambda layers: sum(k * s for k, s in layers)),
        ("Your answer is always", lambda layers: field(layers) + 1),
        ("You added the whole kernel", lambda layers: field(layers, start=0, step=lambda k: k)),
        ("Your layers come in the wrong order", lambda layers: field(reversed(layers))),
    ],
}
