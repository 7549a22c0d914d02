"""Output sizes, padding and receptive fields, against Keras and PyTorch over a grid, and by properties."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnn_course as cc
from cnn_course import (
    GeometryError,
    output_size,
    padding_for,
    receptive_field,
    same_padding,
    transposed_output_size,
    unreached_pixels,
)

SIZES, KERNELS, STRIDES, DILATIONS = (1, 2, 3, 4, 5, 7, 8, 11, 16, 28), (1, 2, 3, 4, 5, 7), (1, 2, 3, 4), (1, 2, 3)
GRID_1D = list(product(SIZES, KERNELS, STRIDES, DILATIONS))
sizes = st.integers(1, 60)


def window(kernel, dilation):
    return dilation * (kernel - 1) + 1


def keras_size(shape, kernel, strides, padding, dilation):
    """What Keras says that its own layer gives; channels are left out."""
    import keras

    layer = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D}[len(shape)]
    made = layer(1, kernel, strides=strides, padding=padding, dilation_rate=dilation)
    return tuple(made.compute_output_shape((None, *shape, 1))[1:-1])


def torch_size(shape, kernel, strides, pairs, dilation):
    """The size of what PyTorch returns for a picture that was padded beforehand."""
    torch = pytest.importorskip("torch", reason="no PyTorch: pip install torch")
    widths = [side for pair in reversed(pairs) for side in pair]
    padded = torch.nn.functional.pad(torch.empty(1, 1, *shape, device="meta"), widths)
    run = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d}[len(shape)]
    weights = torch.empty(1, 1, *kernel, device="meta")
    return tuple(run(padded, weights, stride=strides, dilation=dilation).shape[2:])


def test_valid_and_same_equal_keras_in_one_dimension():
    """Wherever Keras does not refuse strides and dilation together."""
    checked = 0
    for w, k, s, d in GRID_1D:
        if s > 1 and d > 1:
            continue
        for padding in ("valid", "same"):
            if padding == "valid" and window(k, d) > w:
                continue
            assert output_size(w, k, s, padding, d) == keras_size((w,), k, s, padding, d)[0], (w, k, s, d, padding)
            checked += 1
    assert checked > 500


def test_every_padding_equals_pytorch_in_one_dimension():
    """Strides and dilation together, numbers on each side, and `same` as the pair that we say it is."""
    checked = 0
    for w, k, s, d in GRID_1D:
        same = same_padding(w, k, s, d)
        for padding, pair in [
            (0, (0, 0)),
            (1, (1, 1)),
            (2, (2, 2)),
            ((0, 3), (0, 3)),
            ((2, 1), (2, 1)),
            ("same", same),
        ]:
            if window(k, d) > w + sum(pair):
                with pytest.raises(GeometryError):
                    output_size(w, k, s, padding, d)
                continue
            assert output_size(w, k, s, padding, d) == torch_size((w,), (k,), s, (pair,), d)[0], (w, k, s, d, padding)
            checked += 1
    assert checked > 3000


def test_two_dimensions_equal_keras_and_pytorch():
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(2500):
        shape, kernel = tuple(rng.integers(4, 30, 2).tolist()), tuple(rng.integers(1, 6, 2).tolist())
        strides, dilation = tuple(rng.integers(1, 5, 2).tolist()), int(rng.integers(1, 4))
        pairs = tuple(tuple(pair) for pair in rng.integers(0, 4, (2, 2)).tolist())
        fits = all(window(k, dilation) <= w + sum(p) for w, k, p in zip(shape, kernel, pairs, strict=True))
        if fits:
            got = output_size(shape, kernel, strides, pairs, dilation)
            assert got == torch_size(shape, kernel, strides, pairs, dilation)
            checked += 1
        if dilation == 1 or max(strides) == 1:
            # Keras takes strides of two sizes, but no dilation beside them
            assert output_size(shape, kernel, strides, "same", dilation) == keras_size(
                shape, kernel, strides, "same", dilation
            )
            checked += 1
    assert checked > 2500


def test_same_padding_is_what_tensorflow_does_with_the_values():
    """A picture of ones under a kernel of ones counts the real pixels in each window."""
    tf = pytest.importorskip("tensorflow", reason='no TensorFlow: pip install ".[tensorflow]"')
    for w, k, s in product((4, 5, 7, 8, 11), (1, 2, 3, 4, 5), STRIDES):
        before, after = same_padding(w, k, s)
        padded = np.pad(np.ones(w), (before, after))
        ours = [padded[i : i + k].sum() for i in range(0, len(padded) - k + 1, s)]
        theirs = tf.nn.conv1d(np.ones((1, w, 1)), np.ones((k, 1, 1)), stride=s, padding="SAME").numpy().ravel()
        np.testing.assert_array_equal(ours[: len(theirs)], theirs)


def test_ceil_mode_equals_pytorchs_pooling():
    torch = pytest.importorskip("torch", reason="no PyTorch: pip install torch")
    for w, k, s, p in product(range(4, 15), (2, 3, 4), STRIDES, (0, 1)):
        theirs = torch.nn.functional.max_pool1d(torch.zeros(1, 1, w), k, s, padding=p, ceil_mode=True).shape[-1]
        assert output_size(w, k, s, p, ceil_mode=True) == theirs, (w, k, s, p)


def test_transposed_output_size_equals_keras():
    import keras

    checked = 0
    for w, k, s, d, padding in product((1, 2, 5, 8), (1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2), ("valid", "same")):
        if s > 1 and d > 1:
            continue
        for extra in (None, *range(s)):
            layer = keras.layers.Conv1DTranspose(
                1, k, strides=s, padding=padding, output_padding=extra, dilation_rate=d
            )
            theirs = layer.compute_output_shape((None, w, 1))[1]
            if theirs < 1:
                continue
            assert transposed_output_size(w, k, s, padding, extra, d) == theirs, (w, k, s, d, padding, extra)
            checked += 1
    assert checked > 400


def test_output_padding_may_be_up_to_one_less_than_the_larger_of_stride_and_dilation():
    """PyTorch says so: "output padding must be smaller than either stride or dilation"."""
    for strides, dilation_rate in ((3, 1), (1, 3), (2, 2)):
        most = max(strides, dilation_rate)
        whole = transposed_output_size(5, 2, strides, 0, most - 1, dilation_rate)
        assert whole == 4 * strides + window(2, dilation_rate) + most - 1
        with pytest.raises(GeometryError, match="output_padding must be smaller than strides or dilation_rate"):
            transposed_output_size(5, 2, strides, 0, most, dilation_rate)


def test_transposed_output_size_equals_pytorch():
    torch = pytest.importorskip("torch", reason="no PyTorch: pip install torch")
    for w, k, s, p, d in product((1, 2, 5, 8), (2, 3, 4, 5), (1, 2, 3), (0, 1, 2), (1, 2)):
        for extra in range(s):
            whole = (w - 1) * s + window(k, d) + extra - 2 * p
            if whole < 1:
                continue
            layer = torch.nn.ConvTranspose1d(1, 1, k, s, p, output_padding=extra, dilation=d, device="meta")
            theirs = layer(torch.empty(1, 1, w, device="meta")).shape[-1]
            assert transposed_output_size(w, k, s, p, extra, d) == theirs, (w, k, s, p, d, extra)


@given(sizes, st.integers(1, 9), st.integers(1, 6), st.integers(0, 6), st.integers(1, 4))
def test_the_last_window_fits_and_one_more_does_not(w, k, s, p, d):
    if window(k, d) > w + 2 * p:
        return
    positions = output_size(w, k, s, p, d)
    end = (positions - 1) * s + window(k, d)
    assert end <= w + 2 * p < end + s


@given(sizes, st.integers(1, 9), st.integers(1, 6), st.integers(1, 4))
def test_same_keeps_the_size_at_stride_one_and_divides_it_otherwise(w, k, s, d):
    before, after = same_padding(w, k, s, d)
    assert 0 <= before <= after <= before + 1
    assert output_size(w, k, s, "same", d) == -(-w // s)


@given(sizes, st.integers(1, 9), st.integers(1, 6), st.integers(1, 3), st.data())
def test_padding_for_gives_a_padding_that_makes_the_size(w, k, s, d, data):
    least = max(1, (w - window(k, d)) // s + 1)
    wanted = data.draw(st.integers(least, least + 12))
    padding = padding_for(output_size=wanted, input_size=w, kernel_size=k, strides=s, dilation_rate=d)
    assert output_size(w, k, s, padding, d) == wanted


@given(sizes, st.integers(1, 9), st.integers(1, 6), st.integers(0, 6), st.integers(1, 3))
def test_unreached_pixels_are_those_that_a_count_of_the_windows_leaves_out(w, k, s, p, d):
    if window(k, d) > w + 2 * p:
        return
    ends = [start + window(k, d) for start in range(0, w + 2 * p - window(k, d) + 1, s)]
    beyond = range(p, p + w)[max(0, ends[-1] - p) :]
    assert unreached_pixels(w, k, s, p, d, count_padding=False) == len(beyond)


@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 3)), min_size=1, max_size=6))
def test_receptive_field_is_the_input_size_that_gives_one_output(layers):
    size = receptive_field(layers).size
    for kernel, strides in layers:
        size = output_size(size, kernel, strides)
    assert size == 1


@pytest.mark.parametrize("bad", [0, -3, 2.5, True, "3", None, (3, 3, 3)])
@pytest.mark.parametrize("argument", ["input_size", "kernel_size", "strides", "dilation_rate"])
def test_bad_numbers_are_named(argument, bad):
    arguments = {"input_size": 8, "kernel_size": 3, argument: bad}
    if argument == "input_size" and bad == (3, 3, 3):
        return  # three axes are as good as one
    with pytest.raises(GeometryError, match=f"{argument} must (be|have) .*Received: {argument}="):
        output_size(**arguments)


@pytest.mark.parametrize("bad", ["full", -1, (1, 2, 3), 0.5, ((1, 1),) * 3, True])
def test_bad_padding_is_named(bad):
    with pytest.raises(GeometryError, match=r"padding must be .*Received: padding="):
        output_size((8, 8), 3, padding=bad)


def test_a_window_larger_than_the_picture_says_both_sizes():
    with pytest.raises(GeometryError, match=r"5.*4|4.*5"):
        output_size(4, 5)


def test_numpy_integers_count_as_integers():
    assert output_size(np.int64(32), np.int32(5), padding=np.uint8(2)) == 32


def test_channels_are_not_taken_for_an_axis_and_a_volume_is():
    for call in (lambda: cc.output_size((224, 224, 3), 3), lambda: cc.same_padding((28, 28, 1), 3)):
        with pytest.raises(cc.GeometryError, match=r"without the channels: \((224, 224|28, 28)\) for a picture"):
            call()
    assert cc.output_size((224, 224, 3), (3, 3, 3)) == (222, 222, 1)
    assert cc.output_size((16, 16, 16), 3) == (14, 14, 14)


def test_the_receptive_field_of_what_is_no_list_is_answered():
    keras = cc.load_keras()
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 3)])
    with pytest.raises(cc.GeometryError, match=r"Received: Sequential\. For a Keras model, describe\(model\)\.recept"):
        cc.receptive_field(model)
    for odd in (3, None):
        with pytest.raises(cc.GeometryError, match=r"layers must be a list of \(kernel_size, strides\)"):
            cc.receptive_field(odd)
