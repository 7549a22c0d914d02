"""The engine of the exercises: verdicts, limits, progress, locks, and how a result reads."""

import contextlib
import json
import multiprocessing
import os
import threading
import time
import warnings
from datetime import date, timedelta

import numpy as np
import pytest

import cnn_course as cc
from cnn_course import (
    ExerciseError,
    NotPassedError,
    check,
    hint,
    list_exercises,
    progress,
    solution,
    yours_or_ours,
)
from cnn_course._files import state_folder
from cnn_course.exercises.limits import OutOfTimeError, time_limit


def right(w, k, p, s):
    return (w - k + 2 * p) // s + 1


def double_padding_forgotten(w, k, p, s):
    return (w - k + p) // s + 1


def no_flip(image, kernel):
    return cc.conv2d(image, kernel)


class TestVerdicts:
    def test_right_answer_gets_all_points(self):
        result = check("output-size", right)
        assert (result.outcome, result.points, result.of) == ("pass", 2, 2)

    @pytest.mark.parametrize("answer", [..., lambda *a: ..., {"a": ...}])
    def test_what_is_left_open_is_not_attempted(self, answer):
        result = check("output-size", answer)
        assert result.outcome == "not attempted" and result.points == 0

    @pytest.mark.parametrize(
        "factor, words", [(1 / 255, "always 255 times yours"), (2**20, "always 1,048,576 times the")]
    )
    def test_a_constant_factor_is_said_in_its_own_digits(self, factor, words):
        assert words in check("output-size", lambda *numbers: right(*numbers) * factor).message

    def test_other_seeds_draw_other_cases(self):
        exercise = cc.find_exercise("output-size")
        drawn = [str(exercise.cases(np.random.default_rng(seed))) for seed in (0, 1, 0)]
        assert drawn[0] == drawn[2] != drawn[1]

    def test_the_courses_own_function_is_not_an_answer(self):
        assert check("conv2d", cc.conv2d).message == "This is the course's own function; write yours."

    def test_a_number_in_place_of_a_function(self):
        result = check("output-size", 28)
        assert result.outcome == "fail" and "function itself" in result.message

    def test_nothing_returned_but_printed(self, capsys):
        result = check("output-size", lambda w, k, p, s: print(right(w, k, p, s)))
        assert "return" in result.message and "printed" in result.message
        assert capsys.readouterr().out == ""

    def test_nothing_returned(self):
        assert "You returned nothing" in check("output-size", lambda w, k, p, s: None).message

    def test_numpy_numbers_tensors_and_generators_count(self):
        import tensorflow as tf

        assert check("output-size", lambda *a: np.int64(right(*a))).passed
        assert check("conv2d", lambda image, kernel: tf.constant(cc.conv2d(image, kernel))).passed
        assert check("same-padding", lambda *a: (pad for pad in cc.same_padding(*a))).outcome in ("pass", "fail")

    def test_an_answer_that_changes_its_input(self):
        def changes(image, kernel):
            result = cc.conv2d(image, kernel)
            image[0, 0] = 99
            return result

        result = check("conv2d", changes)
        assert result.outcome == "fail" and "changed its input" in result.message

    def test_an_error_is_shown_with_the_students_line_alone(self):
        def broken(w, k, p, s):
            nothing = w - k
            return nothing / (p - p)

        result = check("output-size", broken)
        assert result.outcome == "crash"
        assert "return nothing / (p - p)" in result.message and "ZeroDivisionError" in result.message
        assert "judge.py" not in repr(result) and "Traceback" not in repr(result)

    def test_an_error_inside_numpy_still_shows_the_students_line(self):
        def broken(image, kernel):
            return np.linalg.inv(image[:2, :3])

        assert "np.linalg.inv(image[:2, :3])" in check("conv2d", broken).message

    def test_the_smallest_failing_case_is_shown(self):
        case = check("conv2d", lambda image, kernel: cc.conv2d(image, cc.flip_kernel(kernel))).case
        sizes = [np.asarray(image).size for image, _ in cc.find_exercise("conv2d").cases(np.random.default_rng(20240))]
        assert np.asarray(dict(case.inputs)["image"]).size <= sorted(sizes)[len(sizes) // 2]

    def test_axes_come_before_shape_and_shape_before_values(self):
        messages = [
            check("conv2d", lambda image, kernel, size=size: np.zeros(size)).message for size in ((2, 2, 2), (50, 50))
        ]
        assert "2 axes" in messages[0] and "shape" in messages[1]

    @pytest.mark.parametrize("choice", ["nonsense", ["a", "b"], 3])
    def test_choice_with_an_unknown_option_lists_the_options(self, choice):
        exercise = cc.find_exercise("read-feature-map")
        answer = dict.fromkeys(exercise.questions, choice)
        assert "choose one of" in check("read-feature-map", answer).message

    def test_choice_with_a_question_left_out_names_it(self):
        exercise = cc.find_exercise("read-feature-map")
        first, *rest = exercise.questions
        answer = {name: exercise.questions[name].right for name in rest}
        assert first in check("read-feature-map", answer).message

    def test_an_artifact_of_the_wrong_kind(self):
        assert check("edge-kernel", "a string").outcome == "fail"
        assert check("edge-kernel", lambda: np.ones((3, 3))).outcome == "fail"


class TestLimits:
    def test_an_endless_loop_ends(self):
        exercise = cc.find_exercise("output-size")

        def endless(w, k, p, s):
            while True:
                with contextlib.suppress(Exception):
                    time.sleep(0.001)

        began = time.monotonic()
        result = check("output-size", endless)
        assert result.outcome == "timeout" and "loop" in result.message
        assert time.monotonic() - began < exercise.limit + 3

    def test_the_limit_works_in_a_thread(self):
        ended = []

        def run():
            try:
                with time_limit(0.2):
                    while True:
                        pass
            except OutOfTimeError:
                ended.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
        assert ended == [True]

    def test_nothing_arrives_after_the_limit_was_kept(self):
        for _ in range(1000):
            with contextlib.suppress(OutOfTimeError), time_limit(0.001):
                time.sleep(0.001)
        time.sleep(0.3)


class TestProgress:
    def test_points_are_kept_and_stay(self):
        check("output-size", right)
        check("output-size", double_padding_forgotten)
        row = next(row for row in progress().rows if row.id == "output-size")
        assert (row.outcome, row.points, row.attempts) == ("pass", 2, 2)
        assert progress().points == 2

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"exercises": [1]}', '{"exercises": {"a": 1}}', "\x00\xff"])
    def test_a_broken_file_is_set_aside(self, content):
        folder = state_folder()
        folder.mkdir(parents=True)
        (folder / "progress.json").write_text(content, encoding="utf-8")
        assert "broken" in progress().note
        assert "broken" in check("output-size", right).note
        kept = list(folder.glob("progress-broken-*.json"))
        assert len(kept) == 1 and kept[0].read_text(encoding="utf-8") == content
        assert progress().points == 2 and not progress().note

    def test_a_folder_that_cannot_be_written_does_not_stop_the_check(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "file" / "state"))
        result = check("output-size", right)
        assert result.passed and "could not be kept" in result.note

    def test_a_full_disk_leaves_the_old_file(self, monkeypatch):
        check("output-size", right)
        before = (state_folder() / "progress.json").read_bytes()

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        assert "No space left" in check("same-padding", ...).note
        assert (state_folder() / "progress.json").read_bytes() == before
        assert not list(state_folder().glob("*.partial*"))

    def test_two_processes_lose_nothing(self):
        processes = [multiprocessing.get_context("fork").Process(target=_ask_for_hints) for _ in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        entry = json.loads((state_folder() / "progress.json").read_text())["exercises"]["output-size"]
        assert entry["hints"] == 40

    def test_all_exercises_are_listed_as_text_and_html(self):
        assert "output-size" in repr(check()) and "output-size" in check()._repr_html_()


def _ask_for_hints():
    for _ in range(10):
        hint("output-size")


class TestHintsAndSolutions:
    def test_hints_go_from_first_to_last_and_stay_there(self):
        shown = [repr(hint("conv2d")) for _ in range(5)]
        assert [text.split(":")[0] for text in shown] == [f"Hint {n} of 3" for n in (1, 2, 3, 3, 3)]

    def test_a_solution_asks_for_an_attempt_first(self):
        assert "Try it first" in repr(solution("output-size"))
        check("output-size", ...)
        assert "Try it first" in repr(solution("output-size"))
        check("output-size", double_padding_forgotten)
        assert "// s + 1" in repr(solution("output-size"))

    def test_a_teacher_locks_solutions_until_a_date(self, tmp_path, monkeypatch):
        check("output-size", double_padding_forgotten)
        tomorrow, yesterday = (date.today() + timedelta(days=days) for days in (1, -1))
        monkeypatch.setenv("CNN_COURSE_SOLUTIONS_FROM", str(tomorrow))
        assert "Your teacher opens" in repr(solution("output-size"))
        monkeypatch.delenv("CNN_COURSE_SOLUTIONS_FROM")
        (tmp_path / "lessons").mkdir()
        monkeypatch.chdir(tmp_path / "lessons")
        lock = tmp_path / "cnn-course.toml"
        lock.write_text(f"solutions_from = {tomorrow}")
        assert "Your teacher opens" in repr(solution("output-size"))
        lock.write_text(f"solutions_from = {yesterday}")
        assert "// s + 1" in repr(solution("output-size"))
        lock.write_text("solutions_from = 'soon'")
        with pytest.raises(ExerciseError, match=r"must be a date.*soon"):
            solution("output-size")

    def test_an_unknown_id_suggests_the_near_one(self):
        with pytest.raises(ExerciseError, match="Did you mean 'output-size'"):
            check("output_sice", right)

    def test_yours_once_it_passes_and_ours_until_then(self):
        assert yours_or_ours("output-size", right) is right
        assert yours_or_ours("output-size", double_padding_forgotten)(5, 3, 1, 1) == 5
        assert yours_or_ours("output-size", ...)(32, 5, 2, 1) == 32


class TestUnderNbgrader:
    @pytest.mark.parametrize("mode", ["autograde", "validate"])
    def test_check_shows_its_result_gives_no_value_and_raises_unless_it_passes(self, mode, monkeypatch, capsys):
        monkeypatch.setenv("NBGRADER_EXECUTION", mode)
        assert check("output-size", right) is None

        def right_with_a_warning(*numbers):
            warnings.warn("nbgrader takes this for an error", stacklevel=1)
            return right(*numbers)

        assert check("output-size", right_with_a_warning) is None
        shown, warned = capsys.readouterr()
        assert shown.count("output-size: pass, 2 of 2 points.") == 2 and warned == ""
        for wrong in (..., double_padding_forgotten, 3):
            with pytest.raises(NotPassedError):
                check("output-size", wrong)
            assert "0 of 2 points." in capsys.readouterr().out


class TestTeachersExercises:
    SOURCE = """
from cnn_course import FunctionExercise, Misconception
DOUBLE = FunctionExercise(
    id="double", title="Double", points=3, question="Write double(x).",
    cases=lambda rng: [(int(n),) for n in rng.integers(1, 99, 5)],
    reference=lambda x: 2 * x, hints=("a", "b", "c"), solution="def double(x):\\n    return 2 * x",
    misconceptions=(Misconception(lambda x: x * x, "That is the square."),),
)
"""

    def test_from_a_folder(self, tmp_path, monkeypatch):
        (tmp_path / "private.py").write_text(self.SOURCE)
        monkeypatch.setenv("CNN_COURSE_EXERCISES", str(tmp_path))
        assert check("double", lambda x: x + x).points == 3
        assert check("double", lambda x: x**2).message == "That is the square."
        assert cc.find_exercise("double").lesson == "private"

    def test_a_broken_file_is_named_and_stops_nothing_else(self, tmp_path, monkeypatch):
        (tmp_path / "broken.py").write_text("import nothing_of_this_name")
        (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
        (tmp_path / "private.py").write_text(self.SOURCE)
        monkeypatch.setenv("CNN_COURSE_EXERCISES", str(tmp_path))
        words = "broken.py cannot be read: ModuleNotFoundError"
        result = check("output-size", right)
        assert result.passed and words in result.note and "leaves.py cannot be read: SystemExit: 3" in result.note
        assert check("double", lambda x: x + x).passed
        assert words in progress().note
        with pytest.raises(ExerciseError, match=r"no exercise 'triple'.*broken\.py cannot be read"):
            check("triple", right)

    def test_a_mended_file_is_read_again(self, tmp_path, monkeypatch):
        file = tmp_path / "private.py"
        file.write_text("import nothing_of_this_name")
        monkeypatch.setenv("CNN_COURSE_EXERCISES", str(tmp_path))
        assert progress().note
        file.write_text(self.SOURCE)
        os.utime(file, ns=(1, 1))
        assert check("double", lambda x: x + x).passed and not progress().note


class TestLists:
    @pytest.mark.parametrize("lesson", ["02", "2", 2])
    def test_of_one_lesson(self, lesson):
        assert {exercise.lesson for exercise in list_exercises(lesson)} == {"02"}
        assert {row.lesson for row in progress(lesson).rows} == {"02"}
        assert progress(lesson).of == sum(exercise.points for exercise in list_exercises("02"))

    @pytest.mark.parametrize("lesson", ["12", "convolution", "", 0])
    def test_of_a_lesson_that_has_none_names_those_that_have(self, lesson):
        for ask in (list_exercises, progress):
            with pytest.raises(ExerciseError, match=r"No lesson .* has exercises\. There are '01', '02'"):
                ask(lesson)


class TestHowAResultReads:
    def test_text_holds_outcome_points_sentence_and_case(self):
        text = repr(check("output-size", double_padding_forgotten))
        for part in ("fail", "0 of 2 points", "You added the padding once", "expected:", "you got:"):
            assert part in text

    def test_html_marks_the_first_wrong_cell(self):
        def last_wrong(image, kernel):
            result = cc.conv2d(image, kernel).astype(float)
            result[-1, -1] += 1
            return result

        html = check("conv2d", last_wrong)._repr_html_()
        assert "you got" in html
        assert html.split("expected")[-1].count("outline:3px") == 2

    def test_html_escapes_what_the_student_made(self):
        html = check("output-size", lambda *a: "<script>alert(1)</script>")._repr_html_()
        assert "<script>" not in html
