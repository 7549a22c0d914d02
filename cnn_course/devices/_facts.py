"""What the system and the backend say about the hardware: gathered here once, judged in `diagnosis`."""

import csv
import ctypes
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .._files import usable_cores
from .._keras import load_keras


@dataclass(frozen=True)
class Gpu:
    """One card, as its driver or the backend describes it.

    Attributes
    ----------
    name : str
    memory_bytes : int
        All of its memory; 0 where it is not said.
    compute_capability : str
        Generation of an NVIDIA chip, ``"8.6"``; empty where it is not said.
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
    gpus : tuple of Gpu
        Cards that it can use, in its own order: the first one trains.
    switched_off : int
        Cards that it found, and that this program told it not to use.
    """

    name: str = "tensorflow"
    version: str = ""
    keras_version: str = ""
    build_cuda: str = ""
    architectures: tuple[str, ...] = ()
    gpus: tuple[Gpu, ...] = ()
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
        Whether this is Linux inside Windows, or a container (that of a hosted notebook, too).
    hosted : str
        ``"Colab"`` or ``"Kaggle"`` where that runs the notebook; otherwise empty.
    card_on_bus : bool
        Whether an NVIDIA card is plugged in, driver or not.
    driver_answer : str
        ``"ok"``, ``"missing"`` (no nvidia-smi), or what nvidia-smi says in place of an answer.
    driver_library : bool
        Whether the part of the driver that programs call (libcuda) can be loaded.
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
    hosted: str = ""
    card_on_bus: bool = False
    driver_answer: str = "missing"
    driver_library: bool = True
    driver: str = ""
    driver_cuda: str = ""
    cards: tuple[Gpu, ...] = ()
    refused: tuple[str, ...] = ()
    environment: dict = field(default_factory=dict)
    cpu: str = ""
    cores: int = 1


HIDING = ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS")
_HOSTS = {"COLAB_RELEASE_TAG": "Colab", "KAGGLE_KERNEL_RUN_TYPE": "Kaggle"}
_CONTAINERS = (".dockerenv", "run/.containerenv", ".singularity.d")  # Docker, Podman, Apptainer


def gather(backend: BackendFacts, root: str | os.PathLike[str] = "/") -> Facts:
    """Return the Facts of this computer, given those of the backend; its files are looked for below `root`."""
    base = Path(root)
    answer, driver, driver_cuda, cards = ask_driver(_nvidia_smi(base))
    return Facts(
        backend=backend,
        system=platform.system(),
        machine=platform.machine(),
        wsl="microsoft" in platform.release().lower(),
        container="KUBERNETES_SERVICE_HOST" in os.environ or any((base / name).exists() for name in _CONTAINERS),
        hosted=next((host for variable, host in _HOSTS.items() if variable in os.environ), ""),
        card_on_bus=_card_on_bus(base / "sys/bus/pci/devices"),
        driver_answer=answer,
        driver_library=platform.system() != "Linux" or _loads("libcuda.so.1"),
        driver=driver,
        driver_cuda=driver_cuda,
        cards=cards,
        refused=tuple(
            str(path) for path in sorted((base / "dev").glob("nvidia*")) if _is_card(path) and not _usable(path)
        ),
        environment={name: os.environ[name] for name in HIDING if name in os.environ},
        cpu=processor(),
        cores=usable_cores(),
    )


def _nvidia_smi(root):
    """Return the program's path; Linux inside Windows keeps it where not every shell looks."""
    in_windows = root / "usr/lib/wsl/lib/nvidia-smi"
    return shutil.which("nvidia-smi") or (str(in_windows) if in_windows.exists() else "nvidia-smi")


def _loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _is_card(path):
    """Whether a file in /dev is one that CUDA opens: nvidia0, nvidiactl, nvidia-uvm."""
    return re.fullmatch(r"nvidia(\d+|ctl|-uvm)", path.name) is not None


def _usable(path):
    return os.access(path, os.R_OK | os.W_OK)


def ask_driver(command: str = "nvidia-smi") -> tuple[str, str, str, tuple[Gpu, ...]]:
    """Return nvidia-smi's answer in a word or its own complaint, driver and CUDA versions, and the cards."""
    try:
        asked = _query(command, "name,memory.total,driver_version,compute_cap")
        if "not a valid field" in asked.stdout + asked.stderr:  # drivers before 510 do not know the last one
            asked = _query(command, "name,memory.total,driver_version")
        if asked.returncode:
            said = f"{asked.stdout} {asked.stderr}".split()
            return " ".join(said) or f"it ended with {asked.returncode}", "", "", ()
        head = subprocess.run([command], capture_output=True, text=True, timeout=30).stdout
    except FileNotFoundError:
        return "missing", "", "", ()
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nvidia-smi does not answer: {error}", "", "", ()
    rows = [[cell.strip() for cell in row] for row in csv.reader(asked.stdout.splitlines())]
    rows = [[*row, ""][:4] for row in rows if len(row) in (3, 4)]
    cuda = re.search(r"CUDA[\w ]*Version:\s*([\d.]+)", head)
    cards = tuple(Gpu(name, _mebibytes(memory), _chip(cap)) for name, memory, _, cap in rows)
    return "ok", rows[0][2] if rows else "", cuda[1] if cuda else "", cards


def _query(command, fields):
    question = [command, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    return subprocess.run(question, capture_output=True, text=True, timeout=30)


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


def processor() -> str:
    """Return the model of this computer's processor."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def backend_facts() -> BackendFacts:
    """Return what the loaded backend says of itself; loads Keras."""
    keras = load_keras()
    name = keras.backend.backend()
    found = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}[name]()
    return BackendFacts(name=name, keras_version=keras.__version__, **found)


def _tensorflow():
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    physical, visible = tf.config.list_physical_devices("GPU"), tf.config.get_visible_devices("GPU")
    details = [tf.config.experimental.get_device_details(device) for device in visible]
    return {
        "version": tf.__version__,
        "build_cuda": str(build.get("cuda_version", "")) if build.get("is_cuda_build") else "",
        "architectures": tuple(build.get("cuda_compute_capabilities", ())),
        "gpus": tuple(
            Gpu(card.get("device_name", "GPU"), 0, ".".join(map(str, card.get("compute_capability", ()))))
            for card in details
        ),
        "switched_off": len(physical) - len(visible),
    }


def _torch():
    import torch

    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        chips = ["" if torch.version.hip else f"{card.major}.{card.minor}" for card in cards]
        gpus = tuple(Gpu(card.name, card.total_memory, chip) for card, chip in zip(cards, chips, strict=True))
    else:
        gpus = (Gpu("Apple GPU"),) if torch.backends.mps.is_available() else ()
    return {
        "version": torch.__version__,
        "build_cuda": torch.version.cuda or "",
        "architectures": tuple(torch.cuda.get_arch_list()),
        "gpus": gpus,
    }


def _jax():
    import jax

    built = next((version for version in ("13", "12") if find_spec(f"jax_cuda{version}_plugin")), "")
    return {
        "version": jax.__version__,
        "build_cuda": built,
        "gpus": tuple(
            Gpu(device.device_kind, 0, _chip(getattr(device, "compute_capability", "")))
            for device in jax.local_devices()
            if device.platform in ("gpu", "cuda", "rocm")
        ),
    }


def _chip(text):
    return text if re.fullmatch(r"\d+\.\d+", str(text)) else ""


def uses_tf32(backend: BackendFacts, convolutions: bool = True) -> bool:
    """Return whether float32 loses digits in products: on NVIDIA's cards from 8.0 on, unless it is turned off.

    PyTorch decides for convolutions and for products of matrices apart.
    """
    if not backend.gpus or version_numbers(backend.gpus[0].compute_capability) < (8,):
        return False
    if backend.name == "tensorflow":
        import tensorflow as tf

        return tf.config.experimental.tensor_float_32_execution_enabled()
    if backend.name == "torch":
        import torch

        return torch.backends.cudnn.allow_tf32 if convolutions else torch.get_float32_matmul_precision() != "highest"
    import jax

    config: Any = jax.config  # its options are made at run time
    return config.jax_default_matmul_precision in (None, "default", "high", "tensorfloat32")


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version in their order; (0,) if there are none."""
    return tuple(int(number) for number in re.findall(r"\d+", version)) or (0,)
