"""`train_model`: Keras's `fit`, with progress, early stopping, a checkpoint to go on from, and plain words."""

import warnings
from dataclasses import replace
from pathlib import Path

from .._arguments import integer, positive_integer
from .._graph import all_layers
from .._keras import load_keras
from .._printing import say
from ..datasets.rows import match_classes, rows_of
from ..errors import ModelError
from ._keeper import BY_HAND, Keeper
from ._progress import Progress
from .checkpoint import Checkpoint
from .checks import check_compiled_for, check_fit, class_weights, warn_if_too_large, warn_of_threshold
from .history import Comparison, TrainingHistory, counted
from .identity import describe_run, folder_name
from .inputs import TrainingWarning, note_classes, row_shape
from .pipeline import make_batches

keras = load_keras()

_EVALUATION_BATCH = 256  # without gradients a batch needs less memory, and large ones are faster


def train_model(
    model,
    data,
    validation_data=None,
    epochs=10,
    batch_size=32,
    patience=None,
    monitor=None,
    class_weight=None,
    checkpoint=None,
    seed=0,
    callbacks=(),
    progress=True,
):
    """Train a compiled model with Keras's `fit`, and return what happened in each epoch.

    The same model with the same first weights, data and seed is trained the same way again: the order of the
    pictures and the model's dropout and augmentation follow from the seed. (Sums of floating point numbers
    on several cores may still differ in their last digits.)

    Parameters
    ----------
    model : keras.Model
        Compiled, as the `build_*` functions return it.
    data : ImageDataset, LazyImageDataset, PointDataset or pair of arrays
        Pictures ``(n, height, width, channels)``, uint8, 0 to 255, and labels ``(n,)`` from 0 to classes - 1.
    validation_data : as `data`, optional
        Looked at after each epoch, never trained on. Where both sets know the names of their classes, classes are
        matched by name.
    epochs : int
        Passes over the data, those before a resumption included.
    batch_size : int
        Pictures in a step of the optimiser.
    patience : int, optional
        Stop when `monitor` has not improved for so many epochs, and take the weights of the best epoch back.
        With ``patience=epochs`` all epochs are trained and the best one is taken.
    monitor : str, optional
        ``"val_loss"`` where there is validation data, otherwise ``"loss"``; or any metric's name. Losses and
        errors are best when small, other metrics when large.
    class_weight : dict of int or str to float, sequence of float, or "balanced", optional
        How much a picture of each class counts: by the class's number or name, or in the order of the classes, as
        scikit-learn's ``compute_class_weight`` gives it. ``"balanced"`` is ``n / (classes * pictures of the class)``,
        so that each class counts the same in all.
    checkpoint : str or Path, optional
        Folder that after each epoch holds all that is needed to go on. If the process is killed, the same call
        goes on after the last finished epoch, and says so; the optimizer goes on too, with its learning rate.
        If all epochs are done, it gives the trained model back without training. A folder belongs to one training:
        another model, loss, optimizer, data, seed or batch size is refused, and other first weights too (where they
        are drawn anew each time, for want of a seed, it warns and goes on).
    seed : int
        Of the order, dropout and augmentation; not of the first weights, which the model has already.
    callbacks : keras.callbacks.Callback or sequence of them
        Called as by `fit`. Their own state is not in the checkpoint.
    progress : bool
        Whether to show a line with the time left, loss and accuracy. It is still in a stored notebook.

    Returns
    -------
    TrainingHistory

    Raises
    ------
    DataError
        If data, labels or numbers do not fit each other or the model.
    ModelError
        If the model is not compiled, or not again after `trainable` was changed; if its loss does not go with its last
        layer, `monitor` is no metric of it, or the checkpoint is another training's.

    Warns
    -----
    TrainingWarning
        If the loss is no longer a number (training stops, and the warning says why this happens), or if the
        batch will hardly fit into the free memory; as `ScaleWarning` if the pictures lie on another scale than the
        model's first layers were made for.

    Notes
    -----
    Stopped by hand (Ctrl + C, or the notebook's stop button) it returns the epochs done so far; with `patience` the
    model has the best weights.

    The order of an epoch is a permutation drawn from the pair (seed, epoch).

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_course import build_logit
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> model = build_logit((2,), classes=2, seed=0)
    >>> history = train_model(model, (x, x[:, 0] > 0), epochs=3, progress=False)
    >>> history.epochs, history.metrics["loss"][0] > history.metrics["loss"][2]
    (3, True)
    """
    integer("epochs", epochs, 1)
    integer("seed", seed, 0)
    if patience is not None:
        integer("patience", patience, 1)
    rows = rows_of(data)
    held_out = None if validation_data is None else rows_of(validation_data, "validation_data")
    check_fit(model, rows)
    check_compiled_for(model)
    if held_out is not None:
        held_out = match_classes(held_out, rows.class_names, "validation_data", "data")
        check_fit(model, held_out, "validation_data")
    weights = class_weights(class_weight, rows, (row_shape(model, "output") or (None,))[-1])
    warn_of_threshold(model)
    note_classes(model, rows.class_names)
    callbacks = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else [*callbacks]
    warn_if_too_large(model, positive_integer("batch_size", batch_size))
    _seed_random_layers(model, seed)
    store = checkpoint and Checkpoint(checkpoint, describe_run(model, rows, held_out, batch_size, seed, weights))
    monitor = monitor or ("loss" if held_out is None else "val_loss")
    history = _begun(store and store.restore(model), rows, batch_size, monitor, seed)

    train, orders = make_batches(rows, batch_size, seed=seed, first_epoch=history.epochs)
    keeper = Keeper(history, patience, store, orders)
    line = Progress(_title(model, rows, history), epochs, orders.steps, history.epochs) if progress else None
    ended = ""
    try:
        if history.epochs < epochs and not keeper.reason_to_stop():
            with keeper.ending_well():
                model.fit(
                    train,
                    initial_epoch=history.epochs,
                    epochs=epochs,
                    shuffle=False,  # the batches are shuffled already
                    validation_data=held_out and make_batches(held_out, _EVALUATION_BATCH, shuffle=False)[0],
                    class_weight=weights,
                    callbacks=[keeper, *filter(None, [line]), *callbacks],
                    verbose=0,
                )
        finished = keeper.finished(model)
        ended = finished.ended
    finally:
        if line:
            line.close(ended)
    if keeper.failed:
        warnings.warn(ended, TrainingWarning, stacklevel=2)
    return finished


def compare(settings, data, validation_data=None, **options):
    """Train a model for each of several settings on the same data, and return their histories by name.

    Parameters
    ----------
    settings : dict
        Name to a function without arguments that returns a compiled model, or name to a dict of arguments of
        `train_model`, with such a function under ``"model"``.
    data, validation_data
        As for `train_model`.
    **options
        Arguments of `train_model` for all settings; ``model`` may be among them. Of a ``checkpoint`` folder each
        setting has a folder of its own inside it, under its name.

    Returns
    -------
    Comparison

    Raises
    ------
    ModelError
        If `settings` is no dict, or a setting has no function that builds its model.

    Notes
    -----
    Stopped by hand, it returns what was trained so far.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_course import build_logit
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> build = lambda: build_logit((2,), classes=2, seed=0)
    >>> sizes = {"one at a time": {"batch_size": 1}, "all at once": {"batch_size": 200}}
    >>> both = compare(sizes, (x, x[:, 0] > 0), model=build, epochs=2, progress=False)
    >>> both["one at a time"].metrics["loss"][-1] < both["all at once"].metrics["loss"][-1]
    True
    """
    if not isinstance(settings, dict) or not settings:
        raise ModelError(f"settings must map names to settings, as {{'small': build}}. Received: settings={settings!r}")
    histories = {}
    for name, setting in settings.items():
        arguments = {**options, **(setting if isinstance(setting, dict) else {"model": setting})}
        if options.get("checkpoint") and arguments["checkpoint"] is options["checkpoint"]:
            arguments["checkpoint"] = Path(options["checkpoint"]) / folder_name(name)
        build = arguments.pop("model", None)
        if not callable(build) or isinstance(build, keras.Model):
            raise ModelError(
                f"Each setting needs a function that builds its model, or two settings would train the same weights. "
                f"Received: {name!r} with model={build!r}. Try model=lambda: build_small_cnn(...)."
            )
        if arguments.get("progress", True):
            say(f"{name}:")
        histories[name] = train_model(build(), data, validation_data, **arguments)
        if histories[name].ended.startswith(BY_HAND):
            break
    return Comparison(histories)


def _begun(history, rows, batch_size, monitor, seed):
    """Return the history to go on with: a new one, or that of a checkpoint, which notes where it was taken up."""
    if history is None:
        backend = keras.backend.backend()
        return TrainingHistory({}, (), len(rows), batch_size, monitor, backend=backend, seed=seed)
    resumed = (*history.resumed_after, history.epochs)
    return replace(history, monitor=monitor, ended="", restored_epoch=None, resumed_after=resumed)


def _title(model, rows, history):
    title = f"Training {model.name} on {counted(len(rows), 'picture')}"
    return f"{title}, going on after epoch {history.epochs}" if history.resumed_after else title


def _seed_random_layers(model, seed):
    """Give each random layer (dropout, augmentation) a state that follows from the seed and its place alone."""
    values = (value for _, layer in all_layers(model) for value in vars(layer).values())
    generators = (value for value in values if isinstance(value, keras.random.SeedGenerator))
    for place, generator in enumerate(generators):
        generator.state.assign([seed % 2**32, place])
