"""The classifier demo: what it shows is what the model gives; still without a kernel, live with one."""

import json
import subprocess

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import cnn_course as cc
from cnn_course.widgets._base import STATIC, bundle
from cnn_course.widgets._pictures import data_url

DIGITS = cc.load_dataset("digits", image_size=28)
DARK = ":root { --jp-content-font-color1: #fff; --jp-layout-color0: #111 } body { background: #111 }"


@pytest.fixture(scope="module")
def model():
    return cc.build_lenet(seed=0)


def test_probabilities_and_maps_are_the_models(model):
    demo = cc.ClassifierDemo(model, picture=DIGITS.images[3], examples=DIGITS)
    expected = model.predict(DIGITS.images[3:4], verbose=0)[0]
    np.testing.assert_allclose(demo.probabilities, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(demo.answer["probabilities"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(demo.maps, cc.feature_maps(model, DIGITS.images[3])["conv_1"], rtol=1e-4, atol=1e-5)
    demo.layer = "conv_2"
    assert demo.maps.shape == (10, 10, 16) and demo.answer["maps"]["layer"] == "conv_2"
    assert demo.layers == ["conv_1", "conv_2"] and [name for name, _ in demo.examples] == [str(k) for k in range(10)]


def test_a_drawing_from_the_page_is_answered_also_if_it_is_the_same(model):
    demo = cc.ClassifierDemo(model)
    for turn in (1, 2):
        before = demo.answer["turn"]
        demo.drawn = {"turn": turn, "picture": data_url(DIGITS.images[7][..., 0])}
        assert demo.answer["turn"] == before + 1
    np.testing.assert_allclose(
        demo.probabilities, model.predict(DIGITS.images[7:8], verbose=0)[0], rtol=1e-4, atol=1e-6
    )
    demo.drawn = {"turn": 3, "picture": "data:image/png;base64,bm8="}
    assert "could not be read" in demo.answer["fault"]


def test_pictures_of_another_size_and_colour_are_fitted():
    demo = cc.ClassifierDemo(cc.build_small_cnn((16, 16, 3), 2, filters=(4,), seed=0), ["cat", "dog"])
    demo.picture = np.full((40, 60), 90, "uint8")
    assert demo.probabilities.sum() == pytest.approx(1) and len(demo.probabilities) == 2
    assert "dog" in repr(demo) or "cat" in repr(demo)


@pytest.mark.parametrize("end", ["softmax outside the layers", "none"])
def test_probabilities_are_shown_also_of_a_model_that_ends_in_scores(end):
    keras = cc.load_keras()
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(inputs)))
    scores = keras.Model(inputs, x)
    model = scores if end == "none" else keras.Model(inputs, keras.ops.softmax(x))
    picture = np.random.default_rng(0).integers(0, 256, (8, 8), "uint8")
    expected = keras.ops.softmax(scores.predict(picture[None, ..., None], verbose=0)[0])
    np.testing.assert_allclose(cc.ClassifierDemo(model, picture=picture).probabilities, expected, rtol=1e-4, atol=1e-6)


def test_what_is_no_classifier_of_pictures_is_refused(model):
    with pytest.raises(cc.ModelError, match="a single number at its end must be a sigmoid's"):
        cc.ClassifierDemo(cc.build_small_cnn((8, 8, 1), None, filters=(4,), seed=0))
    with pytest.raises(cc.ModelError, match="classifier of pictures"):
        cc.ClassifierDemo(cc.build_logit((4,), 3, seed=0))
    with pytest.raises(cc.ModelError, match="no convolution"):
        cc.ClassifierDemo(cc.build_logit((8, 8, 1), 3, seed=0))
    with pytest.raises(cc.DataError, match="class_names must be 10 names"):
        cc.ClassifierDemo(model, ["one"])
    with pytest.raises(cc.ModelError, match=r"'hidden_1' gives numbers"):
        cc.ClassifierDemo(model, layer="hidden_1")


def test_the_pen_leaves_a_round_mark_and_a_line_without_gaps():
    playwright = pytest.importorskip("playwright", reason="no playwright: pip install playwright")
    from pathlib import Path

    node = Path(playwright.__file__).parent / "driver" / "node"
    program = (
        (STATIC / "drawing.js").read_text().replace("export ", "")
        + """
    const grey = new Uint8ClampedArray(400);
    const touched = penDown(grey, 20, 20, 10, 10, 3, 255);
    const mark = [...grey];
    const line = new Uint8ClampedArray(400);
    penLine(line, 20, 20, [2.5, 2.5], [17.5, 9.5], 1, 255);
    penLine(line, 20, 20, [-5, 15], [30, 15], 1, 255);
    const rubbed = Uint8ClampedArray.from(line);
    penLine(rubbed, 20, 20, [0, 15], [20, 15], 2, 0);
    console.log(JSON.stringify({ touched, mark, line: [...line], rubbed: [...rubbed] }));
    """
    )
    done = subprocess.run([str(node), "-e", program], capture_output=True, text=True, check=True)
    found = {name: np.array(value) for name, value in json.loads(done.stdout).items()}
    mark, line = found["mark"].reshape(20, 20), found["line"].reshape(20, 20)
    assert (mark == mark.T).all() and (mark == mark[::-1]).all() and mark.max() == 255 and mark[0].sum() == 0
    assert found["touched"] == (mark > 0).sum() and abs(mark.sum() / 255 - np.pi * 9) < 3
    assert (line[:, 3:17].max(axis=0) == 255).all() and (line[14:16].max(axis=0) == 255).all()
    assert found["rubbed"].reshape(20, 20)[13:17].max() == 0


@pytest.mark.browser
@pytest.mark.parametrize("css", ["", DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_without_a_kernel_it_is_a_still_picture(chromium, model, tmp_path, width, css):
    from axe_playwright_python.sync_playwright import Axe

    demo = cc.ClassifierDemo(model, picture=DIGITS.images[3])
    html = demo.static_html("page")
    assert "http://" not in html and "https://" not in html and len(html) < 100_000
    (tmp_path / "page.html").write_text(html)
    page, faults = chromium.new_page(viewport={"width": width, "height": 900}), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"file://{tmp_path}/page.html")
    if css:
        page.add_style_tag(content=css)
    page.wait_for_selector(".cw-maps canvas")
    shares = [float(text.split()[0]) / 100 for text in page.locator(".cw-bars b").all_inner_texts()]
    np.testing.assert_allclose(shares, demo.probabilities, atol=6e-4)
    assert page.locator(".cw-maps canvas").count() == 6
    assert "there is none here" in page.locator(".cw-still").inner_text()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width and faults == []
    page.close()


@pytest.mark.browser
def test_drawing_by_keyboard_and_pointer_is_answered_live(lab, chromium):
    address, folder = lab
    code = """import cnn_course as cc
digits = cc.load_dataset("digits", image_size=28)
demo = cc.ClassifierDemo(cc.build_lenet(seed=0), layer="conv_2", examples=digits)
demo"""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(text) for text in (code, "print(demo.picture.sum() > 0, demo.probabilities)")]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "demo.ipynb")
    page = chromium.new_page(viewport={"width": 1280, "height": 1400})
    page.goto(f"{address}/lab/tree/demo.ipynb?token=test")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length >= 2", timeout=60000)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'", timeout=60000
    )
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".cw-bars li", timeout=120000)
    shares = "[...document.querySelectorAll('.cw-bars b')].map((b) => b.textContent).join()"
    first = page.evaluate(shares)
    sheet = page.get_by_role("application")
    sheet.focus()
    page.keyboard.press("Space")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.wait_for_function(f"{shares} !== {json.dumps(first)}", timeout=20000)
    second = page.evaluate(shares)
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=8)
    page.mouse.up()
    page.wait_for_function(f"{shares} !== {json.dumps(second)}", timeout=20000)
    page.get_by_role("button", name="Clear").press("Enter")
    page.wait_for_function(f"{shares} === {json.dumps(first)}", timeout=20000)
    chosen = page.get_by_label("Picture", exact=True)
    chosen.select_option("7")
    page.wait_for_function(f"{shares} !== {json.dumps(first)}", timeout=20000)
    sheet.press("Space")  # what was drawn on is no longer the example, which can be chosen once more
    assert chosen.input_value() == ""
    page.close()


def test_the_module_is_one_text_with_no_name_twice():
    text = bundle("classifier_demo.js")
    names = [
        line.split("(")[0].split()[-1]
        for line in text.splitlines()
        if line.startswith(("function ", "export function "))
    ]
    assert len(names) == len(set(names)) and "import " not in text.split("\n", 3)[0]
