"""`make lab`'s JupyterLab in a real browser: open, run all, be wrong, be right."""

import json
import re

import pytest

pytestmark = pytest.mark.browser
RUN_ALL = "void window.jupyterapp.commands.execute('notebook:run-all-cells')"


def write_into_cell(page, exercise, text):
    """Put an answer where the student would type it, and run the two cells of the exercise."""
    page.evaluate(
        """([exercise, text]) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.widgets.forEach((cell, index) => {
                const nbgrader = cell.model.getMetadata('nbgrader');
                if (nbgrader && nbgrader.grade_id === exercise + '-answer') {
                    cell.model.sharedModel.setSource(text);
                    notebook.activeCellIndex = index;
                }
            });
        }""",
        [exercise, text],
    )
    for _ in range(2):
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")


def check_output(page, exercise):
    """The text of the check's output, once it is there."""
    return page.evaluate(
        """exercise => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const gradeOf = cell => (cell.model.getMetadata('nbgrader') || {}).grade_id;
            const cell = notebook.widgets.find(c => gradeOf(c) === exercise + '-check');
            const pending = cell.model.executionState === 'running' || cell.model.sharedModel.execution_count === null;
            return pending ? null : JSON.stringify(cell.model.sharedModel.getOutputs());
        }""",
        exercise,
    )


def wait_for(page, exercise, pattern):
    for _ in range(120):
        text = check_output(page, exercise) or ""
        if re.search(pattern, text):
            return text
        page.wait_for_timeout(250)
    raise AssertionError(f"{pattern!r} never came: {text[:2000]}")


def test_lesson_02_runs_and_answers(lab, chromium):
    from cnn_course import exercises

    address, folder = lab
    output_size = exercises.find_exercise("output-size")
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/lab/tree/02_convolution.ipynb?token=test")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 10", timeout=60000)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60000,
        polling=200,
    )
    page.wait_for_timeout(3000)  # the pop-up with news comes a while after the page
    assert page.locator(".Toastify__toast").all_inner_texts() == []
    log = (folder.parent / "log").read_text()
    assert "without encryption" not in log and "kernel" in log.lower(), log
    page.evaluate(RUN_ALL)
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
                 .filter(c => c.model.type === 'code')
                 .every(c => c.model.sharedModel.execution_count !== null)""",
        timeout=120000,
        polling=300,
    )
    outputs = page.evaluate(
        """() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets
                 .filter(c => c.model.type === 'code').flatMap(c => c.model.sharedModel.getOutputs()))"""
    )
    assert '"output_type":"error"' not in outputs
    assert not any(o.get("name") == "stderr" for o in json.loads(outputs))

    wrong = "def output_size(w, k, p, s):\n    return (w - k + p) // s + 1"
    write_into_cell(page, "output-size", wrong)
    sentence = next(m.message for m in output_size.misconceptions if "both sides" in m.message)
    wait_for(page, "output-size", re.escape(sentence[:30]))
    write_into_cell(page, "output-size", output_size.solution)
    wait_for(page, "output-size", rf"{output_size.points} of {output_size.points}|{output_size.points} point")
    page.close()
    assert (folder / "02_convolution.ipynb").exists()
