"""The roofline: which layers wait for arithmetic and which for memory, from `describe` and two measured numbers."""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil, prod
from statistics import median
from typing import Any

import numpy as np

from .._arguments import integer, positive_number
from .._files import usable_cores
from .._graph import all_layers
from .._keras import load_keras, on_gpu
from .._tables import Table, Tabular
from ..errors import DataError, ModelError
from ..model_table import describe
from ._facts import backend_facts, processor, uses_tf32

ARITHMETIC, MEMORY = "arithmetic", "memory"


@dataclass(frozen=True)
class Machine:
    """Two numbers that bound every layer.

    Attributes
    ----------
    flops_per_second : float
        Products and sums in a second, each counted: two for a multiply-accumulate.
    bytes_per_second : float
        Read or written.
    name, dtype : str
        Of the processor or card, and of the numbers that were multiplied; ``"tf32"`` where float32 loses digits, as
        it does by default on newer cards.
    """

    flops_per_second: float
    bytes_per_second: float
    name: str = ""
    dtype: str = "float32"

    def __post_init__(self):
        """Refuse what is no speed."""
        for name in ("flops_per_second", "bytes_per_second"):
            positive_number(name, getattr(self, name))

    @property
    def ridge(self) -> float:
        """FLOPs for each byte from which on arithmetic is what a layer waits for."""
        return self.flops_per_second / self.bytes_per_second

    def attainable(self, intensity: float) -> float:
        """Return the FLOPs in a second that can be reached at most, with so many FLOPs for each byte."""
        return min(self.flops_per_second, intensity * self.bytes_per_second)

    def __repr__(self):
        return (
            f"{self.name or 'this machine'}: {self.flops_per_second / 1e9:,.0f} GFLOP/s ({self.dtype}), "
            f"{self.bytes_per_second / 1e9:,.1f} GB/s, the ridge at {self.ridge:.1f} FLOPs a byte"
        )


def measure_machine(dtype: str = "float32", repeats: int = 10, size: int | None = None) -> Machine:
    """Return what this machine reaches: the best of several large matrix products, and of several large copies.

    It needs about 0.9 GB of a GPU's memory, or 0.2 GB of the processor's.

    Parameters
    ----------
    dtype : {"float32", "bfloat16", "float16"}
        Of the product.
    repeats : int
        After one that does not count.
    size : int, optional
        Rows and columns of the matrices; the default is 1,536 on a processor and 8,192 on a GPU.

    Returns
    -------
    Machine

    Raises
    ------
    DataError
        If an argument is none of these.

    Examples
    --------
    >>> machine = measure_machine(repeats=1, size=256)
    >>> machine.flops_per_second > 1e6, machine.bytes_per_second > 1e6
    (True, True)
    """
    integer("repeats", repeats, 1)
    if dtype not in ("float32", "bfloat16", "float16"):
        raise DataError(f"dtype must be 'float32', 'bfloat16' or 'float16'. Received: dtype={dtype!r}")
    ops = load_keras().ops
    backend, cores, there = backend_facts(), usable_cores(), on_gpu(ops.ones(1))
    size = (8192 if there else 1536) if size is None else integer("size", size, 1)
    a = ops.cast(ops.ones((size, size)), dtype)
    product = min(_seconds(partial(ops.matmul, a, a), repeats))
    del a
    speed = _copied_on_gpu(size * size, repeats) if there else _copied_here(8 * size * size, cores, repeats)
    name = backend.gpus[0].name if there else f"{processor()}, {cores} cores"
    if there and dtype == "float32" and uses_tf32(backend, convolutions=False):
        dtype = "tf32"
    return Machine(2 * size**3 / product, speed, name, dtype)


def _copied_on_gpu(count, repeats):
    """Return the bytes in a second, read and written, when so many numbers are read, changed and written."""
    ops = load_keras().ops
    row = ops.ones((count,))
    return 2 * 4 * count / min(_seconds(partial(ops.add, row, 1.0), repeats))


def _copied_here(count, cores, repeats):
    """Return the same for the processor, all cores at once, into memory that is there already.

    A backend's addition asks the system for new memory each time, which takes several times as long as the copy.
    """
    source, target = (np.full(count, value, "float32") for value in (1, 0))
    parts = np.array_split(target, cores), np.array_split(source, cores)
    with ThreadPoolExecutor(cores) as pool:
        taken = _seconds(lambda: list(pool.map(np.copyto, *parts)), repeats, wait=len)
    return 2 * source.nbytes / min(taken)


def _seconds(call, repeats, least=0.005, wait=None):
    """Return the seconds of a call, several times over, the device's work included.

    A short call is made again until the clock has run for `least` seconds: a GPU is given work faster than it does it,
    and the giving of a single small piece would be all that is measured. The first calls do not count.
    """
    wait = wait or _wait
    wait(call())
    began = time.perf_counter()
    wait(call())
    calls = min(100, ceil(least / (time.perf_counter() - began)))
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        wait(deque((call() for _ in range(calls)), maxlen=1)[0])
        taken.append((time.perf_counter() - began) / calls)
    return taken


def _wait(tensor):
    keras = load_keras()
    while isinstance(tensor, list | tuple):
        tensor = tensor[0]
    if keras.backend.backend() == "jax":
        tensor.block_until_ready()
    else:
        keras.ops.convert_to_numpy(tensor[(0,) * len(tensor.shape)])  # one number comes back when all is done


@dataclass(frozen=True)
class LayerBound:
    """One layer on the roofline, forward, for the whole batch.

    Attributes
    ----------
    name, kind : str
    flops : int
        Two for each multiply-accumulate.
    bytes : int
        Inputs, outputs and weights, each once: what must be moved at least.
    bound : str
        ``"arithmetic"`` or ``"memory"``.
    limit : float
        Seconds that it takes at least on this machine.
    seconds : float or None
        That it took, the median of the repeats; None where it was not measured.
    """

    name: str
    kind: str
    flops: int
    bytes: int
    bound: str
    limit: float
    seconds: float | None = None

    @property
    def intensity(self) -> float:
        """FLOPs for each byte."""
        return self.flops / self.bytes

    @property
    def flops_per_second(self) -> float | None:
        """FLOPs in a second that were reached; None where it was not measured."""
        return None if self.seconds is None else self.flops / self.seconds


@dataclass(frozen=True, repr=False)
class Roofline(Tabular):
    """The layers of a network that multiply, and the machine that bounds them.

    Attributes
    ----------
    name : str
    machine : Machine
    layers : tuple of LayerBound
        Convolutions and dense layers, in the network's order.
    batch_size : int
    """

    name: str
    machine: Machine
    layers: tuple[LayerBound, ...]
    batch_size: int

    def __iter__(self):
        return iter(self.layers)

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, name: str) -> LayerBound:
        for layer in self.layers:
            if name in (layer.name, layer.name.split("/")[-1]):
                return layer
        raise KeyError(f"There is no layer {name!r} that multiplies. Layers: {', '.join(x.name for x in self.layers)}")

    def _table(self):
        head = ("layer", "MFLOPs", "MB", "FLOPs a byte", "bound by", "at least", "measured")
        rows = []
        for x in self.layers:
            measured = "" if x.seconds is None else f"{1000 * x.seconds:.2f} ms"
            numbers = f"{x.flops / 1e6:,.1f}", f"{x.bytes / 1e6:,.2f}", f"{x.intensity:,.1f}"
            rows.append((x.name, *numbers, x.bound, f"{1000 * x.limit:.2f} ms", measured))
        above = [f"{self.name}, batch of {self.batch_size}, on {self.machine!r}"]
        return Table(rows, head=head, right=range(1, len(head)), above=above)


def roofline(
    model: Any, machine: Machine | None = None, batch_size: int = 32, measure: bool = True, repeats: int = 5
) -> Roofline:
    """Return for each layer that multiplies what it waits for on this machine, and how fast it is measured to be.

    Parameters
    ----------
    model : keras.Model
        As `describe` takes it, its input's size known.
    machine : Machine, optional
        The default is `measure_machine()`.
    batch_size : int
        Weights are read once for the whole batch: larger batches have more FLOPs for each byte.
    measure : bool
        Whether each layer is run on random numbers, alone, forward.
    repeats : int
        Of each layer, after one that does not count.

    Returns
    -------
    Roofline

    Raises
    ------
    ModelError
        As in `describe`; or if no layer multiplies.

    References
    ----------
    Williams, Waterman and Patterson (2009), Roofline: an insightful visual performance model for multicore
    architectures, Communications of the ACM 52(4).

    Examples
    --------
    >>> from cnn_course import build_lenet
    >>> found = roofline(build_lenet(seed=0), Machine(1e11, 1e10), batch_size=1, measure=False)
    >>> [(layer.name, round(layer.intensity, 1), layer.bound) for layer in found][:3]
    [('conv_1', 10.4, 'arithmetic'), ('conv_2', 23.1, 'arithmetic'), ('hidden_1', 0.5, 'memory')]
    """
    batch_size, repeats = integer("batch_size", batch_size, 1), integer("repeats", repeats, 1)
    layers = dict(all_layers(model))
    rows = [row for row in describe(model) if row.macs]
    if not rows:
        raise ModelError("No layer of this network multiplies: there is nothing to draw.")
    machine = machine or measure_machine()
    bounds = tuple(_bound(row, layers.get(row.name), machine, batch_size, repeats if measure else 0) for row in rows)
    return Roofline(model.name, machine, bounds, batch_size)


def _bound(row, layer, machine, batch_size, repeats):
    shapes = _input_shapes(row, layer)
    width = 2 if "16" in layer.compute_dtype else 4
    numbers = batch_size * (sum(prod(shape) for shape in shapes) + prod(row.output_shape)) + layer.count_params()
    flops = 2 * row.macs * batch_size
    by_arithmetic, by_memory = flops / machine.flops_per_second, width * numbers / machine.bytes_per_second
    seconds = median(_seconds(_forward(layer, shapes, batch_size), repeats)) if repeats else None
    bound = ARITHMETIC if by_arithmetic >= by_memory else MEMORY
    return LayerBound(row.name, row.kind, flops, width * numbers, bound, max(by_arithmetic, by_memory), seconds)


def _input_shapes(row, layer):
    try:
        tensors = layer.input
    except (AttributeError, ValueError):
        raise ModelError(f"The layer {row.name} is called several times: its inputs cannot be told.") from None
    return [tuple(tensor.shape[1:]) for tensor in (tensors if isinstance(tensors, list | tuple) else [tensors])]


def _forward(layer, shapes, batch_size):
    """Return a function that runs the layer on random numbers, compiled as the backend does it."""
    keras = load_keras()
    rng = np.random.default_rng(0)
    made = [rng.normal(size=(batch_size, *shape)).astype("float32") for shape in shapes]
    x = [keras.ops.convert_to_tensor(array) for array in made]
    x = x[0] if len(x) == 1 else x
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        run = tf.function(lambda x: layer(x, training=False))
    elif backend == "jax":
        import jax

        def pure(values, x):  # the weights as arguments: what a compiled function merely sees is compiled in
            with keras.StatelessScope(state_mapping=list(zip(layer.variables, values, strict=True))):
                return layer(x, training=False)

        run = partial(jax.jit(pure), [variable.value for variable in layer.variables])
    else:
        import torch

        run = torch.no_grad()(lambda x: layer(x, training=False))
    return lambda: run(x)
