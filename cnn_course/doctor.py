"""Looks at this computer and says, line by line, what is ready and what to do about the rest."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from ._files import state_folder
from ._install import OLDEST, install_command, python_problem
from ._tables import Table, Tabular
from .devices import BackendFacts, Facts, Gpu, describe_devices, gather

GOOD, WARNING, BAD = "good", "warning", "bad"
MARKS = {GOOD: "✓", WARNING: "?", BAD: "✗"}
# A notebook may be open and hold most of a GPU's memory: take no more than is needed.
_MODEST = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
_PROBE = """
import cnn_course, json, sys
from dataclasses import asdict
import keras
import numpy as np
from cnn_course.devices import backend_facts
keras.layers.Dense(1)(np.ones((1, 2), "float32"))
json.dump(asdict(backend_facts()), open(sys.argv[1], "w"))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    name: str
    state: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, repr=False)
class Report(Tabular):
    """What the doctor found, in the order in which to mend it."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """True if nothing that the lessons need is missing."""
        return all(finding.state != BAD for finding in self.findings)

    def _table(self) -> Table:
        rows = []
        for finding in self.findings:
            rows.append((MARKS[finding.state], finding.name, finding.detail))
            if finding.remedy:  # on a line of its own, which can be copied whole
                rows.append(("", "", f"→ {finding.remedy}"))
        return Table(rows)


def examine() -> Report:
    """Return what is ready on this computer and what is not.

    Returns
    -------
    Report
        A finding each for Python, the packages, JupyterLab, the backend, the GPU, and the folders that are written to.
    """
    backend, known = probe_backend()
    return Report(
        (
            check_python(),
            check_packages(),
            check_lab(),
            backend,
            *([check_gpu(gather(known))] if known else []),
            check_folder("this folder", Path(), "Start in a folder of your own: cd ~"),
            check_folder("progress", state_folder(), _own_folder("CNN_COURSE_STATE")),
        )
    )


def check_python(found: tuple[int, ...] | None = None, computer: tuple[str, str] | None = None) -> Finding:
    """Return whether this Python is one for which the course and its backend have builds."""
    found = found or sys.version_info[:3]
    problem, remedy = python_problem(found[:2], computer)
    detail = f"{'.'.join(map(str, found))} at {sys.executable}"
    if not problem:
        return Finding("Python", GOOD, detail)
    return Finding("Python", BAD if found < OLDEST else WARNING, f"{detail}: {problem}", remedy)


def check_packages(requirements: list[str] | None = None) -> Finding:
    """Return whether what the package needs is installed, in the versions that it needs."""
    wrong = []
    for line in requirements if requirements is not None else requires("cnn-course") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} is not {requirement.specifier}")
    if wrong:
        return Finding("packages", BAD, "; ".join(wrong), install_command())
    return Finding("packages", GOOD, f"cnn-course {version('cnn-course')} and what it needs")


def check_lab() -> Finding:
    """Return whether JupyterLab is there."""
    try:
        return Finding("JupyterLab", GOOD, version("jupyterlab"))
    except PackageNotFoundError:
        return Finding("JupyterLab", WARNING, "not installed (fine on Colab or in VS Code)", install_command("lab"))


def check_backend(python: str = sys.executable, timeout: float = 180) -> Finding:
    """Return whether Keras starts with its backend, tried in a process of its own: some builds crash it."""
    return probe_backend(python, timeout)[0]


def probe_backend(python: str = sys.executable, timeout: float = 180) -> tuple[Finding, BackendFacts | None]:
    """Return the finding on the backend, and what it says of itself (None where it does not start)."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        try:
            probe = subprocess.run(
                [python, "-c", _PROBE, str(answer)],
                env=os.environ | _MODEST,
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            detail = f"Keras did not start within {timeout} s"
            return Finding("backend", BAD, detail, "Close other programs; try again."), None
        if probe.returncode == 0:
            said = json.loads(answer.read_text())
            known = BackendFacts(**said | {"gpus": tuple(Gpu(**card) for card in said["gpus"])})
            detail = f"Keras {known.keras_version} on {known.name} {known.version}"
            return Finding("backend", GOOD, detail), known
    if probe.returncode < 0:
        detail = f"the backend crashed at start (signal {-probe.returncode}): is its build for this processor?"
        another = f"Take another one: {install_command('torch')}, and set KERAS_BACKEND=torch"
        return Finding("backend", BAD, detail, another), None
    last = (probe.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    remedy = install_command("tensorflow") if not any(python_problem()) else python_problem()[1]
    return Finding("backend", BAD, f"Keras does not start: {last}", remedy), None


def check_gpu(facts: Facts) -> Finding:
    """Return whether a GPU trains, or why not; a warning only where there is a card that could.

    Parameters
    ----------
    facts : Facts
    """
    found = describe_devices(facts)
    if not found.reason:
        return Finding("GPU", GOOD, ", ".join(gpu.name for gpu in found.gpus))
    return Finding("GPU", WARNING if found.remedy else GOOD, f"not used: {found.reason}", found.remedy)


def _own_folder(variable):
    return f"Set {variable} to a folder that you may write to."


def check_folder(name: str, folder: Path, remedy: str) -> Finding:
    """Return whether a file can be written to a folder, which is made on the first write and not here."""
    try:
        folder = folder.absolute()
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        with tempfile.TemporaryFile(dir=existing):
            return Finding(name, GOOD, str(folder))
    except OSError as error:
        return Finding(name, BAD, f"{folder} cannot be written: {error.strerror}", remedy)
