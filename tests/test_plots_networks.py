"""A network as a row of blocks."""

import pytest

import cnn_course as cc


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_shape_stands_under_its_block():
    table = cc.describe(cc.build_lenet(seed=0))
    shown = texts(cc.plot_network(table))
    for row in table.rows[1:]:
        assert " x ".join(map(str, row.output_shape)) in shown
    assert shown.count("convolution") == 2 and shown.count("pooling") == 2 and shown.count("dense") == 3


def test_layers_of_one_shape_are_one_block():
    shown = texts(cc.plot_network(cc.build_resnet_small((64, 64, 3), 5, seed=0)))
    assert "3 convolutions" in shown and shown.count("64 x 64 x 16") == 1


def test_what_cannot_be_described_cannot_be_drawn():
    with pytest.raises(cc.ModelError, match="describe takes"):
        cc.plot_network(3)
