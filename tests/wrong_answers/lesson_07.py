"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

import numpy as np

import cnn_course as cc


def slope(model, image, class_index):
    return cc.saliency(model, image, class_index, of="probability", signed=True)


def score(model, image, class_index):
    return cc.saliency(model, image, class_index)


def weighted(activations, gradients, weights):
    return np.maximum((activations * weights).sum(axis=-1), 0)


WRONG = {
    "saliency": [
        ("", lambda model, image, class_index: score(model, image, class_index)),
        ("", lambda model, image, class_index: slope(model, image, class_index)),
        ("", lambda model, image, class_index: np.abs(slope(model, image, class_index)).min(axis=-1)),
        ("", lambda model, image, class_index: np.abs(slope(model, image, class_index)).max(axis=0)),
        ("", lambda model, image, class_index: np.sqrt((slope(model, image, class_index) ** 2).sum(axis=-1))),
        ("", lambda model, image, class_index: np.abs(slope(model, image, class_index))[..., 0]),
        ("", lambda model, image, class_index: np.abs(slope(model, image, class_index)).max()),
        ("", lambda model, image, class_index: np.abs(slope(model, image, class_index).mean(axis=-1))),
        ("", lambda model, image, class_index: image.max(axis=-1)),
        ("", lambda model, image, class_index: 255 * np.abs(slope(model, image, class_index)).max(axis=-1)),
    ],
    "grad-cam": [
        ("", lambda activations, gradients: weighted(activations, gradients, gradients.max(axis=(0, 1)))),
        ("", lambda activations, gradients: weighted(activations, gradients, np.abs(gradients).mean(axis=(0, 1)))),
        ("", lambda activations, gradients: np.maximum(activations.sum(axis=-1), 0)),
        ("", lambda activations, gradients: np.maximum(gradients.sum(axis=-1), 0)),
        ("", lambda activations, gradients: weighted(activations, gradients, gradients.mean())),
        ("", lambda activations, gradients: activations * gradients.mean(axis=(0, 1))),
        ("", lambda activations, gradients: weighted(activations, gradients, np.sign(gradients.mean(axis=(0, 1))))),
        ("", lambda activations, gradients: weighted(activations, gradients, -gradients.mean(axis=(0, 1)))),
        ("", lambda activations, gradients: np.maximum((activations * gradients.mean(axis=(0, 1))).max(axis=-1), 0)),
        ("", lambda activations, gradients: np.maximum(activations * gradients, 0).sum(axis=-1)),
    ],
    "adversarial-step": [
        ("", lambda image, gradient, strength: np.clip(image * strength * np.sign(gradient), 0, 255)),
        ("", lambda image, gradient, strength: image),
        ("", lambda image, gradient, strength: np.clip(image + strength, 0, 255)),
        ("", lambda image, gradient, strength: strength * np.sign(gradient)),
        ("", lambda image, gradient, strength: np.clip(image + strength * 255 * np.sign(gradient), 0, 255)),
        ("", lambda image, gradient, strength: np.clip(image + strength * np.sign(gradient), -1, 1)),
        ("", lambda image, gradient, strength: np.clip(image, 0, 255) + strength * np.sign(gradient) / 255),
        ("", lambda image, gradient, strength: np.clip(image + strength * np.abs(np.sign(gradient)), 0, 255)),
        ("", lambda image, gradient, strength: np.clip(image / 255 + strength * np.sign(gradient), 0, 255)),
        ("", lambda image, gradient, strength: np.sign(gradient)),
    ],
}
