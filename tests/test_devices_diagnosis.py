"""Why a card is not used: one faked computer for each reason, asked through `describe_devices` and through `doctor`."""

from dataclasses import replace

import pytest

from cnn_course import describe_devices, doctor
from cnn_course.devices import BackendFacts, Facts, Gpu
from cnn_course.devices._facts import _card_on_bus, ask_driver

CARD = Gpu("NVIDIA GeForce RTX 3060", 12 * 2**30, "8.6")
TENSORFLOW = BackendFacts("tensorflow", "2.21.0", "3.15.1", "12.5.1", ("sm_60", "sm_80", "sm_89", "compute_90"), gpus=1)
GOOD = Facts(
    backend=TENSORFLOW,
    card_on_bus=True,
    driver_answer="ok",
    driver="550.54.14",
    driver_cuda="12.4",
    cards=(CARD,),
    cpu="A CPU",
    cores=8,
)
TORCH = BackendFacts("torch", "2.13.0", "3.15.1", "12.6", ("sm_75", "sm_80", "sm_86", "sm_90"), gpus=1)


def blind(facts=GOOD, backend=None, **changes):
    """A computer whose backend uses no card."""
    return replace(facts, backend=replace(backend or facts.backend, gpus=0), **changes)


NO_DRIVER = {"driver_answer": "missing", "driver": "", "driver_cuda": "", "cards": ()}
CPU_BUILD = {"build_cuda": "", "architectures": ()}
SITUATIONS = {
    "no card": (blind(card_on_bus=False, **NO_DRIVER), "has no NVIDIA card", ""),
    "driver missing": (blind(**NO_DRIVER), "its driver is not", "ubuntu-drivers install"),
    "driver missing in WSL": (blind(wsl=True, **NO_DRIVER), "its driver is not", "driver in Windows"),
    "container without the card": (blind(container=True, **NO_DRIVER), "without the card", "--gpus all"),
    "driver not running": (
        blind(driver_answer="NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", cards=()),
        "the driver is not running",
        "modprobe nvidia",
    ),
    "driver renewed": (
        blind(driver_answer="Failed to initialize NVML: Driver/library version mismatch", cards=()),
        "renewed while the old one was running",
        "reboot",
    ),
    "no permission": (blind(refused=("/dev/nvidia0",)), "you may not use /dev/nvidia0", "usermod"),
    "no permission, by the driver": (
        blind(driver_answer="Failed to initialize NVML: Insufficient Permissions", cards=()),
        "you may not use",
        "usermod",
    ),
    "native Windows": (blind(system="Windows"), "no GPU on Windows itself since 2.11", "wsl --install"),
    "hidden, empty": (blind(environment={"CUDA_VISIBLE_DEVICES": ""}), "CUDA_VISIBLE_DEVICES=''", "unset CUDA_VISIBLE"),
    "hidden, -1": (blind(environment={"CUDA_VISIBLE_DEVICES": "-1"}), "CUDA_VISIBLE_DEVICES='-1'", "unset"),
    "hidden, no such card": (blind(environment={"CUDA_VISIBLE_DEVICES": "3"}), "hides the card", "unset"),
    "left out by JAX": (
        blind(backend=BackendFacts("jax", "0.10.2", "", "12"), environment={"JAX_PLATFORMS": "cpu"}),
        "JAX_PLATFORMS='cpu'",
        "unset JAX_PLATFORMS",
    ),
    "switched off in the program": (
        blind(backend=replace(TENSORFLOW, switched_off=1)),
        "set_visible_devices",
        "Take that call away",
    ),
    "CPU-only build": (blind(backend=replace(TENSORFLOW, **CPU_BUILD)), "built without CUDA", "cnn-course[cuda]"),
    "CPU-only torch": (
        blind(backend=replace(TORCH, **CPU_BUILD)),
        "built without CUDA",
        "pip install --force-reinstall torch",
    ),
    "driver too old": (
        blind(driver="470.82.01", driver_cuda="11.4"),
        "470.82.01 is too old: CUDA 12.5.1 needs 525.60",
        "Renew",
    ),
    "card newer than the build": (
        replace(GOOD, backend=TORCH, cards=(replace(CARD, compute_capability="12.0"),)),
        "12.0) is newer than this build of torch",
        "pip install --upgrade torch",
    ),
    "card older than the build": (
        blind(cards=(replace(CARD, compute_capability="3.5"),)),
        "3.5) is older than this build",
        "cloud GPU",
    ),
    "libraries missing": (blind(), "NVIDIA's libraries are missing", "tensorflow[and-cuda]"),
    "a Mac": (blind(system="Darwin", card_on_bus=False, **NO_DRIVER), "a Mac's own GPU", "KERAS_BACKEND=torch"),
    "nvidia-smi says something else": (blind(driver_answer="GPU is lost", cards=()), "GPU is lost", "nvidia-smi"),
}


@pytest.mark.parametrize(("facts", "reason", "remedy"), SITUATIONS.values(), ids=SITUATIONS)
def test_each_reason_is_named_with_the_command_that_mends_it(facts, reason, remedy):
    found = describe_devices(facts)
    assert reason in found.reason and remedy in found.remedy and found.gpus_used == 0
    assert found.reason in repr(found) and "trains on   the processor" in repr(found)
    line = doctor.check_gpu(facts)
    assert found.reason in line.detail and line.remedy == found.remedy
    assert line.state == (doctor.WARNING if remedy else doctor.GOOD)


def test_no_two_situations_get_the_same_sentence_for_another_cause():
    kinds = {name.split(",")[0] for name in SITUATIONS}
    sentences = {describe_devices(facts).reason for facts, _, _ in SITUATIONS.values()}
    assert len(sentences) >= len(kinds) - 1  # a driver is missing in Linux and in WSL: one reason, two remedies


@pytest.mark.parametrize(
    "facts",
    [
        GOOD,
        replace(GOOD, backend=TORCH),
        replace(GOOD, cards=(replace(CARD, compute_capability="12.0"),)),  # compute_90 is translated at the start
        replace(GOOD, driver_answer="missing", cards=(), driver=""),  # a container without nvidia-smi
        replace(GOOD, environment={"CUDA_VISIBLE_DEVICES": "0"}),
    ],
)
def test_a_card_that_is_used_has_no_reason(facts):
    found = describe_devices(facts)
    assert (found.reason, found.remedy, found.gpus_used, len(found.gpus)) == ("", "", 1, 1)
    assert doctor.check_gpu(facts).state == doctor.GOOD


def test_the_answer_names_card_memory_chip_driver_and_versions():
    text = repr(describe_devices(GOOD))
    for part in (
        "RTX 3060, 12 GiB, compute capability 8.6",
        "550.54.14, for CUDA up to 12.4",
        "CUDA 12.5.1",
        "A CPU, 8 cores",
    ):
        assert part in text
    assert "RTX 3060" in describe_devices(GOOD)._repr_html_()


def program(tmp_path, body):
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return str(script)


HEAD = "| NVIDIA-SMI 550.54.14   Driver Version: 550.54.14   CUDA Version: 12.4 |"


def test_the_drivers_answer_is_read(tmp_path):
    rows = "NVIDIA A100-SXM4-40GB, 40960, 8.0, 550.54.14\nNVIDIA A100-SXM4-40GB, 40960, 8.0, 550.54.14"
    fake = program(tmp_path, f"case \"$1\" in --query*) echo '{rows}';; *) echo '{HEAD}';; esac")
    answer, driver, cuda, cards = ask_driver(fake)
    assert (answer, driver, cuda) == ("ok", "550.54.14", "12.4")
    assert cards == (Gpu("NVIDIA A100-SXM4-40GB", 40 * 2**30, "8.0"),) * 2


def test_a_driver_that_does_not_say_all_and_one_that_complains(tmp_path):
    fake = program(tmp_path, "echo 'Tesla, [N/A], [N/A], 470.82.01'")
    assert ask_driver(fake)[3] == (Gpu("Tesla"),)
    fake = program(tmp_path, "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    assert ask_driver(fake)[0] == "Failed to initialize NVML: Driver/library version mismatch"
    assert ask_driver(str(tmp_path / "nothing"))[0] == "missing"


def test_a_card_on_the_bus_is_told_from_other_devices(tmp_path):
    def device(name, vendor, kind):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(vendor)
        (tmp_path / name / "class").write_text(kind)

    device("a", "0x8086\n", "0x030000\n")
    device("b", "0x10de\n", "0x040300\n")  # NVIDIA's sound device
    assert not _card_on_bus(tmp_path)
    device("c", "0x10de\n", "0x030200\n")
    assert _card_on_bus(tmp_path)
