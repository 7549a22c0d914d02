"""What a data set is: one form for all that pictures and labels come in."""

import numpy as np
import pytest
from PIL import Image

from cnn_course import (
    DataError,
    ImageDataset,
    PointDataset,
    find_duplicates,
    load_dataset,
    load_images_from_folder,
    plot_pictures,
)
from cnn_course.datasets.rows import match_classes, rows_of

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), "uint8")
LABELS = np.array([0, 1, 1, 0, 1, 0])


@pytest.fixture
def folder(tmp_path):
    for k, picture in enumerate(PICTURES):
        path = tmp_path / "set" / "ab"[LABELS[k]] / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    return tmp_path / "set"


def forms(folder):
    eager, lazy = (load_images_from_folder(folder, 8, batch_size=size) for size in (None, 2))
    pair = (eager.images, eager.labels)
    return {"folder": eager, "lazy": lazy, "pair": pair, "list": list(pair), "dataset": ImageDataset(*pair, ("a", "b"))}


@pytest.mark.parametrize("form", ["folder", "lazy", "pair", "list", "dataset"])
def test_every_form_gives_the_same_rows(form, folder):
    images, labels = forms(folder)["pair"]
    rows = rows_of(forms(folder)[form])
    assert (len(rows), rows.shape) == (6, (8, 8, 3)) and (rows.array is None) == (form == "lazy")
    np.testing.assert_array_equal(rows.labels, labels)
    np.testing.assert_array_equal(rows.take(np.array([4, 0, 4])), images[[4, 0, 4]])
    for got, expected in zip(rows.pair(np.array([1, 5])), (images[[1, 5]], labels[[1, 5]]), strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.concatenate(list(rows.batches(4))), images)
    assert [len(batch) for batch in rows.batches(4)] == [4, 2]
    assert rows.class_names == (None if form in ("pair", "list") else ("a", "b"))
    assert rows_of(rows) is rows


@pytest.mark.parametrize("form", ["folder", "lazy", "dataset"])
def test_every_data_set_has_take_and_batches(form, folder):
    data = forms(folder)[form]
    images = forms(folder)["folder"].images
    np.testing.assert_array_equal(data.take([2, 0]), images[[2, 0]])
    np.testing.assert_array_equal(data.take(np.arange(6) > 3), images[4:])
    np.testing.assert_array_equal(np.concatenate(list(data.batches(5))), images)
    with pytest.raises(DataError, match="indices must be rows of this set of 6"):
        data.take([6])
    with pytest.raises(DataError, match="batch_size must be a positive integer"):
        next(data.batches(0))


def test_points_have_rows_too():
    data = PointDataset(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])
    np.testing.assert_array_equal(data.take([3]), [[6.0, 7.0]])
    assert rows_of(data).shape == (2,) and [len(batch) for batch in data.batches(3)] == [3, 1]


def test_arrays_alone_are_taken_where_no_labels_are_needed():
    for data in (PICTURES, list(PICTURES), list(PICTURES[:2])):
        rows = rows_of(data, labelled=False)
        assert rows.labels is None and rows.shape == (8, 8, 3) and len(rows) == len(data)
    assert rows_of((PICTURES, LABELS), labelled=False).labels is not None


@pytest.mark.parametrize(
    "data, message",
    [
        (PICTURES, r"data must be a data set of the course or a pair .*Received: ndarray"),
        ("pets", r"Received: str.*load_images_from_folder"),
        (None, r"Received: NoneType"),
        ((PICTURES, LABELS, LABELS), r"must be a pair \(pictures, labels\) or a data set. Received: 3 parts"),
        ((PICTURES, LABELS[:2]), r"a label for each picture.*\(6, 8, 8, 3\), labels of shape \(2,\)"),
        ((PICTURES[:0], LABELS[:0]), r"at least one picture"),
        ((PICTURES, 1), r"labels of shape \(\)"),
        ((PICTURES.astype(object), LABELS), r"Pictures must be numbers, best uint8. Received: dtype object"),
        ((np.full((1, 2, 2, 1), np.nan), [0]), r"Pictures must be finite numbers"),
    ],
)
def test_other_things_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        rows_of(data)


def test_pictures_are_drawn_and_compared_from_their_files(folder):
    lazy, eager = forms(folder)["lazy"], forms(folder)["folder"]
    assert plot_pictures(lazy).alt == plot_pictures(eager).alt == "6 pictures, a row for each of 2 classes: a, b."
    assert plot_pictures(lazy, by_class=False, n=4).alt == "4 pictures."
    np.testing.assert_array_equal(find_duplicates(lazy).exact, find_duplicates(eager.images).exact)
    unlabelled = load_images_from_folder(folder, 8, labels=None, batch_size=2)
    assert plot_pictures(unlabelled).alt == "6 pictures."


class TestMatchingClasses:
    def rows(self, labels, names):
        return rows_of(ImageDataset(PICTURES[: len(labels)], labels, names))

    def test_classes_are_matched_by_name(self):
        rows = match_classes(self.rows([0, 1, -1, 1], ("blue", "red")), ("blue", "green", "red"))
        assert rows.labels.tolist() == [0, 2, -1, 2] and rows.class_names == ("blue", "green", "red")
        assert match_classes(self.rows([0, 1], ("b", "a")), ["a", "b"]).labels.tolist() == [1, 0]

    def test_equal_and_unknown_names_change_nothing(self):
        rows = self.rows([0, 1], ("a", "b"))
        assert match_classes(rows, ("a", "b")) is rows and match_classes(rows, None) is rows
        pair = rows_of((PICTURES, LABELS))
        assert match_classes(pair, ("a", "b")) is pair

    def test_a_class_that_is_not_there_is_refused_with_both_orders(self):
        rows = self.rows([0, 1], ("blue", "violet"))
        with pytest.raises(DataError, match=r"train has, .*: blue, green; test has: blue, violet, and 'violet' is not"):
            match_classes(rows, ("blue", "green"), "test", "train")

    def test_a_class_without_pictures_does_not_matter(self):
        rows = match_classes(self.rows([0, 0], ("blue", "violet")), ("green", "blue"))
        assert rows.labels.tolist() == [1, 1]

    def test_the_digits_match_themselves(self):
        digits = rows_of(load_dataset("digits", n=20))
        assert match_classes(digits, [str(k) for k in range(10)]) is digits
