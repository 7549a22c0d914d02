"""What is left of a function that nobody has written yet."""

import dis
from types import CodeType
from typing import Any

_NOTHING = [[("LOAD_CONST", None), ("RETURN_VALUE", None)], [("RETURN_CONST", None)]]
_RAISE = {"LOAD_GLOBAL", "PUSH_NULL", "PRECALL", "CALL", "RAISE_VARARGS"}


def is_stub(answer: Any) -> bool:
    """Return whether an answer is a function without a body: ``...``, ``pass``, or nbgrader's ``NotImplementedError``.

    Parameters
    ----------
    answer : object

    Returns
    -------
    bool

    Examples
    --------
    >>> def conv2d(image, kernel):
    ...     raise NotImplementedError()
    >>> is_stub(conv2d), is_stub(lambda image, kernel: image), is_stub(3)
    (True, False, False)
    """
    code = getattr(answer, "__code__", None)
    if not isinstance(code, CodeType) or code.co_name == "<lambda>":
        return False
    steps = [(step.opname, step.argval) for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP")]
    raises = code.co_names == ("NotImplementedError",) and {name for name, _ in steps} <= _RAISE
    return raises or steps in _NOTHING
