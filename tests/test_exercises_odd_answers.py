"""Whatever a function returns, raises or does, its check is a verdict that can be read, and no wrong one passes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from cnn_course.exercises import all_exercises
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.judge import judge
from cnn_course.exercises.result import CRASH, FAIL

spec = importlib.util.spec_from_file_location("odd", Path(__file__).parent / "wrong_answers" / "odd.py")
odd_answers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(odd_answers)
ODD = odd_answers.ODD
OTHERS = [e for e in all_exercises() if not isinstance(e, FunctionExercise) and "keras" not in e.setup]
EXERCISES = [e for e in all_exercises() if isinstance(e, FunctionExercise) and "tensorflow" not in e.setup]


def test_there_are_many():
    assert len(ODD) >= 100 and len(EXERCISES) >= 15


@pytest.mark.parametrize("exercise", EXERCISES, ids=[e.id for e in EXERCISES])
def test_each_odd_answer_gets_a_verdict_that_can_be_read(exercise, capsys):
    right = exercise.reference.__wrapped__
    for name, odd in ODD.items():
        result = judge(exercise, lambda *inputs, odd=odd: odd(right(*inputs)))
        assert result.outcome in (FAIL, CRASH), (name, result)
        text, html = repr(result), result._repr_html_()
        assert (text + html).encode("utf-8") and len(text) < 20_000, name
        assert "<script" not in html and "Traceback" not in text, name
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("exercise", OTHERS, ids=[e.id for e in OTHERS])
def test_each_odd_choice_or_artifact_gets_one_too(exercise):
    right = exercise.solved()
    answers = dict(odd_answers.VALUES)
    if isinstance(right, dict):
        answers |= {f"chooses {name}": dict.fromkeys(right, value) for name, value in odd_answers.VALUES.items()}
    if isinstance(right, np.ndarray):
        answers |= {name: odd_answers.DONE[name](right) for name in odd_answers.OF_ITS_SHAPE}
    for name, answer in answers.items():
        result = judge(exercise, answer)
        assert result.outcome in (FAIL, CRASH), (name, result)
        assert (repr(result) + result._repr_html_()).encode("utf-8"), name
