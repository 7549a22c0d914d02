"""What a check does in a notebook's kernel: which definition it judged, and that no answer ends the kernel."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cnn_course._notebooks import run_notebook

RIGHT = "def output_size(w, k, p, s):\n    return (w - k + 2 * p) // s + 1"
BROKEN = "def output_size(w, k, p, s):\n    return (w - k + 2 * p // s + 1"
FAILS = "1 / 0\n" + RIGHT.replace("2 *", "3 *")
CHECK = 'check("output-size", output_size)'
CELLS = [
    "import numpy as np\nfrom cnn_course import check, yours_or_ours",
    RIGHT,
    CHECK,  # In[3]
    BROKEN,
    CHECK,  # In[5]
    RIGHT,
    CHECK,  # In[7]
    FAILS,
    CHECK,  # In[9]
    RIGHT + "\n" + CHECK,  # In[10]
    'output_size = yours_or_ours("output-size", output_size)\n' + CHECK,  # In[11]
    "edge_kernel = np.eye(3)",
    "edge_kernel = np.array([[1, 2",
    'check("edge-kernel", edge_kernel)',  # In[14]
    "edge_kernel = np.eye(2)",
    'check("edge-kernel", edge_kernel)',  # In[16]
    "def output_size(w, k, p, s):\n    exit()",
    CHECK,  # In[18]
    "import sys\ndef output_size(w, k, p, s):\n    sys.exit(1)",
    CHECK,  # In[20]
    "print('alive')",  # In[21]
]


@pytest.fixture(scope="module")
def outputs():
    """What each cell shows, by its number."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    run_notebook(notebook)
    texts = {}
    for number, cell in enumerate(notebook.cells, start=1):
        found = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in cell.outputs]
        texts[number] = "\n".join(found)
    return texts


@pytest.mark.parametrize("cell", [3, 7, 10, 11])
def test_nothing_is_said_where_the_last_definition_was_judged(outputs, cell):
    assert "pass, 2 of 2" in outputs[cell] and "judged" not in outputs[cell]


@pytest.mark.parametrize(("cell", "failed", "judged"), [(5, 4, 2), (9, 8, 6)])
def test_a_definition_before_the_one_that_failed_is_named(outputs, cell, failed, judged):
    sentence = f"Cell In[{failed}] stopped with an error: judged was the `output_size` before it, the one of cell "
    assert re.sub(r"\s+", " ", outputs[cell]).endswith(f"{sentence}In[{judged}].")


def test_a_value_before_the_one_that_failed_is_named(outputs):
    assert "Cell In[13] stopped with an error: judged was the `edge_kernel` before it." in outputs[14]
    assert "judged" not in outputs[16]


def test_an_answer_that_exits_ends_no_kernel(outputs):
    for cell in (18, 20):
        assert "crash, 0 of 2" in outputs[cell] and "SystemExit" in outputs[cell]
    assert "exit()" in outputs[18] and outputs[21].strip() == "alive"
