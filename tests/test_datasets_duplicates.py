"""Pictures that are there twice are found: on drawings and photographs whose duplicates are known."""

import io
import warnings

import cv2
import imagehash
import numpy as np
import pytest
from PIL import Image

from cnn_course import DataError, DataWarning, ImageDataset, find_duplicates, load_dataset, load_images_from_folder
from cnn_course.datasets.duplicates import HASH_SIZE, _small_grey, fingerprints


def precision_and_recall(found, true):
    """Return the shares of right pairs among the pairs found, and of found ones among the right ones."""
    found, true = (np.triu(groups[:, None] == groups[None], 1) for groups in (found, true))
    return (found & true).sum() / found.sum(), (found & true).sum() / true.sum()


def reposted(image, rng):
    """Return a picture as it comes back: cut by up to 3 % a side, lit otherwise, compressed once more."""
    height, width = image.shape[:2]
    left, top, right, bottom = 0.03 * rng.random(4)
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    picture = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC, box)
    lit = np.clip(np.asarray(picture, float) * rng.uniform(0.85, 1.15) + rng.uniform(-8, 8), 0, 255)
    stream = io.BytesIO()
    Image.fromarray(lit.astype(np.uint8)).save(stream, "JPEG", quality=int(rng.integers(50, 85)))
    return np.asarray(Image.open(stream).convert("RGB"))


@pytest.mark.parametrize(("seed", "size"), [(11, 64), (12, 64), (13, 96)])
def test_the_duplicates_of_the_hashtag_are_found(seed, size):
    data = load_dataset("hashtag", n=1500, image_size=size, seed=seed)
    precision, recall = precision_and_recall(find_duplicates(data).groups, data.groups)
    assert precision >= 0.95 and recall >= 0.95


@pytest.mark.data
@pytest.mark.parametrize("folder", ["flowers/val", "trashnet"])
def test_photographs_that_come_back_are_found(test_data, folder):
    data = load_images_from_folder(test_data / folder, 160)
    rng = np.random.default_rng(0)
    again = np.stack([reposted(image, rng) for image in data.images])
    found = find_duplicates(np.concatenate([data.images, again])).groups
    precision, recall = precision_and_recall(found, np.concatenate([data.groups, data.groups]))
    assert precision >= 0.95 and recall >= 0.95


@pytest.mark.data
def test_the_known_pairs_of_the_flowers_are_found_in_the_folder(test_data):
    """Two photographs of the training part stand there twice, as SOURCES.md of the test data says of the sunflowers."""
    data = load_images_from_folder(test_data / "flowers" / "train", 96)
    sunflowers = data.subset(data.labels == data.class_names.index("sunflowers"))
    assert len(sunflowers) - len(np.unique(sunflowers.groups)) == 2


@pytest.mark.parametrize("size", [48, 64, 150, (96, 210)])
def test_the_hashes_are_those_of_imagehash(size):
    """Bit by bit from the same 48 x 48 grey values; from the picture itself up to its own way of scaling."""
    images = load_dataset("hashtag", n=20, image_size=size, seed=5).images
    greys, ours = _small_grey(images), np.array(fingerprints(images))
    for grey, image, bits in zip(greys, images, ours, strict=True):
        waves = imagehash.phash(Image.fromarray(grey), HASH_SIZE).hash.ravel()
        np.testing.assert_array_equal(bits[: HASH_SIZE**2], waves)
        coarse = cv2.resize(grey, (HASH_SIZE + 1, HASH_SIZE), interpolation=cv2.INTER_AREA)
        steps = imagehash.dhash(Image.fromarray(coarse), HASH_SIZE).hash.ravel()
        np.testing.assert_array_equal(bits[HASH_SIZE**2 :], steps)
        assert (imagehash.phash(Image.fromarray(image), HASH_SIZE).hash.ravel() != waves).mean() < 0.1


def test_exact_and_near_duplicates_are_told_apart():
    data = load_dataset("hashtag", n=40, seed=3)
    originals = data.images[np.unique(data.groups, return_index=True)[1]][:12]
    rng = np.random.default_rng(1)
    images = np.concatenate([originals, originals[:3], [reposted(image, rng) for image in originals[3:5]]])
    found = find_duplicates(images)
    assert found.groups.tolist() == [*range(12), 0, 1, 2, 3, 4]
    assert found.exact.tolist() == [*range(12), 0, 1, 2, 12, 13]
    assert found.extra().tolist() == [12, 13, 14, 15, 16]
    assert found.pairs.tolist() == [[0, 12], [1, 13], [2, 14], [3, 15], [4, 16]]
    assert (found.distances[:3] == 0).all() and (found.distances[3:] > 0).all()
    assert repr(found) == "Duplicates: 5 of 17 pictures repeat another one, 3 of them in every pixel"


def test_pairs_are_those_of_every_distance_counted_bit_by_bit():
    from cnn_course.datasets import duplicates

    rng = np.random.default_rng(0)
    prints = [*(rng.random((60, duplicates.BITS)) < 0.5), b"flat", b"other", b"flat"]
    prints[7] = prints[3].copy()
    expected = []
    for i in range(60):
        for j in range(i + 1, 60):
            distance = np.sum(prints[i] != prints[j])
            if distance <= 130 and (7 not in (i, j) or (i, j) == (3, 7)):
                expected.append([i, j, distance])
    pairs, distances = duplicates._near_pairs(prints, 130)
    assert [[*pair, d] for pair, d in zip(pairs, distances, strict=True)] == [*expected, [60, 62, 0]]


def test_many_distances_are_taken_in_parts(monkeypatch):
    from cnn_course.datasets import duplicates

    images = load_dataset("hashtag", n=60).images
    whole = find_duplicates(images)
    monkeypatch.setattr(duplicates, "_CELLS", 100)
    np.testing.assert_array_equal(find_duplicates(images).pairs, whole.pairs)


def test_pictures_of_one_colour_are_duplicates_of_their_equals_only():
    images = np.zeros((5, 32, 32, 3), np.uint8)
    images[2:] = np.array([40, 80, 80])[:, None, None, None]
    assert find_duplicates(images).groups.tolist() == [0, 0, 1, 2, 2]


def test_a_thousand_copies_make_a_thousand_pairs():
    images = np.repeat(load_dataset("hashtag", n=1).images, 1000, axis=0)
    found = find_duplicates(images)
    assert len(found.pairs) == 999 and set(found.groups) == {0}


def test_grey_pictures_lazy_sets_and_empty_ones_are_taken(tmp_path):
    assert find_duplicates(load_dataset("digits", n=20), 0).groups.shape == (20,)
    assert len(find_duplicates(np.zeros((0, 8, 8, 3), np.uint8)).groups) == 0
    (tmp_path / "a").mkdir()
    image = Image.fromarray(load_dataset("hashtag", n=1).images[0])
    for name in ("one", "two"):
        image.save(tmp_path / "a" / f"{name}.png")
    lazy = load_images_from_folder(tmp_path, 32, batch_size=1)
    assert find_duplicates(lazy).exact.tolist() == [0, 0]


@pytest.mark.parametrize("bits", [-1, 289, 1.5, True, None])
def test_a_distance_that_is_none_is_named(bits):
    with pytest.raises(DataError, match=f"an integer from 0 to 288. Received: max_distance={bits}"):
        find_duplicates(np.zeros((1, 8, 8, 3), np.uint8), bits)


@pytest.mark.parametrize("data", [np.zeros((2, 8, 8)), np.zeros((2, 8, 8, 3)), "a folder"])
def test_what_is_no_set_of_pictures_is_named(data):
    with pytest.raises(DataError, match="data must be a data set of pictures, or uint8"):
        find_duplicates(data)


def every_two_are_pairs(found):
    """Return whether every two of a group are a pair, or have the same hash as two that are."""
    code = np.arange(len(found.groups))
    code[found.pairs[found.distances == 0, 1]] = found.pairs[found.distances == 0, 0]
    pairs = {(a, b) for a, b in found.pairs.tolist()}
    for number in np.flatnonzero(np.bincount(found.groups) > 1):
        members = sorted(set(code[found.groups == number].tolist()))
        if any((a, b) not in pairs for i, a in enumerate(members) for b in members[i + 1 :]):
            return False
    return True


def test_a_chain_is_no_group():
    """Each row is 30 bits from the last: a row and the one after the next are 60 apart, more than the 50 of a pair."""
    from cnn_course.datasets import duplicates

    prints = np.zeros((9, duplicates.BITS), bool)
    for row in range(1, 9):
        prints[row] = prints[row - 1]
        prints[row, 30 * row - 30 : 30 * row] = True
    assert len(duplicates._near_pairs(list(prints), 50)[0]) == 8
    assert np.bincount(duplicates.group(list(prints))).tolist() == [2, 2, 2, 2, 1]
    assert duplicates.group([*prints, prints[0], prints[0]]).tolist()[-2:] == [0, 0]


@pytest.mark.parametrize("max_distance", [30, 50, 70])
def test_groups_are_as_tight_as_they_are_defined(max_distance):
    digits = load_dataset("digits", n=400)
    found = find_duplicates(digits, max_distance)
    assert every_two_are_pairs(found)
    assert np.unique(found.groups, return_index=True)[1].tolist() == sorted(
        np.unique(found.groups, return_index=True)[1]
    )
    assert len(found.mixed) == sum(
        len(set(digits.labels[found.groups == k])) > 1 for k in range(found.groups.max() + 1)
    )
    assert ("groups hold several classes" in repr(found)) == (len(found.mixed) > 0)


@pytest.fixture(scope="module")
def digit_files(tmp_path_factory):
    """The digits as a folder of files of 8 x 8 pixels: many look alike, and few are copies."""
    folder, digits = tmp_path_factory.mktemp("digits"), load_dataset("digits")
    for row, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        (folder / str(label)).mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / str(label) / f"{row}.png")
    return folder


def test_small_pictures_that_look_alike_can_still_be_split(digit_files):
    with pytest.warns(DataWarning, match=r"Duplicates in different classes: .*near_duplicates=False"):
        data = load_images_from_folder(digit_files, 8)
    assert np.bincount(data.groups).max() <= 12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, test = data.split(0.2)
    assert 0.18 < len(test) / len(data) < 0.22 and min(test.counts().values()) >= 15


def test_near_duplicates_can_be_switched_off(digit_files):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load_images_from_folder(digit_files, 8, near_duplicates=False)
    digits = load_dataset("digits").images
    assert len(np.unique(data.groups)) == len(np.unique(digits.reshape(len(digits), -1), axis=0))


@pytest.mark.data
def test_no_group_of_fashion_mnist_is_large(test_data):
    from cnn_course.datasets.readers import read_idx

    images = read_idx(test_data / "fashion-mnist" / "train-images-idx3-ubyte.gz", 3)[:5000, ..., None]
    found = find_duplicates(images)
    assert np.bincount(found.groups).max() < 30 and every_two_are_pairs(found)


class TestSplitSaysWhatItCouldNotReach:
    def data(self, counts, groups=None):
        labels = np.repeat(np.arange(len(counts)), counts)
        names = [f"class {k}" for k in range(len(counts))]
        return ImageDataset(np.zeros((len(labels), 8, 8, 1), "uint8"), labels, names, groups)

    def test_a_rare_class(self):
        with pytest.warns(DataWarning, match=r"not divided: the second part has no row of class 1 \(1 in all\)\.$"):
            _, test = self.data([50, 1]).split(0.2)
        assert test.counts() == {"class 0": 10, "class 1": 0}
        with pytest.warns(DataWarning, match=r"the first part has no row of class 1 \(1 in all\)"):
            self.data([50, 1]).split(0.6)

    def test_a_share_that_groups_do_not_allow(self):
        data = self.data([50, 50], np.r_[np.zeros(45, int), np.arange(1, 56)])
        with pytest.warns(DataWarning, match=r"Groups stay together, and the second part has 1\d\.0% of the rows, not"):
            data.split(0.3)

    def test_what_is_reached_needs_no_word(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for share in (0.1, 0.2, 0.37, 0.5):
                self.data([50, 30, 10]).split(share)
                self.data([7, 8]).split(share, stratify=False)
            load_dataset("digits", n=100).split(0.2)
            load_dataset("hashtag", n=200).split(0.2)
