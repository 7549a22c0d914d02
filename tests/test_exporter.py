"""A lesson as one page: alive offline, nothing asked of the net."""

import re
from html import unescape

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnn_course._notebooks import run_notebook
from cnn_course.errors import LessonError
from cnn_course.exporter import LessonPageExporter, export_lesson_page, formula

SOURCES = [
    "import numpy as np\nimport cnn_course as cc\ndemo = cc.ConvolutionDemo()\ndemo",
    "demo.strides = 2",
    "cc.FilterDemo(np.tile(np.arange(60, dtype='uint8') * 4, (40, 1)), filter='vertical edges')",
    "cc.DescentDemo(updates=12)",
    "import ipywidgets\nipywidgets.IntSlider()",
    "cc.animate_convolution(np.eye(3), np.ones((2, 2)))",
]


def write_notebook(path, sources=SOURCES):
    text = "# A lesson\n\nInline $O = (W - K)$ and\n\n$$g_{ij}(z) = \\sum_k C_{h_{ijk}} z^k$$\n\nnot `$5`."
    cells = [new_markdown_cell(text), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    return export_lesson_page(write_notebook(folder / "lesson.ipynb"), folder / "lesson.html")


def test_the_page_names_no_address_outside(exported):
    html = exported.read_text()
    addresses = re.findall(r"""(?:src|href|from|import\()\s*=?\s*["']?(https?:)?//[\w.]+""", html)
    assert addresses == []
    for word in ("MathJax", "mermaid", "require.min.js", "cdnjs", "unpkg", "jsdelivr"):
        assert word not in html, word


def test_formulas_are_mathml_and_code_stays_code(exported):
    html = exported.read_text()
    assert html.count("<math ") == 2
    assert "<code>$5</code>" in html
    assert "$$" not in html.split("</style>")[-1]


def test_widgets_stand_as_they_were_left(exported):
    """A later cell's `demo.strides = 2` is what the page shows; the saved state itself is gone."""
    html = exported.read_text()
    assert html.count("<iframe ") == 3
    assert '"strides":2' in unescape(html)
    assert "jupyter.widget-" not in html
    assert "This widget needs a kernel" in html


def test_a_notebook_that_was_run_is_not_run_again(tmp_path):
    nb = new_notebook(cells=[new_code_cell("raise SystemExit", execution_count=1)])
    nbformat.write(nb, tmp_path / "done.ipynb")
    page = export_lesson_page(tmp_path / "done.ipynb", tmp_path / "done.html")
    assert "raise" in page.read_text()


def test_a_notebook_that_was_run_in_part_is_run_whole_and_in_silence(tmp_path, capfd):
    """The lessons as they ship hold a few stored outputs only."""
    cells = [new_code_cell("x = 20", execution_count=1), new_code_cell("print(x + 22)")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "part.ipynb")
    assert "42" in export_lesson_page(tmp_path / "part.ipynb", tmp_path / "part.html").read_text().split("</style>")[-1]
    assert capfd.readouterr() == ("", "")


def test_a_cell_that_fails_is_shown_and_the_rest_runs(tmp_path):
    path = write_notebook(tmp_path / "x.ipynb", ["1 / 0", "print('still ' + 'here')"])
    html = export_lesson_page(path, tmp_path / "x.html").read_text()
    assert "ZeroDivisionError" in html
    assert "still here" in html


def test_the_students_own_progress_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "state"))
    path = write_notebook(tmp_path / "x.ipynb", ["from cnn_course import check\ncheck('edge-kernel', ...)"])
    assert "not attempted" in export_lesson_page(path, tmp_path / "x.html").read_text()
    assert not (tmp_path / "state").exists()


def with_kernel(path, source, **kernelspec):
    notebook = new_notebook(cells=[new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"display_name": "Mine", **kernelspec}
    nbformat.write(notebook, path)
    return path


def test_a_kernel_of_another_computer_is_pythons_here(tmp_path):
    path = with_kernel(tmp_path / "x.ipynb", "print(20 + 22)", name="my-conda-env", language="python")
    assert ">42" in export_lesson_page(path, tmp_path / "x.html").read_text().replace("\n", "")


def test_a_kernel_for_another_language_is_said(tmp_path):
    path = with_kernel(tmp_path / "x.ipynb", "1", name="ir", language="R")
    with pytest.raises(
        LessonError, match=r"needs the kernel 'ir' \(language: R\), which is not installed\. Installed: "
    ):
        export_lesson_page(path, tmp_path / "x.html")


def test_a_kernel_that_ends_is_said_and_leaves_no_half_page(tmp_path):
    path = write_notebook(tmp_path / "x.ipynb", ["import os\nos._exit(1)"])
    with pytest.raises(LessonError, match="The kernel ended before the notebook did"):
        export_lesson_page(path, tmp_path / "x.html")
    assert [file.name for file in tmp_path.iterdir()] == ["x.ipynb"]


def test_nbconvert_knows_it_by_name(tmp_path):
    from nbconvert.exporters import get_exporter

    assert get_exporter("cnn_course.exporter.LessonPageExporter") is LessonPageExporter


def test_a_formula_that_cannot_be_read_stays_tex():
    assert formula(r"\left( x", "inline").startswith(("<code>", "<math"))
    assert formula(r"\frac{", "inline") == r"<code>\frac{</code>"


def test_what_is_no_notebook_is_said(tmp_path):
    (tmp_path / "a.ipynb").write_text("{")
    with pytest.raises(LessonError, match=r"a\.ipynb must be a notebook"):
        export_lesson_page(tmp_path / "a.ipynb", tmp_path / "a.html")


def test_a_page_that_cannot_be_written_is_said(tmp_path):
    path = write_notebook(tmp_path / "x.ipynb", ["1"])
    with pytest.raises(LessonError, match="cannot be written"):
        export_lesson_page(path, path / "x.html")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_is_alive_offline(exported, chromium, width):
    """From a file, with the network off: nothing asked for, nothing failed, and the widgets answer."""
    context = chromium.new_context(offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    requests, faults = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"file://{exported}")
    frames = page.locator("iframe")
    for number in range(3):
        frames.nth(number).scroll_into_view_if_needed()
    demo = frames.nth(0).content_frame
    assert demo.locator(".cw-output .cw-head").inner_text() == "Output 2 × 2"
    demo.get_by_role("spinbutton", name="Strides", exact=True).press("ArrowDown")
    demo.locator(".cw-output .cw-head:has-text('Output 3 × 3')").wait_for()
    frames.nth(1).content_frame.locator("figcaption:has-text('mid-grey')").wait_for()
    frames.nth(2).content_frame.get_by_role("button", name="One update on").press("Enter")
    frames.nth(2).content_frame.locator("text=13 updates").wait_for()
    film = page.locator(".cnn-frames")
    film.locator("input").press("ArrowRight")
    film.locator("output:has-text('2 of 4')").wait_for()
    fits = "frame => frame.contentDocument.documentElement.scrollHeight <= frame.clientHeight + 1"
    assert all(frame.evaluate(fits) for frame in frames.element_handles())
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    assert faults == []
    context.close()


@pytest.mark.lesson
@pytest.mark.browser
def test_lesson_02_as_a_page_asks_for_nothing(chromium, tmp_path):
    from cnn_course.lessons import find_lesson

    path = export_lesson_page(find_lesson("02").path, tmp_path / "02.html")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    requests, faults = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"file://{path}")
    page.wait_for_timeout(500)
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    assert faults == []
    assert page.locator("math").count() > 10
    assert page.title() == "02 · Convolution"
    context.close()


CODE = """# Each colour of a theme
import numpy as np
@staticmethod
def f(x: int = 3, *, y="text", z=r"\\d") -> bool:
    \"\"\"Return.\"\"\"
    return x in (1, 2.5, None, True) and not f"{y!r}" or lambda: np.zeros(3) @ z"""


@pytest.fixture(scope="module")
def ran():
    """A notebook with each kind of text that a page shows, as it was run."""
    check = "from cnn_course import check\ncheck('edge-kernel', {})"
    results = [check.format("..."), check.format("3"), check.format("[[-1, 0, 1]] * 3")]
    sources = [
        CODE,
        *results,
        "print('said ' * 60)",
        "1 / 0",
        "%%bash\necho $HOME",
        "import pandas\npandas.DataFrame([[1]])",
    ]
    notebook = new_notebook(
        cells=[new_markdown_cell("# A page\n\n[link](#a) and `code`"), *map(new_code_cell, sources)]
    )
    run_notebook(notebook)
    return notebook


def serious_faults(page):
    from axe_playwright_python.sync_playwright import Axe

    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    return [(v["id"], [node["html"][:99] for node in v["nodes"]]) for v in found]


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_tab_goes_to_what_can_be_used(ran, theme, chromium, tmp_path):
    html, _ = LessonPageExporter(theme=theme).from_notebook_node(ran)
    (tmp_path / "page.html").write_text(html)
    page = chromium.new_page()
    page.goto(f"file://{tmp_path}/page.html")
    assert serious_faults(page) == []
    stops = (
        "[...document.querySelectorAll('*')].filter(e => e.tabIndex >= 0 && e.checkVisibility()).map(e => e.tagName)"
    )
    assert page.evaluate(stops) == ["A"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("document.querySelector('.jp-CodeCell .jp-InputPrompt').style.color = '#777'")
    assert [name for name, _ in serious_faults(page)] == ["color-contrast"], "axe would see a fault"
    page.close()
