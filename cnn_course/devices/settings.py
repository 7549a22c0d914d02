"""Settings that must leave no trace, and two that TensorFlow takes only before its first tensor."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._arguments import integer
from .._keras import load_keras
from ..errors import BackendError, DataError, ModelError
from ._facts import backend_facts, version_numbers

_TOO_LATE = (
    "{call} must come before the backend makes its first tensor, and here it has made one. In a notebook restart the "
    "kernel and call it in the first cell; in a script call it right after the imports."
)


@contextmanager
def mixed_precision(dtype: str | None = None) -> Iterator[str]:
    """Compute in 16 bits and keep weights in 32, for the models that are built inside the block.

    Parameters
    ----------
    dtype : {"bfloat16", "float16"}, optional
        ``"bfloat16"`` has the range of float32; cards from compute capability 8.0 on are fast with it. ``"float16"`` is
        for older ones (a T4 has 7.5); Keras then scales the loss by itself, so that small gradients do not become 0.
        The default is ``"float16"`` on such a card, and ``"bfloat16"`` everywhere else.

    Yields
    ------
    str
        The name of Keras's policy.

    Raises
    ------
    DataError
        If `dtype` is another one.

    Notes
    -----
    The last layer's softmax should stay in float32: ``Dense(10, activation="softmax", dtype="float32")``. Afterwards
    the policy is as it was before, also after an error. A model that was built inside keeps its own.

    References
    ----------
    Micikevicius et al. (2018), Mixed precision training, ICLR.

    Examples
    --------
    >>> with mixed_precision() as policy:
    ...     layer = load_keras().layers.Dense(1)
    >>> policy, layer.compute_dtype, load_keras().layers.Dense(1).compute_dtype
    ('mixed_bfloat16', 'bfloat16', 'float32')
    """
    dtype = _fitting_dtype() if dtype is None else dtype
    if dtype not in ("bfloat16", "float16"):
        raise DataError(f"dtype must be 'bfloat16' or 'float16'. Received: dtype={dtype!r}")
    keras = load_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{dtype}")
    try:
        yield f"mixed_{dtype}"
    finally:
        keras.config.set_dtype_policy(before)


def _fitting_dtype():
    gpus = backend_facts().gpus
    old = gpus and gpus[0].compute_capability and version_numbers(gpus[0].compute_capability) < (8,)
    return "float16" if old else "bfloat16"


@contextmanager
def xla(model: Any, enabled: bool = True) -> Iterator[Any]:
    """Train and evaluate this model with the XLA compiler inside the block, or without it.

    Parameters
    ----------
    model : keras.Model
        Compiled, in Keras's sense.
    enabled : bool
        False turns XLA off where it is on by default: on a GPU, Keras compiles TensorFlow's steps with it.

    Yields
    ------
    keras.Model
        The same model.

    Raises
    ------
    BackendError
        Under PyTorch, which has a compiler of its own; or if XLA is to be off under JAX, which knows no other way.
    ModelError
        If the model is not compiled.

    Notes
    -----
    The first step inside is slow: XLA compiles it, once for each shape of a batch. Afterwards the model is as before.

    Examples
    --------
    >>> from cnn_course import build_logit
    >>> model = build_logit((2,), classes=2, seed=0)
    >>> before = model.jit_compile
    >>> with xla(model):
    ...     print(model.jit_compile)
    True
    >>> model.jit_compile == before
    True
    """
    backend = load_keras().backend.backend()
    if backend == "torch" or (backend == "jax" and not enabled):
        other = "PyTorch does not use XLA" if backend == "torch" else "JAX always uses XLA"
        raise BackendError(f"{other}. Try KERAS_BACKEND=tensorflow, set before Python starts.")
    if not getattr(model, "compiled", False):
        raise ModelError("The model must be compiled before XLA can compile its step. Try model.compile(...).")
    before = model.jit_compile
    _set_jit(model, bool(enabled))
    try:
        yield model
    finally:
        _set_jit(model, before)


def _set_jit(model, value):
    model.jit_compile = value
    model.train_function = model.test_function = model.predict_function = None  # made anew at the next step


def grow_memory() -> int:
    """Let the backend take a GPU's memory as it needs it, and not nearly all at the start.

    Returns
    -------
    int
        Cards that this holds for.

    Raises
    ------
    BackendError
        If the backend has started already.

    Notes
    -----
    PyTorch does so by itself. Under JAX it is a variable of the environment, which this call sets.

    Examples
    --------
    >>> grow_memory()  # doctest: +SKIP
    1
    """
    backend = load_keras().backend.backend()
    if backend == "tensorflow":
        return _grow_tensorflow()
    if backend == "torch":
        return len(backend_facts().gpus)
    import os

    if jax_has_started():
        raise BackendError(_TOO_LATE.format(call="grow_memory()"))
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    return len(backend_facts().gpus)


def _grow_tensorflow():
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    if tensorflow_has_started():
        raise BackendError(_TOO_LATE.format(call="grow_memory()"))
    for card in cards:
        tf.config.experimental.set_memory_growth(card, True)
    return len(cards)


def logical_devices(count: int = 2) -> tuple[str, ...]:
    """Split the processor into several devices of its own, to try out what several GPUs would do.

    They share the cores: nothing becomes faster by it.

    Parameters
    ----------
    count : int
        At least 1.

    Returns
    -------
    tuple of str
        Their names.

    Raises
    ------
    BackendError
        If the backend has started already, or is PyTorch, which has no such devices.
    DataError
        If `count` is no such number.

    Examples
    --------
    >>> logical_devices(2)  # doctest: +SKIP
    ('CPU:0', 'CPU:1')
    """
    count = integer("count", count, 1)
    backend = load_keras().backend.backend()
    if backend == "torch":
        raise BackendError("PyTorch cannot split the processor into devices. Try KERAS_BACKEND=tensorflow or jax.")
    started = tensorflow_has_started if backend == "tensorflow" else jax_has_started
    if started():
        raise BackendError(_TOO_LATE.format(call="logical_devices()"))
    if backend == "jax":
        import jax

        jax.config.update("jax_num_cpu_devices", count)
    else:
        import tensorflow as tf

        processor = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
        tf.config.set_logical_device_configuration(processor, parts)
    return tuple(f"CPU:{number}" for number in range(count))


def tensorflow_has_started() -> bool:
    """Return whether TensorFlow has made its first tensor: its devices are then what they are."""
    from tensorflow.python.eager import context

    return context.context()._initialized  # no public way asks without starting it


def jax_has_started() -> bool:
    """Return whether JAX has made its first tensor."""
    from jax._src import xla_bridge

    return xla_bridge.backends_are_initialized()  # no public way asks without starting it
