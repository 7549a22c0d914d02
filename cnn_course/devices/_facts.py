"""What the system and the backend say about the hardware: gathered here once, judged in `diagnosis`."""

import csv
import os
import platform
import re
import subprocess
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA card, as its driver describes it.

    Attributes
    ----------
    name : str
    memory_bytes : int
        All of its memory; 0 where the driver does not say.
    compute_capability : str
        Generation of the chip, ``"8.6"``; empty where the driver does not say.
    """

    name: str
    memory_bytes: int = 0
    compute_capability: str = ""


@dataclass(frozen=True)
class BackendFacts:
    """What Keras's backend says of itself.

    Attributes
    ----------
    name, version, keras_version : str
    build_cuda : str
        CUDA version that it was built with; empty in a build without CUDA.
    architectures : tuple of str
        Chips that it was built for: ``"sm_80"``, ``"compute_90"``.
    gpus : int
        Cards that it can use.
    switched_off : int
        Cards that it found, and that this program told it not to use.
    """

    name: str = "tensorflow"
    version: str = ""
    keras_version: str = ""
    build_cuda: str = ""
    architectures: tuple[str, ...] = ()
    gpus: int = 0
    switched_off: int = 0


@dataclass(frozen=True)
class Facts:
    """What the system says; every field can be faked.

    Attributes
    ----------
    backend : BackendFacts
    system, machine : str
        As `platform` names them.
    wsl, container : bool
        Whether this is Linux inside Windows, or a container.
    card_on_bus : bool
        Whether an NVIDIA card is plugged in, driver or not.
    driver_answer : str
        ``"ok"``, ``"missing"`` (no nvidia-smi), or what nvidia-smi says in place of an answer.
    driver, driver_cuda : str
        Version of the driver, and the newest CUDA version that it serves.
    cards : tuple of Gpu
    refused : tuple of str
        Device files that this user may not open.
    environment : dict
        Of the variables that hide cards, those that are set.
    cpu, cores : str, int
        Model of the processor, and the cores that this process may use.
    """

    backend: BackendFacts = BackendFacts()
    system: str = "Linux"
    machine: str = "x86_64"
    wsl: bool = False
    container: bool = False
    card_on_bus: bool = False
    driver_answer: str = "missing"
    driver: str = ""
    driver_cuda: str = ""
    cards: tuple[Gpu, ...] = ()
    refused: tuple[str, ...] = ()
    environment: dict = field(default_factory=dict)
    cpu: str = ""
    cores: int = 1


HIDING = ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS")
_QUERY = "--query-gpu=name,memory.total,compute_cap,driver_version"


def gather(backend):
    """Return the Facts of this computer, given those of the backend."""
    answer, driver, driver_cuda, cards = ask_driver()
    return Facts(
        backend=backend,
        system=platform.system(),
        machine=platform.machine(),
        wsl="microsoft" in platform.release().lower(),
        container=Path("/.dockerenv").exists() or "KUBERNETES_SERVICE_HOST" in os.environ,
        card_on_bus=_card_on_bus(),
        driver_answer=answer,
        driver=driver,
        driver_cuda=driver_cuda,
        cards=cards,
        refused=tuple(
            str(path) for path in Path("/dev").glob("nvidia[0-9c]*") if not os.access(path, os.R_OK | os.W_OK)
        ),
        environment={name: os.environ[name] for name in HIDING if name in os.environ},
        cpu=processor(),
        cores=usable_cores(),
    )


def ask_driver(command="nvidia-smi"):
    """Return nvidia-smi's answer in a word or its own complaint, driver and CUDA versions, and the cards."""
    try:
        asked = subprocess.run(
            [command, _QUERY, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=30
        )
        if asked.returncode:
            said = f"{asked.stdout} {asked.stderr}".split()
            return " ".join(said) or f"it ended with {asked.returncode}", "", "", ()
        head = subprocess.run([command], capture_output=True, text=True, timeout=30).stdout
    except FileNotFoundError:
        return "missing", "", "", ()
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nvidia-smi does not answer: {error}", "", "", ()
    rows = [[cell.strip() for cell in row] for row in csv.reader(asked.stdout.splitlines()) if len(row) == 4]
    cuda = re.search(r"CUDA[\w ]*Version:\s*([\d.]+)", head)
    cards = tuple(Gpu(name, _mebibytes(memory), cap if cap[:1].isdigit() else "") for name, memory, cap, _ in rows)
    return "ok", rows[0][3] if rows else "", cuda[1] if cuda else "", cards


def _mebibytes(text):
    return int(float(text)) * 2**20 if re.fullmatch(r"[\d.]+", text) else 0


def _card_on_bus(root="/sys/bus/pci/devices"):
    """Whether a display controller of NVIDIA's (vendor 10de, class 03) is on the bus."""
    for device in Path(root).glob("*"):
        try:
            vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
        except OSError:
            continue
        if vendor == "0x10de" and kind.startswith("0x03"):
            return True
    return False


def processor():
    """Return the model of this computer's processor."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores():
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def backend_facts():
    """Return what the loaded backend says of itself; loads Keras."""
    from .._keras import load_keras

    keras = load_keras()
    name = keras.backend.backend()
    found = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}[name]()
    return BackendFacts(name=name, keras_version=keras.__version__, **found)


def _tensorflow():
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    physical, visible = tf.config.list_physical_devices("GPU"), tf.config.get_visible_devices("GPU")
    return {
        "version": tf.__version__,
        "build_cuda": str(build.get("cuda_version", "")) if build.get("is_cuda_build") else "",
        "architectures": tuple(build.get("cuda_compute_capabilities", ())),
        "gpus": len(visible),
        "switched_off": len(physical) - len(visible),
    }


def _torch():
    import torch

    return {
        "version": torch.__version__,
        "build_cuda": torch.version.cuda or "",
        "architectures": tuple(torch.cuda.get_arch_list()),
        "gpus": torch.cuda.device_count() if torch.cuda.is_available() else int(torch.backends.mps.is_available()),
    }


def _jax():
    import jax

    built = next((version for version in ("13", "12") if find_spec(f"jax_cuda{version}_plugin")), "")
    return {
        "version": jax.__version__,
        "build_cuda": built,
        "gpus": sum(device.platform in ("gpu", "cuda") for device in jax.local_devices()),
    }
