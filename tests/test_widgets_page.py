"""The widgets in a page without a kernel: by keyboard, narrow, dark, for a screen reader, and with wrong entries."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.widgets._base import fragment
from cnn_course.widgets._base import page as whole_page

pytestmark = pytest.mark.browser

DARK = ":root { --jp-content-font-color1: #fff; --jp-layout-color0: #111 } body { background: #111 }"
PHOTO = np.add.outer(np.arange(60) * 2, np.arange(90)).astype("uint8")
PHOTO_CHAIN = [
    {"kind": "Conv2D", "filters": 4, "kernel_size": (3, 5)},
    {"kind": "Flatten"},
    {"kind": "Dense", "units": 3},
]
WIDGETS = {
    "convolution": lambda: cc.ConvolutionDemo(show_code=True),
    "channels": lambda: cc.ConvolutionDemo(channels=2, filters=2, strides=2, padding="same", show_code=True),
    "transposed": lambda: cc.ConvolutionDemo(mode="transposed", strides=2, padding=1, input_size=3),
    "max": lambda: cc.ConvolutionDemo(mode="max", kernel_size=2, strides=2, ceil_mode=True, cover=True),
    "sides": lambda: cc.ConvolutionDemo(padding=((2, 0), (1, 1)), strides=(2, 1), dilation_rate=2),
    "fault": lambda: cc.ConvolutionDemo(kernel_size=7),
    "filter": lambda: cc.FilterDemo(PHOTO, filter="gabor"),
    "descent": lambda: cc.DescentDemo(updates=30, batch_size=4),
    "architecture": lambda: cc.ArchitectureDemo(PHOTO_CHAIN, PHOTO, show_code=True),
    "lenet": lambda: cc.ArchitectureDemo(picture=PHOTO),
    "vgg": lambda: cc.ArchitectureDemo("VGG-16", PHOTO, chosen=12),
    "misfit": lambda: cc.ArchitectureDemo([*PHOTO_CHAIN, {"kind": "MaxPooling2D"}], PHOTO, chosen=3),
    "diverges": lambda: cc.DescentDemo(updates=40, batch_size=64, learning_rate=2.0),
}


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")


def field(page, label):
    return page.get_by_role("spinbutton", name=label, exact=True)


def output_cells(page):
    return page.locator(".cw-output td .cw-value").all_inner_texts()


@pytest.mark.parametrize("css", ["", DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_is_wrong_for_axe_and_nothing_sticks_out(open_page, name, width, css):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(WIDGETS[name](), width, css, reduced_motion="reduce")  # no colour half-way to another one
    settle(page)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_worked_example_is_there_at_once(open_page):
    page = open_page(cc.ConvolutionDemo())
    assert output_cells(page) == ["12", "12", "17", "10", "17", "19", "9", "6", "14"]
    assert "= 12" in page.locator(".cw-formula").inner_text()


def test_every_control_by_keyboard(open_page):
    """Tab and arrows reach everything; what changes is what the kernel would compute."""
    page = open_page(cc.ConvolutionDemo())
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")  # transposed
    settle(page)
    assert len(output_cells(page)) == 49
    page.keyboard.press("ArrowLeft")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.labels[0].textContent") == "Strides"
    page.keyboard.press("ArrowUp")
    settle(page)
    assert output_cells(page) == ["12", "17", "9", "14"]
    page.keyboard.press("ArrowDown")
    for label, value, size in [("Input size", "6", 16), ("Kernel size", "2", 25), ("Dilation rate", "2", 16)]:
        field(page, label).fill(value)
        settle(page)
        assert len(output_cells(page)) == size, label
    page.get_by_label("Padding", exact=True).select_option("same")
    settle(page)
    assert len(output_cells(page)) == 36
    for label in ("Channels", "Filters", "Groups"):
        field(page, label).press("ArrowUp")
    settle(page)
    assert len(output_cells(page)) == 72
    page.get_by_label("Padding", exact=True).select_option("sides")
    field(page, "Zeros, left").fill("3")
    page.get_by_label("Rows and columns apart").press("Space")
    field(page, "Strides, columns").fill("2")
    settle(page)
    demo = cc.ConvolutionDemo(input_size=6, kernel_size=2, dilation_rate=2, channels=2, filters=2, groups=2)
    demo.padding = ((1, 1), (3, 1))
    demo.strides = (1, 2)
    assert page.locator(".cw-output .cw-head").inner_text() == "Output {} × {} × {}".format(*demo.output.shape)


def test_steps_play_and_jump_by_keyboard(open_page):
    page = open_page(cc.ConvolutionDemo())
    count = page.locator(".cw-count")
    page.get_by_role("button", name="One step forwards").press("Enter")
    settle(page)
    assert count.inner_text() == "step 2 of 9"
    page.get_by_role("button", name="Last step").press("Enter")
    page.get_by_role("button", name="One step back").press("Space")
    settle(page)
    assert count.inner_text() == "step 8 of 9"
    chosen = page.locator(".cw-output td[aria-selected=true]")
    chosen.focus()
    page.keyboard.press("ArrowUp")
    settle(page)
    assert count.inner_text() == "step 5 of 9"
    assert "17" in page.locator("[aria-live=polite]").inner_text()
    page.get_by_role("button", name="Play").press("Enter")
    page.wait_for_function("document.querySelector('.cw-count').textContent > 'step 6 of 9'", timeout=30000)
    page.get_by_role("button", name="Pause").press("Enter")
    page.locator(".cw-output td").nth(3).click()
    settle(page)
    assert count.inner_text() == "step 4 of 9"


def test_any_number_can_be_written(open_page):
    page = open_page(cc.ConvolutionDemo())
    cell = page.locator(".cw-input td").first
    cell.focus()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.locator(".cw-kernel td").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("-1.5")
    page.keyboard.press("Enter")
    settle(page)
    assert output_cells(page)[0] == "1.5"
    page.locator(".cw-kernel td").first.click()
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    settle(page)
    assert output_cells(page)[0] == "1.5"


@pytest.mark.parametrize(
    ("label", "text", "sentence"),
    [
        ("Input size", "0", "Input size must be a whole number from 1 to 16. You wrote “0”."),
        ("Strides", "two", "Strides must be a whole number from 1 to 8. You wrote “two”."),
        ("Strides", "NaN", "Strides must be a whole number from 1 to 8. You wrote “NaN”."),
        ("Kernel size", "2.5", "Kernel size must be a whole number from 1 to 9. You wrote “2.5”."),
        ("Kernel size", "", "Kernel size must be a whole number from 1 to 9. You wrote “”."),
        ("Kernel size", "6", "The window covers 6 pixels, but the input has only 5"),
        ("Groups", "3", "The groups (3) must divide both the channels (1) and the filters (1)."),
    ],
)
def test_a_wrong_entry_gets_a_sentence_and_leaves_numbers(open_page, label, text, sentence):
    page = open_page(cc.ConvolutionDemo())
    field(page, label).fill(text)
    settle(page)
    assert sentence in page.get_by_role("alert").inner_text()
    assert len(page.locator(".cw-input td").all()) == 25
    field(page, label).fill("5" if label == "Input size" else "1")
    settle(page)
    assert page.get_by_role("alert").count() == 0
    assert output_cells(page)


def test_a_fault_stays_until_it_is_mended(open_page):
    page = open_page(cc.ConvolutionDemo(kernel_size=7))
    field(page, "Strides").fill("x")
    field(page, "Strides").fill("2")
    settle(page)
    assert "no position" in page.get_by_role("alert").inner_text()
    field(page, "Input size").fill("9")
    settle(page)
    assert page.get_by_role("alert").count() == 0


def test_what_is_no_number_is_said_and_shown(open_page):
    image = np.eye(4)
    image[1, 1] = np.nan
    page = open_page(cc.ConvolutionDemo(image))
    settle(page)
    assert "The input holds a value that is no finite number" in page.get_by_role("alert").inner_text()
    assert "NaN" in output_cells(page)
    page.locator(".cw-input td").first.focus()
    page.keyboard.type("-")
    page.keyboard.press("Enter")
    assert "A cell must hold a number" in page.get_by_role("alert").inner_text()


def test_escape_gives_the_keys_back_to_the_deck(open_page):
    """Inside, the deck does not see the arrow keys; after Escape it does."""
    page = open_page(cc.ConvolutionDemo())
    page.evaluate("window.seen = []; document.addEventListener('keydown', (event) => window.seen.push(event.key))")
    page.locator(".cw-output td").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.seen") == []
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.seen") == ["ArrowRight"]


def test_covered_numbers_are_not_given_away(open_page):
    page = open_page(cc.ConvolutionDemo(cover=True))
    assert output_cells(page) == ["12"] + [""] * 8
    assert "17" not in page.locator(".cw-output").inner_html()


def test_unread_pixels_are_hatched(open_page):
    page = open_page(cc.ConvolutionDemo(input_size=6, strides=2))
    assert page.locator(".cw-input td.unread").count() == 11
    assert "1 row below and 1 column on the right" in page.locator(".cw-notes").inner_text()
    assert "never read" in page.locator(".cw-input td.unread").first.get_attribute("aria-label")


# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation of color vision deficiency.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
COLOUR_OF = """(element) => {
    const context = document.createElement("canvas").getContext("2d", { colorSpace: "srgb" });
    context.fillStyle = getComputedStyle(element).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""


def seen_as(colour, matrix):
    """The CIELAB values of an sRGB colour as an eye with that blindness sees it."""
    share = np.array(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("css", ["", DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_hold_for_colour_blind_eyes(open_page, kind, css):
    """Window, chosen number, plain cell; then positive, negative, zero weights: a distance of 10 is plain to see."""
    first = open_page(cc.ConvolutionDemo(), css=css)
    second = open_page(cc.FilterDemo(PHOTO, filter="horizontal edges"), css=css)
    settle(second)
    groups = [
        [(first, ".cw-input td.seen"), (first, ".cw-output td.chosen"), (first, ".cw-output td:not(.chosen)")],
        [(second, "td.plus.strong"), (second, "td.minus.strong"), (second, "td:not(.plus):not(.minus)")],
    ]
    for group in groups:
        colours = [page.locator(selector).first.evaluate(COLOUR_OF) for page, selector in group]
        labs = [seen_as(colour, BLINDNESS[kind]) for colour in colours]
        for one, other in ((0, 1), (0, 2), (1, 2)):
            assert np.linalg.norm(labs[one] - labs[other]) > 10, (kind, colours[one], colours[other])


def test_reduced_motion_moves_nothing(open_page):
    page = open_page(cc.ConvolutionDemo(), reduced_motion="reduce")
    durations = "[...document.querySelectorAll('.cw *')].map((e) => getComputedStyle(e).transitionDuration)"
    assert set(page.evaluate(durations)) == {"0s"}


def test_two_widgets_on_a_page_do_not_mix(open_page, tmp_path):
    html = cc.ConvolutionDemo().static_html()
    demo = cc.ConvolutionDemo()
    page = open_page(demo)
    page.set_content(f"<html lang=en><body>{html}{html}{cc.ConvolutionDemo(strides=2).static_html()}</body></html>")
    settle(page)
    assert page.locator(".cw").count() == 3
    field(page, "Strides").first.fill("2")
    settle(page)
    sizes = [head for head in page.locator(".cw-output .cw-head").all_inner_texts()]
    assert sizes == ["Output 2 × 2", "Output 3 × 3", "Output 2 × 2"]


def test_a_frame_grows_with_its_content(open_page):
    page = open_page(cc.ConvolutionDemo(), form="frame")
    page.wait_for_function(
        """() => {
            const frame = document.querySelector('iframe');
            const root = frame.contentDocument.documentElement;
            return root.querySelector('.cw-output') && root.scrollHeight <= frame.clientHeight;
        }""",
        timeout=5000,
    )


def test_filter_demo_shows_what_from_scratch_computes(open_page):
    demo = cc.FilterDemo(PHOTO, filter="vertical edges", pool_size=3)
    page = open_page(demo)
    page.wait_for_selector("figcaption:has-text('mid-grey')")
    low, high = demo.feature_map.min(), demo.feature_map.max()
    assert f"{low:.0f} to {high:.0f}".replace("-", "−") in page.locator("figure").nth(1).inner_text()
    assert page.locator(".cw-head").all_inner_texts()[-1] == "After pooling {} × {}".format(*demo.pooled.shape)
    page.locator("td").nth(4).focus()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_by_label("Filter", exact=True).input_value() == "own"
    page.get_by_label("Filter", exact=True).select_option("gabor")
    page.get_by_label("Angle of the stripes").press("ArrowRight")
    settle(page)
    assert "5°" in page.locator(".cw-range").inner_text()
    assert len(page.locator("td").all()) == 49


def test_a_picture_of_your_own_and_a_file_that_is_none(open_page, tmp_path):
    from PIL import Image

    Image.fromarray(np.full((500, 700, 3), 200, "uint8")).save(tmp_path / "own.jpg")
    (tmp_path / "notes.txt").write_text("no picture")
    page = open_page(cc.FilterDemo(PHOTO))
    page.get_by_label("A picture of your own").set_input_files(tmp_path / "own.jpg")
    page.wait_for_selector(".cw-head:has-text('Picture 229 × 320')")
    page.get_by_label("A picture of your own").set_input_files(tmp_path / "notes.txt")
    page.wait_for_selector("[role=alert]:has-text('cannot be read as a picture')")


def test_a_filter_larger_than_the_picture_gets_a_sentence(open_page):
    page = open_page(cc.FilterDemo(PHOTO[:5, :5], filter="gabor"))
    page.wait_for_selector("[role=alert]:has-text('larger than the picture')")


def test_descent_by_keyboard(open_page):
    page = open_page(cc.DescentDemo())
    page.get_by_role("button", name="One update on").press("Enter")
    page.get_by_role("button", name="One pass on").press("Enter")
    settle(page)
    demo = cc.DescentDemo(updates=9)
    text = page.locator(".cw-state").inner_text()
    assert text.startswith("9 updates") and f"Loss {round(demo.losses[-1], 3):g}" in text
    page.get_by_label("Learning rate").press("End")
    page.get_by_label("Batch size").select_option("64")
    for _ in range(6):
        page.get_by_role("button", name="One pass on").press("Enter")
    page.wait_for_selector("[role=alert]:has-text('learning rate is too large')")


@pytest.mark.parametrize("damage", [{"kernel": None}, {"input": "<img src=x onerror=alert(1)>"}, {"position": 5}])
def test_a_damaged_state_is_said_in_the_widgets_place(chromium, damage):
    demo = cc.ConvolutionDemo()
    body = fragment(demo._esm, demo._css, {**demo.saved_state(), **damage}, "ConvolutionDemo")
    page = chromium.new_page()
    page.set_content(whole_page(demo.title, body))
    page.wait_for_selector("text=The saved state of this widget cannot be read")
    assert page.locator("main img").count() == 0
    page.close()
