"""`data_parallel`: one model on several devices, whatever the backend has for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .._arguments import integer
from .._keras import load_keras
from ..errors import BackendError, DataError


@dataclass(frozen=True)
class Replicas:
    """The devices that each hold a copy of the model.

    Attributes
    ----------
    devices : tuple of str
    """

    devices: tuple[str, ...]

    def __len__(self):
        return len(self.devices)


@contextmanager
def data_parallel(devices: int | None = None) -> Iterator[Replicas]:
    """Build and train inside the block on several devices: each has a copy of the model and a part of every batch.

    Parameters
    ----------
    devices : int, optional
        How many; the default is all GPUs, and where there are none, all devices of the processor. Where the backend
        has not started yet and there are no GPUs, the processor is split into so many (two by default).

    Yields
    ------
    Replicas
        The devices; their number is the number of copies.

    Raises
    ------
    BackendError
        If there are not so many devices, or the backend is PyTorch, which uses one process for each.
    DataError
        If JAX cannot share a batch evenly.

    Notes
    -----
    The batch size that `fit` and `train_model` take is the **global** one, shared among the devices; take a multiple of
    their number, and as many pictures as fill whole batches: in a part that is smaller, a picture counts more. JAX
    refuses a batch that cannot be shared evenly, TensorFlow fails where a device would have no picture at all. Under
    TensorFlow this is `tf.distribute.MirroredStrategy`, under JAX `keras.distribution.DataParallel`. Build and train
    the model inside the block, and evaluate it after. For several computers see ``docs/several_devices.md``.

    Examples
    --------
    >>> from cnn_course import build_logit
    >>> with data_parallel(1) as replicas:
    ...     model = build_logit((2,), classes=2, seed=0)
    >>> len(replicas)
    1
    """
    if devices is not None:
        integer("devices", devices, 1)
    backend = load_keras().backend.backend()
    if backend == "torch":
        raise BackendError(
            "Under PyTorch each device has a process of its own: see docs/several_devices.md. Or set "
            "KERAS_BACKEND=tensorflow or jax before Python starts."
        )
    with (_tensorflow if backend == "tensorflow" else _jax)(devices) as replicas:
        yield replicas


@contextmanager
def _tensorflow(count):
    import tensorflow as tf

    from .settings import tensorflow_has_started

    if not tf.config.list_physical_devices("GPU") and not tensorflow_has_started():
        _split_processor(count)
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in _chosen(found, count)]
    if len(names) > 1:
        with tf.distribute.MirroredStrategy(names).scope():
            yield _replicas(names)
    else:
        with tf.device(names[0]):
            yield _replicas(names)


@contextmanager
def _jax(count):
    import jax

    from .settings import jax_has_started

    if not jax_has_started():
        _split_processor(count)  # of no consequence where JAX finds GPUs
    keras = load_keras()
    names = [f"{device.platform}:{device.id}" for device in _chosen(jax.local_devices(), count)]
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names, auto_shard_dataset=False))
    try:
        yield _replicas(names)
    except ValueError as error:
        if type(error).__name__ != "IndivisibleError":
            raise
        raise DataError(
            f"JAX shares each batch evenly among the {len(names)} devices, and one batch cannot be. Take a batch size "
            "that is a multiple of their number and pictures that fill whole batches, for validation too; or evaluate "
            f"after the block. JAX says: {error}"
        ) from error
    finally:
        keras.distribution.set_distribution(before)


def _split_processor(count):
    from .settings import logical_devices

    logical_devices(2 if count is None else count)


def _replicas(names):
    return Replicas(tuple(name.removeprefix("/device:") for name in names))


def _chosen(found, count):
    if count is not None and count > len(found):
        if any("cpu" in str(device).lower() for device in found):
            advice = (
                "The processor can be split only before the backend makes its first tensor: restart Python, and call "
                "data_parallel or logical_devices first."
            )
        else:
            advice = "To try it on the processor, hide the GPUs: CUDA_VISIBLE_DEVICES=-1, set before Python starts."
        raise BackendError(f"{count} devices were asked for, and there {_number(len(found))}. {advice}")
    return found[:count]


def _number(count):
    return "is 1" if count == 1 else f"are {count}"
