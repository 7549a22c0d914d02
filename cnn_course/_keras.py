"""The one way into Keras: without TensorFlow's log lines, and with a clear word where no backend is."""

import logging
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import Any, TypeAlias

from ._install import install_command, python_problem
from .errors import BackendError

Model: TypeAlias = Any  # keras.Model: Keras is not typed
_BACKENDS = ("tensorflow", "torch", "jax", "jaxlib")
# Measured with TensorFlow 2.21 and TF_CPP_MIN_LOG_LEVEL=3: these still come, twice, when it is loaded.
_NOISE = re.compile(
    r"^WARNING: All log messages before absl"
    r"|^[IW]\d{4,} "
    r"|^E\d{4,} .*Unable to register \w+ (factory|computation)"
)


def load_keras() -> Any:
    """Return the module `keras`, loaded without TensorFlow's log lines.

    Returns
    -------
    module

    Raises
    ------
    BackendError
        If the backend that Keras was asked for is not installed, or is none of its backends.

    Examples
    --------
    >>> load_keras().__name__
    'keras'
    """
    silence_tensorflow()
    try:
        import keras
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _BACKENDS:
            raise
        problem, remedy = python_problem()
        raise BackendError(
            f"Keras needs a backend, and {package} is not installed"
            + (f": {problem}. {remedy}." if problem else f". Try: {install_command('tensorflow')}.")
            + " The extras torch and jax are others, with KERAS_BACKEND=torch or jax set before Python starts."
        ) from None
    except ValueError as error:
        if "backend" not in str(error):
            raise
        raise BackendError(
            "KERAS_BACKEND must be tensorflow, torch or jax. "
            f"Received: KERAS_BACKEND={os.environ.get('KERAS_BACKEND')!r}. It is read when Python first loads Keras."
        ) from error
    logging.getLogger("tensorflow").addFilter(_no_retracing)
    return keras


def _no_retracing(record):
    """Drop TensorFlow's warning that it compiled often: a lesson makes many models, and each is compiled once."""
    return "triggered tf.function retracing" not in record.getMessage()


def on_gpu(tensor: Any) -> bool:
    """Return whether a tensor or a variable of Keras's lies in the memory of a GPU: there it is computed with."""
    tensor = getattr(tensor, "value", tensor)
    if load_keras().backend.backend() == "jax":
        return all(device.platform != "cpu" for device in tensor.devices())
    return "cpu" not in str(tensor.device).lower()


def silence_tensorflow() -> None:
    """Keep the log lines of TensorFlow's C++ code away, whoever imports it first and whenever.

    They pass by `sys.stderr` and by TensorFlow's own setting, so file descriptor 2 is held during that one
    import. What is not such a line, a warning or the message of an error, is written out afterwards.
    """
    if "tensorflow" not in sys.modules and not any(isinstance(f, _QuietFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())


class _QuietFinder(MetaPathFinder):
    """Finds TensorFlow as Python would, and lets it load while file descriptor 2 is held."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_quietly(module):
                with _without_noise():
                    load(module)

            spec.loader.exec_module = load_quietly
        return spec


@contextmanager
def _without_noise():
    """Hold what is written to file descriptor 2; write it out at the end, less the known log lines."""
    try:
        kept = os.dup(2)
    except OSError:  # started without a standard error: nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            lines = held.read().decode(errors="replace").splitlines(keepends=True)
            with open(2, "w", closefd=False) as stderr:
                stderr.writelines(line for line in lines if not _NOISE.match(line))
