"""`freeze` and `unfreeze`: which weights training may change. Batch normalisation of the body always stays still."""

from __future__ import annotations

from typing import Any

from .._arguments import is_integer, positive_number
from .._graph import containers
from .._keras import load_keras
from ..errors import ModelError
from .parts import is_batch_norm, parts_of

keras = load_keras()

FINE = 1e-4  # learning rate of open blocks


def freeze(model: Any, learning_rate: float | None = None) -> Any:
    """Close every layer but the head, which is all that follows the pooling behind the maps, and return the model.

    Batch normalisation is in inference mode then: it uses its moving statistics and does not move them.

    Parameters
    ----------
    model : keras.Model
        As `build_transfer_model` makes it, or any other with a head; it is changed in place. A compiled one is
        compiled again, with the same loss and metrics and a fresh optimizer.
    learning_rate : float, optional
        The default is the optimizer's own.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If the model has no head, or the learning rate is not positive.

    Examples
    --------
    >>> from cnn_course import build_small_cnn
    >>> model = freeze(build_small_cnn((28, 28, 1), 10))
    >>> [layer.name for layer in model.layers if layer.trainable_weights]
    ['hidden_1', 'probabilities']
    """
    return _open(model, 0, learning_rate)


def unfreeze(model: Any, last: int | str | None = None, learning_rate: float | None = None) -> Any:
    """Open the head and the last blocks of the body, lower the learning rate, and return the model.

    Batch normalisation stays closed in every block, so that it stays in inference mode: a few small batches would
    spoil the statistics that it learned from a million pictures.

    Parameters
    ----------
    model : keras.Model
        It is changed in place. A compiled one is compiled again, with the same loss and metrics and a fresh
        optimizer; otherwise compile it before you train it.
    last : int, str or None
        How many blocks, counted from the head; or the name of the first open block; None for all. `backbone_blocks`
        lists the names.
    learning_rate : float, optional
        The default is 0.0001, or the optimizer's own if that is lower.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If there is no such block, or the learning rate is not positive.

    Notes
    -----
    ``base(x, training=False)`` alone does not keep the moving statistics still under `fit` in Keras 3 (its issue
    20285); a closed layer does.

    Examples
    --------
    >>> from cnn_course import build_small_cnn
    >>> model = unfreeze(build_small_cnn((28, 28, 1), 10, units=()), last=1)
    >>> [layer.name for layer in model.layers if layer.trainable_weights]
    ['conv_3', 'probabilities']
    """
    if learning_rate is None and getattr(model, "compiled", False):
        learning_rate = min(FINE, float(model.optimizer.learning_rate))
    return _open(model, last, learning_rate)


def backbone_blocks(model: Any) -> dict[str, int]:
    """Return the blocks of a model's body, first one first, and the weights in each.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict of str to int

    Raises
    ------
    ModelError
        If the model has no body and head.

    Examples
    --------
    >>> from cnn_course import build_small_cnn
    >>> backbone_blocks(build_small_cnn((28, 28, 1), 10, filters=(4, 8), units=()))
    {'conv_1': 40, 'conv_2': 296}
    """
    return {
        name: sum(layer.count_params() for layer in layers if layer.weights)
        for name, layers in parts_of(model, headless=True).blocks.items()
    }


def _open(model, last, learning_rate):
    parts = parts_of(model)
    check_rate(learning_rate)
    opened = {id(layer) for name in chosen_blocks(parts, last) for layer in parts.blocks[name]}
    for inner in (model, *containers(model)):
        inner.trainable = True  # a closed model hides the open layers inside it
    for layer in parts.body:
        layer.trainable = id(layer) in opened and not is_batch_norm(layer)
    for layer in parts.head:
        layer.trainable = True
    _compile_again(model, learning_rate)
    return model


def chosen_blocks(parts, last, name="last"):
    """Return the names of the blocks that `unfreeze` opens; `name` is what an error calls the number."""
    names = list(parts.blocks)
    if last is None:
        return names
    if isinstance(last, str) and last in names:
        return names[names.index(last) :]
    if is_integer(last, 0, len(names)):
        return names[len(names) - last :]
    raise ModelError(
        f"{name} must be a number of blocks from 0 to {len(names)}, the name of one ({', '.join(names)}), or None for "
        f"all. Received: {name}={last!r}"
    )


def check_rate(learning_rate):
    """Raise unless the learning rate is None or positive."""
    if learning_rate is not None:
        positive_number("learning_rate", learning_rate, ModelError, "positive")


def _compile_again(model, learning_rate):
    """Compile as before: Keras looks at what is trainable only then."""
    if not getattr(model, "compiled", False):
        return
    config = model.get_compile_config()
    if learning_rate is not None:
        config["optimizer"]["config"]["learning_rate"] = float(learning_rate)
    try:
        model.compile_from_config(config)
    except (TypeError, ValueError) as error:
        raise ModelError(
            "The layers are set, but the model could not be compiled again, because Keras does not know a loss or "
            "metric of yours: compile it again yourself, or put @keras.saving.register_keras_serializable() above "
            f"that function. {str(error).splitlines()[0]}"
        ) from error
