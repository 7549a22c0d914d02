"""One check of integers, numbers and shares for every room."""

import numpy as np
import pytest

import cnn_course as cc
from cnn_course._arguments import integer, is_integer, is_number, number, positive_integer, positive_number, share


@pytest.mark.parametrize("value", [True, 1.0, "1", None, float("nan"), np.array([1]), 1 + 0j])
def test_what_is_no_integer_is_refused(value):
    assert not is_integer(value)
    with pytest.raises(cc.DataError, match=r"^n must be an integer of at least 1\. Received: n="):
        integer("n", value)


def test_numpy_integers_become_plain_ones_and_ends_are_allowed():
    assert [integer("n", value, 1, 3) for value in (np.uint8(1), 2, np.int64(3))] == [1, 2, 3]
    assert type(integer("n", np.uint8(1))) is int
    for value in (0, 4, 10**400):
        with pytest.raises(cc.ModelError, match=r"^n must be an integer from 1 to 3\. Received"):
            integer("n", value, 1, 3, cc.ModelError)


@pytest.mark.filterwarnings("error")
def test_numbers_of_numpy_are_compared_without_a_warning():
    assert all(is_number(kind(2), 0) for kind in (np.float16, np.float32, np.float64, np.int8))
    assert not is_number(np.float32("inf")) and not is_number(10**400)


def test_numbers_have_ends_and_shares_have_none():
    assert number("x", 0, 0, 1) == 0.0 and number("x", np.float32(1), 0, 1) == 1.0 and is_number(0.5)
    for value in (-0.1, 1.1, float("nan"), True, "0.5", None):
        with pytest.raises(cc.DataError, match=r"^x must be a number from 0 to 1\. Received: x="):
            number("x", value, 0, 1)
    for value in (0, 1, float("nan"), True):
        with pytest.raises(cc.DataError, match="x must be a number between 0 and 1"):
            share("x", value)


def test_positive_says_positive():
    for value in (0, -1, 1.5):
        with pytest.raises(cc.DataError, match=r"^n must be a positive integer\. Received: n="):
            positive_integer("n", value)
    for value in (0, -1.0, float("inf"), float("nan"), 10**400):
        with pytest.raises(cc.DataError, match=r"^x must be a positive number\. Received: x="):
            positive_number("x", value)


def test_a_number_as_text_is_answered_where_only_its_size_was_looked_at():
    with pytest.raises(cc.DataError, match="noise must be from 0 to 255"):
        cc.load_dataset("shapes", n=4, noise="loud")
    with pytest.raises(cc.DataError, match="wrong_labels must be a share from 0 to"):
        cc.load_dataset("hashtag", n=8, wrong_labels="many")
