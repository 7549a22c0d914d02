"""The doctor's lines, each in the situation that makes it red."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_course import doctor
from cnn_course._install import install_command


def test_an_old_python_is_red():
    finding = doctor.check_python((3, 10, 4))
    assert finding.state == doctor.BAD and "3.11" in finding.remedy


@pytest.mark.parametrize(
    ("python", "computer", "state", "said", "remedy"),
    [
        ((3, 11, 0), ("Linux", "x86_64"), doctor.GOOD, "", ""),
        ((3, 13, 9), ("Darwin", "arm64"), doctor.GOOD, "", ""),
        ((3, 14, 0), ("Linux", "x86_64"), doctor.WARNING, "no build for Python 3.14 yet", "3.11, 3.12 or 3.13"),
        ((3, 13, 0), ("Darwin", "x86_64"), doctor.WARNING, "TensorFlow 2.16, which was the last one", "3.11 or 3.12"),
        ((3, 12, 0), ("Darwin", "x86_64"), doctor.GOOD, "", ""),
    ],
)
def test_a_python_for_which_tensorflow_has_no_build_is_named_with_those_that_have(
    python, computer, state, said, remedy
):
    finding = doctor.check_python(python, computer)
    assert finding.state == state and said in finding.detail and remedy in finding.remedy


def test_a_missing_package_and_an_old_one_are_named():
    finding = doctor.check_packages(["no-such-package>=1", "numpy>=99", 'ignored>=1; extra == "lab"'])
    assert finding.state == doctor.BAD
    assert "no-such-package is missing" in finding.detail and "is not >=99" in finding.detail
    assert "ignored" not in finding.detail


def test_the_packages_of_this_environment_are_good():
    assert doctor.check_packages().state == doctor.GOOD


def test_a_backend_that_crashes_is_told_apart_from_one_that_is_missing(tmp_path):
    def python(body):
        script = tmp_path / "python"
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        return str(script)

    crashed = doctor.check_backend(python("kill -ILL $$"))
    assert crashed.state == doctor.BAD and "signal 4" in crashed.detail
    missing = doctor.check_backend(python("echo \"ModuleNotFoundError: No module named 'tensorflow'\" >&2; exit 1"))
    assert "No module named 'tensorflow'" in missing.detail
    assert missing.remedy == install_command("tensorflow")
    slow = doctor.check_backend(python("exec sleep 30"), timeout=0.2)
    assert "did not start within" in slow.detail


def test_this_environments_backend_is_good():
    finding = doctor.check_backend(sys.executable)
    assert finding.state == doctor.GOOD, finding


def test_a_folder_that_cannot_be_written_is_red_and_is_not_made(tmp_path):
    inside = tmp_path / "new" / "folder"
    assert doctor.check_folder("x", inside, "remedy").state == doctor.GOOD
    assert not inside.exists()
    proc = doctor.check_folder("x", Path("/proc/nowhere"), "remedy")
    assert proc.state == doctor.BAD and proc.remedy == "remedy"


def test_report_is_healthy_without_red_lines_and_prints_each_remedy():
    good = doctor.Finding("a", doctor.GOOD, "fine")
    warning = doctor.Finding("b", doctor.WARNING, "hm", "look")
    bad = doctor.Finding("c", doctor.BAD, "no", "mend")
    assert doctor.Report((good, warning)).healthy
    report = doctor.Report((good, warning, bad))
    assert not report.healthy
    assert "→ look" in repr(report) and "→ mend" in repr(report)
    assert "→ mend" in report._repr_html_()


def test_environment_variable_moves_the_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "mine"))
    progress = next(f for f in doctor.examine().findings if f.name == "progress")
    assert progress.detail == str(tmp_path / "mine")


def without_a_backend(program, folder):
    """Run a program where no backend can be found, in it and in what it starts."""
    hidden = folder / "hidden"
    hidden.mkdir()
    body = "import sys\nsys.modules.update(dict.fromkeys(['tensorflow', 'torch', 'jax', 'jaxlib']))\n"
    (hidden / "sitecustomize.py").write_text(body)
    path = os.pathsep.join([str(hidden), str(Path(doctor.__file__).parents[1])])
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)


def test_without_a_backend_the_doctor_says_so_and_what_needs_none_works(tmp_path):
    program = """
import cnn_course
from cnn_course import doctor
report = doctor.examine()
print([(f.name, f.remedy) for f in report.findings if f.state == doctor.BAD])
print(cnn_course.describe_devices())
tables = cnn_course.load_measurements(), cnn_course.training_curves(), cnn_course.transfer_curves()
print(*[len(repr(table)) for table in tables])
import sys
print(sorted({"keras"} & set(sys.modules)))
"""
    done = without_a_backend(program, tmp_path)
    assert done.returncode == 0, done.stderr
    red, *devices, counts, loaded = done.stdout.splitlines()
    assert red == repr([("backend", install_command("tensorflow"))])
    assert "Keras has no backend to train with" in "".join(devices)
    assert install_command("tensorflow") in devices[-1] and devices[2].split() == ["trains", "on", "nothing"]
    assert min(map(int, counts.split())) > 0 and loaded == "[]"


def test_a_folder_that_is_gone_is_red(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    finding = doctor.check_folder("this folder", Path(), "cd ~")
    assert finding.state == doctor.BAD and "No such file or directory" in finding.detail
