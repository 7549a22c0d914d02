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


def test_every_number_on_the_slides_is_what_the_package_says_now(deck):
    """The numbers that need no training are computed again."""
    names = builder.namespace()
    found = re.findall(r'<span class="from" data-from="([^"]+)">([^<]*)</span>', deck)
    slow = ("attack", "trained", "famous", "few_labels", "fitted", "share_right", "repeats", "flattened")
    checked = 0
    exec("import statsmodels.api as sm\npoints = cc.load_dataset('three_classes')", names)
    exec("fit = sm.MNLogit(points.labels, sm.add_constant(points.x)).fit(disp=0)", names)
    for expression, text in found:
        code = html_module.unescape(expression)
        if not any(name in code for name in slow):
            assert builder.as_text(eval(code, names)) == html_module.unescape(text), code
            checked += 1
    assert len(found) > 60 and checked > 50


def test_the_worked_example_in_nine_frames(deck):
    import numpy as np

    names = builder.namespace()
    sums = [int(n) for n in re.findall(r"The window for row \d, column \d of the output: [^\"]*= (\d+)\"", deck)]
    assert sums == names["cc"].conv2d(names["IMAGE"], names["KERNEL"]).astype(int).ravel().tolist()
    assert np.array_equal(np.reshape(sums, (3, 3)), [[12, 12, 17], [10, 17, 19], [9, 6, 14]])


def test_no_number_is_typed_into_a_slide():
    """Two digits or more, or a per cent sign, come from an expression; years, names and formulas are no results."""
    for heading, _, body in builder.slides_of(SOURCE):
        if heading == "Where it comes from":
            continue
        said = re.split(r"^::: notes$", body, flags=re.MULTILINE)[0]
        prose = re.sub(
            r"^```.*?^```|\{\{.*?\}\}|\$\$.*?\$\$|\$[^$]+\$|`[^`]*`", "", said, flags=re.DOTALL | re.MULTILINE
        )
        prose = re.sub(r"\b(19|20)\d\d\b|lesson 0\d|VGG-16|ResNet-50|LeNet-5|8, 32|10 classes", "", prose)
        assert not re.findall(r"\d\d+|\d %", prose), (heading, prose)


def test_every_slide_has_notes_and_links_to_its_lesson_where_there_is_one(deck):
    slides = builder.slides_of(SOURCE)
    assert 50 <= len(slides) <= 70
    sections = re.findall(
        r'<section (?:id="[^"]*" )?class="(?:title-slide )?[^"]*slide level2.*?</section>', deck, re.DOTALL
    )
    assert len(sections) == len(slides)
    for (heading, attributes, _), section in zip(slides, sections, strict=True):
        assert len(re.search(r'<aside class="notes">(.*?)</aside>', section, re.DOTALL)[1].strip()) > 20, heading
        notebook = builder.lesson_notebook(attributes)
        links = re.findall(r'href="\.\./notebooks/([^"]+)"', section)
        assert links == ([notebook.name] if notebook else []), heading


def test_it_is_light_and_names_no_outside_file(deck):
    assert DECK.stat().st_size <= 2_000_000
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
    const drawn = parent.closest("svg") ? parent.getScreenCTM().a / scale : 1;
    const size = parseFloat(getComputedStyle(parent).fontSize) * drawn;
    if (size < 17.9) faults.push(`small ${size.toFixed(1)}: ${node.data.trim()}`);
    if (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.left < -1 || box.top < -1)
      faults.push(`outside: ${node.data.trim()}`);
  }
  const foot = slide.querySelector(".foot")?.getBoundingClientRect().top ?? innerHeight;
  for (const part of slide.children)
    if (!part.matches("aside, .foot") && part.getBoundingClientRect().bottom > foot + 1)
      faults.push("reaches the foot");
  for (const part of slide.querySelectorAll("figure svg, table, pre")) {
    const box = part.getBoundingClientRect();
    if (box.right > innerWidth || box.left < 0) faults.push("a figure or a table is too wide");
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
def test_axe_finds_nothing_serious(open_deck):
    from axe_playwright_python.sync_playwright import Axe

    page = open_deck()
    last = page.evaluate("Reveal.getHorizontalSlides().length") - 1
    for number in sorted({0, 1, 2, 4, 13, last - 1, last}):
        page.evaluate(f"Reveal.slide({number}, 0, 99)")
        found = Axe().run(page).response["violations"]
        serious = {
            v["id"]: [n["html"][:150] for n in v["nodes"][:3]] for v in found if v["impact"] in ("serious", "critical")
        }
        assert serious == {}, number
    for name in ("demo-window", "demo-filter", "demo-descent", "window"):
        page.evaluate(f"location.hash = '#/{name}'")
        page.wait_for_function(f"Reveal.getCurrentSlide().id === '{name}'")
        found = Axe().run(page).response["violations"]
        serious = {
            v["id"]: [n["html"][:150] for n in v["nodes"][:3]] for v in found if v["impact"] in ("serious", "critical")
        }
        assert serious == {}, name
    page.context.close()


@pytest.mark.browser
def test_printed_it_has_one_page_for_each_slide(open_deck):
    page = open_deck(query="?print-pdf")
    page.wait_for_selector(".pdf-page")
    pages = page.pdf(width="1280px", height="720px", print_background=True)
    printed = [int(n) for n in re.findall(rb"/Type /Pages[^>]*?/Count (\d+)", pages)]
    assert max(printed) == 1 + len(builder.slides_of(SOURCE))
    page.context.close()
