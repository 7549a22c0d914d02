"""Generated from the definitions: solutions pass, stubs are not attempted, each misconception gets its own sentence."""

import numpy as np
import pytest

from cnn_course import exercises
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.judge import judge

ALL = exercises.all_exercises()
IDS = [exercise.id for exercise in ALL]


@pytest.fixture(scope="module")
def seeds_of(pytestconfig):
    """The draws of an exercise that are gone through; with --fast the first ten."""
    most = 10 if pytestconfig.getoption("--fast") else None
    return lambda exercise: range(exercise.seeds if isinstance(exercise, FunctionExercise) else 1)[:most]


def slow_with_a_model(exercise):
    """Exercises that call a model go through few draws, and take long for each."""
    with_a_model = isinstance(exercise, FunctionExercise) and exercise.seeds < 200
    return pytest.param(exercise, marks=pytest.mark.slow if with_a_model else ())


def answer_of(exercise, misconception):
    return misconception.answer if isinstance(exercise, FunctionExercise) else misconception.answer()


def written(exercise):
    """The answer of a student who writes what the solution has."""
    namespace = {}
    exec(f"{exercise.setup}\n{exercise.solution}", namespace)
    return namespace[exercise.answer_name]


@pytest.mark.parametrize("exercise", ALL, ids=IDS)
def test_solution_passes_for_every_seed(exercise, seeds_of):
    answer = written(exercise)
    for seed in seeds_of(exercise):
        result = judge(exercise, answer, seed)
        assert result.outcome == "pass" and result.points == exercise.points, result


@pytest.mark.parametrize("exercise", ALL, ids=IDS)
def test_stub_is_not_attempted(exercise):
    namespace = {}
    exec(exercise.stub, namespace)
    result = judge(exercise, namespace[exercise.answer_name])
    assert result.outcome == "not attempted" and result.points == 0


@pytest.mark.parametrize("exercise", [slow_with_a_model(e) for e in ALL], ids=IDS)
def test_every_misconception_gets_its_own_sentence_and_no_other(exercise, seeds_of):
    for misconception in exercise.misconceptions:
        answer = answer_of(exercise, misconception)
        for seed in seeds_of(exercise):
            result = judge(exercise, answer, seed)
            assert result.outcome == "fail" and result.points == 0, (misconception.message, seed)
            assert result.message == misconception.message, seed


@pytest.mark.parametrize("exercise", ALL, ids=IDS)
def test_definition_is_complete(exercise):
    assert len(exercise.hints) >= 3 and exercise.points > 0 and exercise.question and exercise.lesson
    assert len(exercise.misconceptions) >= 3
    messages = [m.message for m in exercise.misconceptions]
    if isinstance(exercise, FunctionExercise):
        assert len(set(messages)) == len(messages)
        assert len(exercise.cases(np.random.default_rng(0))) >= 5


def test_ids_are_unique():
    assert len(set(IDS)) == len(IDS)


SYLLABUS = {
    "01": ["softmax", "cross-entropy", "hidden-layer", "softmax-gradient", "count-mlp-parameters"],
    "02": [
        "output-size", "same-padding", "conv2d", "conv2d-channels", "conv-parameters", "edge-kernel",
        "read-feature-map",
    ],
    "03": ["max-pool", "pool-variants", "dropout", "receptive-field", "build-cnn"],
    "04": ["sgd-step", "minibatches", "batch-memory", "read-the-curve", "label-safe"],
    "05": ["train-step", "functional-model", "augmentation-pipeline", "save-and-load"],
    "06": ["conv-macs", "bound-by", "speed-up", "global-batch", "fix-the-pipeline"],
    "07": ["feature-extractor", "saliency", "grad-cam", "adversarial-step"],
    "08": ["freeze", "trainable-parameters", "fine-tune", "how-much-to-unfreeze"],
}  # fmt: skip


@pytest.mark.parametrize("lesson", SYLLABUS)
def test_each_lesson_has_the_exercises_of_the_syllabus(lesson):
    assert {e.id for e in exercises.list_exercises(lesson)} == set(SYLLABUS[lesson])
