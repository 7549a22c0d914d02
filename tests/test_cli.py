"""The command: parses, calls, prints; a fault is one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnn_course import BackendError, cli, doctor

COMMAND = Path(sys.executable).with_name("cnn-course")


def run(*arguments, cwd):
    return subprocess.run([COMMAND, *arguments], cwd=cwd, capture_output=True, text=True)


def test_lessons_are_listed(tmp_path):
    done = run("lessons", cwd=tmp_path)
    assert "Convolution" in done.stdout and done.returncode == 0


def test_open_copies_a_lesson_and_says_where(tmp_path):
    done = run("open", "02", cwd=tmp_path)
    assert (tmp_path / "02_convolution.ipynb").exists()
    assert "02_convolution.ipynb" in done.stdout.replace("\n", "")


def test_an_unknown_lesson_is_one_sentence_without_a_traceback(tmp_path):
    done = run("open", "gardening", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no lesson" in done.stderr and "Traceback" not in done.stderr


def test_progress_shows_the_exercises(tmp_path):
    assert "output-size" in run("progress", cwd=tmp_path).stdout


def test_doctor_prints_each_command_whole_brackets_too(monkeypatch):
    """A command is copied from the terminal: no part of it is taken for markup, and no line ends within it."""
    remedy = 'Use Linux inside Windows: wsl --install, and there pip install "cnn-course[lab,cuda]".'
    findings = doctor.Finding("GPU", doctor.WARNING, "not used", remedy), doctor.Finding("x", doctor.BAD, "[no]", "y")
    monkeypatch.setattr(doctor, "examine", lambda: doctor.Report(findings))
    done = CliRunner().invoke(cli.app, ["doctor"], env={"COLUMNS": "60"})
    assert any(line.endswith(f"→ {remedy}") for line in done.output.splitlines())
    assert "[no]" in done.output and done.exit_code == 1


def test_an_errors_brackets_are_printed_too(monkeypatch, capsys):
    def fail():
        raise BackendError("Try: pip install 'cnn-course[tensorflow]'")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert "✗ Try: pip install 'cnn-course[tensorflow]'" in capsys.readouterr().err
