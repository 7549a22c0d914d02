"""The command: parses, calls, prints; a fault is one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cnn_course
from cnn_course import BackendError, cli, doctor
from cnn_course._install import install_command

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


def test_what_a_command_says_can_be_copied_and_typed_there(tmp_path):
    """Paths stay whole, however long; advice is a command's, not a Python call."""
    folder = tmp_path / ("a long name " * 9).strip()
    first = run("open", "02", "--folder", folder, cwd=tmp_path)
    again = run("open", "02", "--folder", folder, cwd=tmp_path)
    assert f"is now at {folder / '02_convolution.ipynb'}." in first.stdout
    assert f"already at {folder / '02_convolution.ipynb'}," in again.stdout and "with --fresh" in again.stdout
    (tmp_path / "file").touch()
    refused = run("open", "02", "--folder", tmp_path / "file" / "below", cwd=tmp_path)
    assert "such as ~/cnn-course" in refused.stderr
    assert not any("open_lesson(" in said for said in (again.stdout, refused.stderr))


def test_an_unknown_lesson_is_one_sentence_without_a_traceback(tmp_path):
    done = run("open", "gardening", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no lesson" in done.stderr and "Traceback" not in done.stderr


def test_progress_shows_the_exercises(tmp_path):
    assert "output-size" in run("progress", cwd=tmp_path).stdout


def test_progress_shows_one_lesson_or_names_those_there_are(tmp_path):
    shown = run("progress", "02", cwd=tmp_path)
    assert "output-size" in shown.stdout and "softmax" not in shown.stdout and shown.returncode == 0
    unknown = run("progress", "99", cwd=tmp_path)
    assert unknown.returncode == 1 and "No lesson '99' has exercises. There are '01', " in unknown.stderr


def test_doctor_prints_each_command_whole_brackets_too(monkeypatch):
    """A command is copied from the terminal: no part of it is taken for markup, and no line ends within it."""
    remedy = 'Use Linux inside Windows: wsl --install, and there, in the course\'s folder, pip install ".[lab,cuda]".'
    findings = doctor.Finding("GPU", doctor.WARNING, "not used", remedy), doctor.Finding("x", doctor.BAD, "[no]", "y")
    monkeypatch.setattr(doctor, "examine", lambda: doctor.Report(findings))
    done = CliRunner().invoke(cli.app, ["doctor"], env={"COLUMNS": "60"})
    assert any(line.endswith(f"→ {remedy}") for line in done.output.splitlines())
    assert "[no]" in done.output and done.exit_code == 1


def test_an_errors_brackets_are_printed_too(monkeypatch, capsys):
    def fail():
        raise BackendError("Try: pip install '.[tensorflow]'")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert "✗ Try: pip install '.[tensorflow]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("encoding", "command", "said"),
    [
        ("cp1252", "progress", "+ 02 output-size"),
        ("cp850", "progress", "+ 02 output-size"),
        ("ascii", "progress", "- 01 softmax"),
        ("ascii", "lessons", "02_convolution.ipynb"),
        ("ascii", "open gardening", "x There is no lesson"),
    ],
)
def test_commands_write_where_the_output_is_not_utf_8(tmp_path, encoding, command, said):
    cnn_course.check("output-size", lambda w, k, p, s: (w - k + 2 * p) // s + 1)
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([COMMAND, *command.split()], cwd=tmp_path, env=environment, capture_output=True)
    text = (done.stdout + done.stderr).decode(encoding)
    assert said in " ".join(text.split())
    rows = [line for line in text.splitlines() if "output-size" in line]
    assert command != "progress" or (len(rows) == 1 and "points" not in rows[0] and rows[0].count("2 of 2") == 1)


def test_the_doctors_marks_are_plain_where_the_output_knows_no_others(tmp_path):
    program = (
        "from cnn_course import cli, doctor\n"
        "found = doctor.Finding('a', doctor.GOOD, 'fine'), doctor.Finding('b', doctor.BAD, '1 × 2', 'mend')\n"
        "doctor.examine = lambda: doctor.Report(found)\n"
        "import sys; sys.argv = ['cnn-course', 'doctor']; cli.main()"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["+", "a", "fine"],
        ["x", "b", "1", "x", "2"],
        ["->", "mend"],
    ]


def test_a_port_that_is_none_is_refused_before_anything_is_copied(tmp_path):
    done = run("lab", "--port", "70000", cwd=tmp_path)
    assert done.returncode == 2 and "65535" in done.stderr and not list(tmp_path.iterdir())


def test_without_jupyterlab_the_command_that_installs_it_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["cnn-course", "lab"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert f"JupyterLab is not installed. Try: {install_command('lab')}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not delete a folder that is in use")
@pytest.mark.parametrize(
    "command", [["lessons"], ["progress"], ["open", "02"], ["export", "02"], ["lab"], ["nbgrader"]]
)
def test_a_folder_that_was_deleted_under_a_command_is_no_traceback(tmp_path, command):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone}; rmdir {gone}; exec {COMMAND} {' '.join(command)}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    if command[0] in ("lessons", "progress"):
        assert done.returncode == 0
    else:
        assert done.returncode == 1 and "No such file or directory" in done.stderr


@pytest.mark.parametrize(
    "command", [["open", "x" * 5000], ["export", "x" * 5000], ["open", "02", "--folder", "x" * 5000]]
)
def test_a_name_that_is_too_long_is_one_sentence(tmp_path, command):
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("✗") and "Traceback" not in done.stderr
