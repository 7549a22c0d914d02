"""Figures of what a network sees."""

import numpy as np
import pytest

import cnn_course as cc

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), "uint8")


def test_the_strongest_maps_come_first_and_carry_their_channel():
    maps = np.stack([np.full((6, 5), level) for level in (1.0, 5.0, 3.0)], axis=-1)
    figure = cc.plot_layers(PICTURES[0], {"base/conv_1": maps}, n=2)
    assert [ax.get_title() for ax in figure.axes[1:]] == ["1", "2"]
    assert "conv_1" in figure.axes[1].get_ylabel() and "(2 of 3, 6 x 5)" in figure.alt
    with pytest.raises(cc.DataError, match="those of one picture"):
        cc.plot_layers(PICTURES[0], {"conv_1": maps[None]})


def test_heat_is_coloured_where_it_is_and_grey_where_it_is_not():
    heat = np.zeros((3, 12, 10))
    heat[:, :6] = 2.0
    figure = cc.plot_heat_maps(PICTURES, {"one": heat, "none": 0 * heat}, ["a", "b", "c"])
    drawn = figure.axes[3].images[0].get_array().astype(int)
    assert np.ptp(drawn[:6], axis=-1).min() > 50 and np.ptp(drawn[6:], axis=-1).max() <= 1
    assert np.ptp(figure.axes[6].images[0].get_array().astype(int), axis=-1).max() <= 1
    assert "(a, b, c)" in figure.alt and "one, none" in figure.alt
    with pytest.raises(cc.DataError, match=r"shape \(3, 12, 10\)"):
        cc.plot_heat_maps(PICTURES, heat[:2])


def test_a_single_picture_is_drawn_too_and_a_grey_one_without_its_channel():
    heat = np.ones((12, 10))
    for picture in (PICTURES[0], PICTURES[0, ..., :1], PICTURES[0, ..., 0]):
        assert len(cc.plot_heat_maps(picture, heat).axes) == 2
    assert len(cc.plot_heat_maps(PICTURES[..., 0], np.stack([heat] * 3)).axes) == 6
    figure = cc.plot_adversarial(PICTURES[0], PICTURES[0] + 2.0, "a 1", "a 7")
    assert "a 1 becomes a 7" in figure.alt and len(figure.axes) == 3


def test_pictures_of_float_are_drawn_as_those_of_whole_grey_levels():
    as_float = PICTURES.astype("float32") + 0.2
    for draw in (
        lambda x: cc.plot_layers(x[0], {"conv_1": np.ones((4, 4, 2))}).axes[0],
        lambda x: cc.plot_neighbours(x[:1], x, [[1, 2]]).axes[2],
        lambda x: cc.plot_adversarial(x, x, ["a 1"] * 3, ["a 1"] * 3).axes[0],
    ):
        whole, other = (draw(x).images[0].get_array() for x in (PICTURES, as_float))
        assert whole.dtype == np.uint8 and (whole == other).all()


def test_neighbours_stand_beside_their_picture():
    figure = cc.plot_neighbours(PICTURES[:2], PICTURES, np.array([[2, 1], [0, 2]]), titles=["x", "y", "z"])
    assert [ax.get_title() for ax in figure.axes if ax.get_title()] == ["z", "y", "x", "z"]
    assert (figure.axes[2].images[0].get_array() == PICTURES[2]).all()
    with pytest.raises(cc.DataError, match="a row for each of 2 pictures"):
        cc.plot_neighbours(PICTURES[:2], PICTURES, [[0]])


def test_each_class_has_its_mark_on_the_map():
    figure = cc.plot_embedding(np.random.default_rng(0).normal(size=(6, 2)), [0, 0, 1, 1, 1, 2], ["1", "cat", "meme"])
    assert [len(points.get_offsets()) for points in figure.axes[0].collections] == [2, 3, 1]
    assert "cat 3" in figure.alt
    with pytest.raises(cc.DataError, match="labels must be integers from 0 to 1, numbers of class_names"):
        cc.plot_embedding(np.zeros((2, 2)), ["cat", "meme"], ["cat", "meme"])
    with pytest.raises(cc.DataError, match=r"shape \(5, 2\)"):
        cc.plot_embedding(np.zeros((6, 2)), [0] * 5, ["1"])


def test_the_change_is_mid_grey_where_nothing_was_added():
    changed = PICTURES.astype(float)
    changed[:, 0] = np.clip(changed[:, 0] + 8, 0, 255)
    figure = cc.plot_adversarial(PICTURES, changed, ["a 1"] * 3, ["a 7"] * 3)
    added = figure.axes[3].images[0].get_array()
    assert (added[1:] == 128).all() and added[0].max() == 255
    assert "at most 8 grey levels" in figure.alt
    with pytest.raises(cc.DataError, match="as many as the 3 pictures"):
        cc.plot_adversarial(PICTURES, changed, ["a 1"], ["a 7"])


def test_flip_rates_are_lines_in_per_cent_on_axes_of_the_caller():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert cc.plot_flip_rates([0, 4, 8], {"one step": [0, 0.2, 0.6], "noise": [0, 0, 0.01]}, ax=ax) is ax
    assert [line.get_ydata()[-1] for line in ax.lines[:2]] == [60, 1]
