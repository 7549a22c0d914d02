"""The command: parses, calls, prints; a fault is one sentence."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("cnn-course")


def run(*arguments, cwd):
    return subprocess.run([COMMAND, *arguments], cwd=cwd, capture_output=True, text=True)


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


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


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab as `cnn-course lab` starts it; its address and its folder."""
    port = free_port()
    env = {**os.environ, "JUPYTER_TOKEN": "test", "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    command = [COMMAND, "lab", "--folder", str(tmp_path / "course"), "--port", str(port), "--no-browser"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log, start_new_session=True)
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"{address}/api?token=test", timeout=2)
                break
            except OSError:
                continue
        else:
            raise AssertionError((tmp_path / "log").read_text())
        yield address, tmp_path / "course"
        os.killpg(server.pid, 2)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
