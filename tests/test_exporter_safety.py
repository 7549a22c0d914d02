"""A page runs the course's own scripts and nobody else's, whatever stands in the notebook."""

import base64
import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from cnn_course import (
    ConvolutionDemo,
    ImageDataset,
    confusion_matrix,
    evaluate_predictions,
    plot_confusion,
    plot_pictures,
    progress,
)
from cnn_course.errors import LessonError
from cnn_course.exporter import export_lesson_page
from cnn_course.exporter.alive import living_widget, own_html
from cnn_course.exporter.cleaning import clean_html
from cnn_course.plots import _frames

RUN = "top.ran=(top.ran||0)+1"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'><script>{RUN}</script></svg>"
CODED = base64.b64encode(SVG.encode()).decode()
HOSTILE = [
    f"<script>{RUN}</script>",
    f"<script type='module'>{RUN}</script>",
    f"<scr<script>ipt>{RUN}</script>",
    f'<img src="x" onerror="{RUN}">',
    f'<img src="x"onerror="{RUN}"',
    SVG,
    f"<svg><a xlink:href='javascript:{RUN}'><text y='9'>click</text></a></svg>",
    f"<svg><animate onbegin='{RUN}' attributeName='x' dur='1s'/></svg>",
    f"<svg><set attributeName='onmouseover' to='{RUN}'/></svg>",
    f'<svg><foreignObject><iframe srcdoc="<script>{RUN}</script>"></iframe></foreignObject></svg>',
    f"<svg><use href='data:image/svg+xml;base64,{CODED}#x'/></svg>",
    f'<iframe srcdoc="<script>{RUN}</script>"></iframe>',
    f"<iframe src='javascript:{RUN}'></iframe>",
    f"<a href='javascript:{RUN}'>click</a>",
    f"<a href='jav&#x09;ascript:{RUN}'>click</a>",
    f"<a href=' &#14; javascript:{RUN}'>click</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>click</a>",
    f"<details open ontoggle='{RUN}'><summary>click</summary></details>",
    f"<input autofocus onfocus='{RUN}'>",
    f"<form action='javascript:{RUN}'><button>click</button></form>",
    f"<button formaction='javascript:{RUN}'>click</button>",
    f"<object data='data:text/html,<script>{RUN}</script>'></object>",
    f"<embed src='data:image/svg+xml;base64,{CODED}'>",
    f"<meta http-equiv='refresh' content='0;url=javascript:{RUN}'>",
    f"<body onload='{RUN}' onpageshow='{RUN}'>",
    f"<video><source onerror='{RUN}'></video>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    f"<noscript><p title=\"</noscript><img src=x onerror='{RUN}'>\"></noscript>",
    f"<math><annotation-xml encoding='text/html'><img src=x onerror='{RUN}'></annotation-xml></math>",
    f"<template><img src=x onerror='{RUN}'></template>",
    f"<textarea><img title=\"</textarea><img src=x onerror='{RUN}'>\"></textarea>",
    f'<div style="background:url(javascript:{RUN})">x</div>',
    '<div class="cnn-frames"></div>' + _frames.PLAYER.replace("let timer", f"{RUN}; let timer"),
    "</div></main></body>" + f"<script>{RUN}</script>",
]


def widget_state(script=None):
    """A demo as a notebook saves it, with a script of its own if need be."""
    demo = ConvolutionDemo(strides=2)
    state = {**demo.get_state(), "_anywidget_id": "cnn_course.widgets.convolution.ConvolutionDemo"}
    state = {key: value for key, value in state.items() if isinstance(value, str | int | bool | list | dict)}
    if script:
        state.update(_esm=script, _css="body { display: none }")
    return {"state": state}


def hostile_notebook():
    own = f"export default {{ render() {{ {RUN} }} }};"
    frame = ConvolutionDemo().static_html("frame")
    outputs = [
        *(new_output("display_data", {kind: text}) for kind in ("text/html", "text/markdown") for text in HOSTILE),
        new_output("display_data", {"application/javascript": RUN}),
        new_output("display_data", {"image/svg+xml": SVG}),
        new_output("display_data", {"text/vnd.mermaid": f"</pre><script>{RUN}</script>"}),
        new_output("display_data", {"text/latex": f"\\text{{<script>{RUN}</script>}}<img src=x onerror='{RUN}'>"}),
        new_output("display_data", {"image/png": f'"><script>{RUN}</script>'}),
        new_output("display_data", {"image/png": "AAAA"}, metadata={"image/png": {"width": f"1 onerror={RUN}"}}),
        new_output("display_data", {"text/html": frame.replace("const widget", f"{RUN};const widget")}),
        new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "bad"}}),
        new_output("stream", text=f"<script>{RUN}</script>\x1b[31m<img src=x onerror='{RUN}'>"),
        new_output("error", ename="E", evalue="x", traceback=[f"<script>{RUN}</script>"]),
    ]
    cells = [
        new_markdown_cell(f"# <script>{RUN}</script> & </title><script>{RUN}</script>"),
        *map(new_markdown_cell, HOSTILE),
        new_markdown_cell(
            f"[click](javascript:{RUN})\n\n$\\text{{<script>{RUN}</script>}}$\n\n$x<img src=x onerror={RUN}>$"
        ),
        *map(new_raw_cell, HOSTILE[:4]),
        new_code_cell(f"# <script>{RUN}</script>", outputs=outputs, execution_count=1),
    ]
    cells[-1].metadata["tags"] = [f'"><script>{RUN}</script>']
    language = {"name": f'"><script>{RUN}</script>', "pygments_lexer": f'"><script>{RUN}</script>'}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"bad": widget_state(own)}}}
    return {**new_notebook(), "cells": cells, "metadata": {"language_info": language, "widgets": widgets}}


def export(tmp_path, notebook, **options):
    path = tmp_path / "<img src=x onerror=top.ran=1>.ipynb"
    path.write_text(json.dumps(notebook))
    return export_lesson_page(path, tmp_path / "page.html", **options)


def scripts_run_by(page_path, chromium):
    """Open a page, press all that can be pressed, and return how often a script of the notebook ran."""
    page = chromium.new_page()
    page.goto(f"file://{page_path}")
    page.wait_for_timeout(300)
    page.evaluate("document.querySelectorAll('a, button, summary').forEach((part) => part.dispatchEvent("
                  "new MouseEvent('click', { bubbles: true, cancelable: true })))")  # fmt: skip
    page.wait_for_timeout(700)
    ran = page.evaluate("window.ran || 0")
    page.close()
    return ran


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_nothing_that_a_notebook_stores_runs_and_each_of_two_walls_holds_alone(tmp_path, chromium):
    page = export(tmp_path, hostile_notebook())
    assert scripts_run_by(page, chromium) == 0
    text, policies = re.subn(r"<meta [^>]*Content-Security-Policy[^>]*>", "", page.read_text())
    assert policies == 1 and RUN in text
    page.write_text(text)
    assert scripts_run_by(page, chromium) == 0, "cleaned HTML needs no policy"
    trusted = export(tmp_path, hostile_notebook(), trust=True)
    assert scripts_run_by(trusted, chromium) > 20, "this test would see a script"
    policy = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    trusted.write_text(trusted.read_text().replace("<head>", f"<head>{policy}", 1))
    assert scripts_run_by(trusted, chromium) == 0, "the policy needs no cleaning"


@pytest.mark.parametrize("html", HOSTILE)
def test_cleaned_html_has_no_script_handler_or_address_that_runs(html):
    cleaned = clean_html(html)
    assert not re.search(r"<(script|iframe|object|embed|style|form|meta|template|textarea|noscript)\b", cleaned, re.I)
    attributes = [pair for tag in BeautifulSoup(cleaned, "html.parser")(True) for pair in tag.attrs.items()]
    assert not [name for name, value in attributes if name.startswith("on") or "javascript:" in value]
    assert not [name for name, value in attributes if re.match(r"\s*data:(?!image/png)", str(value))]
    assert clean_html(cleaned) == cleaned


def test_what_lessons_show_stays():
    """Tables with styles, a figure's clip paths and pictures, formulas; a stored script leaves no text behind."""
    kept = (
        '<div style="border-left:4px solid #00785a;color:var(--jp-content-font-color1,inherit);">a</div>',
        '<table><tbody><tr><td colspan="2" style="text-align:right;">1</td></tr></tbody></table>',
        '<svg viewBox="0 0 2 2"><clipPath id="a"><rect height="1" width="1"></rect></clipPath>'
        '<g clip-path="url(#a)"><use href="#b"></use></g></svg>',
        '<img alt="x" src="data:image/png;base64,AAAA">',
        '<math display="block" xmlns="http://www.w3.org/1998/Math/MathML"><mrow><mi>x</mi></mrow></math>',
        '<a href="https://keras.io" title="t">Keras</a>',
    )
    for html in kept:
        assert sorted(clean_html(html)) == sorted(html)
    assert clean_html("<p>a<script>b</script><style>c { d: e }</style></p>") == "<p>a</p>"


def test_a_widget_lives_by_its_name_and_the_packages_script_alone():
    assert '"strides":2' in living_widget(widget_state()).replace("&quot;", '"')
    assert living_widget(widget_state("export default { render() {} };")) == ""
    assert living_widget({"state": {"_anywidget_id": "cnn_course.widgets.convolution.json", "_esm": "x"}}) == ""
    assert living_widget(None) == ""
    frame = ConvolutionDemo(strides=2).static_html("frame")
    assert own_html(frame) == frame
    assert own_html(frame.replace("const widget", "go();const widget")) is None
    assert own_html(frame.replace('title="', 'onload="go()" title="')) is None
    assert own_html("<iframe srcdoc=''></iframe>") is None


def test_a_widget_of_another_version_says_that_it_needs_a_kernel(tmp_path):
    """Its frame is not what the package makes, so it cannot be told from somebody else's."""
    frame = ConvolutionDemo().static_html("frame")
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    pages = []
    for html in (frame, frame.replace("const widget", "const other")):
        output = new_output("display_data", {**view, "text/html": html})
        cell = new_code_cell("1", execution_count=1, outputs=[output])
        pages.append(export(tmp_path, new_notebook(cells=[cell])).read_text())
    assert ["<iframe" in page for page in pages] == [True, False]
    assert ["This widget needs a kernel" in page for page in pages] == [False, True]


def test_a_script_that_is_left_out_is_said(tmp_path):
    cell = new_code_cell("1", execution_count=1, outputs=[new_output("display_data", {"application/javascript": RUN})])
    assert (
        "A script that the notebook stores is left out here."
        in export(tmp_path, new_notebook(cells=[cell])).read_text()
    )


ODD = [
    '"text"',
    "[1]",
    '[{"cell_type": "code", "source": "1", "metadata": [], "outputs": 3, "execution_count": 1, "id": "a"}]',
    '[{"cell_type": "markdown", "source": "1", "metadata": {}, "id": "\\"><script>go()</script>"}]',
]


@pytest.mark.parametrize("cells", ODD)
def test_a_notebook_of_wrong_kinds_is_said(tmp_path, cells):
    (tmp_path / "a.ipynb").write_text(f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": {cells}}}')
    with pytest.raises(LessonError, match=r"a\.ipynb must be a notebook") as caught:
        export_lesson_page(tmp_path / "a.ipynb", tmp_path / "a.html")
    assert "\n" not in str(caught.value) and not (tmp_path / "a.html").exists()


def test_a_progress_file_that_somebody_else_wrote_is_shown_as_text(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path))
    for entry in (
        {"outcome": HOSTILE[0]},
        {"outcome": HOSTILE[3], "attempts": HOSTILE[0]},
        {"outcome": {"a": HOSTILE[3]}},
    ):
        (tmp_path / "progress.json").write_text(json.dumps({"version": 1, "exercises": {"output-size": entry}}))
        html = progress()._repr_html_()
        assert "output-size" in html and "<script" not in html and "<img" not in html


def test_class_names_and_titles_are_shown_as_text():
    names = (HOSTILE[0], HOSTILE[3])
    labels = np.arange(8) % 2
    pictures = ImageDataset(np.zeros((8, 8, 8, 1), np.uint8), labels, names)
    matrix = confusion_matrix(labels, labels, class_names=names)
    report = evaluate_predictions(labels, np.eye(2)[labels] * 0.8 + 0.1, class_names=names)
    titled = plot_pictures(pictures.images, titles=HOSTILE[:8])
    shown = [plot_pictures(pictures), titled, matrix, plot_confusion(matrix), report]
    for result in shown:
        html = result._repr_html_()
        assert "<script>top" not in html and "<img src=" not in html, type(result)
    assert all("&lt;script&gt;top.ran" in result._repr_html_() for result in (matrix, report))
