"""Wrong answers that no definition knows: each fails, with the sentence that fits or a general one, never a false one.

Each file in ``wrong_answers`` was written as students would answer, after the misconceptions were fixed. An answer
stands beside the beginning of the sentence that names its idea, or beside nothing where none does.
"""

import importlib.util
from pathlib import Path

import pytest

from cnn_course import find_exercise
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.judge import judge
from cnn_course.exercises.registry import all_exercises


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG


WRONG = {}
for file in sorted((Path(__file__).parent / "wrong_answers").glob("lesson_*.py")):
    WRONG.update(load(file))


@pytest.mark.parametrize("exercise_id", WRONG)
def test_each_wrong_answer_fails_with_its_sentence_and_no_false_one(exercise_id):
    exercise = find_exercise(exercise_id)
    assert len(WRONG[exercise_id]) >= 10
    for number, (idea, answer) in enumerate(WRONG[exercise_id]):
        result = judge(exercise, answer)
        assert not result.passed, number
        assert result.message.startswith(idea), (number, result.message)
        if not idea:
            assert result.message not in {m.message for m in exercise.misconceptions}, (number, result.message)


def test_every_function_exercise_has_wrong_answers():
    assert {e.id for e in all_exercises() if isinstance(e, FunctionExercise)} <= set(WRONG)
