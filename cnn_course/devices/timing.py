"""`time_training`: how long a step of training takes, measured so that one can believe it."""

import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from .._arguments import integer, positive_integer
from .._files import usable_cores
from .._keras import load_keras, on_gpu
from ..datasets.rows import rows_of
from ..errors import ModelError
from ._facts import backend_facts, processor, uses_tf32


@dataclass(frozen=True)
class Timing:
    """How long a step of training took, over several repeats.

    Attributes
    ----------
    seconds : tuple of float
        Of a step (one batch), the mean of each repeat.
    batch_size, steps, warm_up : int
        Pictures in a batch; steps in a repeat; repeats before that do not count.
    model, device, backend, precision : str
        What was trained, on which hardware, by which backend and version, with which policy; ``"tf32"`` is float32
        on a card that drops digits in products, as newer ones do unless it is turned off.
    cores : int
        Of the processor, that this process may use.
    peak_memory : int or None
        Bytes: of the GPU's memory that the backend had at most in use, or, on the processor, of the whole process. None
        where the system does not say, or where JAX, which keeps one peak for all that was run, had a higher one before.
    on_gpu : bool
    """

    seconds: tuple[float, ...]
    batch_size: int
    steps: int
    warm_up: int
    model: str
    device: str
    backend: str
    precision: str
    cores: int
    peak_memory: int | None = None
    on_gpu: bool = False

    @property
    def median(self) -> float:
        """Seconds of a step, the median of the repeats."""
        return median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """Lower and upper quartile of the seconds of a step; the only value twice, if there is one repeat."""
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0]
        low, _, high = quantiles(self.seconds, n=4, method="inclusive")
        return low, high

    @property
    def pictures_per_second(self) -> float:
        """Pictures that are trained on in a second, by the median."""
        return self.batch_size / self.median

    def epoch_seconds(self, pictures: int) -> float:
        """Return the seconds of an epoch over so many pictures, by the median step."""
        return math.ceil(pictures / self.batch_size) * self.median

    def __repr__(self):
        low, high = self.spread
        memory = "" if self.peak_memory is None else f", {self.peak_memory / 1e6:,.0f} MB at the peak"
        return (
            f"{self.model}, batch of {self.batch_size}, {self.precision}, on {self.device}, {self.backend}: "
            f"{1000 * self.median:.1f} ms a step (middle half {1000 * low:.1f} to {1000 * high:.1f}), "
            f"{self.pictures_per_second:,.0f} pictures a second{memory}; "
            f"median of {len(self.seconds)} x {self.steps} steps after {self.warm_up} x {self.steps} that do not count"
        )


def time_training(
    model: Any, data: Any = None, batch_size: int = 32, steps: int = 10, repeats: int = 5, warm_up: int = 1
) -> Timing:
    """Return how long a training step takes, with its spread, pictures per second and peak memory.

    The first repeats are not counted: compilers and libraries choose their code in them. The clock is read only after
    the device has done all that it was given. Weights and optimiser are put back.

    Parameters
    ----------
    model : keras.Model
        Compiled. Measured as `fit` trains it, the reading of the batches included.
    data : as in `train_model`, optional
        Repeated or cut to ``steps * batch_size`` pictures; the default is random pictures of the model's input shape.
    batch_size, steps, repeats : int
        At least 1.
    warm_up : int
        Repeats before, at least 1.

    Returns
    -------
    Timing

    Raises
    ------
    DataError, ModelError
        As in `train_model`; or if data is needed, because the model has several inputs.

    Examples
    --------
    >>> from cnn_course import build_logit
    >>> timing = time_training(build_logit((8, 8, 1), seed=0), batch_size=16, steps=2, repeats=3)
    >>> len(timing.seconds), timing.batch_size, timing.median > 0
    (3, 16, True)
    """
    from ..training.checks import check_fit
    from ..training.pipeline import make_batches  # loads Keras: what was measured can be read without it

    batch_size = positive_integer("batch_size", batch_size)
    for name, value in {"steps": steps, "repeats": repeats, "warm_up": warm_up}.items():
        integer(name, value, 1)
    rows = rows_of(_random_data(model, steps * batch_size) if data is None else data)
    check_fit(model, rows)
    x, labels = rows.pair(np.arange(steps * batch_size) % len(rows))
    batches = make_batches(rows_of((x, labels)), batch_size, shuffle=False)[0]
    clock = _clock()
    kept = model.get_weights(), [np.array(value) for value in _optimizer_state(model)]
    there = on_gpu((model.trainable_variables or model.variables)[-1])
    reset, peak = _memory_meter(there)
    reset()
    try:
        model.fit(batches, epochs=warm_up + repeats, shuffle=False, callbacks=[clock], verbose=0)
    finally:
        model.set_weights(kept[0])
        for variable, before in zip(model.optimizer.variables, kept[1], strict=False):
            variable.assign(before)
    backend = backend_facts()
    return Timing(
        seconds=tuple(seconds / steps for seconds in clock.seconds[warm_up:]),
        batch_size=batch_size,
        steps=steps,
        warm_up=warm_up,
        model=model.name,
        device=backend.gpus[0].name if there else processor(),
        backend=f"{backend.name} {backend.version}",
        precision=_precision(model, there and uses_tf32(backend)),
        cores=usable_cores(),
        peak_memory=peak(),
        on_gpu=there,
    )


def _optimizer_state(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [load_keras().ops.convert_to_numpy(variable) for variable in model.optimizer.variables]


def _random_data(model, count):
    shape, output = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or None in shape[1:] or not isinstance(output, tuple):
        raise ModelError(
            "time_training draws pictures for a model of one input of known size; otherwise give it data=."
        )
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, *shape[1:]), "uint8"), rng.integers(0, max(2, output[-1]), count)


def _precision(model, tf32):
    policies = [layer.dtype_policy.name for layer in model.layers if layer.weights]
    policy = max(policies, key=lambda name: name.startswith("mixed"), default="float32")
    return "tf32" if tf32 and policy == "float32" else policy


def synchronise(model: Any = None) -> None:
    """Wait until the device has done all that it was given; reading a number back from it waits for it, too."""
    keras = load_keras()
    if keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    if model is not None:
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        for variable in model.trainable_variables[-1:]:
            keras.ops.convert_to_numpy(variable)


def _clock():
    """Return a callback that notes the seconds of each epoch, the device's work included."""
    keras = load_keras()

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            synchronise(self.model)
            self._start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            synchronise(self.model)
            self.seconds.append(time.perf_counter() - self._start)

    return Clock()


def _memory_meter(there):
    """Return a function that sets the peak back, and one that returns it in bytes (or None), on the GPU if `there`."""
    backend = load_keras().backend.backend()
    if there and backend == "tensorflow":
        import tensorflow as tf

        meter = tf.config.experimental
        return lambda: meter.reset_memory_stats("GPU:0"), lambda: meter.get_memory_info("GPU:0")["peak"]
    if there and backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.reset_peak_memory_stats, torch.cuda.max_memory_allocated
    if there and backend == "jax":
        return _jax_meter()
    return _reset_peak, _peak


def _jax_meter():
    """JAX keeps the peak of the whole process: it says something of a run only if the run has raised it."""
    import jax

    def peak():
        return (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")

    before = peak()

    def raised():
        now = peak()
        return now if now is not None and (before is None or now > before) else None

    return lambda: None, raised


def _reset_peak():
    with suppress(OSError):  # the peak is then that of the whole run so far
        Path("/proc/self/clear_refs").write_text("5")


def _peak():
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
