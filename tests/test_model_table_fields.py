"""What a position sees, held against the derivatives of the network itself, at every position."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnn_course as cc

keras = cc.load_keras()
layers = keras.layers
LENGTH = 24
ONES = {"kernel_initializer": "ones", "use_bias": False}


@st.composite
def one_layer(draw):
    kernel, strides = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding = draw(st.sampled_from(["same", "valid"]))
    return draw(
        st.sampled_from(
            [
                lambda: layers.Conv1D(1, kernel, strides, padding, **ONES),
                lambda: layers.Conv1D(1, kernel, 1, padding, dilation_rate=strides, **ONES),
                lambda: layers.AveragePooling1D(kernel, strides, padding),
                lambda: layers.UpSampling1D(kernel),
                lambda: layers.Conv1DTranspose(1, kernel, strides, padding, **ONES),
                lambda: layers.ZeroPadding1D((kernel, strides)),
                lambda: layers.Cropping1D((strides, 1)),
            ]
        )
    )


def reached(model):
    """Derivatives of every position by every pixel: of a linear network, what it makes of each pixel alone."""
    return keras.ops.convert_to_numpy(model(np.eye(LENGTH, dtype="float32")[..., None]))[..., 0].T


@settings(max_examples=60, deadline=None)
@given(st.lists(one_layer(), min_size=1, max_size=5))
def test_a_field_covers_what_the_derivative_reaches_at_every_position(chain):
    inputs = x = keras.Input((LENGTH, 1))
    for layer in chain:
        try:
            x = layer()(x)
        except ValueError:  # the map is too small for it
            break
        if not 1 <= x.shape[1] <= 200:
            return
    if x is inputs:
        return
    model = keras.Model(inputs, x)
    field, seen = cc.describe(model).receptive_field, reached(model)
    if field is None:  # a map of one position that sees all, or none
        return
    cut = any("crop" in layer.name or "transpose" in layer.name for layer in model.layers)  # zeros in their place
    widest = 0
    for position, row in enumerate(seen):
        pixels = np.flatnonzero(row > 0)
        if len(pixels):
            first, last = field.pixels(position)
            assert first <= pixels[0] and pixels[-1] <= last, (position, first, last, pixels)
            inside = first >= 0 and last < LENGTH and not cut
            assert not inside or (first, last) == (pixels[0], pixels[-1]), "larger than what is seen"
            widest = max(widest, np.ptp(pixels) + 1)
    assert widest <= field.size


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([layers.UpSampling2D(2)], (1, 0.5, 0, True)),
        ([layers.UpSampling2D(2), layers.AveragePooling2D(2)], (1, 1, 0, False)),
        ([layers.UpSampling2D(2), layers.Conv2D(1, 2, 2, **ONES)], (1, 1, 0, False)),
        ([layers.Conv2DTranspose(1, 2, 2, **ONES)], (1, 0.5, 0, True)),
        ([layers.Conv2D(1, 3, **ONES)], (3, 1, 0, False)),
    ],
)
def test_behind_an_upsampling_the_field_says_that_it_differs_by_position(chain, expected):
    table = cc.describe(keras.Sequential([keras.Input((8, 8, 1)), *chain]))
    field = table.receptive_field
    assert (field.size, field.jump, field.start, field.differs) == expected


def test_a_field_of_unequal_strides_gives_the_pixels_of_both_axes():
    model = keras.Sequential([keras.Input((9, 9, 1)), layers.Conv2D(1, 3, (1, 2))])
    assert cc.describe(model).receptive_field.pixels((1, 1)) == ((1, 3), (2, 4))


def test_channels_first_reads_the_picture_behind_its_channels():
    """20 x 20 pixels and 3 channels: what a mean over the middle 10 x 10 sees is not the whole picture."""
    first, last = {"data_format": "channels_first"}, {"data_format": "channels_last"}
    fields = []
    for shape, where in (((3, 20, 20), first), ((20, 20, 3), last)):
        chain = [layers.Cropping2D(5, **where), layers.Conv2D(4, 3, **where), layers.GlobalAveragePooling2D(**where)]
        row = list(cc.describe(keras.Sequential([keras.Input(shape), *chain])))[-1]
        fields.append((row.sees, row.receptive_field.size, row.receptive_field.start))
    assert fields == [("part", 10, 5)] * 2


def test_channels_first_is_read_by_layers_that_do_not_say_it():
    inputs = keras.Input((3, 8, 8))
    x = layers.Conv2D(4, 3, data_format="channels_first")(inputs)
    table = cc.describe(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))))
    assert [row.sees for row in table][-1] == "whole"
    mapped = cc.describe(keras.Model(inputs, layers.Dense(2)(x)))
    assert [row.sees for row in mapped][-1] == "unknown"


def test_a_layer_of_a_thousand_million_units_is_described_without_being_made():
    with keras.StatelessScope(initialize_variables=False):
        model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10**9)])
    keras.backend.clear_session()  # or the next scope, in another test, would make the weights
    assert cc.describe(model).parameters == 785 * 10**9
