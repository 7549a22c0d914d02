"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

import numpy as np

WRONG = {
    "output-size": [
        ("", lambda w, k, p, s: w - k + 1),
        ("The + 1 is for the", lambda w, k, p, s: (w - k + 2 * p + 1) // s),
        ("", lambda w, k, p, s: (w - k) // s + 1 + 2 * p),
        ("", lambda w, k, p, s: (w + k + 2 * p) // s + 1),
        ("", lambda w, k, p, s: round((w - k + 2 * p) / s) + 1),
        ("You rounded up. A last", lambda w, k, p, s: -(-(w - k + 2 * p) // s) + 1),
        ("", lambda w, k, p, s: ((w - k + 2 * p) // s + 1) ** 2),
        ("Python divides before", lambda w, k, p, s: w - k + 2 * p // s + 1),
        ("", lambda w, k, p, s: (w - k + 2 * p) // (s + 1)),
        ("", lambda w, k, p, s: str((w - k + 2 * p) // s + 1)),
    ],
    "same-padding": [
        ("", lambda n, k, s: (k // 2, k // 2)),
        ("", lambda n, k, s: ((k - 1) // 2, (k - 1) // 2)),
        ("", lambda n, k, s: (k - 1, k - 1)),
        ("", lambda n, k, s: (0, k - 1)),
        ("", lambda n, k, s: max((-(-n // s) - 1) * s + k - n, 0)),
        ("The odd zero is on the", lambda n, k, s: same(n, k, s)[::-1]),
        ("That is right for a", lambda n, k, s: same(n, k, 1)),
        ("The number of zeros", lambda n, k, s: halves((-(-n // s) - 1) * s + k - n)),
        ("", lambda n, k, s: halves(max((n // s - 1) * s + k - n, 0))),
        ("", lambda n, k, s: tuple(x / 2 for x in 2 * [sum(same(n, k, s))])),
    ],
    "conv2d": [
        ("", lambda image, kernel: slide(image, kernel[::-1])),
        ("", lambda image, kernel: slide(image, kernel[:, ::-1])),
        ("", lambda image, kernel: slide(image, kernel.T)),
        ("", lambda image, kernel: slide(np.pad(image, 1), kernel)),
        ("", lambda image, kernel: slide(image, kernel)[::2, ::2]),
        ("You took the mean of", lambda image, kernel: slide(image, kernel) / kernel.size),
        ("You added up the patch", lambda image, kernel: slide(image, np.ones_like(kernel))),
        ("The last position is", lambda image, kernel: slide(image, kernel)[:-1, :-1]),
        ("", lambda image, kernel: np.maximum(slide(image, kernel), 0)),
        ("", lambda image, kernel: slide(image, kernel).sum()),
    ],
    "conv2d-channels": [
        ("", lambda image, kernel: slide_channels(image, kernel[:, :, ::-1])),
        ("", lambda image, kernel: slide_channels(image, kernel[..., ::-1])),
        ("", lambda image, kernel: slide_channels(image, kernel).mean(axis=-1)),
        ("", lambda image, kernel: slide_channels(image, kernel[..., :1])[..., 0]),
        ("You used the first", lambda image, kernel: slide_channels(image[..., :1], kernel[:, :, :1])),
        (
            "You took the mean over the channels. A",
            lambda image, kernel: slide_channels(image, kernel) / image.shape[2],
        ),
        (
            "The maps come first in your output.",
            lambda image, kernel: np.moveaxis(slide_channels(image, kernel), -1, 0),
        ),
        ("You flipped the kernel.", lambda image, kernel: slide_channels(image, kernel[::-1, ::-1])),
        (
            "Your answer has the right values with",
            lambda image, kernel: np.swapaxes(slide_channels(image, kernel), 0, 1),
        ),
        ("", lambda image, kernel: slide_channels(image, kernel).sum(axis=-1, keepdims=True)),
    ],
    "conv-parameters": [
        ("The biases are missing:", lambda k, c, f: k**2 * c * f),
        ("A filter has one kernel", lambda k, c, f: k**2 * f + f),
        ("The kernel is a square:", lambda k, c, f: k * c * f + f),
        ("There is one bias for", lambda k, c, f: k**2 * c * f + 1),
        ("", lambda k, c, f: k**2 * c + f),
        ("You gave each kernel a", lambda k, c, f: k**2 * c * f + f * c),
        ("", lambda k, c, f: k**2 * c * f + c),
        ("", lambda k, c, f: 2 * k * c * f + f),
        ("", lambda k, c, f: k**2 * (c + f)),
        ("", lambda k, c, f: k**2 * c * f + k**2),
    ],
}


def halves(total):
    return total // 2, total - total // 2


def same(size, kernel_size, strides):
    return halves(max((-(-size // strides) - 1) * strides + kernel_size - size, 0))


def slide(image, kernel):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    if min(rows, columns) < 1:
        return np.zeros((max(rows, 0), max(columns, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijkl,kl->ij", windows, kernel)


def slide_channels(image, kernel):
    layers = [
        sum(slide(image[..., c], kernel[:, :, c, f]) for c in range(image.shape[2])) for f in range(kernel.shape[3])
    ]
    return np.stack(layers, axis=-1)
