"""An unmodified nbgrader: untouched notebooks and wrong ideas get nothing, the solved notebook all points."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cnn_course import lessons
from cnn_course.exercises import list_exercises
from cnn_course.exercises.definitions import FunctionExercise

NUMBERS = [lesson.number for lesson in lessons.list_lessons()]
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "course"
c.ExecutePreprocessor.timeout = 300
c.ClearSolutions.code_stub = {{"python": "..."}}
c.CourseDirectory.db_url = "sqlite:///{folder}/gradebook.db"
"""


def with_misconceptions(notebook, lesson, k):
    """Return a notebook of nothing but the exercises, each answered by its k-th wrong idea."""
    exercises = {exercise.id: exercise for exercise in list_exercises(lesson)}
    # Less than the lesson's imports, so that a backend starts only where an exercise needs one.
    start = nbformat.v4.new_code_cell("from cnn_course import check")
    notebook.cells = [start, *(cell for cell in notebook.cells if "nbgrader" in cell.metadata)]
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            exercise = exercises[cell.metadata.exercise]
            number = k % len(exercise.misconceptions)
            call = "" if isinstance(exercise, FunctionExercise) else "()"
            wrong = f'cc.find_exercise("{exercise.id}").misconceptions[{number}].answer{call}'
            cell.source = f"import cnn_course as cc\n{exercise.answer_name} = {wrong}"
    return notebook


def nbgrader(folder, *arguments):
    env = {**os.environ, "CNN_COURSE_STATE": str(folder / "state"), "JUPYTER_CONFIG_DIR": str(folder / "none")}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("number", NUMBERS)
def test_untouched_and_wrong_get_nothing_and_solved_gets_every_point(number, tmp_path, monkeypatch):
    pytest.importorskip("nbgrader", reason="no nbgrader: pip install nbgrader")
    from nbgrader.api import Gradebook

    # nbgrader calls its database's tool by name
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    lesson = lessons.find_lesson(number)
    (tmp_path / "nbgrader_config.py").write_text(CONFIG.format(folder=tmp_path))
    source = tmp_path / "source" / "lesson"
    source.mkdir(parents=True)
    shutil.copy(lesson.solved_path, source / lesson.path.name)
    nbgrader(tmp_path, "generate_assignment", "lesson", "--create")

    most = max(len(exercise.misconceptions) for exercise in list_exercises(number))
    students = {"untouched": lesson.path, "solved": lesson.solved_path}
    for name in (*students, *(f"wrong{k}" for k in range(most))):
        folder = tmp_path / "submitted" / name / "lesson"
        folder.mkdir(parents=True)
        notebook = nbformat.read(students.get(name, lesson.path), as_version=4)
        if name.startswith("wrong"):
            notebook = with_misconceptions(notebook, number, int(name.removeprefix("wrong")))
        nbformat.write(notebook, folder / lesson.path.name)
    nbgrader(tmp_path, "autograde", "lesson")

    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        names = [path.name for path in (tmp_path / "submitted").iterdir()]
        scores = {name: gradebook.find_submission("lesson", name).score for name in names}
        full = gradebook.find_assignment("lesson").max_score
    assert full == sum(exercise.points for exercise in list_exercises(number)) > 0
    assert scores.pop("solved") == full
    assert set(scores.values()) == {0}, scores
