"""A network as a row of blocks."""

import pytest

import cnn_course as cc


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_shape_stands_under_its_block():
    table = cc.describe(cc.build_lenet(seed=0))
    shown = texts(cc.plot_network(table))
    for row in table.rows[1:]:
        *sizes, channels = map(str, row.output_shape)
        assert (f"{' x '.join(sizes)}\nx {channels}" if sizes else channels) in shown
    assert shown.count("conv") == 2 and shown.count("pool") == 2 and shown.count("dense") == 3


def test_layers_of_one_shape_are_one_block():
    shown = texts(cc.plot_network(cc.build_resnet_small((64, 64, 3), 5, seed=0)))
    assert "3 conv" in shown and shown.count("64 x 64\nx 16") == 1


def overlapping(figure):
    """The pairs of words whose boxes touch, or that leave the figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in figure.axes[0].texts]
    page = figure.bbox
    outside = [
        word for word, box in boxes if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]
    pairs = [(a, b) for n, (a, one) in enumerate(boxes) for b, other in boxes[:n] if one.overlaps(other)]
    return outside + pairs


@pytest.mark.parametrize("name", ["VGG16", "InceptionV3", "MobileNet", "DenseNet121"])
def test_words_of_a_large_network_do_not_touch(name):
    import keras

    figure = cc.plot_network(getattr(keras.applications, name)(weights=None))
    assert overlapping(figure) == []
    assert len(figure.axes[0].texts) <= 2 * 21


def test_zero_padding_is_part_of_the_layer_after_it():
    import keras

    shown = texts(cc.plot_network(keras.applications.MobileNet(weights=None)))
    assert "113 x 113\nx 64" not in shown and "56 x 56\nx 64" in shown


def test_branches_show_the_channels_that_they_give_together():
    import keras

    shown = texts(cc.plot_network(keras.applications.InceptionV3(weights=None)))
    assert {"35 x 35\nx 288", "17 x 17\nx 768", "8 x 8\nx 2048"} <= set(shown)


def test_what_cannot_be_described_cannot_be_drawn():
    with pytest.raises(cc.ModelError, match="describe takes"):
        cc.plot_network(3)
