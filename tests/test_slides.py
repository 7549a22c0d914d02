"""The lecture: built from what the package computes, whole, readable, and alive without a network."""

import html as html_module
import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DECK = ROOT / "slides" / "deck.html"
SOURCE = (ROOT / "slides" / "deck.md").read_text(encoding="utf-8")


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


builder = _load(ROOT / "scripts" / "build_slides.py")


@pytest.fixture(scope="module")
def deck():
    return DECK.read_text(encoding="utf-8")


def test_the_committed_deck_was_built_from_what_is_here(deck):
    built_from = re.search(r'<meta name="inputs" content="(\w+)">', deck)[1]
    assert built_from == builder.input_hash(), "slides/deck.html is stale: run make slides, and commit it"


def test_a_change_to_a_slide_or_to_a_figure_makes_the_deck_stale(tmp_path, monkeypatch):
    import shutil

    for folder in ("slides", "scripts", "notebooks", "cnn_course"):
        skipped = shutil.ignore_patterns("node_modules", "deck.html", "solved", "__pycache__", "*.h5", "*.gz", "*.npz")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "SLIDES", tmp_path / "slides")
    monkeypatch.setattr(builder, "PACKAGE", tmp_path / "cnn_course")
    monkeypatch.setattr(builder, "STUB", tmp_path / "cnn_course" / "__init__.pyi")
    before = builder.input_hash()

    def after(name, change):
        path = tmp_path / name
        old = path.read_text(encoding="utf-8")
        path.write_text(change(old), encoding="utf-8")
        changed = builder.input_hash()
        path.write_text(old, encoding="utf-8")
        return changed

    assert after("slides/deck.md", lambda text: text + "\nmore") != before
    assert after("cnn_course/plots/geometry.py", lambda text: text + "\nMORE = 1\n") != before
    assert after("cnn_course/widgets/static/parts.js", lambda text: text + "\n") != before
    assert after("cnn_course/plots/geometry.py", lambda text: "# a comment\n" + text) == before
    assert after("cnn_course/doctor.py", lambda text: text + "\nMORE = 1\n") == before
    (tmp_path / "notebooks" / "03_building_a_network.ipynb").unlink()
    assert builder.input_hash() != before


TRAINED = ("attack_share", "trained_share")  # a network learns for these: they differ a little between machines


@pytest.fixture(scope="module")
def numbers(deck):
    """Every number that an expression put on a slide: (expression, text)."""
    found = re.findall(r'<span class="from" data-from="([^"]+)">([^<]*)</span>', deck)
    return [(html_module.unescape(code), html_module.unescape(text)) for code, text in found]


@pytest.fixture(scope="module")
def names():
    names = builder.namespace()
    exec("import statsmodels.api as sm\npoints = cc.load_dataset('three_classes')", names)
    exec("fit = sm.MNLogit(points.labels, sm.add_constant(points.x)).fit(disp=0)", names)
    return names


def wrong_numbers(numbers, names):
    """Return the numbers that the package does not give, with what it gives."""
    now = {code: builder.as_text(eval(code, names)) for code, _ in numbers if not code.startswith(TRAINED)}
    return {code: (text, now[code]) for code, text in numbers if code in now and text != now[code]}


def test_every_number_on_the_slides_is_what_the_package_says_now(numbers, names):
    assert len(numbers) > 40 and sum(not code.startswith(TRAINED) for code, _ in numbers) > 36
    assert wrong_numbers(numbers, names) == {}


def test_a_wrong_number_would_be_seen(numbers, names):
    """Each number of the deck in turn, changed by one digit."""
    exact = [(code, text) for code, text in numbers if not code.startswith(TRAINED)]
    for code, text in exact[:12]:
        digit = next(c for c in text if c.isdigit())
        changed = text.replace(digit, str((int(digit) + 1) % 10), 1)
        assert list(wrong_numbers([(code, changed)], names)) == [code]


def test_what_a_network_learned_for_the_slides_is_what_it_learns_now(numbers, names):
    trained = [(code, text) for code, text in numbers if code.startswith(TRAINED)]
    assert len(trained) == 3
    for code, text in trained:
        now, then = (int(share.removesuffix("\N{NO-BREAK SPACE}%")) for share in (eval(code, names), text))
        assert abs(now - then) <= (3 if then > 90 else 15), code


def test_parameters_that_nobody_could_build_are_counted_as_keras_counts(names):
    cc = names["cc"]
    assert names["dense_parameters"](12, 5) == cc.build_logit((12,), 5).count_params()
    assert cc.describe(names["alexnet"]()).receptive_field.size == 195  # Araujo, Norris and Sim (2019)
    assert names["worth"]("flowers") > names["fewest"]("flowers")


def test_the_worked_example_in_nine_frames(deck):
    import numpy as np

    names = builder.namespace()
    sums = [int(n) for n in re.findall(r"The window for row \d, column \d of the output: [^\"]*= (\d+)\"", deck)]
    assert sums == names["cc"].conv2d(names["IMAGE"], names["KERNEL"]).astype(int).ravel().tolist()
    assert np.array_equal(np.reshape(sums, (3, 3)), [[12, 12, 17], [10, 17, 19], [9, 6, 14]])


PLAIN = re.compile(r"\b(?:19|20)\d\d\b|lesson 0\d|VGG-16|ResNet-50|LeNet-5|\*\*try 2, 8, 32 and look")


def typed_numbers(body):
    """Return the numbers of two digits, or in per cent, that a slide says and that nothing on it was computed from.

    What goes into a computation (a kernel of 5 x 5) may be typed; what comes out may not.
    """
    said = re.split(r"^::: notes$", body, flags=re.MULTILINE)[0]
    computed = re.findall(r"^```.*?^```|\{\{.*?\}\}", said, flags=re.DOTALL | re.MULTILINE)
    given = set(re.findall(r"\d+", " ".join(code for code in computed if re.search(r"[a-z_]{3,}\(", code))))
    prose = re.sub(r"^```.*?^```|\{\{.*?\}\}|\$\$.*?\$\$|\$[^$]+\$|`[^`]*`", "", said, flags=re.DOTALL | re.MULTILINE)
    prose = PLAIN.sub("", prose)
    return [n for n in re.findall(r"\d{2,}|\d+(?=[\s\u00a0]*%)", prose) if n not in given]


def test_no_result_is_typed_into_a_slide():
    slides = [slide for slide in builder.slides_of(SOURCE) if slide[0] != "Where it comes from"]
    assert {heading: typed for heading, _, body in slides if (typed := typed_numbers(body))} == {}
    expressions = re.findall(r"\{\{(.+?)\}\}", SOURCE)
    assert [e for e in expressions if not re.search(r"[a-z_]{3,}", e)] == [], "a number in braces is a typed number"


def test_a_typed_result_would_be_seen():
    assert typed_numbers("A kernel of 5 x 5 over 32 x 32: {{cc.output_size(32, 5)}}, and 28 again.") == ["28"]
    assert typed_numbers("It is 9 % better. {{45}} {{share(3)}}") == ["9"]
    assert typed_numbers("```{.figure}\nwindows(strides=12)\n```\nA stride of 12.\n::: notes\n99") == []


def test_every_slide_has_notes_and_links_to_its_lesson_where_there_is_one(deck):
    slides = builder.slides_of(SOURCE)
    assert 48 <= len(slides) <= 58  # about fifty, and a page for each of the five parts
    sections = re.findall(
        r'<section (?:id="[^"]*" )?class="(?:title-slide )?[^"]*slide level2.*?</section>', deck, re.DOTALL
    )
    assert len(sections) == len(slides)
    for (heading, attributes, _), section in zip(slides, sections, strict=True):
        aside = re.search(r'<aside class="notes">(.*?)</aside>', section, re.DOTALL)
        notes = re.sub(r"<[^>]+>", " ", aside[1]).split()
        shown = set(re.sub(r"<[^>]+>", " ", section.replace(aside[0], "")).lower().split())
        assert len(notes) >= 10, heading
        assert sum(word.lower() in shown for word in notes) < 0.75 * len(notes), (
            f"{heading}: the notes repeat the slide"
        )
        notebook = builder.lesson_notebook(attributes)
        links = re.findall(r'href="\.\./notebooks/([^"]+)"', section)
        assert links == ([notebook.name] if notebook else []), heading


def test_it_is_light_and_names_no_outside_file(deck):
    assert DECK.stat().st_size <= 2_000_000
    assert len(re.findall(r"@font-face", deck)) == 5  # the look does not hang on what a computer has
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"|@import|url\(["\']?https?:', deck)
    figures = re.findall(r"<figure>\s*<svg [^>]*>", deck)
    assert len(figures) > 20 and all(re.search(r'role="img" aria-label="[^"]{15,}"', tag) for tag in figures)


@pytest.fixture(scope="module")
def open_deck(chromium):
    """Open the deck without a network; what went wrong is collected."""

    def open_(width=1280, height=720, query=""):
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or page.faults.append(r.url))
        page.goto(DECK.as_uri() + query)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        return page

    return open_


LOOK = """() => {
  const slide = Reveal.getCurrentSlide(), faults = [], scale = Reveal.getScale();
  const words = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  for (let node; node = words.nextNode();) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("aside, script, style, .cw-hidden")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 3 || !parent.checkVisibility({ visibilityProperty: true })) continue;
    const matrix = parent.closest("svg") ? parent.getScreenCTM() : { a: scale, b: 0 };
    const drawn = Math.hypot(matrix.a, matrix.b) / scale;  // text may be turned
    const size = parseFloat(getComputedStyle(parent).fontSize) * drawn;
    if (size < 17.9) faults.push(`small ${size.toFixed(1)}: ${node.data.trim()}`);
    const edge = 56 * scale;
    if (box.right > innerWidth - edge || box.bottom > innerHeight + 1 || box.left < edge || box.top < 10)
      faults.push(`outside: ${node.data.trim()}`);
  }
  const foot = slide.querySelector(".foot")?.getBoundingClientRect().top ?? innerHeight;
  for (const part of slide.querySelectorAll("h2, p, li, table, pre, math, blockquote, figure, .frame, .widget, .cw")) {
    if (part.closest("aside, .foot") || !part.checkVisibility({ visibilityProperty: true })) continue;
    const box = part.getBoundingClientRect();
    if (box.bottom > foot - 4 * scale) faults.push(`reaches the foot: ${part.tagName}`);
    if (box.right > innerWidth - 50 * scale || box.left < 50 * scale) faults.push(`too wide: ${part.tagName}`);
  }
  return faults;
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_on_every_slide_nothing_overflows_and_all_can_be_read(open_deck, width, height):
    page = open_deck(width, height)
    wrong = {}
    for number in range(page.evaluate("Reveal.getHorizontalSlides().length")):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        if faults := page.evaluate(LOOK):
            wrong[page.evaluate("Reveal.getCurrentSlide().id")] = faults
    assert number > 50 and wrong == {} and page.faults == []
    page.context.close()


@pytest.mark.browser
def test_the_demos_answer_to_keys_and_escape_gives_them_back(open_deck):
    page = open_deck(query="#/demo-window")
    count = page.locator("#demo-window .cw-count")
    page.locator("#demo-window .cw-output td").first.focus()
    before = count.inner_text()
    page.keyboard.press("ArrowRight")
    assert count.inner_text() != before
    assert page.evaluate("Reveal.getCurrentSlide().id") == "demo-window"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getCurrentSlide().id") != "demo-window"
    for name, key in {"demo-filter": "ArrowDown", "demo-descent": "ArrowRight", "demo-size": "ArrowUp"}.items():
        page.evaluate(f"location.hash = '#/{name}'")
        page.wait_for_function(f"Reveal.getCurrentSlide().id === '{name}'")
        field = page.locator(f"#{name} :is(select, input[type=range], .cw-stepper input)").first
        field.focus()
        before = field.input_value()
        page.keyboard.press(key)
        assert field.input_value() != before, name
        assert page.evaluate("Reveal.getCurrentSlide().id") == name
    assert page.faults == []
    page.context.close()


@pytest.mark.browser
def test_the_nine_frames_come_one_by_one(open_deck):
    page = open_deck(query="#/window")
    seen = [page.locator("#window .frame.visible").count()]
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        seen.append(page.locator("#window .frame.visible").count())
    assert seen == list(range(9))
    page.context.close()


@pytest.mark.browser
def test_small_or_overflowing_text_would_be_seen(open_deck):
    page = open_deck(query="#/way")
    assert page.evaluate(LOOK) == []
    page.evaluate("document.querySelector('#way svg text').style.fontSize = '9px'")
    assert any("small" in fault for fault in page.evaluate(LOOK))
    page.evaluate("document.querySelector('#way li').style.fontSize = '90px'")
    assert any("foot" in fault for fault in page.evaluate(LOOK))
    page.context.close()


@pytest.mark.browser
def test_a_demo_neither_holds_the_keyboard_nor_lets_the_slides_run_away(open_deck):
    page = open_deck()
    for name in ("demo-window", "demo-filter", "demo-descent", "demo-size"):
        page.evaluate(f"location.hash = '#/{name}'")
        page.wait_for_function(f"Reveal.getCurrentSlide().id === '{name}'")
        page.locator(f"#{name} :is(select, input, button)").first.focus()
        seen = set()
        for _ in range(60):  # forwards through the demo and out of it
            page.keyboard.press("Tab")
            seen.add(page.evaluate("!!document.activeElement.closest('[data-widget]')"))
            assert page.evaluate("Reveal.getCurrentSlide().id") == name
            if False in seen:
                break
        assert seen == {True, False}, f"{name} holds the keyboard"
        assert page.evaluate("document.scrollingElement.scrollTop + document.querySelector('.slides').scrollTop") == 0
        page.locator(f"#{name} :is(select, input, button)").first.focus()
        for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "Space", "n", "Home"):
            page.keyboard.press(key)
        assert page.evaluate("Reveal.getCurrentSlide().id") == name
    page.keyboard.press("PageDown")  # what a clicker sends
    assert page.evaluate("Reveal.getCurrentSlide().id") != "demo-size"
    page.keyboard.press("PageUp")
    assert page.evaluate("Reveal.getCurrentSlide().id") == "demo-size"
    assert page.faults == []
    page.context.close()


@pytest.mark.browser
def test_a_click_into_a_demo_gives_it_the_arrows(open_deck):
    page = open_deck(query="#/demo-window")
    page.locator("#demo-window .cw-output td").nth(4).click()
    count = page.locator("#demo-window .cw-count")
    before = count.inner_text()
    page.keyboard.press("ArrowRight")
    assert count.inner_text() != before and page.evaluate("Reveal.getCurrentSlide().id") == "demo-window"
    page.context.close()


AXE = """async () => {
  const slide = Reveal.getCurrentSlide(), where = { include: [slide], exclude: ["math"] };
  const { violations, passes } = await axe.run(where, { resultTypes: ["violations", "passes"] });
  const faults = violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 150))]);
  // A contrast that axe cannot see is no fault to axe: what covers all text of a slide would hide every one.
  if (slide.id !== "title-slide" && !passes.some((v) => v.id === "color-contrast")) faults.push(["no contrast", []]);
  return faults;
}"""


def with_axe(page):
    """Load axe into the deck; figures keep their words and lose their lines, or it reads 20,000 of these each time."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('figure > svg[role=img]').forEach((svg) => svg.replaceChildren())")
    found = Axe().run(page).response["violations"]
    return [v["id"] for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.browser
def test_axe_finds_nothing_serious_on_any_slide(open_deck):
    page = open_deck()
    found = {"page": with_axe(page)}
    count = page.evaluate("Reveal.getHorizontalSlides().length")
    for number in range(count):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        found[page.evaluate("Reveal.getCurrentSlide().id")] = page.evaluate(AXE)
    assert len(found) == count + 1 and {name: faults for name, faults in found.items() if faults} == {}
    page.context.close()


@pytest.mark.browser
def test_axe_would_see_a_fault(open_deck):
    page = open_deck(query="#/way")
    with_axe(page)
    page.evaluate("document.querySelector('#way li').style.color = '#ccc'")
    assert [name for name, _ in page.evaluate(AXE)] == ["color-contrast"]
    page.context.close()


NUMBER = """() => {
  const number = document.querySelector(".slide-number"), box = number.getBoundingClientRect();
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0.05);
  const below = document.elementsFromPoint(box.left + 2, box.top + box.height / 2)
    .map((part) => getComputedStyle(part).backgroundColor).find((colour) => !/, 0\\)$/.test(colour));
  const [dark, bright] = [light(getComputedStyle(number).color), light(below)].sort((a, b) => a - b);
  return bright / dark;
}"""


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1280, 960), (700, 900)])
def test_the_number_of_a_slide_can_be_read_in_a_window_of_any_shape(open_deck, width, height):
    """In a window that is not 16 : 9 it stands beside the slide, on the page."""
    page = open_deck(width, height)
    found = {}
    for number in range(page.evaluate("Reveal.getHorizontalSlides().length")):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        found[page.evaluate("Reveal.getCurrentSlide().id")] = page.evaluate(NUMBER)
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}
    page.context.close()


@pytest.mark.browser
def test_the_notes_open_in_a_window_of_their_own(open_deck):
    page = open_deck(query="#/way")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    opened.value.wait_for_function("document.querySelector('.speaker-controls-notes .value')?.innerText.length > 50")
    assert "multinomial logit" in opened.value.locator(".speaker-controls-notes .value").inner_text()
    page.context.close()


PRINTED = """() => [...document.querySelectorAll(".pdf-page")].flatMap((page) => {
  const paper = page.getBoundingClientRect(), name = page.querySelector("section").id, faults = [];
  const foot = page.querySelector(".foot")?.getBoundingClientRect().top ?? paper.bottom;
  for (const part of page.querySelectorAll("h1, h2, p, li, table, pre, math, figure, .widget")) {
    if (part.closest("aside, .foot") || !part.checkVisibility({ visibilityProperty: true })) continue;
    const box = part.getBoundingClientRect();
    if (box.left < paper.left + 50 || box.right > paper.right - 50) faults.push(`${name}: margin ${part.tagName}`);
    if (box.top < paper.top + 20 || box.bottom > foot) faults.push(`${name}: height ${part.tagName}`);
  }
  return faults;
})"""


@pytest.mark.browser
def test_printed_it_has_one_page_for_each_slide_with_its_margins(open_deck):
    page = open_deck(query="?print-pdf")
    page.wait_for_selector(".pdf-page")
    assert page.evaluate(PRINTED) == []
    pages = page.pdf(width="1280px", height="720px", print_background=True)
    printed = [int(n) for n in re.findall(rb"/Type /Pages[^>]*?/Count (\d+)", pages)]
    assert max(printed) == 1 + len(builder.slides_of(SOURCE))
    page.context.close()


def test_the_command_opens_the_deck_that_ships(monkeypatch):
    import webbrowser

    from typer.testing import CliRunner

    from cnn_course.cli import app

    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    result = CliRunner().invoke(app, ["slides"])
    assert result.exit_code == 0 and str(DECK) in result.output.replace("\n", "")
    assert opened == [DECK.as_uri()]
    assert CliRunner().invoke(app, ["slides", "--no-browser"]).exit_code == 0 and len(opened) == 1
    shipped = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"slides/deck.html" = "cnn_course/slides/deck.html"' in shipped
