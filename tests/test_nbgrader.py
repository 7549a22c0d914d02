"""An unmodified nbgrader, the documented way: students get stubs, the solved lessons all points, others none."""

import ast
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from cnn_course import lessons
from cnn_course.exercises import list_exercises
from cnn_course.exercises.cells import answer_cells, check_cells
from cnn_course.exercises.checking import NotPassedError
from cnn_course.exercises.definitions import FunctionExercise
from cnn_course.exercises.judge import judge
from cnn_course.exercises.result import Result
from tests import lesson_builder

builder = lesson_builder.load()
LESSONS = {lesson.number: lesson.path.stem for lesson in lessons.list_lessons()}


class Course:
    """A teacher's folder, made by the course's command; nbgrader's commands in this process."""

    def __init__(self, root, settings):
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config, PyFileConfigLoader

        self.root = root
        lessons.copy_for_nbgrader(root)
        self.settings = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config() if settings else Config()
        self._api = NbGraderAPI(config=Config({"CourseDirectory": {"root": str(root)}, **self.settings}))

    def do(self, command, *arguments):
        done = getattr(self._api, command)(*arguments)
        assert done["success"], done.get("error", done["log"])[-4000:]

    def release(self, assignment):
        self.do("generate_assignment", assignment)
        return nbformat.read(self.root / "release" / assignment / f"{assignment}.ipynb", as_version=4)

    def autograde(self, assignment, student, notebook):
        """Hand a notebook in; return its points, and the notebook as nbgrader ran it."""
        path = self.root / "submitted" / student / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        self.do("autograde", assignment, student)
        with self._api.gradebook as gradebook:
            score = gradebook.find_submission(assignment, student).score
        return score, nbformat.read(self.root / "autograded" / student / assignment / path.name, as_version=4)


@pytest.fixture(scope="module", params=["nbgrader's own settings", "the course's settings"])
def any_course(request, tmp_path_factory):
    yield from make_course(tmp_path_factory, settings=request.param == "the course's settings")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    yield from make_course(tmp_path_factory, settings=True)


def make_course(tmp_path_factory, settings):
    pytest.importorskip("nbgrader", reason="no nbgrader: pip install nbgrader")
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader calls its database's tool by name
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        yield Course(tmp_path_factory.mktemp("class"), settings)


def test_students_get_the_same_name_and_a_stub_that_is_not_attempted(any_course):
    """First line, docstring and keys stand there; the check says "not attempted", whatever stands below them."""
    released = {number: any_course.release(assignment) for number, assignment in LESSONS.items()}
    for number, notebook in released.items():
        answers = answer_cells(notebook)
        assert set(answers) == set(check_cells(notebook)) == {e.id for e in list_exercises(number)}
        for exercise in list_exercises(number):
            source = answers[exercise.id].source
            assert "SOLUTION" not in source
            kept = exercise.stub.removesuffix("    return ...")
            assert source.startswith(kept) and len(source) < len(kept) + 80
            assert judge(exercise, defined(exercise, source)).outcome == "not attempted", source
            assert "NotImplementedError" not in source or not any_course.settings, "it would stop Run All"


def test_the_courses_settings_give_a_cell_more_than_30_seconds(course):
    assert course.settings.ExecutePreprocessor.timeout >= 300


def defined(exercise, source):
    """Run an answer's cell as a notebook does, statement by statement, and return the answer."""
    names = {}
    try:
        for statement in ast.parse(source).body:
            exec(compile(ast.Module([statement], []), "cell", "exec"), names)
    except NotImplementedError:
        assert not isinstance(exercise, FunctionExercise), "a student's Run All would stop at every function"
    return names[exercise.answer_name]


def handed_in(lesson, student, course):
    """The notebook of a student of this kind."""
    if student == "solved":
        return nbformat.read(lesson.solved_path, as_version=4)
    notebook = course.release(lesson.path.stem)
    return notebook if student == "untouched" else with_misconceptions(notebook, lesson.number)


def with_misconceptions(notebook, number):
    """Return a notebook of nothing but the exercises, each answered by its first wrong idea."""
    # Less than the lesson's imports, so that a backend starts only where an exercise needs one.
    start = nbformat.v4.new_code_cell("import cnn_course as cc\nfrom cnn_course import check")
    notebook.cells = [start, *(cell for cell in notebook.cells if "nbgrader" in cell.metadata)]
    for exercise in list_exercises(number):
        call = "" if isinstance(exercise, FunctionExercise) else "()"
        wrong = f'cc.find_exercise("{exercise.id}").misconceptions[0].answer{call}'
        answer_cells(notebook)[exercise.id].source = f"{exercise.answer_name} = {wrong}"
    return notebook


def runs():
    """Every lesson by every student; `make test` leaves out the solved ones, and those that train for long."""
    for number in LESSONS:
        for student in ("untouched", "solved", "wrong"):
            slow = student == "solved" or (student == "untouched" and number not in ("01", "02", "05"))
            yield pytest.param(number, student, marks=pytest.mark.slow if slow else (), id=f"{number}-{student}")


@pytest.mark.lesson
@pytest.mark.parametrize(("number", "student"), runs())
def test_points_errors_and_outputs_of_a_whole_notebook(number, student, course):
    """Untouched and wrong get nothing, solved every point; no other cell fails, and its outputs are as stored."""
    lesson = lessons.find_lesson(number)
    exercises = list_exercises(number)
    score, ran = course.autograde(lesson.path.stem, student, handed_in(lesson, student, course))
    assert score == (sum(exercise.points for exercise in exercises) if student == "solved" else 0)
    outcome = {"untouched": "not attempted", "solved": "", "wrong": "fail"}[student]
    said = {exercise.id: f"{exercise.id}: {outcome}, 0 of {exercise.points}" for exercise in exercises}
    errors = [(cell, o) for cell in ran.cells for o in cell.get("outputs", ()) if o.output_type == "error"]
    if student == "solved":
        assert errors == []
    else:
        assert [cell.metadata.exercise for cell, _ in errors] == list(check_cells(ran))
        assert all(error.ename == "NotPassedError" and said[cell.metadata.exercise] in error.traceback[0]
                   for cell, error in errors), errors  # fmt: skip
    if student != "wrong":
        stored = builder.stored_outputs(nbformat.read(lesson.path, as_version=4))
        assert len(stored) >= 8 and builder.compared_outputs(ran) == stored


ANSWERS = {
    "output-size": "def output_size(w, k, p, s):\n    return (w - k + p) // s + 1",
    "same-padding": "def same_padding(input_size, kernel_size, strides):\n    return 1 / (strides - strides)",
    "conv-parameters": "def conv_parameters(kernel_size, channels, filters):\n"
    "    return (kernel_size**2 * channels + 1) * filters",
}


@pytest.mark.lesson
@pytest.mark.browser
def test_feedback_shows_the_result_with_its_drawing_and_nothing_is_cut_off(course, chromium):
    notebook = with_misconceptions(course.release("02_convolution"), "02")
    for exercise, answer in ANSWERS.items():
        answer_cells(notebook)[exercise].source = answer
    score, _ = course.autograde("02_convolution", "ann", notebook)
    assert score == 1, "showing a result costs no points, and brings none"
    course.do("generate_feedback", "02_convolution", "ann")
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.route(re.compile("^http"), lambda route: route.abort())
    page.goto(f"file://{course.root}/feedback/ann/02_convolution/02_convolution.html")
    text = page.inner_text("body")
    assert "You added the padding once. It is added on both sides, so it counts twice." in text
    assert "✓ pass" in text and "ZeroDivisionError" in text and "Traceback" not in text
    assert page.locator("svg[role=img][aria-label*='the kernel fits']").is_visible()
    cut = "pre => pre.scrollWidth > pre.clientWidth + 1"
    assert [p.inner_text() for p in page.locator(".output_wrapper pre").all() if p.evaluate(cut)] == []
    page.close()


def test_validate_prints_the_whole_result_in_lines_that_it_does_not_cut(monkeypatch):
    result = Result("output-size", "fail", 0, 2, "A long sentence that a good teacher would say. " * 5)
    assert NotPassedError(result)._render_traceback_() == ["✗ output-size: fail, 0 of 2 points."]
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    lines = NotPassedError(result)._render_traceback_()
    assert len(lines) > 3 and max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("a good teacher would say.") == 5


def test_the_command_makes_the_class_folder_and_never_overwrites(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from cnn_course.cli import app

    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["nbgrader", "my-class"])
    assert made.exit_code == 0 and f"{len(LESSONS)} new assignments" in made.output
    source = tmp_path / "my-class" / "source" / "02_convolution" / "02_convolution.ipynb"
    assert source.read_bytes() == lessons.find_lesson("02").solved_path.read_bytes()
    settings = tmp_path / "my-class" / "nbgrader_config.py"
    settings.write_text("mine")
    assert "0 new assignments" in CliRunner().invoke(app, ["nbgrader", "my-class"]).output
    assert settings.read_text() == "mine"
