"""Hardware: what is there, what it can do, honest timings, and several devices at once."""

from ._facts import BackendFacts, Facts, Gpu, backend_facts, gather
from .bounds import LayerBound, Machine, Roofline, measure_machine, roofline
from .diagnosis import Devices, describe_devices, diagnose
from .measurements import Measurement, Measurements, load_measurements, record_measurement
from .parallel import Replicas, data_parallel
from .settings import grow_memory, logical_devices, mixed_precision, xla
from .timing import Timing, time_training

__all__ = [
    "BackendFacts",
    "Devices",
    "Facts",
    "Gpu",
    "LayerBound",
    "Machine",
    "Measurement",
    "Measurements",
    "Replicas",
    "Roofline",
    "Timing",
    "backend_facts",
    "data_parallel",
    "describe_devices",
    "diagnose",
    "gather",
    "grow_memory",
    "load_measurements",
    "logical_devices",
    "measure_machine",
    "mixed_precision",
    "record_measurement",
    "roofline",
    "time_training",
    "xla",
]
