"""The figures: what they show is right, and they read well on paper, on a projector and in the dark."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy.signal import correlate2d

import cnn_course as cc
from cnn_course.errors import DataError, GeometryError
from cnn_course.plots import _style

IMAGE = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
KERNEL = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
SVG = "{http://www.w3.org/2000/svg}"
THEMES = {"light": ("rgba(0,0,0,.87)", "#ffffff"), "dark": ("#ffffff", "#111111")}


@pytest.fixture(scope="module")
def photo():
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg")


def figures(photo):
    """Every plot of this part of the course, with inputs as a lesson would give them."""
    rng = np.random.default_rng(0)
    grey = photo.mean(axis=2)
    return {
        "steps": cc.plot_convolution_steps(IMAGE, KERNEL),
        "frame": cc.animate_convolution(IMAGE, KERNEL)[0],
        "kernels": cc.plot_kernels([KERNEL, np.eye(3)]),
        "maps": cc.plot_feature_maps(photo, {"edges": correlate2d(grey, [[-1, 0, 1]], "valid")}),
        "matrix": cc.plot_convolution_matrix(cc.convolution_matrix(KERNEL, (5, 5))),
        "large matrix": cc.plot_convolution_matrix(cc.convolution_matrix(KERNEL, (28, 28))),
        "correlation": cc.plot_pixel_correlation({"china": cc.pixel_correlation(photo)}),
        "shuffle": cc.plot_shuffle(rng.random((3, 8, 8)), rng.random((3, 8, 8))),
        "windows": cc.plot_windows(10, 3, strides=2),
        "volume": cc.plot_volume(filters=10),
        "connections": cc.plot_connections(8, 3),
    }


@pytest.fixture(scope="module")
def drawn(photo):
    return figures(photo)


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_every_figure_says_in_words_what_it_shows(drawn):
    for name, figure in drawn.items():
        root = ElementTree.fromstring(_style.themed_svg(figure))
        assert root.get("role") == "img" and root.get("aria-label") == figure.alt, name
        assert len(figure.alt) > 30, name


def test_no_figure_is_one_of_pyplots_or_is_shown_by_us(drawn):
    import matplotlib.pyplot as plt

    assert drawn and plt.get_fignums() == []


def test_the_same_figure_is_the_same_bytes_and_names_no_outside_address(photo):
    first, second = figures(photo), figures(photo)
    for name, figure in first.items():
        svg = _style.themed_svg(figure)
        assert svg == _style.themed_svg(second[name]), name
        addresses = set(re.findall(r"""(?:href|src)=["'](?!#|data:)([^"']*)""", svg))
        assert addresses == set(), name


def test_two_figures_on_a_page_share_no_ids(drawn):
    seen = [set(re.findall(r'\bid="([^"]+)"', _style.themed_svg(drawn[name]))) for name in ("kernels", "windows")]
    assert all(seen) and not seen[0] & seen[1]


def test_every_reference_inside_a_figure_is_found(drawn):
    for name, figure in drawn.items():
        svg = _style.themed_svg(figure)
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
        assert {a or b for a, b in used} <= set(re.findall(r'\bid="([^"]+)"', svg)), name


def test_no_ink_or_paper_is_left_outside_the_theme(drawn):
    """Hatches too: their paper is an attribute, which cannot hold a variable."""
    padded = cc.plot_windows(8, 3, strides=2, padding="same")
    for figure in (*drawn.values(), padded):
        svg = _style.themed_svg(figure)
        for colour in _style.THEME:
            assert svg.count(colour) == svg.count(f", {colour})")


def test_a_photograph_does_not_blow_up_a_figure(drawn):
    assert len(_style.themed_svg(drawn["maps"])) < 300_000
    assert "data:image/jpeg" in _style.themed_svg(drawn["maps"])


def test_a_figure_that_the_reader_saves_is_dark_on_white(drawn, tmp_path):
    from PIL import Image

    path = tmp_path / "figure.png"
    drawn["windows"].savefig(path)
    pixels = np.asarray(Image.open(path).convert("L"))
    assert pixels[0, 0] >= 254 and pixels.min() < 60


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
def test_the_first_three_line_colours_stand_out_on_paper_and_in_the_dark(paper):
    """3 to 1 is what WCAG asks of graphics."""
    assert all(contrast(colour, paper) >= 3 for colour in _style.COLOURS[:3])


def test_lines_differ_without_colour():
    cycle = list(_style.HOUSE["axes.prop_cycle"])
    assert len({style["marker"] for style in cycle}) == len(cycle) == len(_style.COLOURS)


@pytest.mark.parametrize("colour", [*_style.COLOURS, _style.YELLOW, "#000000", "#ffffff", "#808080"])
def test_text_on_a_fill_can_be_read(colour):
    assert contrast(colour, _style.text_on(colour)) >= 4.5


@pytest.mark.browser
@pytest.mark.parametrize("theme", THEMES)
def test_ink_and_paper_follow_the_notebooks_theme(chromium, drawn, theme):
    ink, paper = THEMES[theme]
    page = chromium.new_page()
    variables = f"--jp-content-font-color1:{ink};--jp-layout-color0:{paper}"
    svg = _style.themed_svg(drawn["windows"])
    page.set_content(f"<style>:root{{{variables}}}</style><p style='color:{ink};background:{paper}'>a</p>{svg}")
    colours = page.evaluate("""() => {
        const fills = [...document.querySelectorAll("svg *")].map(node => getComputedStyle(node).fill);
        const text = getComputedStyle(document.querySelector("p"));
        return [fills.includes(text.color), fills.includes(text.backgroundColor)];
    }""")
    page.close()
    assert colours == [True, True]


def test_a_figure_appears_once_in_a_notebook_and_only_as_svg():
    """Also after pyplot was imported, whose backend adds a PNG to every figure it knows."""
    import nbformat
    from nbclient import NotebookClient

    cells = ["import matplotlib.pyplot\nfrom cnn_course import plot_windows", "plot_windows(5, 3)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    (output,) = notebook.cells[1].outputs
    assert sorted(output["data"]) == ["text/html", "text/plain"]
    assert output["data"]["text/plain"] == "<Figure: A row of 5 pixels. Windows of 3 pixels take 3 positions.>"


@pytest.mark.parametrize(
    ("draw", "arguments"),
    [
        (cc.plot_windows, (5, 3)),
        (cc.plot_volume, ()),
        (cc.plot_pixel_correlation, ({"a": np.array([0.5, 0.4])},)),
        (cc.plot_convolution_matrix, (np.eye(3),)),
    ],
)
def test_a_plot_draws_on_the_axes_it_is_given(draw, arguments):
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    assert draw(*arguments, ax=right) is right
    assert right.has_data() or right.patches
    assert not left.has_data()
    plt.close(figure)


def test_the_nine_panels_hold_the_numbers_of_the_worked_example():
    panels = cc.plot_convolution_steps(IMAGE, KERNEL).axes
    expected = correlate2d(IMAGE, KERNEL, "valid").ravel()
    assert len(panels) == 9
    for shown, ax in enumerate(panels, start=1):
        words = [text.get_text() for text in ax.texts]
        small = sorted(int(text.get_text()) for text in ax.texts if text.get_va() == "bottom")
        cells = [int(text.get_text()) for text in ax.texts if text.get_va() == "center_baseline"]
        assert small == sorted(KERNEL.ravel())
        assert cells == [*IMAGE.ravel(), *expected[:shown]]
        assert words[-1].endswith(f"= {expected[shown - 1]}")


def test_the_sum_below_a_panel_is_the_sum_it_says():
    image, kernel = IMAGE - 2, KERNEL - 1
    for ax in cc.plot_convolution_steps(image, kernel).axes:
        left, right = ax.texts[-1].get_text().replace("−", "-").split("=")
        assert eval(left) == int(right)


def test_panels_show_padding_strides_and_dilation():
    figure = cc.plot_convolution_steps(IMAGE, KERNEL, strides=2, padding="same")
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert len(figure.axes) == 9 and len(hatched) == 7 * 7 - 5 * 5
    dilated = cc.plot_convolution_steps(IMAGE, [[1, 2], [3, 4]], dilation_rate=3)
    orange = [p.get_xy() for p in dilated.axes[0].patches if p.get_facecolor()[:3] == to_rgb(_style.ORANGE)]
    assert orange == [(0, 0), (3, 0), (0, 3), (3, 3)]


def test_too_many_panels_are_refused_with_the_number():
    with pytest.raises(DataError, match=r"36 positions.*Received: 64 positions"):
        cc.plot_convolution_steps(np.zeros((10, 10)), KERNEL)


def test_kernels_are_drawn_by_their_numbers_and_signs():
    ax = cc.plot_kernels({"edges": np.array([[-1, 0, 1]])}).axes[0]
    assert [text.get_text() for text in ax.texts] == ["−1", "0", "1"]
    fills = [patch.get_facecolor()[0] for patch in ax.patches[:3]]
    assert fills == pytest.approx([0, 0.502, 1], abs=0.01)


def test_mid_grey_is_zero_in_a_feature_map(photo):
    figure = cc.plot_feature_maps(photo, {"edges": np.array([[-3.0, 0.0], [1.0, 5.0]])})
    (image,) = figure.axes[1].images
    assert image.norm(0.0) == 0.5
    (shared,) = cc.plot_feature_maps(photo, {"blur": np.ones((2, 2))}, limits=(0, 255)).axes[1].images
    assert shared.get_clim() == (0, 255)
    maps = {"a": np.ones((2, 2)), "b": np.ones((2, 2))}
    named = cc.plot_feature_maps(photo, maps, limits={"b": (0, 255)})
    assert [ax.images[0].get_clim() for ax in named.axes[1:3]] == [(-1, 1), (0, 255)]


def test_maps_with_channels_last_get_a_panel_each(photo):
    figure = cc.plot_feature_maps(photo, np.random.default_rng(0).normal(size=(6, 6, 5)), columns=3)
    assert [ax.get_title() for ax in figure.axes] == ["the picture", *(f"map {i}" for i in range(5))]


def test_the_matrix_shows_each_weight_where_the_window_lies():
    weights = np.arange(1, 10).reshape(3, 3)
    words = texts(cc.plot_convolution_matrix(cc.convolution_matrix(weights, (5, 5))))
    assert words == [str(weight) for weight in range(1, 10)] * 9


@pytest.mark.parametrize("padding", ["valid", "same", 1, (0, 2)])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("strides", [1, 2, 3, 4])
def test_windows_read_the_pixels_that_a_convolution_reads(strides, padding, dilation):
    """The gradient of the convolution's sum says which pixels count: PyTorch is asked."""
    torch = pytest.importorskip("torch")
    before, after = cc.padding_pairs(11, 3, strides, padding, dilation)
    row = torch.zeros(1, 1, 11, requires_grad=True)
    padded = torch.nn.functional.pad(row, (before, after))
    output = torch.nn.functional.conv1d(padded, torch.ones(1, 1, 3), stride=strides, dilation=dilation)
    output.sum().backward()
    ax = cc.plot_windows(11, 3, strides, padding, dilation).axes[0]
    crosses = {round(line.get_xdata()[0] - 0.12) for line in ax.lines if line.get_color() == _style.VERMILLION}
    assert crosses == {pixel for pixel in range(11) if row.grad[0, 0, pixel] == 0}
    assert sum(text.get_text().startswith("output") for text in ax.texts) == output.shape[-1]
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == before + after


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["32 wide", "32 high", "3 channels", "a filter\n5 × 5 × 3", "one map, 28 × 28"]),
        ({"filters": 10, "padding": "same"}, ["10 filters\n5 × 5 × 3", "10 maps, 32 × 32"]),
        ({"input_shape": (20, 30, 1), "kernel_size": 3, "strides": 2}, ["one map, 9 × 14", "1 channel"]),
    ],
)
def test_the_volume_says_its_sizes(arguments, expected):
    assert set(expected) <= set(texts(cc.plot_volume(**arguments)))


def test_connections_are_counted_as_they_are_drawn():
    dense, sparse = cc.plot_connections(8, 3).axes
    lines = [[line for line in ax.lines if len(line.get_xdata()) == 2] for ax in (dense, sparse)]
    assert len(lines[0]) == 8 * 6 and len(lines[1]) == 3 * 6
    assert len({line.get_color() for line in lines[1]}) == 3
    with pytest.raises(GeometryError, match=r"at most 6 to be drawn\. Received: kernel_size=7"):
        cc.plot_connections(12, 7)


def test_pixel_correlation_is_pearsons(photo):
    grey = photo.mean(axis=2)
    got = cc.pixel_correlation(photo, 20)
    expected = [np.corrcoef(grey[:, :-d].ravel(), grey[:, d:].ravel())[0, 1] for d in range(1, 21)]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_near_pixels_of_a_photograph_are_alike_and_a_shuffle_ends_that(photo):
    near = cc.pixel_correlation(photo, 100)
    order = np.random.default_rng(0).permutation(photo[:, :, 0].size)
    shuffled = photo.reshape(-1, 3)[order].reshape(photo.shape)
    far = cc.pixel_correlation(shuffled, 100)
    assert near[0] > 0.9 > 0.7 > near[99]
    assert np.abs(far).max() < 0.02


def test_pixel_correlation_of_a_constant_picture_is_not_a_number():
    assert np.isnan(cc.pixel_correlation(np.ones((5, 9)), 3)).all()


@pytest.mark.parametrize("distance", [0, 8, -1])
def test_a_distance_beyond_the_picture_is_refused(distance):
    with pytest.raises(DataError, match=f"max_distance must be .* Received: max_distance={distance}"):
        cc.pixel_correlation(np.ones((5, 9)), distance)


def test_shuffled_pictures_of_another_shape_are_refused():
    with pytest.raises(DataError, match=r"same shape. Received: \(2, 8, 8\) and \(2, 64\)"):
        cc.plot_shuffle(np.zeros((2, 8, 8)), np.zeros((2, 64)))


@pytest.fixture
def player(chromium):
    """The film of the worked example, on a page without a network."""
    page = chromium.new_page()
    page.errors, page.asked = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    film = cc.animate_convolution(IMAGE, KERNEL, interval=60)._repr_html_()
    page.set_content(film + film)  # twice: two films on a page do not move each other
    yield page
    assert page.errors == [] and [url for url in page.asked if not url.startswith("data:")] == []
    page.close()


def seen(page):
    """The sums that the two films show just now."""
    words = page.evaluate("""() => [...document.querySelectorAll("[data-frame]")]
        .filter(frame => getComputedStyle(frame).visibility === "visible")
        .map(frame => frame.dataset.frame)""")
    return [text.rsplit("= ")[-1] for text in words]


@pytest.mark.browser
def test_the_film_plays_to_its_end_and_starts_again(player):
    button = player.locator("button").first
    assert seen(player) == ["12", "12"]
    button.click()
    assert button.text_content() == "Pause"
    player.wait_for_function("document.querySelector('output').textContent === '9 of 9'")
    player.wait_for_function("document.querySelector('button').textContent === 'Play'")
    assert seen(player) == ["14", "12"]
    button.click()
    player.wait_for_function("document.querySelector('output').textContent !== '9 of 9'")


@pytest.mark.browser
def test_the_film_is_moved_by_the_keyboard(player):
    bar = player.locator("input").first
    for key, expected in (("End", "14"), ("ArrowLeft", "6"), ("Home", "12")):
        bar.press(key)
        assert seen(player) == [expected, "12"]
    assert bar.get_attribute("aria-valuetext") == "Window at row 0, column 0: 0+3+4 + 0+0+0 + 0+1+4 = 12"


ODD = '$\\frac{a <b onclick="x">&\n$ %s'


def named_by_the_reader(name):
    """Figures that show names of classes, settings, layers and pictures."""
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 2, 60), rng.dirichlet([1, 1], 60)
    pictures = rng.integers(0, 256, (60, 8, 8, 1), "uint8")
    report = cc.evaluate_predictions(labels, probabilities, class_names=(name, "dog"))
    history = cc.TrainingHistory({"loss": (2, 1), "accuracy": (0.1, 0.2)}, seconds=(1, 1))
    yield cc.plot_confusion(report)
    yield cc.plot_calibration(report.calibration(positive=name))
    yield cc.plot_calibration({name: report})
    yield cc.plot_precision_recall({name: report.precision_recall(name)})
    yield cc.plot_comparison({name: history, "other": history})
    yield cc.plot_pixel_correlation({name: np.array([0.9, 0.8])})
    yield cc.plot_boundaries({name: lambda x: x[:, 0] > 0}, cc.load_dataset("rings", n=40))
    yield cc.plot_pictures((pictures, labels), titles=[name] * 60)
    yield cc.plot_layers(pictures[0], {name: np.zeros((8, 8, 4))})
    yield cc.plot_heat_maps(pictures[:2], {name: np.ones((2, 8, 8))}, [name, name])
    yield cc.plot_embedding(rng.normal(size=(60, 2)), labels, (name, "dog"))


@pytest.mark.filterwarnings("error:No artists with labels")
@pytest.mark.parametrize("name", [ODD, "$", "US$ to $", "_{}^\\"])
def test_a_name_is_drawn_as_it_is_written_and_is_no_markup(name):
    for figure in named_by_the_reader(name):
        page = figure._repr_html_()
        assert "<b onclick" not in page
        ElementTree.fromstring(page)
