"""From an answer to a verdict. Nothing here prints, stores or draws."""

import contextlib
import copy
import importlib
import inspect
import io
import linecache
import traceback
from collections.abc import Hashable
from pathlib import Path

import numpy as np

from .compare import Problem, agree, contains_ellipsis, plain, same
from .definitions import ChoiceExercise, FunctionExercise
from .diagnose import diagnose
from .limits import OutOfTimeError, time_limit
from .result import CRASH, FAIL, NOT_ATTEMPTED, PASS, TIMEOUT, Case, Result
from .stubs import is_stub

SEED = 20240
_ENGINE = str(Path(__file__).parent)
_NOT_YET = "Not attempted yet: replace the `...` with your answer, run the cell, and check again."


def judge(exercise, answer, seed=SEED):
    """Return the Result of an answer, whatever the answer is.

    Parameters
    ----------
    exercise : Exercise
    answer : object
        A function, a dict of choices or an artifact.
    seed : int
        Of the generator that draws the cases.

    Returns
    -------
    Result
    """
    if contains_ellipsis(answer) or is_stub(answer):
        return _result(exercise, NOT_ATTEMPTED, _NOT_YET)
    if isinstance(exercise, FunctionExercise):
        return _judge_function(exercise, answer, seed)
    if isinstance(exercise, ChoiceExercise):
        return _judge_choice(exercise, answer)
    return _judge_artifact(exercise, answer)


def _result(exercise, outcome, message, case=None):
    points = exercise.points if outcome == PASS else 0
    return Result(exercise.id, outcome, points, exercise.points, message, case)


def _judge_function(exercise, answer, seed):
    if not callable(answer):
        message = f"Hand in the function itself, without parentheses: `check({exercise.id!r}, {exercise.answer_name})`."
        return _result(exercise, FAIL, message)
    if _is_the_courses_own(exercise, answer):
        return _result(exercise, FAIL, "This is the course's own function; write yours.")
    runs = []
    try:
        with time_limit(exercise.limit):
            for inputs in exercise.cases(np.random.default_rng(seed)):
                runs.append(_run(exercise, answer, inputs))
                if contains_ellipsis(runs[-1].got):
                    return _result(exercise, NOT_ATTEMPTED, _NOT_YET)
                if runs[-1].error:
                    break
    except OutOfTimeError:
        message = f"Your function did not end within {exercise.limit:g} seconds. Is there a loop that never stops?"
        return _result(exercise, TIMEOUT, message)
    return _verdict(exercise, runs)


class _Run:
    """One case: what went in, what came out, what should have."""

    def __init__(self, inputs, got, expected, problem, error="", printed=False):
        self.inputs, self.got, self.expected = inputs, got, expected
        self.problem, self.error, self.printed = problem, error, printed

    @property
    def size(self):
        """How much there is to read in this case."""
        arrays = [value for value in self.inputs if isinstance(value, np.ndarray)]
        numbers = [abs(value) for value in self.inputs if isinstance(value, int | float)]
        return (sum(array.size for array in arrays), sum(numbers), len(repr(self.inputs)))


def _run(exercise, answer, inputs):
    expected = _observed(exercise, exercise.reference, copy.deepcopy(inputs))
    theirs = copy.deepcopy(inputs)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            got = _observed(exercise, answer, theirs)
        except Exception as error:  # whatever the student's code raises is shown as theirs
            return _Run(inputs, None, expected, Problem("error", ""), _their_line(error))
    problem = _problem(exercise, got, expected, inputs)
    if problem is None and _changed(inputs, theirs):
        problem = Problem("changed", "The result is right, but your function changed its input. Work on a copy.")
    return _Run(inputs, got, expected, problem, printed=bool(printed.getvalue()))


def _observed(exercise, function, inputs):
    """Call the function and return what is judged: what it returned, or what the exercise observes afterwards."""
    returned = function(*inputs)
    if exercise.observe and returned is not None and returned is not ...:
        returned = exercise.observe(returned, *inputs)
    return plain(returned)


def _problem(exercise, got, expected, inputs):
    if exercise.agree is None:
        return agree(got, expected)
    if got is None and expected is not None:
        return agree(got, expected)
    try:
        return exercise.agree(got, expected, *copy.deepcopy(inputs))
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return agree(got, expected) or Problem("type", "The answer is not of the kind that was asked for.")


def _changed(before, after):
    pairs = zip(before, after, strict=True)
    return any(isinstance(a, np.ndarray | list) and not same(plain(b), plain(a)) for a, b in pairs)


def _verdict(exercise, runs):
    wrong = [run for run in runs if run.problem]
    if not wrong:
        return _result(exercise, PASS, "Right.")
    smallest = min(wrong, key=lambda run: run.size)
    case = _case(exercise, smallest)
    if smallest.error or wrong[-1].error:
        run = wrong[-1]
        return _result(exercise, CRASH, f"Your code raised an error.\n{run.error}", _case(exercise, run))
    if any(run.got is None and run.expected is not None for run in runs):
        run = next(run for run in runs if run.got is None)
        printed = "You returned nothing. You printed something: `return` it instead of printing it."
        message = printed if run.printed else "You returned nothing. Does your function end in a `return` line?"
        return _result(exercise, FAIL, message, _case(exercise, run))
    if all(run.problem.kind == "changed" for run in wrong):
        return _result(exercise, FAIL, smallest.problem.message, case)
    return _result(exercise, FAIL, _idea(exercise, runs) or smallest.problem.message, case)


def _idea(exercise, runs):
    """The sentence of the misconception, or of the general idea, that explains every case."""
    for misconception in exercise.misconceptions:
        if all(same(run.got, _answer_of(exercise, misconception, run.inputs)) for run in runs):
            return misconception.message
    if exercise.agree is None:
        return diagnose([(run.got, run.expected) for run in runs])
    return None


def _answer_of(exercise, misconception, inputs):
    try:
        return _observed(exercise, misconception.answer, copy.deepcopy(inputs))
    except Exception as error:  # a misconception may fail on some inputs; then it explains no answer
        return error


def _case(exercise, run):
    names = list(inspect.signature(exercise.reference).parameters)
    drawing = ""
    if exercise.draw and not run.error and run.got is not None:
        drawing = exercise.draw(run.inputs, run.got, run.expected) or ""
    where = run.problem.where if run.problem else None
    got = run.error.splitlines()[-1] if run.error else run.got
    return Case(tuple(zip(names, run.inputs, strict=False)), got, run.expected, where, drawing)


def _is_the_courses_own(exercise, answer):
    if not str(getattr(answer, "__module__", "")).startswith("cnn_course."):
        return False
    for dotted in exercise.answers:
        module, name = dotted.rsplit(".", 1)
        if getattr(importlib.import_module(module), name) is answer:
            return True
    return False


def _their_line(error):
    """The student's own line, and the error, without the frames of the engine."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_ENGINE)]
    last = f"`{type(error).__name__}: {error}`"
    if not frames:
        return last
    # the deepest frame that is not in an installed package is the student's
    own = [f for f in frames if "site-packages" not in f.filename and "/lib/python" not in f.filename] or frames
    line = linecache.getline(own[-1].filename, own[-1].lineno).strip() or (own[-1].line or "")
    return f"Line {own[-1].lineno} of `{own[-1].name}`: `{line}`\n{last}" if line else last


def _judge_choice(exercise, answer):
    if not isinstance(answer, dict):
        message = f"Hand in a dict, question to option: {exercise.stub.split('=', 1)[1].strip()}"
        return _result(exercise, FAIL, message)
    missing = [name for name in exercise.questions if name not in answer]
    if missing:
        return _result(exercise, FAIL, f"There is no answer to {', '.join(missing)}.")
    sentences = []
    for name, question in exercise.questions.items():
        chosen = answer[name]
        if not isinstance(chosen, Hashable) or chosen not in question.options:
            options = ", ".join(map(repr, question.options))
            return _result(exercise, FAIL, f"**{name}**: choose one of {options}. You chose {chosen!r}.")
        if chosen != question.right:
            sentences.append(question.wrong[chosen])
    if not sentences:
        return _result(exercise, PASS, "Right.")
    return _result(exercise, FAIL, "\n".join(sentences))


def _judge_artifact(exercise, answer):
    if callable(answer) and not hasattr(answer, "layers") and not hasattr(answer, "call"):
        return _result(exercise, FAIL, "Hand in the object itself; this is a function. Did you forget to call it?")
    try:
        with time_limit(exercise.limit):
            for prop in exercise.properties:
                if not _holds(prop, answer):
                    return _result(exercise, FAIL, prop.message)
    except OutOfTimeError:
        return _result(exercise, TIMEOUT, f"Looking at your answer took longer than {exercise.limit:g} seconds.")
    return _result(exercise, PASS, "Right.")


def _holds(prop, answer):
    try:
        return bool(prop.holds(answer))
    except Exception:  # an object of the wrong kind does not have the property
        return False
