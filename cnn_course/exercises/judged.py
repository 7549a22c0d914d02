"""Which definition a check judged: in a notebook a cell that stops with an error leaves the one before it in place."""

import ast
import inspect
import re
import sys
import warnings
from types import FunctionType
from typing import Any


def earlier_definition(name: str, answer: object) -> str:
    """Return a sentence if a later cell was to define the answer and did not, otherwise an empty string.

    Parameters
    ----------
    name : str
        What the exercise's answer is called.
    answer : object

    Returns
    -------
    str
        Empty where there is no IPython, or no telling.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or getattr(shell, "history_manager", None) is None:
        return ""
    judged = 0
    if isinstance(answer, FunctionType):
        function: Any = inspect.unwrap(answer)
        name = name if function.__name__ == "<lambda>" else function.__name__
        judged = _cell_number(shell, function.__code__.co_filename)
    later = list(enumerate(shell.history_manager.input_hist_parsed))[judged + 1 :]
    failed = [number for number, cell in later if _was_to_define(name, cell, judged)]
    if not failed or (not judged and any(_defines(name, cell) for _, cell in later[failed[-1] :])):
        return ""
    of = f", the one of cell In[{judged}]" if judged else ""
    return f"Cell In[{failed[-1]}] stopped with an error: judged was the `{name}` before it{of}."


def _cell_number(shell: Any, filename: str) -> int:
    """The number of the cell that holds this code; 0 if there is no telling."""
    try:
        found = re.search(r"\d+", shell.compile.format_code_name(filename)[1])
    except (AttributeError, TypeError):  # not from a cell, or from an IPython that cannot say
        return 0
    return int(found.group()) if found else 0


def _was_to_define(name, cell, judged):
    """Whether the cell defines it, and cannot have run to its end."""
    if not _defines(name, cell):
        return False
    return bool(judged and re.search(rf"^def {name}\b", cell, re.M)) or not _compiles(cell)


def _defines(name, cell):
    return bool(re.search(rf"^(def {name}\b|{name}\s*=[^=])", cell, re.M))


def _compiles(cell):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(cell, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return False
    return True
