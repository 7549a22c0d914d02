"""An error in a student's code is answered in words: each is made, and what is said of it is true."""

import time

import numpy as np
import pytest

from cnn_course import check, find_exercise
from cnn_course.exercises.crashes import in_words
from cnn_course.exercises.judge import judge

A = np.arange(12.0).reshape(3, 4)


def unbound(n):
    for i in range(n):
        total += i  # noqa: F821
    return total


def endless(n):
    return endless(n)


def adds_in_place(n):
    counts = np.zeros(3, int)
    counts += 0.5
    return counts


def read_only(n):
    np.broadcast_to(1, (2,))[0] = n


MADE = {
    "shapes": (
        lambda n: A + np.ones((3, 2)),
        "The shapes (3, 4) and (3, 2) do not fit together. Counted",
    ),
    "a lost axis": (lambda n: A / A.sum(axis=1), "The shapes (3, 4) and (3,) do not fit together. Did a sum"),
    "no lost axis": (lambda n: A / np.ones(5), "The shapes (3, 4) and (5,) do not fit together. Counted"),
    "matmul": (lambda n: A @ A, "`@` multiplies rows with columns: the first one's rows have 4 numbers"),
    "dot": (lambda n: np.dot(A, A), "The shapes (3, 4) and (3, 4) cannot be multiplied"),
    "index": (lambda n: A[0, 4], "There is no index 4: axis 1 has 4 entries, and they are counted from 0 to 3."),
    "negative index": (lambda n: A[-4], "There is no index -4: axis 0 has 3 entries"),
    "indices": (lambda n: A[0, 0, 0], "The array has 2 axes, and you gave 3 indices."),
    "list index": (lambda n: [1, 2][2], "An index is too large"),
    "float index": (lambda n: A[n / 2], "An index must be a whole number."),
    "float indices": (lambda n: A[np.array([0.0])], "An index must be a whole number."),
    "float range": (lambda n: list(range(n / 2)), "A whole number is wanted there."),
    "float size": (lambda n: np.zeros(n / 2), "A whole number is wanted there."),
    "if": (lambda n: 1 if A > 0 else 0, "`if`, `and`, `max` and `min` want one number"),
    "max": (lambda n: max(A, 0), "`if`, `and`, `max` and `min` want one number"),
    "power": (lambda n: 2.5 ^ 2, "`^` is no power in Python: write `**`."),
    "power of an array": (lambda n: A ^ 2, "`^` is no power in Python: write `**`."),
    "none": (lambda n: 2 * [].append(n), "One of the values is None"),
    "name": (lambda n: summ(A), "There is no `summ`. Did you mean `sum`?"),  # noqa: F821
    "own name": (lambda number: nunber + 1, "There is no `nunber`. Did you mean `number`?"),  # noqa: F821
    "unknown name": (lambda n: qqqqqqq, "There is no `qqqqqqq`. Is it spelt right"),  # noqa: F821
    "unbound": (unbound, "`total` is used before it has a value"),
    "attribute": (lambda n: np.meann(A), "`numpy` has no `meann`. Did you mean `mean`?"),
    "axis": (lambda n: A.sum(axis=2), "There is no axis 2: the array has 2, counted 0, 1;"),
    "reshape": (lambda n: A.reshape(5, 2), "12 numbers do not fill the shape (5, 2)."),
    "reshape to a row": (lambda n: A.reshape(5), "12 numbers do not fill the shape (5,)."),
    "put": (lambda n: np.zeros((2, 2)).__setitem__(slice(None), A), "Something of shape (3, 4) was put into a place"),
    "a sequence": (lambda n: np.zeros(3).__setitem__(0, [1, 2]), "Several numbers were put where"),
    "decimals": (adds_in_place, "The array holds whole numbers"),
    "read only": (read_only, "That array may only be read"),
    "called": (lambda n: A(0), "Round brackets call a function."),
    "lists": (lambda n: [1] - [2], "A list is no array"),
    "a list times": (lambda n: [1] * 0.5, "A list is no array"),
    "a list and a number": (lambda n: [1] + 2, "A list is no array"),
    "arguments inside": (lambda n: endless(), "A function was called with the wrong number"),
    "recursion": (endless, "Your function calls itself without an end."),
}


def error_of(function):
    try:
        function(5)
    except Exception as error:
        trace = error.__traceback__
        while trace.tb_next and "numpy" not in trace.tb_next.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        return error, trace.tb_frame
    raise AssertionError("it did not raise")


@pytest.mark.parametrize("name", MADE)
def test_what_is_raised_is_said_in_words(name):
    function, words = MADE[name]
    assert in_words(*error_of(function)).startswith(words), in_words(*error_of(function))


def test_a_check_shows_the_line_the_error_and_the_words():
    def softmax(scores):
        return np.exp(scores) / np.exp(scores).sum(axis=-1)

    shown = check("softmax", softmax).message.splitlines()
    assert shown[0] == "Your code raised an error."
    assert "`return np.exp(scores) / np.exp(scores).sum(axis=-1)`" in shown[1] and "`ValueError:" in shown[2]
    assert shown[3].endswith("`keepdims=True` keeps it.")


@pytest.mark.parametrize("answer", [lambda w: w, lambda *a, more: 1, lambda: 1])
def test_a_function_of_other_arguments_hears_how_it_is_called(answer):
    assert "The check calls your function with the arguments of the question" in check("output-size", answer).message


def test_a_line_inside_a_comprehension_is_given_without_pythons_names():
    message = check("output-size", lambda w, k, p, s: [x / 0 for x in (y for y in [w])]).message
    assert "Line" in message and "genexpr" not in message and "listcomp" not in message and "lambda>" not in message


def test_an_import_inside_that_takes_the_time_is_named(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import time\nfor _ in range(3000):\n    time.sleep(0.01)")
    monkeypatch.syspath_prepend(tmp_path)

    def imports(w, k, p, s):
        import slow_to_import

        return slow_to_import

    result = judge(find_exercise("output-size"), imports)
    assert result.outcome == "timeout" and "An `import` inside it took the time" in result.message


def test_a_loop_that_takes_the_time_is_named():
    def loops(w, k, p, s):
        while True:
            time.sleep(0.001)

    assert "Is there a loop that never stops?" in judge(find_exercise("output-size"), loops).message


def test_a_lost_axis_is_asked_about_only_after_a_sum():
    def swapped(X, alpha0, alpha, beta0, beta):
        Z = 1 / (1 + np.exp(-(X @ alpha + beta0)))
        T = np.exp(Z @ beta + alpha0)
        return T / T.sum(axis=1, keepdims=True)

    def lost(X, alpha0, alpha, beta0, beta):
        Z = 1 / (1 + np.exp(-(X @ alpha + alpha0)))
        T = np.exp(Z @ beta + beta0)
        return T / T.sum(axis=1)

    exercise = find_exercise("hidden-layer")
    assert "do not fit together. Counted from the last one" in judge(exercise, swapped).message
    assert "do not fit together. Did a sum" in judge(exercise, lost).message


@pytest.mark.parametrize(
    ("id", "answer", "said"),
    [
        ("softmax", lambda t: np.array([row - max(row) for row in t]), "One number stands there where several"),
        ("batch-memory", lambda shapes, n: 4 * n * np.prod(shapes), "The rows are not equally long"),
        ("count-mlp-parameters", lambda sizes: [a + b + c for a, b, c in [sizes]], "The names on the left are not as"),
        ("speed-up", lambda share, factor: 1 / (1 - share), "You divided by 0."),
    ],
)
def test_what_beginners_meet_is_said_in_words(id, answer, said):
    assert said in judge(find_exercise(id), answer).message
