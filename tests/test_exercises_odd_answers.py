"""Whatever a function returns, raises or does, its check is a verdict that can be read, and no wrong one passes."""

import importlib.util
from pathlib import Path

import pytest

from cnn_course.exercises import all_exercises
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.judge import judge
from cnn_course.exercises.result import CRASH, FAIL

spec = importlib.util.spec_from_file_location("odd", Path(__file__).parent / "wrong_answers" / "odd.py")
odd_answers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(odd_answers)
ODD = odd_answers.ODD
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
