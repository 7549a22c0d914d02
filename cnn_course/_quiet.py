"""What must be in the environment before TensorFlow or Keras start."""

import os
from importlib.util import find_spec


def prepare_environment() -> None:
    """Set TensorFlow's log level, and let Keras use a backend that is installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "KERAS_BACKEND" not in os.environ and find_spec("tensorflow") is None:
        for name in ("torch", "jax"):
            if find_spec(name) is not None:
                os.environ["KERAS_BACKEND"] = name
                break
