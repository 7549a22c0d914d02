"""Wrong answers for each function exercise, as students would write them, written after the misconceptions."""

import numpy as np

import cnn_course as cc


def slope(model, image, class_index):
    return cc.saliency(model, image, class_index, of="probability", signed=True)


def steepest(model, image, class_index):
    return np.abs(slope(model, image, class_index)).max(axis=-1)


def of_all_outputs(model, image):
    import tensorflow as tf

    x = tf.constant(image[None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        probabilities = model(x)
    return np.abs(tape.gradient(probabilities, x)[0]).max(axis=-1)


def scaled(heat):
    return heat / max(heat.max(), 1e-9)


def as_uint8(picture):
    return picture.astype(int).astype("uint8")


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
        (
            "You took the length",
            lambda model, image, class_index: np.linalg.norm(slope(model, image, class_index), axis=-1),
        ),
        ("Your values are practically zero", lambda model, image, class_index: of_all_outputs(model, image)),
        ("You divided by the largest", lambda model, image, class_index: scaled(steepest(model, image, class_index))),
        ("", lambda model, image, class_index: steepest(model, image, 0)),
        ("", lambda model, image, class_index: steepest(model, image, class_index).T),
        ("", lambda model, image, class_index: np.maximum(slope(model, image, class_index), 0).max(axis=-1)),
        ("", lambda model, image, class_index: (255 * steepest(model, image, class_index)).astype("uint8")),
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
        ("You kept", lambda activations, gradients: weighted(activations, gradients, -gradients.mean(axis=(0, 1)))),
        ("You divided", lambda a, gradients: scaled(weighted(a, gradients, gradients.mean(axis=(0, 1))))),
        ("You set to 0", lambda a, gradients: np.maximum(a * gradients.mean(axis=(0, 1)), 0).sum(axis=-1)),
        ("", lambda activations, gradients: weighted(activations, gradients, gradients.mean(axis=0))),
        (
            "",
            lambda activations, gradients: weighted(activations, gradients, np.maximum(gradients, 0).mean(axis=(0, 1))),
        ),
        ("", lambda activations, gradients: np.minimum((activations * gradients.mean(axis=(0, 1))).sum(axis=-1), 0)),
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
        ("Some pixels went round", lambda image, gradient, strength: as_uint8(image + strength * np.sign(gradient))),
        ("A pixel whose", lambda image, gradient, strength: (image + strength * (2 * (gradient > 0) - 1)).clip(0, 255)),
        ("", lambda image, gradient, strength: (image + strength * np.where(gradient >= 0, 1, -1)).clip(0, 255)),
        ("", lambda image, gradient, strength: np.minimum(image + strength * np.sign(gradient), 255)),
        ("", lambda image, gradient, strength: np.clip(image + np.clip(gradient, -strength, strength), 0, 255)),
        ("", lambda image, gradient, strength: np.clip(image + 2 * strength * np.sign(gradient), 0, 255)),
    ],
}
