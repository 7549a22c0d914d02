"""How this course is installed, truly: it is on no package index, so each command names where it came from.

The Makefile runs this file by itself, with whatever Python there is: older ones must be able to read it.
"""

import json
import os
import platform
import sys
from pathlib import Path
from urllib.request import url2pathname

OLDEST, NEWEST = (3, 11), (3, 13)
_INTEL_MAC = ("Darwin", "x86_64")
_PLACE = "<the course's folder>"


def python_problem(python: "tuple | None" = None, computer: "tuple | None" = None) -> "tuple[str, str]":
    """Return why the lessons cannot run on this Python and what to do, in two sentences; nothing where they can.

    Parameters
    ----------
    python : (int, int), optional
        The default is this one.
    computer : (str, str), optional
        System and machine as `platform` names them; the default is this one.

    Returns
    -------
    (str, str)

    Examples
    --------
    >>> python_problem((3, 12), ("Linux", "x86_64"))
    ('', '')
    >>> python_problem((3, 14), ("Linux", "x86_64"))[0]
    'TensorFlow has no build for Python 3.14 yet'
    """
    python = tuple(python or sys.version_info[:2])
    intel_mac = (computer or (platform.system(), platform.machine())) == _INTEL_MAC
    newest = (3, 12) if intel_mac else NEWEST
    if OLDEST <= python <= newest:
        return "", ""
    good = [f"3.{minor}" for minor in range(OLDEST[1], newest[1] + 1)]
    remedy = f"Make the environment with Python {', '.join(good[:-1])} or {good[-1]}"
    name = f"Python {python[0]}.{python[1]}"
    if python < OLDEST:
        return f"{name} is too old", f"{remedy}: make lab PYTHON=python{good[-1]}"
    where = ", which was the last one for Macs with an Intel processor," if intel_mac else ""
    version = "TensorFlow 2.16" if intel_mac else "TensorFlow"
    yet = "" if intel_mac else " yet"
    return f"{version}{where} has no build for {name}{yet}", f"{remedy}: make lab PYTHON=python{good[-1]}"


def install_command(*extras: str) -> str:
    """Return the command that installs the course, with some of its extras, from where it was installed before.

    Parameters
    ----------
    *extras : str
        As ``pyproject.toml`` names them: ``"tensorflow"``, ``"lab"``.

    Returns
    -------
    str
        To be copied into a terminal, whatever folder is open there. The place is that of the clone, of the wheel file
        or of the repository; where that is not known, or is gone, ``<the course's folder>`` stands for it.

    Examples
    --------
    >>> install_command("lab", "tensorflow").startswith("pip install ")
    True
    """
    wanted = f"[{','.join(extras)}]" if extras else ""
    origin = _origin()
    if "vcs_info" in origin:
        return f'pip install "cnn-course{wanted} @ {origin["vcs_info"]["vcs"]}+{origin["url"]}"'
    path = Path(url2pathname(origin.get("url", "").removeprefix("file://")))
    place = path if path.is_absolute() and path.exists() else _checkout()
    option = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f'pip install {option}"{place or _PLACE}{wanted}"'


def _origin():
    """What pip noted of where it took the course from; empty where it noted nothing."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return json.loads(distribution("cnn-course").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return {}


def _checkout():
    """The folder in which this file lies, if it is a clone and no installed package."""
    folder = Path(os.path.realpath(__file__)).parents[1]
    return folder if (folder / "pyproject.toml").is_file() else None


if __name__ == "__main__":
    sys.exit(". ".join(filter(None, python_problem())) or None)
