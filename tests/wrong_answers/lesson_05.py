"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

import pickle

import numpy as np

import cnn_course as cc

keras = cc.load_keras()


def fit(model, x, y, learning_rate, loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD, **options):
    model.compile(optimizer=optimizer(learning_rate), loss=loss)
    history = model.fit(x, y, verbose=0, **{"batch_size": len(x), **options})
    return history.history["loss"][-1]


def saved(model, path):
    model.save(path)
    return keras.models.load_model(path)


def weights_only(model, path):
    model.save(path)
    return model.get_weights()


def untrained(model, path):
    model.save(path)
    return keras.models.clone_model(model)


def scaled(model, path):
    loaded = saved(model, path)
    loaded.set_weights([2 * w for w in loaded.get_weights()])
    return loaded


def changed_first(model, path):
    model.set_weights([w + 1 for w in model.get_weights()])
    return saved(model, path)


def removed(model, path):
    loaded = saved(model, path)
    path.unlink()
    return loaded


def pickled(model, path):
    path.write_bytes(pickle.dumps(model))
    return pickle.loads(path.read_bytes())


def weights_elsewhere(model, path):
    model.save_weights(path.with_suffix(".weights.h5"))
    return model


def branches(
    inputs=(28, 28, 1),
    kernels=(3, 5),
    activation="relu",
    chain=False,
    nested=False,
    two_inputs=False,
    join="Concatenate",
    axis=-1,
    pooling="GlobalAveragePooling2D",
    classes=10,
    last="softmax",
):
    layers, first = keras.layers, keras.Input(inputs)
    second = keras.Input(inputs) if two_inputs else first
    small, large = (layers.Conv2D(8, size, padding="same", activation=activation) for size in kernels)
    a = keras.Sequential([small])(first) if nested else small(first)
    b = large(a if chain else second)
    joined = layers.Concatenate(axis=axis)([a, b]) if join == "Concatenate" else getattr(layers, join)()([a, b])
    outputs = layers.Dense(classes, activation=last)(getattr(layers, pooling)()(joined))
    return keras.Model([first, second] if two_inputs else first, outputs)


def row(*named):
    made = ((name, ()) if isinstance(name, str) else (name[0], name[1:]) for name in named)
    return keras.Sequential([getattr(keras.layers, name)(*arguments) for name, arguments in made])


WRONG = {
    "train-step": [
        ("", lambda model, x, y, learning_rate: 0.0),
        ("Return the loss before the step, one number", lambda model, x, y, learning_rate: model(x)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, epochs=3)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, optimizer=keras.optimizers.Adam)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, batch_size=1, shuffle=False)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate / 2)),
        ("", lambda model, x, y, learning_rate: -fit(model, x, y, learning_rate)),
        ("", lambda model, x, y, learning_rate: fit(model, x[:2], y[:2], learning_rate)),
        ("", lambda model, x, y, learning_rate: fit(model, x, np.zeros_like(y), learning_rate)),
        ("You returned nothing", lambda model, x, y, learning_rate: None),
        ("Return the loss before the step, one number", lambda model, x, y, learning_rate: model),
        ("Return the loss before the step, one number", lambda model, x, y, learning_rate: [0.5]),
    ],
    "save-and-load": [
        ("", weights_only),
        ("", untrained),
        ("", scaled),
        ("", changed_first),
        ("There is no file", removed),
        ("There is no file", lambda model, path: keras.models.clone_model(model)),
        ("Your code raised", lambda model, path: keras.models.load_model(path)),
        ("You returned nothing", lambda model, path: model.save(path)),
        ("Return the model", lambda model, path: path),
        ("Your code raised", lambda model, path: saved(model, path.with_suffix(".model"))),
        ("The file at `path` is no `.keras` archive", pickled),
        ("Return the model", lambda model, path: (model, saved(model, path))),
        ("You returned the model that you were given, and there is no file", weights_elsewhere),
    ],
    "functional-model": [
        ("Hand in a Keras model", "model"),
        ("Hand in a Keras model", keras.layers.Dense(10)),
        ("The model should take one picture", branches(inputs=(28, 28, 3))),
        ("The model should take one picture", branches(two_inputs=True)),
        ("There should be two `Conv2D`", branches(nested=True)),
        ("There should be two `Conv2D`", branches(kernels=(3, 3))),
        ("The second convolution reads", branches(chain=True)),
        ("The two branches are never joined", branches(join="Add")),
        ("Joined, the maps should be", branches(axis=1)),
        ("Behind the convolutions should be a ReLU", branches(activation="tanh")),
        ("Behind the convolutions should be a ReLU", branches(activation="sigmoid")),
        ("Of each joined map", branches(pooling="GlobalMaxPooling2D")),
        ("The model should end in 10", branches(classes=2)),
        ("The ten numbers should be probabilities", branches(last="sigmoid")),
    ],
    "augmentation-pipeline": [
        ("Hand in Keras layers", [keras.layers.RandomFlip()]),
        ("Hand in Keras layers", "RandomFlip"),
        ("It raises an error", keras.Sequential([keras.layers.RandomHue(0.1)])),
        ("It raises an error", keras.Sequential([])),
        ("It changes pictures outside training", row("RandomFlip", ("Conv2D", 1, 1))),
        ("It changes pictures outside training", row(("Rescaling", 1 / 255), "RandomFlip")),
        ("In training nothing changes", row(("GaussianNoise", 0.1))),
        ("In training nothing changes", row(("RandomRotation", 0.0))),
        ("In training some values leave the range", row(("Dropout", 0.2))),
        ("In training some values leave the range", row("RandomFlip", ("GaussianNoise", 1.0))),
        ("The pictures should keep their shape", row(("RandomCrop", 24, 24))),
    ],
}
