"""The network to build in a page without a kernel: by keyboard, with faults, and what is drawn where."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.widgets.architecture import PRESETS
from tests.test_widgets_page import field, settle

pytestmark = pytest.mark.browser

PHOTO = np.add.outer(np.arange(60) * 2, np.arange(90)).astype("uint8")


def outputs(page):
    return [
        text.replace("\u00a0", " ")
        for text in page.locator(".cw-layers tbody tr td:nth-child(2)").all_inner_texts()[1:]
    ]


def total(page):
    return page.locator(".cw-layers tfoot td").nth(1).inner_text()


def test_a_network_is_built_by_keyboard(open_page):
    """Choose, add, change, move and remove; at each step the page shows what Keras would build."""
    page = open_page(cc.ArchitectureDemo("a small start", PHOTO, chosen=1))
    page.get_by_role("radio", name="2 Convolution").focus()
    page.keyboard.press("ArrowDown")
    settle(page)
    assert page.locator(".cw-settings .cw-head").inner_text() == "Layer 3 of 5: Max pooling"
    page.get_by_role("button", name="Add after layer 3").press("Enter")
    field(page, "Filters").fill("20")
    page.get_by_label("Padding", exact=True).select_option("valid")
    settle(page)
    layers = [*PRESETS["a small start"]["layers"]]
    new = {"kind": "Conv2D", "filters": 20, "kernel_size": 3, "activation": "relu"}
    layers.insert(3, new)
    demo = cc.ArchitectureDemo(layers, PHOTO, input_size=32, channels=3)
    assert total(page) == f"{demo.describe().parameters:,}"
    assert outputs(page) == [" × ".join(map(str, row.output_shape)) for row in demo.describe()]
    page.get_by_role("radio", name="4 Convolution").focus()
    page.keyboard.press("Alt+ArrowUp")
    settle(page)
    assert page.evaluate("document.activeElement.labels[0].innerText").split()[:2] == ["3", "Convolution"]
    assert outputs(page)[2] == "28 × 28 × 20"
    page.keyboard.press("Delete")
    settle(page)
    assert len(outputs(page)) == 5
    page.get_by_label("New layer").select_option("Dense")
    page.get_by_role("radio", name="5 Dense").press("Space")
    page.get_by_role("button", name="Add after layer 5").press("Enter")
    field(page, "Units").press("ArrowUp")
    settle(page)
    assert outputs(page)[-1] == "65"
    page.get_by_role("button", name="Move up").press("Enter")
    page.get_by_role("button", name="Remove").press("Enter")
    settle(page)
    assert len(outputs(page)) == 5
    assert page.get_by_label("Network", exact=True).input_value() == "a small start"


def test_a_window_that_is_too_large_gets_a_sentence_at_its_layer(open_page):
    page = open_page(cc.ArchitectureDemo(picture=PHOTO))
    field(page, "Input size").fill("8")
    settle(page)
    row = page.locator(".cw-layers tbody tr").nth(4)
    assert "The window (5 × 5) is larger than what comes in (4 × 4)" in row.inner_text().replace("\u00a0", " ")
    assert page.locator(".cw-misfit.waits").first.inner_text() == "waits for layer 4"
    assert "is larger than what comes in" in page.locator("[aria-live=polite]").inner_text()
    assert page.locator("tfoot").inner_text().strip() == "Together: no answer yet"
    field(page, "Kernel size").fill("99")
    settle(page)
    assert "Kernel size must be a whole number from 1 to 15. You wrote “99”." in page.get_by_role("alert").inner_text()
    field(page, "Kernel size").fill("3")
    settle(page)
    assert page.get_by_role("alert").count() == 0
    assert outputs(page)[3] == "2 × 2 × 16"


def test_the_field_is_drawn_where_arithmetic_puts_it(open_page):
    page = open_page(cc.ArchitectureDemo(picture=PHOTO, chosen=3, unit=(0, 0)))
    rectangle = """(name) => {
        const drawn = document.querySelector(name).lastChild;
        return ["x", "y", "width", "height"].map((key) => Number(drawn.getAttribute(key)));
    }"""
    seen = cc.describe(cc.build_lenet())["conv_2"].receptive_field
    assert page.evaluate(rectangle, ".cw-seen") == [seen.start, seen.start, seen.size, seen.size]
    assert page.evaluate(rectangle, ".cw-next") == [seen.start + seen.jump, seen.start, seen.size, seen.size]
    page.get_by_label("Column of the unit").press("End")
    page.get_by_label("Row of the unit").press("ArrowRight")
    settle(page)
    expected = [seen.start + 9 * seen.jump, seen.start + seen.jump, seen.size, seen.size]
    assert page.evaluate(rectangle, ".cw-seen") == expected
    page.get_by_role("radio", name="7 Dense").press("Space")
    settle(page)
    assert page.evaluate(rectangle, ".cw-seen") == [0, 0, 28, 28]
    assert page.locator(".cw-legend").inner_text() == "Every unit sees the whole picture."
    page.get_by_role("radio", name="2 Convolution").press("Space")
    page.locator(".cw-view").click(position={"x": 160, "y": 160})
    settle(page)
    left, top, width, height = page.evaluate(rectangle, ".cw-seen")
    assert left <= 14 <= left + width and top <= 14 <= top + height
    assert page.locator(".cw-view image").get_attribute("href").startswith("data:image/png")


def test_presets_formulas_and_code_by_keyboard(open_page):
    page = open_page(cc.ArchitectureDemo(picture=PHOTO))
    assert "(5 × 5 × 6 weights + 1 bias) × 16 filters = 2,416" in page.locator(".cw-sums").inner_text().replace(
        "\u00a0", " "
    )
    assert page.locator("td.most > span:first-child").all_inner_texts() == ["240,000", "48,120"]
    assert page.locator("td.most > .cw-hidden").all_text_contents() == [", 58 % of all", ", 78 % of all"]
    page.get_by_label("Network", exact=True).select_option("VGG-16")
    settle(page)
    assert total(page) == "138,357,544"
    page.locator("summary").press("Enter")
    settle(page)
    assert page.locator("pre").inner_text() == cc.ArchitectureDemo("VGG-16", PHOTO).code
    page.get_by_role("button", name="Copy").press("Enter")
    page.wait_for_function("document.querySelector('[role=status]').textContent !== ''")
    page.get_by_role("radio", name="23 Dense").press("Space")
    settle(page)
    assert page.evaluate("document.querySelector('.cw-chain').scrollTop") > 100


def test_a_dilated_convolution_sees_further_and_takes_no_strides(open_page):
    page = open_page(cc.ArchitectureDemo("a small start", PHOTO, chosen=1))
    field(page, "Dilation").fill("3")
    settle(page)
    layers = [dict(layer) for layer in PRESETS["a small start"]["layers"]]
    layers[1]["dilation_rate"] = 3
    table = cc.ArchitectureDemo(layers, PHOTO, input_size=32, channels=3).describe()
    assert outputs(page) == [" × ".join(map(str, row.output_shape)) for row in table]
    assert "pulled apart to 7 × 7 (dilation 3)" in page.locator(".cw-settings").inner_text().replace("\u00a0", " ")
    assert "⌊(32 − 7) / 1⌋ + 1 = 26" in page.locator(".cw-sums").inner_text()
    field(page, "Strides").fill("2")
    settle(page)
    assert "Keras takes strides or a dilation above 1, not both" in page.locator(".cw-misfit").first.inner_text()
    field(page, "Dilation").fill("1")
    settle(page)
    assert page.locator(".cw-misfit").count() == 0
