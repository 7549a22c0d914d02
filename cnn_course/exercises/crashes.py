"""What an error in a student's code means, in words: a table of what is raised and what is said."""

import builtins
import difflib
import linecache
import re
from collections.abc import Callable
from types import FrameType, ModuleType

_TAPE = (
    "A gradient is None: the tape did not see the way from there to the result. Compute it inside the `with`, by "
    "calling the model itself and not `predict`, and `tape.watch(...)` what is no variable of the model."
)
_IMPORTS = {"np": "import numpy as np", "tf": "import tensorflow as tf", "cc": "import cnn_course as cc"}
_NONE = "One of the values is None: what made it returned nothing, as a function without `return` does."


def in_words(error: BaseException, frame: FrameType | None = None) -> str:
    """Return a sentence on the cause of an error, or an empty string where it is not known.

    Parameters
    ----------
    error : BaseException
    frame : frame, optional
        Where the student's code was.

    Returns
    -------
    str

    Examples
    --------
    >>> in_words(IndexError("index 5 is out of bounds for axis 0 with size 5"))
    'There is no index 5: axis 0 has 5 entries, and they are counted from 0 to 4.'
    """
    text = str(error)
    for pattern, said in _TABLE:
        found = re.search(pattern, f"{type(error).__name__}: {text}", re.S)
        if found:
            return said if isinstance(said, str) else said(found, error, frame)
    return ""


def _shape(text):
    """A tuple of sizes from NumPy's (3,4) and TensorFlow's [3,4]."""
    return tuple(int(size) for size in re.findall(r"\d+", text))


def _do_not_fit(found, error, frame):
    first, second = map(_shape, found.groups())
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    lost = any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
    if lost and _reduces(frame):
        advice = "Did a sum, a mean or a maximum lose its axis? `keepdims=True` keeps it."
    else:
        advice = "Counted from the last one, each pair of axes must be equal, or one of them 1."
    return f"The shapes {first} and {second} do not fit together. {advice}"


def _reduces(frame):
    """Whether there is a sum or its like in the student's lines up to the one that failed."""
    if frame is None:
        return True
    code = frame.f_code
    lines = (linecache.getline(code.co_filename, n) for n in range(code.co_firstlineno, frame.f_lineno + 1))
    text = "".join(lines)
    return not text or re.search(r"(?:\b|_)(sum|mean|max|min|amax|amin|norm|std|var|prod)\(", text) is not None


def _not_multiplied(found, *_):
    first, second = map(_shape, found.groups())
    return (
        f"The shapes {first} and {second} cannot be multiplied with `@`: the last axis of the first must be as long as "
        "the first axis of the second. `*` multiplies cell by cell, `.T` transposes."
    )


def _outside(found, *_):
    index, axis, size = map(int, found.groups())
    return f"There is no index {index}: axis {axis} has {size} entries, and they are counted from 0 to {size - 1}."


def _no_name(found, error, frame):
    name = found[1]
    if name in _IMPORTS:
        return f"There is no `{name}` yet: run the cell with `{_IMPORTS[name]}` first."
    known = {*vars(builtins), *(frame.f_globals if frame else ()), *(frame.f_locals if frame else ())}
    near = difflib.get_close_matches(name, sorted(n for n in known if not n.startswith("_")), n=1)
    return f"There is no `{name}`." + (f" Did you mean `{near[0]}`?" if near else " Is it spelt right, and defined?")


def _no_attribute(found, error, frame):
    owner = getattr(error, "obj", None)
    if not isinstance(owner, ModuleType):
        return ""
    near = difflib.get_close_matches(found[2], dir(owner), n=1)
    return f"`{found[1]}` has no `{found[2]}`." + (f" Did you mean `{near[0]}`?" if near else "")


def _is_none(found, error, frame):
    names = frame.f_code.co_names if frame else ()
    return _TAPE if "gradient" in names else _NONE


def _no_axis(found, *_):
    axis, axes = int(found[1]), int(found[2])
    there = ", ".join(map(str, range(axes)))
    return f"There is no axis {axis}: the array has {axes}, counted {there}; the last one is also -1."


def _too_many_indices(found, *_):
    return f"The array has {found[1]} axes, and you gave {found[2]} indices."


def _not_filled(found, *_):
    return f"{int(found[1]):,} numbers do not fill the shape {_shape(found[2]) or found[2]}."


def _not_put(found, *_):
    return f"Something of shape {_shape(found[1])} was put into a place of shape {_shape(found[2])}."


def _arguments(found, error, frame):
    if frame is not None:  # a call inside the student's function
        return "A function was called with the wrong number of arguments."
    return "The check calls your function with the arguments of the question, in that order. Look at its first line."


_SHAPE = r"([\[(][\d, ]*[\])])"
_TABLE: tuple[tuple[str, str | Callable], ...] = (
    (rf"operands could not be broadcast together with shapes {_SHAPE} {_SHAPE}", _do_not_fit),
    (rf"[Ii]ncompatible shapes: {_SHAPE} vs\. {_SHAPE}", _do_not_fit),
    (rf"shapes {_SHAPE} and {_SHAPE} not aligned", _not_multiplied),
    (rf"Matrix size-incompatible: In\[0\]: {_SHAPE}, In\[1\]: {_SHAPE}", _not_multiplied),
    (
        r"matmul: Input operand 1 has a mismatch .*\(size (\d+) is different from (\d+)\)",
        lambda found, *_: (
            f"`@` multiplies rows with columns: the first one's rows have {found[2]} numbers, the second one's columns "
            f"{found[1]}. `*` multiplies cell by cell, `.T` transposes."
        ),
    ),
    (r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", _outside),
    (r"too many indices for array: array is (\d+)-dimensional, but (\d+) were", _too_many_indices),
    (r"(list|tuple|string) index out of range", "An index is too large: n entries are counted from 0 to n - 1."),
    (
        r"IndexError: (arrays used as indices must be of integer|only integers, slices)",
        "An index must be a whole number. `/` gives a float, `//` a whole number.",
    ),
    (
        r"cannot be interpreted as an integer|expected a sequence of integers or a single integer",
        "A whole number is wanted there. `/` gives a float, `//` a whole number.",
    ),
    (
        r"truth value of an array with more than one element is ambiguous",
        "`if`, `and`, `max` and `min` want one number, and got an array. `np.where`, `&`, `np.maximum` and "
        "`np.minimum` work cell by cell.",
    ),
    (r"(for \^|bitwise_xor)", "`^` is no power in Python: write `**`."),
    (r"None(Type|\) for| values not supported)", _is_none),
    (r"NameError: name '(\w+)' is not defined", _no_name),
    (
        r"UnboundLocalError: .*'(\w+)'",
        lambda found, *_: f"`{found[1]}` is used before it has a value: give it one further up, before the loop.",
    ),
    (r"AttributeError: module '([\w.]+)' has no attribute '(\w+)'", _no_attribute),
    (r"axis (-?\d+) is out of bounds for array of dimension (\d+)", _no_axis),
    (r"cannot reshape array of size (\d+) into shape ([\d(), -]+)", _not_filled),
    (rf"could not broadcast input array from shape {_SHAPE} into shape {_SHAPE}", _not_put),
    (
        r"inhomogeneous shape",
        "The rows are not equally long, so no array can be made of them: go through them one by one.",
    ),
    (
        r"setting an array element with a sequence",
        "Several numbers were put where there is room for one.",
    ),
    (
        r"Cannot cast ufunc .* from dtype\('float\d*'\) to dtype\('u?int\d*'\)",
        "The array holds whole numbers, and `+=` or its like put decimals into it. Write `x = x + ...`, or make it of "
        "floats first.",
    ),
    (
        r"'(numpy\.\w*(?:int|float)\d+|int|float)' object is not (iterable|subscriptable)",
        "One number stands there where several are wanted. Did a loop, or an index, go one level too deep?",
    ),
    (r"(?:too many|not enough) values to unpack", "The names on the left are not as many as the values on the right."),
    (r"ZeroDivisionError", "You divided by 0. Can that happen with the arguments below?"),
    (r"destination is read-only", "That array may only be read: work on a copy, `x.copy()`."),
    (r"'numpy\.ndarray' object is not callable", "Round brackets call a function. An array takes square ones: `x[i]`."),
    (
        r"for [-+*/@%]+=?: '(list|tuple)'|and '(list|tuple)'|multiply sequence by non-int|concatenate (list|tuple)",
        "A list is no array and does not calculate cell by cell: make one of it, `np.array(...)`.",
    ),
    (r"\(\) (takes|missing) .* argument", _arguments),
    (r"^RecursionError", "Your function calls itself without an end."),
    (r"^SystemExit", "`exit()` ends the whole program. `return` ends a function."),
)
