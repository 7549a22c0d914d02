"""Why a card is not used: one faked computer for each reason, asked through `describe_devices` and through `doctor`.

What is faked is the computer: its files, variables, libraries and the program nvidia-smi. The backend's own calls are
faked in the last part, on the real modules, so that a call that is not there fails.
"""

import ctypes
import json
import os
import platform
import re
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest

from cnn_course import _keras, describe_devices, doctor
from cnn_course.devices import BackendFacts, Gpu, _facts, gather, settings, timing

CARD = Gpu("NVIDIA GeForce RTX 3060", 12 * 2**30, "8.6")
TENSORFLOW = BackendFacts(
    "tensorflow", "2.21.0", "3.15.1", "12.5.1", ("sm_60", "sm_80", "sm_89", "compute_90"), (CARD,)
)
TORCH = BackendFacts("torch", "2.13.0", "3.15.1", "12.6", ("sm_75", "sm_80", "sm_86", "sm_90"), (CARD,))
JAX = BackendFacts("jax", "0.10.2", "3.15.1", "12")
CPU_BUILD = {"build_cuda": "", "architectures": ()}
NOT_RUNNING = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
    "driver is installed and running."
)

NVIDIA_SMI = """#!/bin/sh
case "$1" in
--query-gpu=*) ;;
*) echo "| NVIDIA-SMI {driver}   Driver Version: {driver}   CUDA Version: {cuda} |"; exit 0 ;;
esac
IFS=,
for card in {cards}; do
    row=""
    for field in ${{1#--query-gpu=}}; do
        case "$field" in
        name) value="{name}" ;;
        memory.total) value="{memory}" ;;
        driver_version) value="{driver}" ;;
        {knows_chips}) value="{chip}" ;;
        *) echo "Field \\"$field\\" is not a valid field to query."; exit 2 ;;
        esac
        row="$row${{row:+, }}$value"
    done
    echo "$row"
done
"""


class Computer:
    """A faked computer: a folder in place of the system's root, and a few calls of the system."""

    def __init__(self, root, monkeypatch):
        self.root, self._monkeypatch = root, monkeypatch
        (root / "bin").mkdir()
        monkeypatch.setenv("PATH", str(root / "bin"))
        for variable in (*_facts.HIDING, *_facts._HOSTS, "KUBERNETES_SERVICE_HOST"):
            monkeypatch.delenv(variable, raising=False)

    def make(
        self,
        card=True,
        driver="550.54.14",
        cuda="12.4",
        chip="8.6",
        cards=1,
        says=None,
        library=True,
        system="Linux",
        release="6.8.0-generic",
        files=(),
        refused=(),
        variables=(),
    ):
        """Make it as is said."""
        if card:
            self.plug_in("0x10de", "0x030000")
        if says is not None:
            self.program(f'#!/bin/sh\necho "{says}"\nexit 9\n')
        elif driver:
            new = int(driver.split(".")[0]) >= 510
            known = "compute_cap" if new else "none"
            numbers = "1,2,3,4"[: 2 * cards - 1]
            text = NVIDIA_SMI.format(
                driver=driver, cuda=cuda, chip=chip, cards=numbers, knows_chips=known, name=CARD.name, memory=12288
            )
            self.program(text.replace(f"for card in {numbers}", f"for card in {numbers.replace(',', ' ')}"))
        for name in (*files, *refused):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self._calls(library, system, release, refused)
        for name, value in dict(variables).items():
            self._monkeypatch.setenv(name, value)

    def _calls(self, library, system, release, refused):
        access, loads = os.access, ctypes.CDLL

        def faked_access(path, mode, **options):
            return str(path) not in [str(self.root / name) for name in refused] and access(path, mode, **options)

        def faked_library(name, *arguments, **options):
            if name != "libcuda.so.1":
                return loads(name, *arguments, **options)
            if not library:
                raise OSError(f"{name}: cannot open shared object file: No such file or directory")

        self._monkeypatch.setattr(os, "access", faked_access)
        self._monkeypatch.setattr(ctypes, "CDLL", faked_library)
        self._monkeypatch.setattr(platform, "system", lambda: system)
        self._monkeypatch.setattr(platform, "release", lambda: release)

    def plug_in(self, vendor, kind):
        """Put a device on the bus."""
        bus = self.root / "sys/bus/pci/devices"
        device = bus / f"0000:0{len(list(bus.glob('*')))}:00.0"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")

    def program(self, text):
        """Put nvidia-smi on the path."""
        script = self.root / "bin" / "nvidia-smi"
        script.write_text(text)
        script.chmod(0o755)

    def facts(self, backend):
        """Return what is found here."""
        return gather(backend, self.root)


@pytest.fixture
def computer(tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("the faked nvidia-smi is a shell script")
    root = tmp_path / "computer"
    root.mkdir()
    return Computer(root, monkeypatch)


BARE = {"driver": "", "library": False}
NO_CARD = {"card": False, **BARE}
WSL = {"card": False, "release": "5.15.167.4-microsoft-standard-WSL2"}
BLIND = replace(TENSORFLOW, gpus=())
SITUATIONS = {
    "no card": (NO_CARD, BLIND, "has no NVIDIA card", ""),
    "no card, tools of another time": ({"card": False, "says": NOT_RUNNING}, BLIND, "has no NVIDIA card", ""),
    "Colab without a GPU": (
        {**NO_CARD, "files": [".dockerenv"], "variables": {"COLAB_RELEASE_TAG": "x"}},
        BLIND,
        "this Colab notebook was started without a GPU",
        "Change runtime type",
    ),
    "Kaggle without a GPU": (
        {"card": False, "says": NOT_RUNNING, "variables": {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}},
        BLIND,
        "this Kaggle notebook was started without a GPU",
        "Accelerator",
    ),
    "driver missing": (BARE, BLIND, "its driver is not", "ubuntu-drivers install"),
    "driver missing, tools there": (
        {"says": "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", "library": False},
        BLIND,
        "its driver is not",
        "ubuntu-drivers install",
    ),
    "Linux in Windows": ({**WSL, **BARE}, BLIND, "Linux sees no card through Windows", "driver in Windows"),
    "container without the card": ({**BARE, "files": [".dockerenv"]}, BLIND, "without the card", "--gpus all"),
    "Apptainer without the card": ({**BARE, "files": [".singularity.d"]}, BLIND, "without the card", "--nv"),
    "container without libcuda": (
        {"library": False, "files": [".dockerenv"]},
        BLIND,
        "not its library (libcuda.so.1)",
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
    ),
    "libcuda missing": ({"library": False}, BLIND, "libcuda.so.1 is missing", "Install NVIDIA's driver"),
    "driver not running": ({"says": NOT_RUNNING}, BLIND, "the driver is not running", "modprobe nvidia"),
    "driver renewed": (
        {"says": "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54"},
        BLIND,
        "renewed while the old one was running",
        "reboot",
    ),
    "no permission": ({"refused": ["dev/nvidia0", "dev/nvidiactl"]}, BLIND, "dev/nvidia0", "usermod"),
    "no permission for memory": ({"refused": ["dev/nvidia-uvm"]}, BLIND, "dev/nvidia-uvm", "usermod"),
    "no permission, by the driver": (
        {"says": "Failed to initialize NVML: Insufficient Permissions"},
        BLIND,
        "you may not use the card",
        "usermod",
    ),
    "lost in the container": (
        {"says": "Failed to initialize NVML: Unknown Error", "files": ["run/.containerenv"]},
        BLIND,
        "NVML: Unknown Error",
        "Start the container again",
    ),
    "card fell off the bus": ({"says": "No devices were found"}, BLIND, "No devices were found", "nvidia-smi"),
    "native Windows": (
        {"system": "Windows", "card": False},
        replace(BLIND, **CPU_BUILD),
        "no GPU on Windows itself since 2.11",
        "wsl --install",
    ),
    "hidden, empty": ({"variables": {"CUDA_VISIBLE_DEVICES": ""}}, BLIND, "CUDA_VISIBLE_DEVICES=''", "unset CUDA"),
    "hidden, -1": ({"variables": {"CUDA_VISIBLE_DEVICES": "-1"}}, BLIND, "CUDA_VISIBLE_DEVICES='-1'", "unset CUDA"),
    "hidden, no such card": ({"variables": {"CUDA_VISIBLE_DEVICES": "3"}}, BLIND, "'3' hides the card", "unset CUDA"),
    "left out by JAX": ({"variables": {"JAX_PLATFORMS": "cpu"}}, JAX, "JAX_PLATFORMS='cpu'", "unset JAX_PLATFORMS"),
    "switched off in the program": (
        {},
        replace(BLIND, switched_off=1),
        "set_visible_devices",
        "Take that call away",
    ),
    "CPU-only build": ({}, replace(BLIND, **CPU_BUILD), "built without CUDA", 'pip install ".[cuda]"'),
    "CPU-only torch": (
        {},
        replace(TORCH, gpus=(), **CPU_BUILD),
        "built without CUDA",
        "pip install --force-reinstall torch",
    ),
    "CPU-only jax": ({}, replace(JAX, build_cuda=""), "built without CUDA", 'pip install "jax[cuda12]"'),
    "driver too old": (
        {"driver": "470.82.01", "cuda": "11.4"},
        BLIND,
        "470.82.01 is too old: CUDA 12.5.1 needs 525.60",
        "Renew",
    ),
    "card newer than the build": (
        {"chip": "12.0"},
        TORCH,
        "12.0) is newer than this build of torch",
        "pip install --upgrade torch",
    ),
    "card older than the build": ({"chip": "3.5"}, BLIND, "3.5) is older than this build", "cloud GPU"),
    "NVIDIA's libraries missing": ({}, BLIND, "NVIDIA's libraries are missing", "tensorflow[and-cuda]"),
    "a Mac": ({**NO_CARD, "system": "Darwin"}, replace(BLIND, **CPU_BUILD), "a Mac's own GPU", "KERAS_BACKEND=torch"),
}


@pytest.mark.parametrize(("made", "backend", "reason", "remedy"), SITUATIONS.values(), ids=SITUATIONS)
def test_each_reason_is_named_with_the_command_that_mends_it(computer, made, backend, reason, remedy):
    computer.make(**made)
    facts = computer.facts(backend)
    found = describe_devices(facts)
    assert reason in found.reason and remedy in found.remedy and found.gpus_used == 0
    assert bool(remedy) == bool(found.remedy)
    assert found.reason in repr(found) and re.search("trains on +the processor", repr(found))
    line = doctor.check_gpu(facts)
    assert found.reason in line.detail and line.remedy == found.remedy
    assert line.state == (doctor.WARNING if remedy else doctor.GOOD)


def test_no_two_situations_get_the_same_advice_for_another_cause():
    advice = {}
    for name, (_, _, reason, remedy) in SITUATIONS.items():
        advice.setdefault((reason, remedy), set()).add(name.split(",")[0])
    assert all(len(causes) == 1 for causes in advice.values()), advice


@pytest.mark.parametrize(
    ("made", "backend"),
    [
        ({}, TENSORFLOW),
        ({}, TORCH),
        ({"chip": "12.0"}, TENSORFLOW),  # compute_90 is translated at the start
        ({"driver": "", "files": [".dockerenv"]}, TENSORFLOW),  # a container without nvidia-smi
        ({"variables": {"CUDA_VISIBLE_DEVICES": "0"}}, TENSORFLOW),
        ({"refused": ["dev/nvidia1"]}, TENSORFLOW),  # a shared computer: another user's card
        ({"driver": "", "card": False}, replace(TORCH, architectures=("gfx90a", "gfx1100"), build_cuda="")),  # AMD's
    ],
)
def test_a_card_that_is_used_has_no_reason(computer, made, backend):
    computer.make(**made)
    facts = computer.facts(backend)
    found = describe_devices(facts)
    assert (found.reason, found.remedy, found.gpus_used, len(found.gpus)) == ("", "", 1, 1)
    assert doctor.check_gpu(facts).state == doctor.GOOD


def test_the_answer_names_card_memory_chip_driver_and_versions(computer):
    computer.make()
    found = describe_devices(replace(computer.facts(TENSORFLOW), cpu="A CPU", cores=8))
    for part in (
        "RTX 3060, 12 GiB, compute capability 8.6",
        "550.54.14, for CUDA up to 12.4",
        "CUDA 12.5.1",
        "A CPU, 8 cores",
    ):
        assert part in repr(found)
    assert "RTX 3060" in found._repr_html_()


def test_the_drivers_answer_is_read_old_drivers_too(computer):
    computer.make(cards=2)
    facts = computer.facts(TENSORFLOW)
    assert (facts.driver_answer, facts.driver, facts.driver_cuda) == ("ok", "550.54.14", "12.4")
    assert facts.cards == (CARD, CARD)
    computer.make(driver="470.82.01")  # nvidia-smi knows no compute_cap before 510
    facts = computer.facts(TENSORFLOW)
    assert (facts.driver_answer, facts.driver) == ("ok", "470.82.01")
    assert facts.cards == (replace(CARD, compute_capability=""),)


def test_a_driver_that_does_not_say_all_and_one_that_complains(computer):
    computer.make(chip="[N/A]")
    assert computer.facts(TENSORFLOW).cards == (replace(CARD, compute_capability=""),)
    computer.program("#!/bin/sh\nexit 3\n")
    assert computer.facts(TENSORFLOW).driver_answer == "it ended with 3"


def test_a_card_on_the_bus_is_told_from_other_devices(computer):
    computer.make(card=False, driver="")
    computer.plug_in("0x8086", "0x030000")
    computer.plug_in("0x10de", "0x040300")  # NVIDIA's sound device
    assert not computer.facts(BLIND).card_on_bus
    computer.plug_in("0x10de", "0x030200")
    assert computer.facts(BLIND).card_on_bus


def test_what_the_doctors_probe_writes_is_read_back(tmp_path):
    script, known = tmp_path / "python", json.dumps(asdict(TENSORFLOW))
    script.write_text(f"#!/bin/sh\ncat > \"$3\" <<'END'\n{known}\nEND\n")
    script.chmod(0o755)
    finding, found = doctor.probe_backend(str(script))
    assert finding.state == doctor.GOOD and found.gpus == (CARD,)


class TestBackends:
    """The calls of TensorFlow, PyTorch and JAX that only a computer with a GPU answers."""

    def test_tensorflow(self, monkeypatch):
        tf = pytest.importorskip("tensorflow")
        cards = [tf.config.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in (0, 1)]
        build = {"is_cuda_build": True, "cuda_version": "12.5.1", "cuda_compute_capabilities": ["sm_60", "compute_90"]}
        details = {"device_name": "Tesla T4", "compute_capability": (7, 5)}
        monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: build)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: cards if kind == "GPU" else [])
        monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: cards[:1] if kind == "GPU" else [])
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda card: details)
        found = BackendFacts("tensorflow", **_facts._tensorflow())
        assert found.gpus == (Gpu("Tesla T4", 0, "7.5"),) and found.switched_off == 1
        assert (found.build_cuda, found.architectures) == ("12.5.1", ("sm_60", "compute_90"))
        assert not _facts.uses_tf32(found)
        newer = replace(found, gpus=(Gpu("A100", 0, "8.0"),))
        assert _facts.uses_tf32(newer)  # TensorFlow's default
        tf.config.experimental.enable_tensor_float_32_execution(False)
        try:
            assert not _facts.uses_tf32(newer)
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(True)
        for facts, policy in ((found, "mixed_float16"), (newer, "mixed_bfloat16")):
            monkeypatch.setattr(settings, "backend_facts", lambda facts=facts: facts)
            with settings.mixed_precision() as used:
                assert used == policy

    def test_tensorflows_peak(self, monkeypatch):
        tf = pytest.importorskip("tensorflow")
        calls = []
        monkeypatch.setattr(tf.config.experimental, "reset_memory_stats", calls.append)
        monkeypatch.setattr(
            tf.config.experimental, "get_memory_info", lambda device: {"current": 1, "peak": len(calls) * 10}
        )
        reset, peak = timing._memory_meter(there=True)
        reset()
        assert calls == ["GPU:0"] and peak() == 10

    def test_torch(self, monkeypatch):
        torch = pytest.importorskip("torch")
        properties = SimpleNamespace(name="NVIDIA H100", total_memory=80 * 2**30, major=9, minor=0)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: properties)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_80", "sm_90", "compute_90"])
        monkeypatch.setattr(torch.version, "cuda", "12.6")
        found = BackendFacts("torch", **_facts._torch())
        assert found.gpus == (Gpu("NVIDIA H100", 80 * 2**30, "9.0"),) and found.build_cuda == "12.6"
        assert _facts.uses_tf32(found) and not _facts.uses_tf32(found, convolutions=False)  # PyTorch's defaults
        monkeypatch.setattr(torch.version, "hip", "6.4")
        assert _facts._torch()["gpus"][0].compute_capability == ""

    def test_jax(self, monkeypatch):
        jax = pytest.importorskip("jax")
        peaks = iter([100, 100, 100, 250])
        card = SimpleNamespace(
            platform="gpu",
            device_kind="NVIDIA A100-SXM4-40GB",
            compute_capability="8.0",
            memory_stats=lambda: {"peak_bytes_in_use": next(peaks)},
        )
        assert hasattr(jax.local_devices()[0], "device_kind") and hasattr(jax.local_devices()[0], "memory_stats")
        monkeypatch.setattr(jax, "local_devices", lambda: [card])
        found = BackendFacts("jax", **_facts._jax())
        assert found.gpus == (Gpu("NVIDIA A100-SXM4-40GB", 0, "8.0"),) and _facts.uses_tf32(found)
        assert timing._jax_meter()[1]() is None  # a peak of before says nothing of this run
        assert timing._jax_meter()[1]() == 250

    def test_where_a_tensor_lies_is_read_from_it(self):
        def tensor(device):
            return SimpleNamespace(device=device)

        assert _keras.on_gpu(tensor("/job:localhost/replica:0/task:0/device:GPU:0"))
        assert not _keras.on_gpu(tensor("/job:localhost/replica:0/task:0/device:CPU:0"))
        assert _keras.on_gpu(tensor("cuda:0")) and _keras.on_gpu(tensor("mps:0"))
