"""The widgets from Python: traits in both directions, arrays in and out, errors in words, and HTML that is small."""

import base64
import json
import re
import zlib

import ipywidgets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnn_course as cc
from cnn_course.errors import DataError, GeometryError
from cnn_course.widgets._pictures import data_url, read_data_url
from cnn_course.widgets.filter import KERNELS

WORKED = np.array([[12, 12, 17], [10, 17, 19], [9, 6, 14]])
FORBIDDEN = {"open", "close", "layout", "tooltip", "log", "focus", "keys"}
PICTURE = np.arange(48, dtype="uint8").reshape(6, 8) * 5
WIDGETS = (cc.ArchitectureDemo, cc.ConvolutionDemo, cc.FilterDemo, cc.DescentDemo)


def test_it_starts_on_the_worked_example():
    np.testing.assert_array_equal(cc.ConvolutionDemo().output, WORKED)


def test_every_control_is_a_trait_with_a_name_of_its_own():
    for kind in WIDGETS:
        names = {name for name in kind.class_traits(sync=True) if not name.startswith("_")}
        inherited = {name for name in ipywidgets.DOMWidget.class_traits(sync=True)}
        assert not (names - inherited) & FORBIDDEN
        assert len(names - inherited) >= 7


def test_setting_sizes_keeps_the_numbers_that_are_there():
    demo = cc.ConvolutionDemo()
    demo.input_size = 7
    assert demo.input.shape == (7, 7)
    np.testing.assert_array_equal(demo.input[:5, :5], cc.ConvolutionDemo().input)
    demo.channels = 3
    assert demo.input.shape == (7, 7, 3)
    assert demo.kernel.shape == (3, 3, 3, 1)
    demo.groups, demo.filters = 3, 3
    assert demo.kernel.shape == (3, 3, 1, 3)
    assert demo.output.shape == (5, 5, 3)


def test_setting_arrays_moves_the_sizes():
    demo = cc.ConvolutionDemo(np.ones((4, 6, 2)), np.ones((2, 3, 2, 3)))
    assert (demo.input_size, demo.channels, demo.kernel_size, demo.filters) == ((4, 6), 2, (2, 3), 3)
    np.testing.assert_array_equal(demo.output, np.full((3, 4, 3), 12))


def test_pairs_come_back_as_short_as_they_can_be():
    demo = cc.ConvolutionDemo(strides=(2, 2), dilation_rate=(1, 2), padding=((1, 1), (1, 1)))
    assert (demo.strides, demo.dilation_rate, demo.padding) == (2, (1, 2), 1)
    demo.padding = [[1, 0], [2, 2]]
    assert demo.padding == ((1, 0), (2, 2))


def test_what_the_page_sends_arrives_and_is_computed_with():
    """A message as the page's model sends it: several traits at once, lists for arrays."""
    demo = cc.ConvolutionDemo()
    seen = []
    demo.observe(lambda change: seen.append(change["name"]), ["input", "strides"])
    state = {
        "input": [[[1], [2]], [["NaN"], [4]]],
        "input_size": 2,
        "strides": [1, 2],
        "kernel": [[[[2]]]],
        "kernel_size": 1,
    }
    demo.set_state(state)
    assert demo.strides == (1, 2)
    np.testing.assert_array_equal(demo.output, [[2], [np.nan]])
    assert sorted(set(seen)) == ["input", "strides"]


def test_nan_and_infinity_go_to_the_page_as_text():
    state = cc.ConvolutionDemo([[np.nan, np.inf], [-np.inf, 1]], [[1]]).saved_state()
    assert json.loads(json.dumps(state, allow_nan=False))["input"] == [[["NaN"], ["Infinity"]], [["-Infinity"], [1]]]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("strides", 0, r"strides must be an integer from 1 to 8 or a pair of them\. Received: strides=0"),
        ("strides", "2", r"strides must be an integer from 1 to 8"),
        ("strides", True, r"strides must be an integer from 1 to 8"),
        ("input_size", 17, r"input_size must be an integer from 1 to 16"),
        ("input_size", (3, 4, 5), r"input_size must be an integer from 1 to 16 or a pair"),
        ("padding", "full", r'padding must be "valid", "same", "symmetric", an integer from 0 to 12'),
        ("padding", -1, r"padding must be"),
        ("padding", 13, r"padding must be"),
        ("input", [["a"]], r"input must be an array of numbers"),
        ("input", [1, 2], r"input must have the shape \(height, width\) or \(height, width, channels\)"),
        ("input", np.zeros((28, 28)), r"at most 16 x 16 x 4 numbers.*Take a part of it"),
        ("kernel", np.zeros((0, 2)), r"kernel must have the shape"),
    ],
)
def test_what_has_no_meaning_is_refused_in_words(name, value, message):
    demo = cc.ConvolutionDemo()
    with pytest.raises(GeometryError, match=message):
        setattr(demo, name, value)
    np.testing.assert_array_equal(demo.output, WORKED)


def test_settings_that_do_not_fit_yet_are_allowed():
    demo = cc.ConvolutionDemo(kernel_size=7)
    with pytest.raises(GeometryError, match="kernel_size must not be larger than the padded input"):
        demo.output  # noqa: B018
    demo.padding = 2
    assert demo.output.shape == (3, 3)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["input_size", "kernel_size", "channels", "filters", "groups"]),
    st.lists(st.integers(1, 4), min_size=1, max_size=12),
    st.sampled_from(["convolution", "transposed", "max"]),
)
def test_sizes_and_arrays_never_part(name, values, mode):
    """Whatever is set, in whatever order: the arrays have the sizes that the controls show."""
    demo = cc.ConvolutionDemo(mode=mode)
    for value in values:
        setattr(demo, name, value)
        demo.channels = 5 - value
        height, width, channels = demo.input3d.shape
        assert demo.input_size == (height if height == width else (height, width))
        assert demo.channels == channels
        if demo.channels % demo.groups == 0 and demo.filters % demo.groups == 0:
            assert demo.kernel4d.shape == demo._kernel_shape()


def test_static_html_is_small_and_names_nothing_outside():
    for kind in WIDGETS:
        widget = kind()
        picture = len(widget.saved_state().get("picture", ""))
        for form in ("fragment", "page", "frame"):
            html = widget.static_html(form)
            assert len(html.encode()) - picture <= 60_000, (kind, form)
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    with pytest.raises(ValueError, match=r'form must be "fragment", "page" or "frame"'):
        widget.static_html("pdf")


def test_a_picture_with_markup_in_a_name_stays_text():
    html = cc.FilterDemo(kernels={**KERNELS, "</script><b>": [[1]]}).static_html()
    assert html.count("</script>") == 1


def test_the_stored_output_is_alive_by_itself():
    data = cc.ConvolutionDemo()._repr_mimebundle_()
    data = data[0] if isinstance(data, tuple) else data
    assert data["text/html"].startswith("<iframe ")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"].startswith("ConvolutionDemo(")


# ---- FilterDemo


def test_filter_demo_computes_what_from_scratch_does():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype="uint8")
    demo = cc.FilterDemo(picture, filter="sharpen", pooling="average", pool_size=3)
    expected = cc.conv2d(picture.mean(axis=2), KERNELS["sharpen"])
    np.testing.assert_allclose(demo.feature_map, expected)
    np.testing.assert_allclose(demo.pooled, cc.average_pool2d(np.maximum(expected, 0), 3))


def test_a_kernel_beside_a_filter_is_ones_own_whatever_the_order():
    kernel = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    for controls in ({"filter": "blur", "kernel": kernel}, {"kernel": kernel, "filter": "gabor", "angle": 45}):
        demo = cc.FilterDemo(PICTURE, **controls)
        np.testing.assert_array_equal(demo.kernel, kernel)
        assert demo.filter == "own"
    demo = cc.FilterDemo(PICTURE, kernel=[[2]], filter="two", kernels={"two": [[2]]})
    assert demo.filter == "two" and demo.kernel.tolist() == [[2]]


def huge_picture():
    """A PNG of a few bytes that says it is 60,000 pixels wide."""
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    chunk = (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()


@pytest.mark.parametrize("text", [None, 3, "", "data:image/png;base64,AAAA", "data:,<svg onload=x>", huge_picture()])
def test_what_a_page_sends_as_a_picture_and_is_none_is_a_sentence(text):
    with pytest.raises(DataError, match="The picture could not be read"):
        read_data_url(text)


def test_a_picture_comes_back_from_its_address_as_it_was():
    for picture in (PICTURE, np.stack([PICTURE] * 3, axis=-1)):
        np.testing.assert_array_equal(read_data_url(data_url(picture)), picture)


def test_filter_and_kernel_follow_each_other():
    demo = cc.FilterDemo(filter="emboss")
    np.testing.assert_array_equal(demo.kernel, KERNELS["emboss"])
    demo.kernel = [[1, 0], [0, -1]]
    assert demo.filter == "own"
    demo.angle = 45
    np.testing.assert_array_equal(demo.kernel, [[1, 0], [0, -1]])
    demo.filter = "gabor"
    np.testing.assert_allclose(demo.kernel, cc.gabor_kernel(45))
    demo.angle = 90
    np.testing.assert_allclose(demo.kernel, cc.gabor_kernel(0).T, atol=1e-12)


def test_gabor_answers_to_stripes_of_its_own_direction():
    """A wave under a bell: zero mean, and largest for stripes of its own direction."""
    stripes = np.cos(2 * np.pi * np.arange(40) / (0.6 * 7))
    upright, lying = np.tile(stripes, (40, 1)), np.tile(stripes, (40, 1)).T
    kernel = cc.gabor_kernel(0)
    assert abs(cc.conv2d(upright, kernel)).max() > 20 * abs(cc.conv2d(lying, kernel)).max()
    assert abs(kernel.sum()) < 1e-12


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4)), r"picture must be uint8 .* dtype float64.*Did you pass a float image in 0\.\.1\?"),
        (np.zeros((4, 4, 2), "uint8"), r"Received: picture of dtype uint8 and shape \(4, 4, 2\)"),
        (np.zeros((0, 4), "uint8"), r"shape \(0, 4\)"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(picture, message):
    with pytest.raises(DataError, match=message):
        cc.FilterDemo(picture)
    with pytest.raises(DataError):
        cc.AugmentationPreview(picture)


def test_a_large_picture_is_made_smaller():
    assert cc.FilterDemo(np.zeros((900, 1600), "uint8")).picture.shape == (180, 320)


def test_an_unknown_filter_is_refused_in_words():
    with pytest.raises(DataError, match=r"filter must be one of 'blur'.*Received: 'blurr'"):
        cc.FilterDemo(filter="blurr")


# ---- DescentDemo


def test_full_batch_descent_is_scipy_s_answer():
    from scipy.stats import linregress

    demo = cc.DescentDemo(batch_size=64, learning_rate=0.5, updates=600)
    fit = linregress(demo.x, demo.y)
    np.testing.assert_allclose(demo.path[-1], (fit.intercept, fit.slope), atol=1e-8)
    assert (np.diff(demo.losses) < 1e-12).all()


def test_a_path_that_leaves_all_bounds_ends():
    demo = cc.DescentDemo(batch_size=64, learning_rate=2.0, updates=2000)
    assert len(demo.path) < 200
    assert np.isfinite(demo.path).all()


def test_points_that_are_none_are_refused():
    with pytest.raises(DataError, match="x and y must be two lists of at least 2 finite numbers"):
        cc.DescentDemo(x=[1.0, 2.0], y=[1.0])


# ---- AugmentationPreview


def test_the_preview_shows_what_the_layers_do():
    picture = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype="uint8")
    preview = cc.AugmentationPreview(picture, noise=20)
    first, changed = preview.pictures[0], preview.pictures[1:]
    np.testing.assert_array_equal(first, picture)
    assert all((other != picture).any() for other in changed)
    assert preview.again.description == "Draw again"
    before = preview._shown.value
    preview.again.click()
    assert preview._shown.value != before
    preview.sliders["noise"].value = 0
    assert (preview.pictures == picture).all()
    assert "nothing changed" in preview._shown.value


def test_the_preview_is_a_picture_where_there_is_no_kernel():
    html = cc.AugmentationPreview(np.zeros((8, 8), "uint8"), shift=0.1)._repr_mimebundle_()["text/html"]
    assert html.count('alt="') == 9 and "In a notebook with a kernel there are sliders" in html
    assert html.count("data:image/png") == 9
