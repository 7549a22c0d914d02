"""The smallest repair: one small edit of the student's own function after which every case is right."""

import ast
import builtins
import copy
import inspect
import textwrap
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .compare import problem_of, same
from .definitions import FunctionExercise
from .edits import Edit, edits
from .limits import within
from .observe import guarded, returned_by
from .values import plain

_SECONDS = 1.5  # of processor time for the whole search
_LARGE = 100_000
_LATEST = 4.0  # of wall time, on a busy computer
_ONE = 0.3  # of wall time for one candidate: a loop may have lost its end
_FRESH = 7919  # added to the seed: what is right by accident on one draw is no repair
_LOOPS = ast.For | ast.While | ast.comprehension
_EFFECTS = {"open", "exec", "eval", "input", "globals", "vars", "setattr", "delattr", "random", "exit", "quit"}


@dataclass(frozen=True)
class Repair:
    """One small edit, or two that do the same in two places.

    Attributes
    ----------
    edits : tuple of Edit
        The likeliest edit of each line. Its kind is empty where only the line is sure.
    """

    edits: tuple[Edit, ...]

    @property
    def sentence(self) -> str:
        """Where to look, and at what; never the edit itself."""
        where = " or in ".join(f"line {edit.line}" for edit in self.edits)
        look = f": look at {self.edits[0].kind}." if len(self.edits) == 1 and self.edits[0].kind else "."
        return f"One small change in {where} makes your function right{look}"

    @property
    def question(self) -> str:
        """The edit, asked; empty where it is not one short piece of one line."""
        edit = self.edits[0]
        if (
            len(self.edits) > 1
            or not edit.kind
            or "\n" in edit.before + edit.after
            or len(edit.before + edit.after) > 120
        ):
            return ""
        return f"In your line {edit.line}: should `{edit.before}` be `{edit.after}`?"


def smallest_repair(exercise: FunctionExercise, function: Any, seed: int) -> Repair | None:
    """Return a proved repair of a wrong answer, or None where there is none, or no telling.

    Parameters
    ----------
    exercise : FunctionExercise
    function : object
        The student's answer; it is not called, copies of its text are.
    seed : int
        Of the cases on which it failed; a repair holds on those of another seed, too.

    Returns
    -------
    Repair or None
    """
    if exercise.observe or not isinstance(function, FunctionType):
        return None
    source = _source_of(function)
    if source is None or not _acts_on_nothing(function, source):
        return None
    drawn = exercise.cases(np.random.default_rng(seed)) + exercise.cases(np.random.default_rng(seed + _FRESH))
    if not all(isinstance(value, _PLAIN) for inputs in drawn for value in inputs):
        return None
    if _makes_arrays(source) and any(_is_large(value) for inputs in drawn for value in inputs):
        return None
    cases = [(inputs, returned_by(exercise, exercise.reference, copy.deepcopy(inputs))) for inputs in drawn]
    found: list[Edit] = []
    with guarded(exercise):
        found.extend(_search(exercise, function, source, cases))
    above = function.__code__.co_firstlineno - 1  # lines are counted as the cell counts them
    if len({edit.kind for edit in found}) > 1 and all(isinstance(right, bool | str) for _, right in cases):
        found = [replace(edit, kind="") for edit in found]  # of few possible answers many an edit gives the right ones
    lines = {edit.line: replace(edit, line=edit.line + above) for edit in reversed(found)}
    return Repair(tuple(lines[line] for line in sorted(lines))) if 1 <= len(lines) <= 2 else None


_PLAIN = (bool, int, float, str, list, tuple, dict, np.ndarray, np.generic, type(None))


def _search(exercise, function, tree, cases):
    end, latest = time.process_time() + _SECONDS, time.monotonic() + _LATEST
    loops = any(isinstance(n, _LOOPS) or getattr(n, "id", "") == function.__name__ for n in ast.walk(tree))
    make = _maker(function)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for edit in edits(tree):
            if time.process_time() > end or time.monotonic() > latest:
                return
            candidate = make(tree)
            if candidate and _is_right(exercise, candidate, cases, loops):
                yield edit


def _is_right(exercise, candidate, cases, loops):
    """Whether it is right on every case. The first to refuse it is tried first on the next: it refuses most."""

    def refused():
        return next((number for number, case in enumerate(cases) if not _agrees(exercise, candidate, *case)), None)

    try:
        number = within(_ONE, refused) if loops else refused()
    except KeyboardInterrupt:
        raise
    except BaseException:  # a candidate that fails, in whatever way, is none
        return False
    if number:
        cases.insert(0, cases.pop(number))
    return number is None


def _agrees(exercise, candidate, inputs, expected):
    theirs = tuple(map(_not_repeated, copy.deepcopy(inputs)))
    got = returned_by(exercise, candidate, theirs)
    return problem_of(exercise, got, expected, inputs) is None and all(map(_unchanged, inputs, theirs))


def _unchanged(before, after):
    return not isinstance(before, np.ndarray | list | dict) or same(plain(after), plain(before))


def _refuse(*_):
    raise TypeError("a candidate for a repair repeats no sequence: a large number would fill the memory")


class _List(list):
    __mul__ = __rmul__ = __imul__ = _refuse

    def __getitem__(self, index):
        return _not_repeated(super().__getitem__(index))


class _Tuple(tuple):
    __mul__ = __rmul__ = _refuse

    def __getitem__(self, index):
        return _not_repeated(super().__getitem__(index))


class _Text(str):
    __mul__ = __rmul__ = _refuse


def _not_repeated(value):
    """Return the value so that `value * n` is an error, as it is for no number and no array."""
    for base, kind in ((list, _List), (tuple, _Tuple)):
        if type(value) is base:
            return kind(map(_not_repeated, value))
    return _Text(value) if type(value) is str else value


def _is_large(value):
    if isinstance(value, list | tuple):
        return any(map(_is_large, value))
    return isinstance(value, int) and abs(value) > _LARGE


def _makes_arrays(tree):
    """Whether it makes lists or arrays of a size: with another name in their place that could be millions."""
    makers = {"zeros", "ones", "full", "empty", "arange", "eye", "tile", "repeat", "linspace", "range", "pad"}
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(tree) if not isinstance(node, ast.arg)}
    lists = any(isinstance(node, ast.List | ast.ListComp) for node in ast.walk(tree))
    return lists or bool(names & makers)


def _source_of(function):
    """The function's own text as a tree, or None where there is none, as in a plain prompt."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    one = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(one, ast.FunctionDef) or one.decorator_list or one.name != function.__name__:
        return None
    return tree


def _maker(function: Any) -> Callable[[ast.Module], FunctionType | None]:
    """How to make a function of a tree that sees what the student's sees."""
    names = _names_of(function)

    def make(tree):
        space = dict(names)
        try:
            exec(compile(ast.fix_missing_locations(tree), "<repair>", "exec"), space)
        except (SyntaxError, TypeError, ValueError):
            return None
        made = space[function.__name__]
        made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
        return made

    return make


def _names_of(function):
    """What a function sees around it."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return {**function.__globals__, **dict(zip(function.__code__.co_freevars, cells, strict=True))}


def _acts_on_nothing(function, tree):
    """Whether calling it changes nothing outside of it, as far as can be told."""
    outside = {**vars(builtins), **_names_of(function)}
    own = set(function.__code__.co_varnames) | set(function.__code__.co_cellvars)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal | ast.Import | ast.ImportFrom | ast.Delete | ast.With):
            return False
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
        if name in _EFFECTS:
            return False
        seen = isinstance(node, ast.Name) and node.id not in own and node.id in outside
        if seen and not _is_harmless(outside[node.id], function):
            return False
    return True


def _is_harmless(value, function):
    if isinstance(value, FunctionType) and value is not function:
        tree = _source_of(value) if value.__module__ == function.__module__ else None
        return value.__module__ != function.__module__ or (tree is not None and _acts_on_nothing(value, tree))
    kinds = ModuleType | type | BuiltinFunctionType | FunctionType | int | float | str | bool | tuple | np.ufunc
    return isinstance(value, kinds)
