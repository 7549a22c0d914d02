"""The smallest repair: proved on two draws, pointing at the right line, and never at what is right."""

import ast
import linecache
import random
import resource

import numpy as np
import pytest

from cnn_course import check, hint, yours_or_ours
from cnn_course.exercises import all_exercises, find_exercise
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.edits import edits
from cnn_course.exercises.judge import SEED, judge
from cnn_course.exercises.repair import smallest_repair

EXERCISES = [e for e in all_exercises() if isinstance(e, FunctionExercise) and "tensorflow" not in e.setup]
COUNTS = []


def written(exercise, text):
    """A function from its text, as a notebook's cell makes it."""
    name = f"<answer {len(linecache.cache)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"__name__": "answers"}
    exec(exercise.setup, space)
    exec(compile(text, name, "exec"), space)
    return space[exercise.answer_name]


SOFTMAX = """
def softmax(t):
    shifted = t - t.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis={axis})
"""
WRONG = {
    "the operator": (
        "output-size",
        "def output_size(w, k, p, s):\n    way = w + k + 2 * p\n    return way // s + 1",
        2,
    ),
    "the parentheses": ("dropout", "def dropout(x, rate, mask):\n    return x * (mask / 1 - rate)", 2),
    "the number": (
        "batch-memory",
        "def batch_memory(shapes, n):\n    numbers = sum(int(np.prod(s)) for s in shapes)\n    return 3 * n * numbers",
        3,
    ),
    "`axis` and `keepdims`": ("softmax", SOFTMAX.format(axis=-1), 5),
    "which lines stand inside the loop": (
        "count-mlp-parameters",
        "def count_mlp_parameters(sizes):\n    total = 0\n    for a, b in zip(sizes[:-1], sizes[1:]):\n"
        "        total += (a + 1) * b\n        return total",
        5,
    ),
    "`=`, `+=` and their like": (
        "count-mlp-parameters",
        "def count_mlp_parameters(sizes):\n    total = 0\n    for a, b in zip(sizes[:-1], sizes[1:]):\n"
        "        total = (a + 1) * b\n    return total",
        4,
    ),
    "the sign": (
        "cross-entropy",
        "def cross_entropy(p, labels):\n    rows = np.arange(len(p))\n    return np.log(p[rows, labels]).sum()",
        3,
    ),
}

BOUND_BY = (
    "def bound_by(macs, bytes, peak, bandwidth):\n"
    '    return "arithmetic" if macs / peak < bytes / bandwidth else "memory"'
)


@pytest.mark.parametrize("kind", WRONG)
def test_a_repair_says_the_line_and_the_kind(kind):
    exercise_id, text, line = WRONG[kind]
    exercise = find_exercise(exercise_id)
    answer = written(exercise, text)
    assert not judge(exercise, answer).passed
    repair = smallest_repair(exercise, answer, SEED)
    assert [edit.line for edit in repair.edits] == [line]
    assert repair.sentence == f"One small change in line {line} makes your function right: look at {kind}."


def test_of_two_places_both_are_named():
    exercise = find_exercise("speed-up")
    text = "def speed_up(share, factor):\n    rest = 2 - share\n    return 1 / (rest + share / factor)"
    sentence = smallest_repair(exercise, written(exercise, text), SEED).sentence
    assert sentence == "One small change in line 2 or in line 3 makes your function right."


def test_the_check_says_it_and_the_last_hint_asks():
    exercise = find_exercise("output-size")
    answer = written(exercise, "def output_size(w, k, p, s):\n    way = w + k + 2 * p\n    return way // s + 1")
    sentence = "One small change in line 2 makes your function right: look at the operator."
    assert check("output-size", answer).message.endswith(sentence)
    assert not any("should" in repr(hint("output-size")) for _ in range(2))
    assert "In your line 2: should w + k be w - k?" in repr(hint("output-size"))
    check("output-size", written(exercise, exercise.solution))
    assert "should" not in repr(hint("output-size"))


def test_a_misconception_is_said_alone():
    assert "\n" not in check("output-size", lambda w, k, p, s: (w - k + p) // s + 1).message


EFFECTS = {
    "a file": "open('never', 'w')",
    "a global": "kept.append(w)",
    "a global name": "global kept",
    "chance": "np.random.default_rng().random()",
    "an import": "import os",
}


@pytest.mark.parametrize("effect", EFFECTS)
def test_what_acts_on_something_outside_is_left_alone(effect):
    exercise = find_exercise("output-size")
    text = f"kept = []\ndef output_size(w, k, p, s):\n    {EFFECTS[effect]}\n    return (w + k + 2 * p) // s + 1"
    assert smallest_repair(exercise, written(exercise, text), SEED) is None


@pytest.mark.parametrize("answer", [len, np.sum, lambda w, k, p, s: (w + k + 2 * p) // s + 1, type])
def test_what_has_no_text_is_left_alone(answer):
    assert smallest_repair(find_exercise("output-size"), answer, SEED) is None


def test_a_candidate_that_never_ends_ends():
    exercise = find_exercise("count-mlp-parameters")
    text = (
        "def count_mlp_parameters(sizes):\n    total, i = 0, 0\n    while i + 1 < len(sizes):\n"
        "        total += (sizes[i] - 1) * sizes[i + 1]\n        i += 1\n    return total"
    )
    repair = smallest_repair(exercise, written(exercise, text), SEED)
    assert repair is None or [edit.line for edit in repair.edits] == [4]


def test_no_candidate_is_a_power_of_millions_of_digits():
    text = "def f(n, m):\n    return 4 * n * m ** 2 + (n + 1) ** m + n ^ m"
    tree = ast.parse(text)
    powers = {
        ast.unparse(node) for _ in edits(tree) for node in ast.walk(tree) if isinstance(getattr(node, "op", 0), ast.Pow)
    }
    exponents = {ast.unparse(ast.parse(power, mode="eval").body.right) for power in powers}
    assert exponents == {"1", "2", "3", "m"}, exponents


@pytest.mark.parametrize("exercise_id", ["bound-by", "batch-memory", "conv-macs", "pool-variants"])
def test_no_candidate_fills_the_memory(exercise_id):
    exercise = find_exercise(exercise_id)
    text = exercise.solution.strip().replace("return ", "return 3 * ", 1) if exercise_id != "bound-by" else BOUND_BY
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    smallest_repair(exercise, written(exercise, text), SEED)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # in kB


def test_neither_nbgrader_nor_a_lesson_searches(monkeypatch):
    def fails(*args):
        raise AssertionError("searched")

    monkeypatch.setattr("cnn_course.exercises.checking.smallest_repair", fails)
    yours_or_ours("output-size", lambda w, k, p, s: w + k)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(Exception, match="output-size: fail"):
        check("output-size", lambda w, k, p, s: w + k)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=[e.id for e in EXERCISES])
def test_edits_of_the_solution_are_repaired_back_where_they_were_made(exercise):
    """At least nine in ten of a sample over all exercises; none is repaired elsewhere only."""
    tree = ast.parse(exercise.solution.strip())
    right = ast.unparse(tree).splitlines()
    texts = [ast.unparse(ast.fix_missing_locations(tree)) for _ in edits(tree)]
    assert ast.unparse(tree).splitlines() == right
    for text in random.Random(0).sample(texts, 5):
        answer = written(exercise, text)
        if judge(exercise, answer).passed:
            continue
        repair = smallest_repair(exercise, answer, SEED)
        changed = [
            number for number, pair in enumerate(zip(right, text.splitlines(), strict=False), 1) if pair[0] != pair[1]
        ]
        COUNTS.append(repair is not None and any(edit.line in changed for edit in repair.edits))
    assert sum(COUNTS) >= 0.9 * len(COUNTS) - 1


def repair_of(id, text):
    exercise = find_exercise(id)
    return smallest_repair(exercise, written(exercise, text), SEED)


def test_a_power_written_as_in_r_is_repaired_in_a_longer_formula():
    text = "def conv_parameters(kernel_size, channels, filters):\n    return (kernel_size ^ 2 * channels + 1) * filters"
    repair = repair_of("conv-parameters", text)
    assert repair.sentence == "One small change in line 2 makes your function right: look at the operator."
    assert "kernel_size ** 2 * channels + 1" in repair.question


def test_an_argument_too_many_is_said_to_be_too_much():
    text = """def conv2d(image, kernel):
    h, w = image.shape
    kh, kw = kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1), dtype=int)
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            out[i, j] = np.sum(image[i:i+kh, j:j+kw] * kernel)
    return out"""
    repair = repair_of("conv2d", text)
    assert repair.sentence.endswith("in line 4 makes your function right: look at what may be too much there.")


def test_where_the_answer_is_one_of_two_words_only_the_line_is_named():
    text = """def bound_by(macs, bytes, peak, bandwidth):
    return "arithmetic" if 2 * macs / peak > 8 * bytes / bandwidth else "memory"
"""
    repair = repair_of("bound-by", text)
    assert repair is None or (repair.sentence == "One small change in line 2 makes your function right.")
    assert repair is None or not repair.question


def test_no_edit_makes_a_bitwise_operator_or_multiplies_by_one():
    made = [edit.after for edit in edits(ast.parse("def f(a, b):\n    return a * b ** 2"))]
    assert made and not any("^" in after or after.endswith(("* 1", "/ 1")) for after in made)
