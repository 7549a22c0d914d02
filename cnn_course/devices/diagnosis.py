"""`describe_devices`: what hardware trains, and why a card that is there does not."""

import re
from dataclasses import dataclass

from .._install import install_command
from .._tables import Table, Tabular
from ..errors import BackendError
from ._facts import BackendFacts, Facts, Gpu, backend_facts, gather, version_numbers

# The oldest driver for each CUDA release, Linux and Windows: NVIDIA, CUDA Toolkit Release Notes, table of
# "CUDA Toolkit and Minimum Required Driver Version for CUDA Minor Version Compatibility".
_OLDEST_DRIVER = {11: "450.80", 12: "525.60", 13: "580.65"}
_CUDA_BUILDS = {
    "tensorflow": 'In the course\'s folder: pip uninstall -y tensorflow-cpu && pip install ".[cuda]"',
    "torch": "pip install --force-reinstall torch (Windows: take the command from https://pytorch.org/get-started)",
    "jax": 'pip install "jax[cuda12]"',
}
_NEWER = {
    "tensorflow": 'pip install --upgrade "tensorflow[and-cuda]"',
    "torch": "pip install --upgrade torch",
    "jax": 'pip install --upgrade "jax[cuda13]"',
}
_DRIVER = "Install NVIDIA's driver (Ubuntu: sudo ubuntu-drivers install), and start the computer again."


@dataclass(frozen=True, repr=False)
class Devices(Tabular):
    """What trains here. Its text is the answer to "do I have a GPU?".

    Attributes
    ----------
    backend : str
        With its version: ``"tensorflow 2.21.0"``; ``"none"`` where Keras has none.
    cpu, cores : str, int
        Model of the processor, and the cores that may be used.
    gpus : tuple of Gpu
        Cards that the driver names, used or not; where it does not say, those that the backend uses.
    gpus_used : int
        Cards that the backend can use.
    driver, driver_cuda, build_cuda : str
        Versions of the driver, of the newest CUDA that it serves, and of the CUDA that the backend was built with;
        empty where there is none.
    reason, remedy : str
        Why no card is used, and the command that mends it; empty where one is used. Where there is no card to be had
        there is a reason and no remedy.
    """

    backend: str
    cpu: str
    cores: int
    gpus: tuple[Gpu, ...]
    gpus_used: int
    driver: str
    driver_cuda: str
    build_cuda: str
    reason: str
    remedy: str

    def _lines(self):
        built = f", built {f'with CUDA {self.build_cuda}' if self.build_cuda else 'without CUDA'}"
        yield "backend", self.backend + (built if self.backend != "none" else "")
        yield "processor", f"{self.cpu}, {self.cores} core{'s' if self.cores != 1 else ''}"
        for gpu in self.gpus:
            memory = f", {gpu.memory_bytes / 2**30:.0f} GiB" if gpu.memory_bytes else ""
            chip = f", compute capability {gpu.compute_capability}" if gpu.compute_capability else ""
            yield "GPU", f"{gpu.name}{memory}{chip}"
        if self.driver:
            yield "driver", f"{self.driver}, for CUDA up to {self.driver_cuda or 'a version that it does not say'}"
        if self.reason:
            yield "trains on", "the processor" if self.backend != "none" else "nothing"
            yield "why", self.reason
        else:
            yield "trains on", f"{self.gpus_used} GPU{'s' if self.gpus_used != 1 else ''}"
        if self.remedy:
            yield "what to do", self.remedy

    def _table(self) -> Table:
        return Table(tuple(self._lines()))


def describe_devices(facts: Facts | None = None) -> Devices:
    """Return what hardware trains here, or why a GPU that is there does not and the command that mends it.

    Parameters
    ----------
    facts : Facts, optional
        What is known of a computer; the default is to look at this one.

    Returns
    -------
    Devices
        Also where Keras has no backend: that is then the reason why nothing trains.

    Examples
    --------
    >>> found = describe_devices()
    >>> found.cores >= 1, bool(found.gpus_used) != bool(found.reason)
    (True, True)
    """
    facts = facts or gather(_backend_or_none())
    backend, (reason, remedy) = facts.backend, diagnose(facts)
    return Devices(
        backend=f"{backend.name} {backend.version}".strip() or "none",
        cpu=facts.cpu,
        cores=facts.cores,
        gpus=facts.cards or backend.gpus,
        gpus_used=0 if reason else len(backend.gpus),
        driver=facts.driver,
        driver_cuda=facts.driver_cuda,
        build_cuda=backend.build_cuda,
        reason=reason,
        remedy=remedy,
    )


def _backend_or_none():
    try:
        return backend_facts()
    except BackendError:
        return BackendFacts(name="")


def diagnose(facts: Facts) -> tuple[str, str]:
    """Return why no GPU is used and what to do about it; two empty strings where one is used.

    The first thing that stands in the way comes first: the card, its driver, the right to use it, what hides it, the
    build, and whether driver, card and build fit each other.
    """
    card = _used, _apple, _no_card, _windows, _driver, _permission, _library, _hidden, _build, _versions
    for look in (_no_backend, _chip, *card):
        found = look(facts)
        if found is not None:
            return found
    return (
        f"{facts.backend.name} finds no GPU, although card, driver and build look right. Most often NVIDIA's "
        "libraries are missing or of another version",
        f"{_NEWER[facts.backend.name]}; then start Python again.",
    )


def _no_backend(facts):
    if facts.backend.name:
        return None
    return "Keras has no backend to train with", install_command("cuda" if facts.cards else "tensorflow")


def _used(facts):
    return ("", "") if facts.backend.gpus else None


def _apple(facts):
    if facts.system != "Darwin":
        return None
    if facts.backend.name == "torch":
        return "this Mac has no GPU that PyTorch can use", ""
    return (
        f"{facts.backend.name} does not use a Mac's own GPU",
        "PyTorch does: pip install torch, and start with KERAS_BACKEND=torch. For this course the processor is enough.",
    )


def _no_card(facts):
    """No card in sight: nvidia-smi may be installed all the same, as in some hosted notebooks, and find no driver."""
    silent = facts.driver_answer in ("missing", "No devices were found") or "communicate" in facts.driver_answer
    if facts.card_on_bus or facts.cards or facts.refused or not silent:
        return None
    if facts.hosted:
        where = {
            "Colab": "Runtime > Change runtime type > a GPU",
            "Kaggle": "Settings > Accelerator > a GPU",
        }[facts.hosted]
        return f"this {facts.hosted} notebook was started without a GPU", f"{where}; the notebook then starts anew."
    if facts.wsl:
        return (
            "Linux sees no card through Windows: there is none, or its driver is missing in Windows",
            "If there is one, install NVIDIA's driver in Windows (not in Linux); then: wsl --shutdown",
        )
    return "this computer has no NVIDIA card, or none is passed through to where Python runs", ""


_ASK_FOR_CARD = "Start it with: docker run --gpus all ... (Apptainer: --nv; JupyterHub: a profile with a GPU)"


def _driver(facts):
    answer = facts.driver_answer
    if "version mismatch" in answer:
        return "the driver was renewed while the old one was running", "Start the computer again: sudo reboot"
    if "communicate" in answer:
        return (
            "NVIDIA's tools are installed, and the driver is not running",
            f"sudo modprobe nvidia. If that is refused (Secure Boot, a new kernel): {_DRIVER}",
        )
    if (answer == "missing" or "libnvidia-ml" in answer) and not facts.driver_library and not facts.refused:
        if facts.container:
            return "the container was started without the card", _ASK_FOR_CARD
        return "an NVIDIA card is there, and its driver is not", _DRIVER
    return None


def _permission(facts):
    if facts.refused or "ermission" in facts.driver_answer:
        files = ", ".join(facts.refused) or "the card"
        return (
            f"you may not use {files}",
            "sudo usermod -aG video,render $USER, then log in again. On a shared computer ask its staff for a GPU.",
        )
    if facts.driver_answer not in ("ok", "missing"):
        again = "Start the container again." if facts.container else _DRIVER
        return f"nvidia-smi says: {facts.driver_answer}", f"Run nvidia-smi in a terminal. {again}"
    return None


def _library(facts):
    """The tools' part of the driver answers; the part that programs call is not there."""
    if facts.driver_library:
        return None
    if facts.container:
        mend = "Start it with: docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ..."
        return "the container has the driver's tools and not its library (libcuda.so.1)", mend
    return "the driver's library libcuda.so.1 is missing, or the system does not find it", _DRIVER


def _windows(facts):
    if facts.system != "Windows" or facts.backend.name == "torch":
        return None
    what = (
        "TensorFlow has used no GPU on Windows itself since 2.11"
        if facts.backend.name == "tensorflow"
        else "JAX uses no GPU on Windows itself"
    )
    there = 'and there, in the course\'s folder, pip install ".[lab,cuda]"'
    return what, f"Use Linux inside Windows: wsl --install, {there}."


def _hidden(facts):
    visible = facts.environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not _names_a_card(visible, len(facts.cards)):
        return (
            f"the variable CUDA_VISIBLE_DEVICES={visible!r} hides the card",
            "unset CUDA_VISIBLE_DEVICES (Windows: set CUDA_VISIBLE_DEVICES=), and start Python again.",
        )
    platforms = facts.environment.get("JAX_PLATFORMS", "")
    if facts.backend.name == "jax" and platforms and not {"cuda", "gpu"} & set(platforms.split(",")):
        return (
            f"the variable JAX_PLATFORMS={platforms!r} leaves the card out",
            "unset JAX_PLATFORMS, and start Python again.",
        )
    if facts.backend.switched_off:
        return (
            "this program told TensorFlow not to use it (tf.config.set_visible_devices)",
            "Take that call away, and start Python (in a notebook: the kernel) again.",
        )
    return None


def _names_a_card(visible, cards):
    """Whether the list names a card; CUDA takes the list up to its first entry that is none."""
    first = visible.split(",")[0].strip()
    if re.fullmatch(r"-?\d+", first):
        return 0 <= int(first) < max(cards, 1)
    return first.startswith(("GPU-", "MIG-"))


def _build(facts):
    if facts.backend.build_cuda:
        return None
    name = facts.backend.name
    return (
        f"this build of {name} cannot use a GPU: it was built without CUDA",
        f"{_CUDA_BUILDS[name]}; then start Python again.",
    )


def _versions(facts):
    needed = _OLDEST_DRIVER.get(version_numbers(facts.backend.build_cuda)[0])
    too_old = needed and facts.driver and version_numbers(facts.driver) < version_numbers(needed)
    if too_old:
        return (
            f"the driver {facts.driver} is too old: CUDA {facts.backend.build_cuda} needs {needed} or newer",
            f"Renew it. {_DRIVER}",
        )
    return None


def _chip(facts):
    """A card that the build was not made for; PyTorch lists it as usable all the same."""
    chips = [card.compute_capability for card in facts.cards or facts.backend.gpus if card.compute_capability]
    if not chips or not facts.backend.architectures or not facts.backend.build_cuda:
        return None
    cards = [version_numbers(chip) for chip in chips]
    built = [
        (kind, _chip_number(chip)) for kind, _, chip in (text.partition("_") for text in facts.backend.architectures)
    ]
    if any(_runs(card, built) for card in cards):
        return None
    name, text = facts.backend.name, chips[0]
    if max(cards) > max(chip for _, chip in built):
        return f"the card (compute capability {text}) is newer than this build of {name}", _NEWER[name]
    return (
        f"the card (compute capability {text}) is older than this build of {name} knows",
        "Train on the processor, or on a free cloud GPU (lesson 06).",
    )


def _runs(card, built):
    """Whether code for one of the chips runs on the card: its own generation's, or what is translated at the start."""
    return any(
        (kind == "compute" and chip <= card) or (kind == "sm" and chip[0] == card[0] and chip <= card)
        for kind, chip in built
    )


def _chip_number(text):
    digits = re.match(r"\d+", text)[0]
    return int(digits[:-1]), int(digits[-1])
