"""The numpy twins of convolution and pooling, against scipy, Keras and PyTorch."""

import numpy as np
import pytest
import scipy.signal

from cnn_course import (
    GeometryError,
    average_pool2d,
    conv2d,
    conv2d_loops,
    conv2d_transpose,
    convolution_matrix,
    convolution_steps,
    flip_kernel,
    max_pool2d,
    norm_pool2d,
    output_size,
)

IMAGE = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
KERNEL = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
OUTPUT = np.array([[12, 12, 17], [10, 17, 19], [9, 6, 14]])


def equal(got, expected):
    """1e-10 relative, 1e-12 absolute near zero."""
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="no PyTorch: pip install torch")


def problems(number, seed=0):
    """Draw pictures, kernels and settings that fit each other."""
    rng = np.random.default_rng(seed)
    while number:
        groups = int(rng.choice([1, 1, 2, 3]))
        channels, filters = groups * rng.integers(1, 4), groups * rng.integers(1, 4)
        x = rng.normal(size=(rng.integers(1, 4), *rng.integers(5, 14, 2), channels))
        kernel = rng.normal(size=(*rng.integers(1, 5, 2), channels // groups, filters))
        strides, dilation = tuple(rng.integers(1, 4, 2).tolist()), tuple(rng.integers(1, 3, 2).tolist())
        padding = tuple(tuple(pair) for pair in rng.integers(0, 3, (2, 2)).tolist())
        settings = {"strides": strides, "padding": padding, "dilation_rate": dilation}
        try:
            output_size(x.shape[1:3], kernel.shape[:2], **settings)
        except GeometryError:
            continue
        number -= 1
        yield x, kernel, {**settings, "groups": groups}


def torch_conv2d(torch, x, kernel, strides, padding, dilation_rate, groups):
    padded = np.pad(x, [(0, 0), *padding, (0, 0)])
    pictures = torch.tensor(padded).permute(0, 3, 1, 2)
    weights = torch.tensor(kernel).permute(3, 2, 0, 1)
    out = torch.nn.functional.conv2d(pictures, weights, stride=strides, dilation=dilation_rate, groups=groups)
    return out.permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("ours", [conv2d, conv2d_loops])
def test_worked_example(ours):
    """The nine numbers of the lecture."""
    np.testing.assert_array_equal(ours(IMAGE, KERNEL), OUTPUT)


def test_conv2d_equals_pytorch(torch):
    for x, kernel, settings in problems(150):
        equal(conv2d(x, kernel, **settings), torch_conv2d(torch, x, kernel, **settings))


def test_loops_equal_pytorch(torch):
    for x, kernel, settings in problems(25, seed=1):
        equal(conv2d_loops(x, kernel, **settings), torch_conv2d(torch, x, kernel, **settings))


def test_matrix_times_picture_equals_pytorch(torch):
    for x, kernel, settings in problems(40, seed=2):
        matrix = convolution_matrix(kernel, x.shape[1:3], **settings)
        expected = torch_conv2d(torch, x, kernel, **settings)
        equal((matrix @ x[0].ravel()).reshape(expected.shape[1:]), expected[0])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
def test_conv2d_equals_keras(padding, strides, dilation):
    """Also where `same` adds one zero more on one side."""
    import keras

    rng = np.random.default_rng(3)
    x, kernel = rng.normal(size=(2, 11, 12, 3)), rng.normal(size=(4, 3, 3, 5))
    expected = keras.ops.conv(x, kernel, strides, padding, dilation_rate=dilation)
    equal(conv2d(x, kernel, strides, padding, dilation), keras.ops.convert_to_numpy(expected))


def test_conv2d_equals_scipys_correlation_and_the_flip_its_convolution():
    rng = np.random.default_rng(4)
    x, kernel = rng.normal(size=(12, 15)), rng.normal(size=(4, 3))
    equal(conv2d(x, kernel), scipy.signal.correlate2d(x, kernel, "valid"))
    equal(conv2d(x, flip_kernel(kernel)), scipy.signal.convolve2d(x, kernel, "valid"))


def test_transposed_convolution_equals_pytorch(torch):
    rng = np.random.default_rng(5)
    for _ in range(60):
        groups = int(rng.integers(1, 3))
        filters, channels = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
        strides, padding, dilation = (int(rng.integers(*pair)) for pair in ((1, 4), (0, 2), (1, 3)))
        extra = int(rng.integers(0, strides))
        x = rng.normal(size=(2, *rng.integers(3, 7, 2), channels))
        kernel = rng.normal(size=(3, 4, filters // groups, channels))
        expected = torch.nn.functional.conv_transpose2d(
            torch.tensor(x).permute(0, 3, 1, 2), torch.tensor(kernel).permute(3, 2, 0, 1),
            stride=strides, padding=padding, output_padding=extra, groups=groups, dilation=dilation,
        )  # fmt: skip
        got = conv2d_transpose(x, kernel, strides, padding, extra, dilation, groups)
        equal(got, expected.permute(0, 2, 3, 1).numpy())


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_transposed_convolution_equals_keras(padding, strides, size):
    import keras

    rng = np.random.default_rng(6)
    x, kernel = rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(size, size, 4, 3))
    expected = keras.ops.convert_to_numpy(keras.ops.conv_transpose(x, kernel, strides, padding))
    equal(conv2d_transpose(x, kernel, strides, padding), expected)


def test_transposed_convolution_is_the_transposed_matrix():
    """What gives it its name."""
    rng = np.random.default_rng(7)
    kernel, z = rng.normal(size=(3, 3)), rng.normal(size=(4, 4))
    matrix = convolution_matrix(kernel, (9, 9), strides=2)
    equal(conv2d_transpose(z, kernel, strides=2), (matrix.T @ z.ravel()).reshape(9, 9))


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize(("size", "strides", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 0), (2, 3, 1), (4, 3, 2)])
def test_pooling_equals_pytorch(torch, size, strides, padding, ceil_mode):
    x = np.random.default_rng(8).normal(size=(2, 11, 12, 3))
    pictures, run = torch.tensor(x).permute(0, 3, 1, 2), torch.nn.functional
    pooled = run.max_pool2d(pictures, size, strides, padding, ceil_mode=ceil_mode)
    equal(max_pool2d(x, size, strides, padding, ceil_mode), pooled.permute(0, 2, 3, 1))
    pooled = run.avg_pool2d(pictures, size, strides, padding, ceil_mode=ceil_mode, count_include_pad=False)
    equal(average_pool2d(x, size, strides, padding, ceil_mode), pooled.permute(0, 2, 3, 1))
    if padding == 0:
        # PyTorch takes the root of the mean times the full window's size, which is the sum where the window is full
        pooled = run.lp_pool2d(pictures, 2, size, strides)
        equal(norm_pool2d(x, size, strides), pooled.permute(0, 2, 3, 1))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [(2, 2), (3, 2), (3, 1), (2, 3), (4, 3)])
def test_pooling_equals_keras(padding, size, strides):
    import keras

    x = np.random.default_rng(9).normal(size=(2, 11, 12, 3))
    for ours, theirs in ((max_pool2d, keras.ops.max_pool), (average_pool2d, keras.ops.average_pool)):
        expected = theirs(keras.ops.convert_to_tensor(x, "float64"), size, strides, padding)
        equal(ours(x, size, strides, padding), keras.ops.convert_to_numpy(expected))


def test_norm_of_a_padded_window_is_that_of_its_pixels():
    assert norm_pool2d([[3.0, 0.0], [0.0, 4.0]], 2, padding=1, strides=1)[1, 1] == 5


def test_steps_hold_every_window_product_and_sum():
    steps = convolution_steps(IMAGE, KERNEL)
    assert [step.sum for step in steps] == OUTPUT.ravel().tolist()
    for step in steps:
        i, j = step.corner
        np.testing.assert_array_equal(step.patch, IMAGE[i : i + 3, j : j + 3])
        np.testing.assert_array_equal(step.products, step.patch * KERNEL)
        row, column = step.position
        assert step.output.count() == 3 * row + column + 1


def test_small_integers_do_not_overflow():
    white = np.full((8, 8), 255, "uint8")
    assert conv2d(white, np.ones((5, 5), "uint8"))[0, 0] == 25 * 255
    assert average_pool2d(white, 4).max() == 255


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_keep_their_precision(dtype):
    assert conv2d(np.ones((4, 4), dtype), np.ones((2, 2), dtype)).dtype == dtype


def test_the_picture_is_not_changed():
    picture = np.ones((2, 6, 6, 1))
    picture.flags.writeable = False
    conv2d(picture, np.ones((3, 3, 1, 2)), padding="same")
    max_pool2d(picture, 3, padding="same")


@pytest.mark.parametrize(
    ("x", "kernel", "message"),
    [
        (np.ones((5, 5, 3)), np.ones((3, 3, 2, 4)), "channels"),
        (np.ones(5), np.ones((3, 3)), "shape"),
        (np.ones((2, 2)), np.ones((3, 3)), "larger"),
        (np.ones((5, 5)), np.ones((3, 3, 3)), "shape"),
        (np.array([["a", "b"]]), np.ones((1, 1)), "numbers"),
    ],
)
def test_what_does_not_fit_is_said(x, kernel, message):
    with pytest.raises(GeometryError, match=message):
        conv2d(x, kernel)


def test_norm_pooling_leaves_padding_out():
    x = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 5.0], [12.0, 0.0, 0.0]])
    expected = [[5.0, 5.0], [12.0, 0.0]]
    np.testing.assert_allclose(norm_pool2d(x, 2, padding="same"), expected)


def test_groups_must_divide_the_channels_and_the_filters_each():
    with pytest.raises(GeometryError, match=r"groups must divide both.*groups=2, channels=4, filters=3"):
        conv2d(np.ones((5, 5, 4)), np.ones((3, 3, 2, 3)), groups=2)
    with pytest.raises(GeometryError, match=r"groups must divide both.*groups=2, channels=3"):
        conv2d_transpose(np.ones((5, 5, 3)), np.ones((3, 3, 2, 3)), groups=2)
