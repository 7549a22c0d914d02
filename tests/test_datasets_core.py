"""Data sets: their arrays fit each other, and splits keep classes and groups."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_course import DataError, ImageDataset, PointDataset, load_dataset, plot_pictures

GENERATED = ("shapes", "hashtag")
POINTS = ("rings", "xor", "spirals", "three_classes")


def pictures(n=60, classes=3, groups=None, seed=0):
    rng = np.random.default_rng(seed)
    images = np.repeat(np.arange(n, dtype="uint8")[:, None, None, None], 4, axis=1)
    return ImageDataset(images, rng.integers(0, classes, n), [f"c{k}" for k in range(classes)], groups)


def rows_of(data):
    return data.images[:, 0, 0, 0].tolist()


class TestSplit:
    def test_every_row_is_in_one_part_with_its_label(self):
        data = pictures()
        train, test = data.split(0.25, seed=1)
        assert sorted(rows_of(train) + rows_of(test)) == list(range(60))
        for part in (train, test):
            np.testing.assert_array_equal(part.labels, data.labels[rows_of(part)])

    def test_each_class_gives_its_share(self):
        data = pictures(300)
        _, test = data.split(0.2)
        for name, n in data.counts().items():
            assert abs(test.counts()[name] - 0.2 * n) <= 1

    @given(st.integers(0, 1000), st.floats(0.15, 0.6))
    def test_groups_stay_together(self, seed, share):
        groups = np.random.default_rng(seed).integers(0, 25, 60)
        train, test = pictures(groups=groups, seed=seed).split(share, seed=seed)
        assert not set(train.groups) & set(test.groups)

    def test_the_seed_decides(self):
        parts = [rows_of(pictures().split(0.3, seed=seed)[1]) for seed in (1, 1, 2)]
        assert parts[0] == parts[1] != parts[2]

    @pytest.mark.parametrize("share", [0, 1, -0.2, "half", True, None])
    def test_a_bad_share_is_named(self, share):
        with pytest.raises(DataError, match="share must be a number between 0 and 1"):
            pictures().split(share)

    def test_a_part_without_rows_is_an_error(self):
        with pytest.raises(DataError, match="leaves one part"):
            pictures(3).split(0.01)


class TestArrays:
    @pytest.mark.parametrize(
        ("images", "labels", "message"),
        [
            (np.zeros((2, 4, 4)), [0, 1], "images must be uint8"),
            (np.zeros((2, 4, 4, 1)), [0, 1], "images must be uint8"),
            (np.zeros((2, 4, 4, 2), "uint8"), [0, 1], "images must be uint8"),
            (np.zeros((2, 4, 4, 1), "uint8"), [0, 2], "labels must be integers from 0 to 1"),
            (np.zeros((2, 4, 4, 1), "uint8"), [0.0, 1.0], "labels must be integers"),
            (np.zeros((2, 4, 4, 1), "uint8"), [0, 1, 1], "Each row needs an entry"),
        ],
    )
    def test_what_does_not_fit_is_said(self, images, labels, message):
        with pytest.raises(DataError, match=message):
            ImageDataset(images, labels, ("a", "b"))

    def test_subset_takes_rows_masks_and_slices(self):
        data = pictures(10)
        assert rows_of(data.subset([3, 1])) == [3, 1]
        assert rows_of(data.subset(np.arange(10) > 7)) == [8, 9]
        assert rows_of(data.subset(slice(2))) == [0, 1]
        for bad in ([10], "a", 3):
            with pytest.raises(DataError, match="indices must be"):
                data.subset(bad)

    def test_points_must_be_finite(self):
        with pytest.raises(DataError, match="x must be finite numbers"):
            PointDataset([[np.nan, 1.0]], [0])


class TestLoading:
    def test_the_list_reads_well_as_text_and_html(self):
        table = load_dataset()
        for name in ("digits", "photos", *GENERATED, *POINTS):
            assert f"\n{name} " in repr(table) and f"<code>{name}</code>" in table._repr_html_()

    def test_digits_are_scikit_learns(self):
        from sklearn.datasets import load_digits

        raw = load_digits()
        train, test = load_dataset("digits"), load_dataset("digits", "test")
        assert len(train) + len(test) == 1797 and train.images.max() == 255
        ours = {image.tobytes() for part in (train, test) for image in part.images}
        assert ours == {np.rint(image * 255 / 16).astype("uint8").tobytes() for image in raw.images}
        assert min(test.counts().values()) > 50

    def test_digits_grow(self):
        assert load_dataset("digits", n=20, image_size=28).images.shape == (20, 28, 28, 1)

    def test_a_draw_keeps_the_shares_of_the_classes(self):
        part = load_dataset("digits", n=200, seed=3)
        assert set(part.counts().values()) <= {19, 20, 21}

    @pytest.mark.parametrize("name", GENERATED)
    def test_generated_pictures_follow_the_seed_and_the_size(self, name):
        first, again, other = (load_dataset(name, n=30, image_size=(40, 48), seed=seed) for seed in (1, 1, 2))
        assert first.images.shape == (30, 40, 48, 3)
        np.testing.assert_array_equal(first.images, again.images)
        assert (first.images != other.images).any()
        assert (load_dataset(name, "test", n=30, image_size=(40, 48), seed=1).images != first.images).any()

    @pytest.mark.parametrize("name", POINTS)
    def test_points_follow_the_seed(self, name):
        first, again = (load_dataset(name, n=90, seed=1) for _ in range(2))
        np.testing.assert_array_equal(first.x, again.x)
        assert first.x.shape == (90, 2) and len(set(first.counts().values())) == 1

    def test_three_classes_are_standardised_and_overlap(self):
        from sklearn.linear_model import LogisticRegression

        data = load_dataset("three_classes", n=3000)
        np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=0.06)
        np.testing.assert_allclose(data.x.std(axis=0), 1, atol=0.06)
        assert 0.6 < LogisticRegression().fit(data.x, data.labels).score(data.x, data.labels) < 0.9

    @pytest.mark.parametrize("name", ["rings", "xor", "spirals"])
    def test_no_straight_line_separates_the_others_and_a_nearest_neighbour_does(self, name):
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier

        train, test = load_dataset(name), load_dataset(name, "test")
        assert LogisticRegression().fit(train.x, train.labels).score(test.x, test.labels) < 0.7
        assert KNeighborsClassifier(5).fit(train.x, train.labels).score(test.x, test.labels) > 0.93

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("mnits",), "name must be one of digits"),
            (("digits", "validation"), "split must be 'train' or 'test'"),
            (("digits", "train", 0), "n must be an integer of at least 1"),
            (("digits", "train", 5000), "n must be at most 1198"),
            (("digits", "train", 5, 0), "image_size must be"),
            (("digits", "train", 5, (8, 8, 3)), "image_size must be"),
            (("rings", "train", 5, 28), "has no image_size"),
            (("photos", "test"), "photos has no test part"),
            (("digits", "train", 5, None, -1), "seed must be"),
        ],
    )
    def test_bad_arguments_are_named(self, arguments, message):
        with pytest.raises(DataError, match=message):
            load_dataset(*arguments)

    @pytest.mark.parametrize("name", ["digits", "photos", *GENERATED, *POINTS])
    def test_every_card_is_complete_and_shows_itself(self, name):
        card = load_dataset(name, n=2 if name == "photos" else 10).card
        assert card.name == name and all(text for _, text in card.rows())
        assert "known faults" in repr(card) and "<th" in card._repr_html_()


class TestHashtag:
    def test_shares_duplicates_and_wrong_labels_are_as_the_card_says(self):
        data = load_dataset("hashtag", n=1000, image_size=32)
        clean = np.bincount(data.clean_labels) / 1000
        np.testing.assert_allclose(clean, [0.20, 0.30, 0.14, 0.21, 0.15], atol=0.002)
        assert np.mean(data.labels != data.clean_labels) == 0.05
        assert 1000 - len(np.unique(data.groups)) == pytest.approx(180, abs=4)

    def test_pictures_of_a_group_are_alike_and_of_one_class(self):
        data = load_dataset("hashtag", n=600)
        exact = near = 0
        for group in np.unique(data.groups):
            members = np.flatnonzero(data.groups == group)
            assert len(set(data.clean_labels[members])) == 1
            for other in members[1:]:
                a, b = data.images[members[0]].astype(float), data.images[other].astype(float)
                exact += (a == b).all()
                near += (a != b).any()
                assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.5
        assert exact > 20 and near > 40

    def test_labels_and_groups_are_the_same_everywhere(self):
        """Their checksum was written down once; another machine must find it again."""
        data = load_dataset("hashtag", n=400, image_size=16)
        assert zlib.crc32(np.stack([data.labels, data.groups]).astype("<i8").tobytes()) == 3817066712

    def test_labels_can_all_be_right(self):
        data = load_dataset("hashtag", n=100, image_size=16, wrong_labels=0)
        np.testing.assert_array_equal(data.labels, data.clean_labels)


class TestShapes:
    def test_what_disturbs_can_be_switched_off(self):
        still = load_dataset(
            "shapes", n=24, position=False, rotation=False, colour=False, noise=0, clutter=False, labels="outline"
        )
        plain = {}
        for image, label in zip(still.images, still.labels, strict=True):
            plain.setdefault(int(label), []).append((image != image[0, 0]).any(axis=2))
        for outlines in plain.values():
            assert all((outline == outlines[0]).mean() > 0.97 for outline in outlines)

    def test_textures_can_be_the_classes(self):
        data = load_dataset("shapes", n=8, labels="texture")
        assert data.class_names == ("plain", "stripes", "dots", "checks")
        with pytest.raises(DataError, match="labels must be 'outline' or 'texture'"):
            load_dataset("shapes", n=8, labels="colour")


class TestPlot:
    def test_a_row_for_each_class(self):
        figure = plot_pictures(load_dataset("hashtag", n=60, image_size=24), n=4)
        assert [ax.get_ylabel() for ax in figure.axes if ax.get_ylabel()] == [
            "protest", "meme", "cat", "news screenshot", "odd",
        ]  # fmt: skip

    def test_as_they_come_with_titles(self):
        figure = plot_pictures(np.zeros((3, 8, 8, 1), "uint8"), titles=["a", "b", "c"])
        assert "1 picture" in repr(plot_pictures(np.zeros((8, 8, 3), "uint8")))
        assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c"]
        with pytest.raises(DataError, match="titles must be one for each"):
            plot_pictures(np.zeros((3, 8, 8, 1), "uint8"), titles=["a"])
        with pytest.raises(DataError, match="data must be pictures"):
            plot_pictures(np.zeros((8, 8)))
