"""The command: parses, calls, prints; a fault is one sentence."""

import subprocess
import sys
from pathlib import Path

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
