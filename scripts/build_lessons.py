"""Make the notebooks from notebooks/source: ``python scripts/build_lessons.py [NN ...] [--check]``.

Each source gives a student's notebook (stubs) and a solved one (solutions between nbgrader's marks).
An exercise is one line in the source, ``# %% exercise="conv2d"``; its cells come from its definition.
Cells tagged ``nbval-check-output`` keep their outputs. These are computed again when a lesson's code
has changed, or with ``--execute``; so two runs give the same bytes.
"""

import argparse
import copy
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnn_course._notebooks import run_notebook
from cnn_course.exercises import find_exercise
from cnn_course.exercises.cells import exercise_cells

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
COMPARED = "nbval-check-output"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build(source):
    """Return the student's and the solved notebook of one source, without outputs."""
    lesson = source.stem[:2]
    cells = {False: [], True: []}
    for cell in jupytext.read(source, fmt="py:percent").cells:
        for solved, sequence in cells.items():
            exercise = cell.metadata.get("exercise")
            if not exercise and not cell.source.strip():
                continue
            made = exercise_cells(find_exercise(exercise), solved) if exercise else [plain_cell(cell)]
            sequence.extend(made)
    return tuple(finished(sequence, lesson) for sequence in (cells[False], cells[True]))


def plain_cell(cell):
    """Copy a cell of the source, with its tags alone."""
    tags = cell.metadata.get("tags")
    metadata = {"tags": tags} if tags else {}
    new = new_markdown_cell if cell.cell_type == "markdown" else new_code_cell
    return new(cell.source, metadata=metadata)


def finished(cells, lesson):
    """Give each cell its id, and return the notebook."""
    counts = {}
    for position, cell in enumerate(cells):
        exercise = cell.metadata.get("exercise")
        stem = f"{lesson}-{exercise}" if exercise else f"{lesson}-cell"
        counts[stem] = counts.get(stem, 0) + 1
        cell.id = f"{stem}-{counts[stem]}" if exercise else f"{stem}-{position}"
    return new_notebook(cells=cells, metadata=METADATA)


def code_of(notebook):
    """Return the code cells' sources and tags: what outputs depend on."""
    return [(c.source, c.metadata.get("tags")) for c in notebook.cells if c.cell_type == "code"]


def computed_outputs(notebook):
    """Run a notebook in a folder of its own; return the outputs of its compared cells, by cell id."""
    notebook = copy.deepcopy(notebook)  # running one writes times, versions and widgets into it
    run_notebook(notebook, stop_at_errors=True)
    return compared_outputs(notebook)


def compared_outputs(notebook):
    """Return the outputs of a notebook's compared cells as they are stored, by cell id."""
    return {cell.id: clean(cell) for cell in notebook.cells if COMPARED in cell.metadata.get("tags", [])}


def clean(cell):
    """Return a compared cell's outputs without what differs from run to run."""
    if not cell.outputs:
        raise SystemExit(f"{cell.id} is tagged {COMPARED} and has no output:\n{cell.source}")
    for output in cell.outputs:
        if output.output_type == "error":
            raise SystemExit(f"{cell.id} is compared and fails: {output.ename}: {output.evalue}")
        if output.get("name") == "stderr":
            raise SystemExit(f"{cell.id} is compared and writes to stderr: {output.text}")
        output.pop("execution_count", None)
        if output.output_type == "execute_result":
            output.execution_count = None
    return whole(cell.outputs)


def whole(outputs):
    """Return outputs with what a kernel happened to send in parts put together."""
    kept = []
    for output in outputs:
        if kept and output.output_type == "stream" and output.name == kept[-1].get("name"):
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def stored_outputs(notebook):
    """Return the outputs that a stored notebook holds, by cell id."""
    return {c.id: whole(c.outputs) for c in notebook.cells if c.cell_type == "code" and c.outputs}


def with_outputs(notebook, outputs):
    """Return the notebook's text with these outputs."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.outputs = outputs.get(cell.id, [])
        cell.execution_count = number if cell.outputs else None  # nbval takes a cell without a number for never run
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4, indent=1) + "\n"


def make(source, check, execute):
    """Write the two notebooks of a source; return the paths that were not as they should be."""
    student, solved = build(source)
    paths = (NOTEBOOKS / f"{source.stem}.ipynb", NOTEBOOKS / "solved" / f"{source.stem}.ipynb")
    old = nbformat.read(paths[0], as_version=4) if paths[0].exists() else None
    if old is not None and not execute and (check or code_of(old) == code_of(student)):
        outputs = stored_outputs(old)
    else:
        outputs = computed_outputs(student)
    texts = (with_outputs(student, outputs), with_outputs(solved, outputs))
    changed = [p for p, t in zip(paths, texts, strict=True) if not p.exists() or p.read_text("utf-8") != t]
    if not check:
        for path, text in zip(paths, texts, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return changed


def main(arguments=None):
    """Make the lessons named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers of lessons; without any, all of them")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    parser.add_argument("--execute", action="store_true", help="compute the stored outputs again")
    options = parser.parse_args(arguments)
    sources = [s for s in sorted((NOTEBOOKS / "source").glob("[0-9][0-9]_*.py"))]
    changed = []
    for source in sources:
        if not options.lessons or source.stem[:2] in options.lessons:
            changed += make(source, options.check, options.execute)
    for path in changed:
        print(f"{'not up to date' if options.check else 'written'}: {path.relative_to(NOTEBOOKS.parent)}")
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
