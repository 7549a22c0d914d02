"""The widgets in a real JupyterLab, light and dark: both directions, its shortcuts, and what is left after closing."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser

CELLS = [
    "import cnn_course as cc\ndemo = cc.ConvolutionDemo()\ndemo",
    "print('strides', demo.strides, demo.output.shape, demo.position)",
    "demo.padding = 1",
    "cc.FilterDemo(filter='vertical edges')",
    "cc.DescentDemo(updates=20)",
    "import cnn_course as cc\nnet = cc.ArchitectureDemo()\nnet",
    "print('net', *[net.layers[n]['filters'] for n in (3, 4)], len(net.layers), net.chosen, net.input_size)",
    "net.layers = net.layers[:4]; net.channels = 3",
]
READY = "window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length >= 8"
IDLE = "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"


def open_notebook(chromium, address, width=1280):
    page = chromium.new_page(viewport={"width": width, "height": 1000})
    page.goto(f"{address}/lab/tree/demo.ipynb?token=test")
    page.wait_for_function(READY, timeout=60000)
    page.wait_for_function(IDLE, timeout=60000, polling=200)
    return page


def run_cell(page, number):
    page.evaluate(
        """(number) => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
            void window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )
    page.wait_for_function(
        """(number) => {
            const cell = window.jupyterapp.shell.currentWidget.content.widgets[number];
            return cell.model.sharedModel.execution_count !== null && cell.model.executionState !== 'running';
        }""",
        arg=number,
        timeout=60000,
        polling=100,
    )


def output_of(page, number):
    return page.evaluate(
        """(number) => JSON.stringify(window.jupyterapp.shell.currentWidget.content
            .widgets[number].model.sharedModel.getOutputs())""",
        number,
    )


@pytest.fixture
def opened(lab, chromium, tmp_path):
    address, folder = lab
    settings = tmp_path / "config/lab/user-settings/@jupyter-widgets/jupyterlab-manager"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"saveState": True}))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(cell) for cell in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "demo.ipynb")
    page = open_notebook(chromium, address)
    yield page, address, folder
    page.close()


def axe_violations(page):
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page, context=".cw")
    return results.violations_count, results.generate_report()


def nothing_is_wrong_in_both_themes(page):
    count, report = axe_violations(page)
    assert count == 0, report
    paper = "getComputedStyle(document.querySelector('.cw')).backgroundColor"
    light = page.evaluate(paper)
    page.evaluate("void window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'", timeout=20000)
    page.wait_for_timeout(500)
    assert page.evaluate(paper) != light
    count, report = axe_violations(page)
    assert count == 0, report


def test_widget_and_kernel_say_the_same_in_both_themes(opened):
    page = opened[0]
    for number in (0, 3, 4):
        run_cell(page, number)
    page.wait_for_function("document.querySelectorAll('.cw').length === 3", timeout=30000)
    strides = page.get_by_role("spinbutton", name="Strides", exact=True)
    strides.press("ArrowUp")
    page.get_by_role("button", name="One step forwards").press("Enter")
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    page.locator(".cw-output td[aria-selected=true]").focus()
    for key in ("a", "b", "d", "d", "x"):
        page.keyboard.press(key)  # Lab's shortcuts to add and to delete cells
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells
    page.wait_for_timeout(300)
    run_cell(page, 1)
    assert "strides 2 (2, 2) (0, 1, 0)" in output_of(page, 1)
    run_cell(page, 2)
    page.wait_for_selector(".cw-output .cw-head:has-text('Output 3 × 3')")

    nothing_is_wrong_in_both_themes(page)


def test_what_was_set_is_there_after_saving_closing_and_a_new_kernel(opened, chromium):
    page, address, folder = opened
    run_cell(page, 0)
    page.get_by_role("spinbutton", name="Strides", exact=True).press("ArrowUp")
    page.get_by_role("spinbutton", name="Kernel size", exact=True).press("ArrowDown")
    page.wait_for_timeout(500)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    saved = nbformat.read(folder / "demo.ipynb", as_version=4)
    assert "widgets" in saved.metadata
    again = open_notebook(chromium, address)
    again.wait_for_selector(".cw-output .cw-head:has-text('Output 2 × 2')", timeout=30000)
    assert again.get_by_role("spinbutton", name="Strides", exact=True).input_value() == "2"
    again.get_by_role("spinbutton", name="Strides", exact=True).press("ArrowDown")
    again.wait_for_selector(".cw-output .cw-head:has-text('Output 4 × 4')")
    again.close()


def test_a_network_goes_both_ways(opened):
    page = opened[0]
    run_cell(page, 5)
    page.get_by_role("spinbutton", name="Filters", exact=True).press("ArrowUp")
    page.get_by_role("radio", name="4 Convolution").press("ArrowUp")
    page.get_by_role("button", name="Add after layer 3").press("Enter")
    page.keyboard.press("b")  # Lab's shortcut for a cell below
    page.wait_for_timeout(300)
    run_cell(page, 6)
    assert "net 16 17 10 3 28" in output_of(page, 6)
    run_cell(page, 7)
    page.wait_for_function("document.querySelectorAll('.cw-layers label').length === 4")
    assert page.locator(".cw-source").inner_text().split()[-1] == "3"
    nothing_is_wrong_in_both_themes(page)
