"""Every lesson is the notebook that its source makes, and opens where it should."""

import ast
import builtins
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from cnn_course import LessonError, exercises, lessons, load_keras
from cnn_course.exercises.cells import answer_cells, check_cells
from tests import lesson_builder

builder = lesson_builder.load()
ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
NUMBERS = [path.name[:2] for path in sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))]
COMPARED = "nbval-check-output"
SIGN, CHANGED = "@ columns for part", "@ -columns for part"


def run_nbval(notebook, folder, **environment):
    """Run a notebook in a real kernel by nbval; its compared outputs must be as stored."""
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    env = {**os.environ, "CNN_COURSE_STATE": str(folder / "state"), **environment}
    copy = Path(shutil.copy(notebook, folder))
    config = ["-c", os.devnull, f"--rootdir={folder}", "--nbval-cell-timeout=300"]
    return subprocess.run([*command, *config, copy], cwd=folder, env=env, capture_output=True, text=True)


def cells(notebook, kind="code"):
    return [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == kind]


@pytest.mark.lesson
def test_lesson_02_runs_to_the_end_in_a_students_kernel_and_its_outputs_are_as_stored(tmp_path):
    """By nbval; test_nbgrader looks at every lesson, untouched and solved, as it runs under nbgrader."""
    done = run_nbval(lessons.find_lesson("02").path, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("number", NUMBERS)
def test_both_notebooks_have_every_exercise_of_the_lesson(number):
    lesson = lessons.find_lesson(number)
    for path in (lesson.path, lesson.solved_path):
        notebook = nbformat.read(path, as_version=4)
        ids = {exercise.id for exercise in exercises.list_exercises(number)}
        assert ids and set(answer_cells(notebook)) == set(check_cells(notebook)) == ids


def bound(tree):
    """Return the names that code binds: imports, functions and their arguments, assignments."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names | {(n.asname or n.name).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.alias)}


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_solution_uses_was_made_by_the_cells_above_it(number):
    """So that it works where a student writes it, not only after the exercise's own setup."""
    answers = answer_cells(nbformat.read(lessons.find_lesson(number).solved_path, as_version=4))
    known, seen = set(dir(builtins)), 0
    for cell in cells(lessons.find_lesson(number).solved_path):
        tree = ast.parse(cell.source)
        if cell.metadata.get("exercise") in answers and cell.metadata.nbgrader.solution:
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            assert used - bound(tree) <= known, cell.source
            seen += 1
        known |= bound(tree)
    assert seen == len(answers)


@pytest.mark.parametrize("number", NUMBERS)
def test_at_least_eight_outputs_are_compared_and_none_speaks_of_tensorflow(number):
    notebook = lessons.find_lesson(number).path
    compared = [cell for cell in cells(notebook) if COMPARED in cell.metadata.get("tags", [])]
    assert len(compared) >= 8
    assert all(cell.outputs for cell in compared)
    text = json.dumps([cell.outputs for cell in compared])
    assert "oneDNN" not in text and "absl" not in text and "/home/" not in text and "/root/" not in text


@pytest.mark.parametrize("number", NUMBERS)
def test_code_cells_are_short(number):
    for cell in cells(lessons.find_lesson(number).path):
        if "exercise" not in cell.metadata:
            assert len(cell.source.splitlines()) <= 14, cell.source


@pytest.mark.lesson
def test_sources_make_the_stored_notebooks_byte_for_byte():
    assert builder.main(["--check"]) == 0


@pytest.mark.lesson
def test_two_builds_of_a_lesson_are_equal_and_ids_are_unique():
    source = NOTEBOOKS / "source" / "02_convolution.py"
    first, second = (builder.build(source) for _ in range(2))
    assert [nbformat.writes(n) for n in first] == [nbformat.writes(n) for n in second]
    ids = [cell.id for cell in first[0].cells]
    assert len(set(ids)) == len(ids)


def test_a_text_that_came_in_parts_is_stored_whole():
    parts = [nbformat.v4.new_output("stream", text=text) for text in ("one\n", "two\n")]
    last = nbformat.v4.new_output("stream", name="stderr", text="three")
    assert [(o.name, o.text) for o in builder.whole([*parts, last])] == [("stdout", "one\ntwo\n"), ("stderr", "three")]


@pytest.mark.lesson
def test_one_changed_sign_in_conv2d_fails_lesson_02(tmp_path):
    shutil.copytree(ROOT / "cnn_course", tmp_path / "cnn_course", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(NOTEBOOKS, tmp_path / "cnn_course" / "notebooks")
    module = tmp_path / "cnn_course" / "from_scratch" / "convolution.py"
    text = module.read_text()
    assert text.count(SIGN) == 1
    module.write_text(text.replace(SIGN, CHANGED))
    done = run_nbval(lessons.find_lesson("02").path, tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done.stdout[-3000:]
    assert "failed" in done.stdout.splitlines()[-1]


@pytest.mark.lesson
def test_lesson_07_goes_on_where_the_file_of_lesson_03_is_not_whole(tmp_path, monkeypatch):
    keras = load_keras()
    monkeypatch.chdir(tmp_path)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("lenet.keras")
    whole = Path("lenet.keras").read_bytes()
    code = next(cell.source for cell in cells(lessons.find_lesson("07").path) if '"lenet.keras"' in cell.source)
    names = {
        "load_dataset": lambda *_, **__: None,
        "build_lenet": lambda seed: "new",
        "train_model": lambda *_, **__: 0,
    }
    for content in (whole, whole[: len(whole) // 2], whole[:-40] + whole[-30:], b"", b"<html>"):
        Path("lenet.keras").write_bytes(content)
        space = {"keras": keras, "cc": SimpleNamespace(**names)}
        exec(code, space)
        assert (space["lenet"] == "new") == (content != whole)


def test_listing_reads_well_as_text_and_html():
    table = lessons.open_lesson()
    assert "\n02      Convolution\n" in repr(table)
    assert ">Convolution</td>" in table._repr_html_()


def test_a_students_file_is_never_overwritten(tmp_path):
    opened = lessons.open_lesson("02", tmp_path)
    opened.path.write_text("mine")
    again = lessons.open_lesson("02", tmp_path)
    assert not again.created and opened.path.read_text() == "mine"
    assert "stays as you left it" in repr(again)
    fresh = [lessons.open_lesson("02", tmp_path, fresh=True).path.name for _ in range(2)]
    assert fresh == ["02_convolution-2.ipynb", "02_convolution-3.ipynb"]


def test_solved_copy_has_its_own_name_and_the_solutions(tmp_path):
    solved = lessons.open_lesson("02", tmp_path, solved=True)
    assert solved.path.name == "02_convolution-solved.ipynb"
    assert "### BEGIN SOLUTION" in solved.path.read_text()
    assert "### BEGIN SOLUTION" not in lessons.open_lesson("02", tmp_path).path.read_text()


@pytest.mark.parametrize("name", [2, "2", "02", "convolution", "02_convolution.ipynb"])
def test_a_lesson_is_found_by_number_or_name(name):
    assert lessons.find_lesson(name).number == "02"


@pytest.mark.parametrize("name", [99, "gardening", ""])
def test_an_unknown_lesson_lists_those_there_are(name):
    with pytest.raises(LessonError, match=r"There is no lesson .*02 \(Convolution\)"):
        lessons.find_lesson(name)


def test_a_folder_that_is_a_file_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LessonError, match="cannot be written"):
        lessons.open_lesson("02", tmp_path / "file" / "below")


def test_a_link_that_leads_nowhere_is_the_students_and_stays(tmp_path):
    link = tmp_path / "02_convolution.ipynb"
    link.symlink_to(tmp_path / "gone.ipynb")
    with pytest.raises(LessonError, match=r"cannot be written to .*No such file or directory"):
        lessons.open_lesson("02", tmp_path)
    assert link.is_symlink() and not (tmp_path / "gone.ipynb").exists()
    assert lessons.open_lesson("02", tmp_path, fresh=True).path.name == "02_convolution-2.ipynb"


def test_a_name_that_is_too_long_and_a_user_who_is_not_there_are_said(tmp_path):
    with pytest.raises(LessonError, match="File name too long"):
        lessons.open_lesson("02", tmp_path / ("x" * 5000))
    with pytest.raises(LessonError, match="there is no such user"):
        lessons.open_lesson("02", "~no-such-user-here/x")


def test_a_full_disk_leaves_no_half_notebook(tmp_path):
    program = (
        "import resource, signal, sys, cnn_course\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n    cnn_course.open_lesson('02', sys.argv[1])\n"
        "except cnn_course.LessonError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert "cannot be written" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
