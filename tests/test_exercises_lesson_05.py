"""Right answers to lesson 05 that do not look like the solution: each passes."""

import pytest

import cnn_course as cc
from cnn_course import find_exercise
from cnn_course.exercises.judge import judge

keras = cc.load_keras()
layers, ops = keras.layers, keras.ops


def branched(before=None, relu="relu", join=None, average=None, last=None):
    """Two branches as the question has them, each part in another way where one is given."""
    inputs = keras.Input((28, 28, 1))
    maps = []
    for size in (5, 3):
        x = before()(inputs) if before else inputs
        x = layers.Conv2D(8, (size, size), padding="same", activation=relu)(x)
        maps.append(x if relu else layers.ReLU()(x))
    joined = join(maps) if join else layers.concatenate(maps)
    pooled = average(joined) if average else layers.GlobalAveragePooling2D()(joined)
    return keras.Model(inputs, last(pooled) if last else layers.Dense(10, activation="softmax")(pooled))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: branched(before=lambda: layers.Rescaling(1 / 255)),
        lambda: branched(relu=None),
        lambda: branched(join=lambda maps: ops.concatenate(maps, axis=-1)),
        lambda: branched(average=lambda x: ops.mean(x, axis=(1, 2))),
        lambda: branched(average=lambda x: layers.Flatten()(layers.AveragePooling2D(28)(x))),
        lambda: branched(last=lambda x: layers.Softmax()(layers.Dense(10)(x))),
    ],
)
def test_two_branches_may_be_written_in_many_ways(answer):
    result = judge(find_exercise("functional-model"), answer())
    assert result.passed, result.message


@pytest.mark.parametrize(
    "answer",
    [
        lambda: layers.RandomRotation(0.05),
        lambda: keras.Sequential([keras.Input((28, 28, 1)), layers.RandomFlip("horizontal")]),
        lambda: keras.Sequential([layers.RandomCrop(24, 24), layers.Resizing(28, 28)]),
        lambda: keras.Sequential([layers.RandomTranslation(0.1, 0.1, seed=1)]),
        lambda: keras.Sequential([layers.RandomContrast(0.3)]),
        lambda: cc.build_augmentation(shift=0.1, noise=5),
    ],
)
def test_any_random_layers_that_keep_the_scale_are_augmentation(answer):
    result = judge(find_exercise("augmentation-pipeline"), answer())
    assert result.passed, result.message


def blind_step(model, x, y, learning_rate):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model.predict(x, verbose=0)))
    gradients = tape.gradient(loss, model.trainable_variables)
    for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
        weight.assign_sub(learning_rate * gradient)
    return float(loss)


def misfit_step(model, x, y, learning_rate):
    import tensorflow as tf

    return tf.ones((4, 3)) / tf.reduce_sum(tf.ones((4, 3)), axis=1)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (blind_step, "A gradient is None: the tape did not see the way"),
        (misfit_step, "The shapes (4, 3) and (4,) do not fit together. Did a sum"),
    ],
)
def test_tensorflows_errors_are_answered_in_words(step, words):
    result = judge(find_exercise("train-step"), step)
    assert result.outcome == "crash" and words in result.message, result.message
