"""The script that builds the lessons, as a module."""

import importlib.util
from pathlib import Path


def load():
    path = Path(__file__).resolve().parents[1] / "scripts" / "build_lessons.py"
    spec = importlib.util.spec_from_file_location("build_lessons", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
