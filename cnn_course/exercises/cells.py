"""The cells of an exercise in a notebook: written from its definition, found again in what a student hands in."""

import ast
from typing import Any

from .definitions import Exercise

_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"


def exercise_cells(exercise: Exercise, solved: bool = False) -> list[Any]:
    """Return the question, the answer's cell and the check's cell of one exercise.

    Parameters
    ----------
    exercise : Exercise
    solved : bool, default False
        Whether the answer is the solution between nbgrader's marks, or the stub.

    Returns
    -------
    list of NotebookNode
        With nbgrader's metadata, schema 3.

    Examples
    --------
    >>> from cnn_course import find_exercise
    >>> question, answer, check = exercise_cells(find_exercise("edge-kernel"))
    >>> answer.source, check.metadata.nbgrader.points
    ('edge_kernel = ...', 2)
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell

    points = f"{exercise.points} point{'s' if exercise.points != 1 else ''}"
    question = f"### ✎ {exercise.title}  ({points})\n\n{exercise.text}"
    answer = marked_solution(exercise) if solved else exercise.stub
    check = f'check("{exercise.id}", {exercise.answer_name})  # stuck? hint("{exercise.id}")'
    return [
        new_markdown_cell(question, metadata={"exercise": exercise.id}),
        new_code_cell(answer, metadata=_graded(exercise, "answer", solution=True)),
        new_code_cell(check, metadata=_graded(exercise, "check", grade=True, points=exercise.points)),
    ]


def marked_solution(exercise: Exercise) -> str:
    """Return the solution with nbgrader's marks around what a student writes.

    Of a function these are the lines below its docstring, so that a release keeps its first line. Anything else stands
    below the stub: a release then keeps the name and the keys.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    str

    Examples
    --------
    >>> from cnn_course import find_exercise
    >>> print(marked_solution(find_exercise("speed-up")))
    def speed_up(share, factor):
        \"\"\"Return how many times as fast the whole becomes (Amdahl's law).\"\"\"
        ### BEGIN SOLUTION
        return 1 / ((1 - share) + share / factor)
        ### END SOLUTION
    """
    lines = exercise.solution.strip().splitlines()
    head, indent = exercise.stub.splitlines(), ""
    statements = ast.parse("\n".join(lines)).body
    if len(statements) == 1 and isinstance(statements[0], ast.FunctionDef):
        function = statements[0]
        first = function.body[0]
        start = first.end_lineno if ast.get_docstring(function) else first.lineno - 1
        head, lines, indent = lines[:start], lines[start:], " " * first.col_offset
    return "\n".join([*head, f"{indent}{_BEGIN}", *lines, f"{indent}{_END}"])


def answer_cells(notebook: Any) -> dict[str, Any]:
    """Return the cells that hold a student's answers, by the exercise's id.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    dict of str to NotebookNode
        The cells themselves: what is changed in them is changed in the notebook.
    """
    return _by_exercise(notebook, "solution")


def check_cells(notebook: Any) -> dict[str, Any]:
    """Return the cells that check the answers, by the exercise's id.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    dict of str to NotebookNode
    """
    return _by_exercise(notebook, "grade")


def _by_exercise(notebook, role):
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(role)]
    return {cell.metadata["exercise"]: cell for cell in cells if "exercise" in cell.metadata}


def _graded(exercise, part, grade=False, solution=False, points=None):
    """Return nbgrader's cell metadata, schema 3."""
    nbgrader = {
        "cell_type": "code",
        "grade": grade,
        "grade_id": f"{exercise.id}-{part}",
        "locked": grade,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if grade:
        nbgrader["points"] = points
    return {"exercise": exercise.id, "nbgrader": nbgrader}
