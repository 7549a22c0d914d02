"""The example photographs."""

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from cnn_course import DataError, example_image


def test_pictures_are_scikit_learns_and_may_be_changed():
    china = example_image("china")
    assert china.dtype == np.uint8
    np.testing.assert_array_equal(china, load_sample_image("china.jpg"))
    china[:] = 0
    assert example_image("china").any()


def test_without_a_name_they_are_listed_with_credits():
    assert "CC BY 2.0" in repr(example_image()) and "<code>flower</code>" in example_image()._repr_html_()


def test_unknown_name_lists_those_there_are():
    with pytest.raises(DataError, match="'china', 'flower'"):
        example_image("gardening")
