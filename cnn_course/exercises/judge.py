"""From an answer to a verdict: what is seen of it, and what is known. Nothing here prints, stores or draws."""

import copy
import inspect
import itertools
from collections.abc import Hashable, Sequence

import numpy as np

from .compare import Problem, problem_of, same
from .definitions import ChoiceExercise, Exercise, FunctionExercise
from .diagnose import diagnose
from .limits import OutOfTimeError
from .observe import NOT_YET, Observation, observe, returned_by, run_students
from .own import OWN, is_own
from .result import CRASH, FAIL, NOT_ATTEMPTED, PASS, TIMEOUT, Case, Result
from .values import contains_ellipsis, plain, shown

SEED = 20240


def judge(exercise: Exercise, answer: object, seed: int = SEED) -> Result:
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
    if isinstance(exercise, FunctionExercise):
        inputs = exercise.cases(np.random.default_rng(seed))
        return compare(exercise, inputs, observe(exercise.asked, answer, inputs))
    if contains_ellipsis(answer):
        return _result(exercise, NOT_ATTEMPTED, NOT_YET)
    if is_own(answer):
        return _result(exercise, FAIL, OWN)
    if isinstance(exercise, ChoiceExercise):
        return _judge_choice(exercise, answer)
    return _judge_artifact(exercise, answer)


def compare(exercise: FunctionExercise, inputs: Sequence[tuple], seen: Sequence[Observation]) -> Result:
    """Return the Result of what was seen of a function. It knows the answers, and runs nothing of the student's.

    Parameters
    ----------
    exercise : FunctionExercise
    inputs : sequence of tuple
        The arguments of each case.
    seen : sequence of Observation
        What ``observe`` returned for them.

    Returns
    -------
    Result
    """
    last = seen[-1]
    if last.outcome not in ("", CRASH):
        return _result(exercise, last.outcome, last.message)
    return _verdict(exercise, [_Run(exercise, *pair) for pair in zip(inputs, seen, strict=False)])


def _result(exercise, outcome, message, case=None, unexplained=False):
    points = exercise.points if outcome == PASS else 0
    return Result(exercise.id, outcome, points, exercise.points, message, case, unexplained=unexplained)


class _Run:
    """One case: what went in, what was seen, what should have been."""

    def __init__(self, exercise, inputs, seen):
        self.inputs, self.got, self.printed, self.error = inputs, seen.got, seen.printed, seen.message
        self.expected = returned_by(exercise, exercise.reference, copy.deepcopy(inputs))
        self.problem = Problem("error", "") if seen.outcome else problem_of(exercise, self.got, self.expected, inputs)
        if self.problem is None and seen.changed:
            message = "The result is right, but your function changed its input. Work on a copy."
            self.problem = Problem("changed", message)

    @property
    def size(self):
        """How much there is to read in this case."""
        arrays = [value for value in self.inputs if isinstance(value, np.ndarray)]
        numbers = [abs(value) for value in self.inputs if isinstance(value, int | float)]
        return (sum(array.size for array in arrays), sum(numbers), len(repr(self.inputs)))


def _verdict(exercise, runs):
    wrong = [run for run in runs if run.problem]
    if not wrong:
        return _result(exercise, PASS, "Right.")
    smallest = min(wrong, key=lambda run: run.size)
    case = _case(exercise, smallest)
    if runs[-1].error:
        message = f"Your code raised an error.\n{runs[-1].error}"
        return _result(exercise, CRASH, message, _case(exercise, runs[-1]), unexplained=True)
    if any(run.got is None and run.expected is not None for run in runs):
        run = next(run for run in runs if run.got is None)
        printed = "You returned nothing. You printed something: `return` it instead of printing it."
        message = printed if run.printed else "You returned nothing. Does your function end in a `return` line?"
        return _result(exercise, FAIL, message, _case(exercise, run))
    if all(run.problem.kind == "changed" for run in wrong):
        return _result(exercise, FAIL, smallest.problem.message, case)
    idea = _idea(exercise, runs)
    return _result(exercise, FAIL, idea or smallest.problem.message, case, unexplained=not idea)


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
        return returned_by(exercise, misconception.answer, copy.deepcopy(inputs))
    except Exception as error:  # a misconception may fail on some inputs; then it explains no answer
        return error


def _case(exercise, run):
    names = list(inspect.signature(exercise.reference).parameters)
    where = run.problem.where if run.problem else None
    return Case(tuple(zip(names, run.inputs, strict=False)), run.got, run.expected, where, _drawing(exercise, run))


def _drawing(exercise, run):
    if not exercise.draw or run.error or run.got is None:
        return ""
    try:
        return exercise.draw(run.inputs, run.got, run.expected) or ""
    except Exception:  # it was written for answers of the right kind; the sentence stands without it
        return ""


def _judge_choice(exercise, answer):
    taken = []
    ended = run_students(exercise, lambda: taken.append(plain(answer)))
    if ended:
        return _result(exercise, ended.outcome, ended.message)
    answer = taken[0]
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
            return _result(exercise, FAIL, f"**{name}**: choose one of {options}. You chose {shown(chosen)}.")
        if chosen != question.right:
            sentences.append(question.wrong[chosen])
    if not sentences:
        return _result(exercise, PASS, "Right.")
    return _result(exercise, FAIL, "\n".join(sentences))


def _judge_artifact(exercise, answer):
    missing = []
    ended = run_students(exercise, lambda: missing.extend(_first_missing(exercise, answer)))
    if ended and ended.outcome == TIMEOUT:
        return _result(exercise, TIMEOUT, f"Looking at your answer took longer than {exercise.limit:g} seconds.")
    if ended:
        return _result(exercise, ended.outcome, ended.message)
    return _result(exercise, FAIL, missing[0]) if missing else _result(exercise, PASS, "Right.")


def _first_missing(exercise, answer):
    """The message of the first property that the answer lacks, if there is one; looking may run the answer's code."""
    if issubclass(type(answer), np.ndarray):
        answer = plain(answer)
    if callable(answer) and not hasattr(answer, "layers") and not hasattr(answer, "call"):
        return ["Hand in the object itself; this is a function. Did you forget to call it?"]
    wanting = (prop.message for prop in exercise.properties if not _holds(prop, answer))
    return list(itertools.islice(wanting, 1))


def _holds(prop, answer):
    try:
        return bool(prop.holds(answer))
    except (OutOfTimeError, KeyboardInterrupt):
        raise
    except BaseException:  # an object of the wrong kind does not have the property
        return False
