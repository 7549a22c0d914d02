"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

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


WRONG = {
    "train-step": [
        ("", lambda model, x, y, learning_rate: 0.0),
        ("", lambda model, x, y, learning_rate: model(x)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, epochs=3)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, optimizer=keras.optimizers.Adam)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate, batch_size=1, shuffle=False)),
        ("", lambda model, x, y, learning_rate: fit(model, x, y, learning_rate / 2)),
        ("", lambda model, x, y, learning_rate: -fit(model, x, y, learning_rate)),
        ("", lambda model, x, y, learning_rate: fit(model, x[:2], y[:2], learning_rate)),
        ("", lambda model, x, y, learning_rate: fit(model, x, np.zeros_like(y), learning_rate)),
        ("You returned nothing", lambda model, x, y, learning_rate: None),
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
    ],
}
