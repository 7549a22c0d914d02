"""The engine of the exercises: verdicts, limits, progress, locks, and how a result reads."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import types
import warnings
from datetime import date, timedelta
from pathlib import Path

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
from cnn_course.exercises import agree
from cnn_course.exercises.judge import judge
from cnn_course.exercises.limits import OutOfTimeError, within
from cnn_course.exercises.observe import observe


def right(w, k, p, s):
    return (w - k + 2 * p) // s + 1


def double_padding_forgotten(w, k, p, s):
    return (w - k + p) // s + 1


def bare():
    while True:
        try:
            time.sleep(0.001)
        except:  # noqa: E722
            print(end="")


def busy():
    while True:
        try:
            sum(range(10))
        except BaseException:
            continue


def nested():
    while True:
        try:
            try:
                try:
                    bare()
                except BaseException:
                    print(end="")
            except BaseException:
                pass
        except BaseException:
            time.sleep(0)


def suppressed():
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.001)


def finally_continues():
    for _ in iter(int, 1):
        try:
            time.sleep(0.001)
        finally:
            continue  # noqa: B012


def in_a_generator():
    def endless():
        while True:
            try:
                yield 1
            except BaseException:
                print(end="")

    for _ in endless():
        with contextlib.suppress(BaseException):
            time.sleep(0.001)


LOOPS = [bare, busy, nested, suppressed, finally_continues, in_a_generator]


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

    @pytest.mark.parametrize(
        "answer",
        [
            cc.conv2d,
            cc.find_exercise("conv2d").reference,
            cc.find_exercise("conv2d").solved(),
            yours_or_ours("conv2d", ...),
            lambda *inputs: cc.find_exercise("conv2d").reference(*inputs),
            lambda *inputs: cc.find_exercise("conv2d").solved()(*inputs),
            lambda *inputs: yours_or_ours("conv2d", ...)(*inputs),
        ],
    )
    def test_the_courses_own_function_is_not_an_answer(self, answer):
        result = check("conv2d", answer)
        assert (result.outcome, result.message) == ("fail", "This is the course's own function; write yours.")

    def test_the_courses_own_choices_and_arrays_are_none_either(self):
        for name in ("read-feature-map", "edge-kernel"):
            assert "write yours" in check(name, cc.find_exercise(name).solved()).message
            assert "write yours" in check(name, yours_or_ours(name, ...)).message
        options = cc.find_exercise("read-feature-map").solved()
        assert check("read-feature-map", {**options}).passed

    def test_an_exercises_function_may_be_used_in_the_next_exercise(self):
        conv2d = yours_or_ours("conv2d", ...)
        exercise = cc.find_exercise("conv2d-channels")

        def conv2d_channels(image, kernel):
            channels, filters = kernel.shape[2:]
            maps = [sum(conv2d(image[..., c], kernel[..., c, f]) for c in range(channels)) for f in range(filters)]
            return np.stack(maps, axis=-1)

        assert judge(exercise, conv2d_channels).passed

    def test_what_is_asked_tells_no_answer_and_is_all_that_observing_needs(self):
        asked = cc.find_exercise("output-size").asked
        known = {"reference", "solution", "hints", "misconceptions", "agree", "draw", "solved"}
        assert not any(hasattr(asked, name) for name in known)
        seen = observe(asked, right, [(5, 3, 0, 1), (32, 5, 2, 1)])
        assert [(one.got, one.outcome, one.changed) for one in seen] == [(3, "", False), (32, "", False)]

    def test_a_function_on_the_stack_above_is_closed_too(self):
        def reads_the_stack(*inputs):
            frame = sys._getframe()
            while "exercise" not in frame.f_locals or not hasattr(frame.f_locals["exercise"], "reference"):
                frame = frame.f_back
            return frame.f_locals["exercise"].reference(*inputs)

        assert not check("output-size", reads_the_stack).passed

    def test_what_nbgrader_leaves_in_place_of_a_solution_is_not_attempted(self):
        def stub(w, k, p, s):
            # YOUR CODE HERE
            raise NotImplementedError()

        result = check("output-size", stub)
        assert result.outcome == "not attempted" and progress("02").rows[0].attempts == 0

    def test_a_library_that_has_not_implemented_something_is_an_error(self):
        library = types.ModuleType("library")
        code = compile("def f():\n    raise NotImplementedError('no such mode')", "/x/site-packages/library.py", "exec")
        exec(code, vars(library))
        assert check("output-size", lambda *a: library.f()).outcome == "crash"

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
        assert check("same-padding", lambda *a: (pad for pad in cc.same_padding(*a))).passed

    @pytest.mark.parametrize("size", [1_000, 300_000, 10**9, 10**400])
    def test_whole_numbers_are_compared_exactly(self, size):
        assert agree(size, size) is None and agree(size + 1, size).kind == "value"
        if size < 2**53:
            assert agree(np.array([size]), np.array([size])) is None
            assert agree(np.array([size + 1]), np.array([size])).kind == "value"
            assert agree(np.array([size], float), np.array([size])) is None
            assert agree(np.array([size + 1.0]), np.array([size])).kind == "value"
            assert agree([size, size + 1], [size, size]).where == (1,)

    def test_a_class_of_the_students_own_counts_as_what_it_inherits_from(self):
        class Mine(np.ndarray):
            pass

        class Number(int):
            pass

        assert check("conv2d", lambda *a: cc.conv2d(*a).view(Mine)).passed
        assert check("conv2d", lambda *a: np.ma.array(cc.conv2d(*a))).passed
        assert check("output-size", lambda *a: Number(right(*a))).passed

    def test_a_mask_is_refused_in_words(self):
        result = check("conv2d", lambda image, kernel: np.ma.masked_less(cc.conv2d(image, kernel), 5))
        assert result.outcome == "fail" and "has a mask" in result.message

    def test_an_array_that_is_written_into_again_is_judged_as_it_was(self):
        kept = np.zeros(())

        def fills(image, kernel):
            nonlocal kept
            result = cc.conv2d(image, kernel)
            if kept.shape != result.shape:
                kept = np.zeros(result.shape)
            kept[...] = result
            return kept

        assert check("conv2d", fills).passed

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
        assert "write yours" not in check("edge-kernel", None).message
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
        assert time.monotonic() - began < exercise.limit + 30

    def test_the_limit_works_in_a_thread(self):
        ended = []

        def endless():
            while True:
                pass

        def run():
            try:
                within(0.2, endless)
            except OutOfTimeError:
                ended.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
        assert ended == [True]

    @pytest.mark.parametrize("in_thread", [False, True])
    @pytest.mark.parametrize("form", LOOPS, ids=lambda form: form.__name__)
    def test_a_loop_that_catches_everything_ends(self, form, in_thread):
        ended = []

        def run():
            try:
                within(0.2, form)
            except OutOfTimeError:
                ended.append(form)

        thread = threading.Thread(target=run, daemon=True)
        if in_thread:
            thread.start()
            thread.join(30)
        else:
            run()
        assert ended == [form]

    @pytest.mark.parametrize("form", LOOPS, ids=lambda form: form.__name__)
    def test_the_stop_button_ends_it(self, form):
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            within(60, form)
        assert time.monotonic() - began < 30
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    @pytest.mark.parametrize("tool", ["sys.settrace(lambda *a: None)", "sys.setprofile(lambda *a: None)"])
    @pytest.mark.parametrize("answer", ["(w - k + 2 * p) // s + 1", "[1 for _ in iter(int, 1)]"])
    def test_under_a_tracer_or_a_profiler(self, tool, answer):
        code = (
            f"import sys, cnn_course as cc\n{tool}\nprint(cc.check('output-size', lambda w, k, p, s: {answer}).outcome)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert done.stdout.split() in (["pass"], ["timeout"]), done.stderr

    def test_nothing_arrives_after_the_limit_was_kept(self):
        for _ in range(1000):
            with contextlib.suppress(OutOfTimeError):
                within(0.001, lambda: time.sleep(0.001))
        time.sleep(0.3)


class TestProgress:
    def test_points_are_kept_and_stay(self):
        check("output-size", right)
        check("output-size", double_padding_forgotten)
        row = next(row for row in progress().rows if row.id == "output-size")
        assert (row.outcome, row.points, row.attempts) == ("pass", 2, 2)
        assert progress().points == 2

    @pytest.mark.parametrize(
        "content",
        ["", "{", "[]", "null", "3", '{"exercises": [1]}', '{"exercises": {"a": 1}}', "\x00\xff", "[" * 100_000]
        + [
            f'{{"exercises": {{"output-size": {{"{key}": {value}}}}}}}'
            for key in ("attempts", "hints", "passed", "outcome")
            for value in ('"3"' if key != "outcome" else "3", "[]", "{}", "1.5", "-1", "1" * 400)
        ],
    )
    def test_a_broken_file_is_set_aside(self, content):
        folder = state_folder()
        folder.mkdir(parents=True)
        (folder / "progress.json").write_text(content, encoding="utf-8")
        assert "broken" in progress().note
        assert hint("output-size").text.startswith("**Hint 1")
        assert not check("output-size", right).note
        kept = list(folder.glob("progress-broken-*.json"))
        assert len(kept) == 1 and kept[0].read_text(encoding="utf-8") == content
        assert progress().points == 2 and not progress().note

    def test_a_folder_that_cannot_be_written_does_not_stop_the_check(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "file" / "state"))
        result = check("output-size", right)
        assert result.passed and "could not be kept" in result.note

    def test_where_nothing_can_be_written_hints_go_on_and_the_solution_opens(self, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "file" / "state"))
        assert [hint("output-size").text[:8] for _ in range(3)] == ["**Hint 1", "**Hint 2", "**Hint 3"]
        assert "Try it first" in repr(solution("output-size"))
        check("output-size", double_padding_forgotten)
        assert "// s + 1" in repr(solution("output-size"))
        check("output-size", right)
        assert progress().points == 2
        (tmp_path / "file").unlink()
        assert not check("same-padding", 3).note
        kept = json.loads((tmp_path / "file" / "state" / "progress.json").read_text())["exercises"]
        assert kept["output-size"]["hints"] == 3 and kept["output-size"]["attempts"] == 2 and kept["same-padding"]

    def test_a_file_that_cannot_be_read_for_a_moment_is_not_written_over(self, monkeypatch):
        check("output-size", right)
        before = (state_folder() / "progress.json").read_bytes()
        with monkeypatch.context() as broken:
            broken.setattr(Path, "read_text", refuse)
            assert "Stale file handle" in check("same-padding", 3).note
            assert (state_folder() / "progress.json").read_bytes() == before
            assert [row.attempts for row in progress("02").rows[:2]] == [0, 1]
        assert [row.attempts for row in progress("02").rows[:2]] == [1, 1]
        check("conv2d", 3)
        kept = json.loads((state_folder() / "progress.json").read_text())["exercises"]
        assert [kept[name]["attempts"] for name in ("output-size", "same-padding", "conv2d")] == [1, 1, 1]

    def test_what_a_newer_version_wrote_stays_and_a_link_stays_one(self, tmp_path):
        state_folder().mkdir(parents=True)
        file = tmp_path / "elsewhere.json"
        (state_folder() / "progress.json").symlink_to(file)
        entry = {"attempts": 1, "outcome": "out of memory", "seconds": 3}
        file.write_text(
            json.dumps({"version": 7, "badges": ["a"], "exercises": {"output-size": entry, "new": {"x": 1}}})
        )
        check("output-size", right)
        kept = json.loads(file.read_text())
        assert (kept["version"], kept["badges"], kept["exercises"]["new"]) == (7, ["a"], {"x": 1})
        assert (kept["exercises"]["output-size"]["seconds"], kept["exercises"]["output-size"]["attempts"]) == (3, 2)
        assert (state_folder() / "progress.json").is_symlink()

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


def refuse(path, *args, **kwargs):
    raise OSError(116, "Stale file handle")


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

    @pytest.mark.parametrize("mode", ["autograde", "validate"])
    def test_a_students_calls_neither_show_nor_change_the_graders_own_progress(self, mode, tmp_path, monkeypatch):
        monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path))
        check("output-size", right)
        hint("output-size")
        file = tmp_path / "progress.json"
        before = file.read_bytes()
        monkeypatch.setenv("NBGRADER_EXECUTION", mode)
        assert "Hint 1 of 3" in repr(hint("output-size")) and "Hint 2 of 3" in repr(hint("output-size"))
        assert "Try it first" in repr(solution("output-size"))
        assert progress().points == check().points == 0
        assert file.read_bytes() == before
        monkeypatch.delenv("NBGRADER_EXECUTION")
        assert "Hint 2 of 3" in repr(hint("output-size")) and progress().points == 2
        assert json.loads(file.read_text())["exercises"]["output-size"]["hints"] == 2


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


def test_capitals_and_one_part_are_said_as_they_are():
    assert agree("Memory", "memory").message == "Expected 'memory'. You got 'Memory': capital and small letters differ."
    assert agree((1, 2), (1,)).message == "The answer should have 1 part. Yours has 2."
