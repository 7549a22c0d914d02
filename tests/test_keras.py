"""The one way into Keras: a word for what is missing, and nothing on the screen that is not meant for the reader."""

import os
import subprocess
import sys

import pytest

MISSING = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {backend!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)

sys.meta_path.insert(0, Missing())
"""
LOAD = "import cnn_course\nprint(cnn_course.load_keras().backend.backend())"


def run(program, **environment):
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    return subprocess.run([sys.executable, "-c", program], env={**quiet, **environment}, capture_output=True, text=True)


@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_a_backend_that_is_not_installed_is_named_with_what_to_install(backend):
    done = run(MISSING.format(backend=backend) + LOAD, KERAS_BACKEND=backend)
    assert f"BackendError: Keras needs a backend, and {backend} is not installed. Try: pip install" in done.stderr


def test_a_backend_that_keras_does_not_have_is_named():
    done = run(LOAD, KERAS_BACKEND="theano")
    assert "KERAS_BACKEND must be tensorflow, torch or jax. Received: KERAS_BACKEND='theano'" in done.stderr


def test_loading_writes_nothing_of_tensorflows_log():
    pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
    done = run(LOAD)
    assert (done.stdout, done.stderr) == ("tensorflow\n", "")


def test_what_is_no_log_line_is_written_out():
    program = """
import os
from cnn_course._keras import _without_noise
with _without_noise():
    os.write(2, b"I0000 00:00:17 port.cc:153] oneDNN is on\\nUserWarning: a real one\\nE0000 a real error\\n")
"""
    assert run(program).stderr == "UserWarning: a real one\nE0000 a real error\n"
