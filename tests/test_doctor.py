"""The doctor's lines, each in the situation that makes it red."""

import sys
from pathlib import Path

from cnn_course import doctor


def test_an_old_python_is_red():
    finding = doctor.check_python((3, 10, 4))
    assert finding.state == doctor.BAD and "3.11" in finding.remedy


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
    assert missing.remedy == 'pip install "cnn-course[tensorflow]"'
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


def test_environment_variable_moves_the_progress(monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "mine"))
    progress = next(f for f in doctor.examine().findings if f.name == "progress")
    assert progress.detail == str(tmp_path / "mine")
