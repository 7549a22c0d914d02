"""The sets that others publish: addresses, bytes and sha256 of each file, loaders, and data cards.

Each size and sha256 stands in two public sources that agree, named beside it; the sha256 decides, so that a mirror
that went away or was replaced costs a message, and never a wrong file.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..fetching import RemoteFile, fetch
from .cards import DataCard
from .core import ImageDataset, Labelled, at_size, drawn
from .readers import read_cifar_archive, read_idx, read_photo_archive

_PARTS = {"train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")}
_PARTS["test"] = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
CIFAR_BATCHES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
FLOWERS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")


def _files(folder, addresses, table):
    """Return {name: RemoteFile} of files that lie side by side at each address."""
    return {
        name: RemoteFile(folder, name, size, digest, tuple(address + name for address in addresses))
        for name, size, digest in table
    }


# The repository's own files (zalandoresearch/fashion-mnist at b2617bb); the same sizes and sha256 in
# tensorflow/datasets, url_checksums/fashion_mnist.txt at 333639b; md5 as in pytorch/vision, mnist.py at 01977a1.
# Addresses: Keras's keras/src/datasets/fashion_mnist.py; the repository; tensorflow/datasets.
_FASHION_FILES = _files(
    "fashion_mnist",
    (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    (
        (_PARTS["train"][0], 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (_PARTS["train"][1], 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (_PARTS["test"][0], 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (_PARTS["test"][1], 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
)

# tensorflow/datasets, url_checksums/mnist.txt at 31f1255; the same sha256 in ankane/torchvision-ruby,
# lib/torchvision/datasets/mnist.rb at 3abaac7. Addresses: tensorflow/datasets; pytorch/vision, mnist.py at 01977a1.
_MNIST_FILES = _files(
    "mnist",
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
    (
        (_PARTS["train"][0], 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (_PARTS["train"][1], 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (_PARTS["test"][0], 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (_PARTS["test"][1], 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
)

# tensorflow/datasets, url_checksums/kmnist.txt at 333639b; the same sha256 in ankane/torchvision-ruby,
# lib/torchvision/datasets/kmnist.rb at 4b51d77. One server is all that either names, and pytorch/vision too.
_KMNIST_FILES = _files(
    "kmnist",
    ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    (
        (_PARTS["train"][0], 18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        (_PARTS["train"][1], 29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        (_PARTS["test"][0], 3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        (_PARTS["test"][1], 5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
)

# tensorflow/datasets, url_checksums/cifar10.txt at 333639b; the same sha256 in ankane/torchvision-ruby,
# lib/torchvision/datasets/cifar10.rb at 3abaac7. The second address: tensorflow/swift-models,
# Tests/DatasetsTests/CIFAR10/CIFAR10Tests.swift at 010014e.
_CIFAR_FILE = RemoteFile(
    "cifar10",
    "cifar-10-binary.tar.gz",
    170052171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
)

# tensorflow/datasets, datasets/tf_flowers/checksums.tsv at e9e3273; the same sha256 in google-coral/edgetpu,
# scripts/run_python_examples.sh at 285cacf. The https address is that of TensorFlow's tutorial on loading images.
_FLOWERS_FILE = RemoteFile(
    "flowers",
    "flower_photos.tgz",
    228813984,
    "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
    (
        "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",
        "http://download.tensorflow.org/example_images/flower_photos.tgz",
    ),
)


def published_datasets() -> dict[str, tuple[Callable[..., ImageDataset], DataCard]]:
    """Return the sets that need a network once.

    Returns
    -------
    dict of str to (callable, DataCard)
        The callable takes ``split``, ``n``, ``image_size`` and ``seed`` as `load_dataset` does.

    Examples
    --------
    >>> list(published_datasets())
    ['fashion_mnist', 'mnist', 'kmnist', 'cifar10', 'flowers']
    """
    return {
        "fashion_mnist": (partial(_load_idx, _FASHION_FILES, FASHION_NAMES, FASHION_MNIST), FASHION_MNIST),
        "mnist": (partial(_load_idx, _MNIST_FILES, tuple("0123456789"), MNIST), MNIST),
        "kmnist": (partial(_load_idx, _KMNIST_FILES, KMNIST_NAMES, KMNIST), KMNIST),
        "cifar10": (_load_cifar, CIFAR10),
        "flowers": (_load_flowers, FLOWER_PHOTOS),
    }


def remote_files() -> tuple[RemoteFile, ...]:
    """Return all files that the course can download, as a tuple of `RemoteFile`."""
    tables = (_FASHION_FILES, _MNIST_FILES, _KMNIST_FILES)
    return (*(file for table in tables for file in table.values()), _CIFAR_FILE, _FLOWERS_FILE)


def _load_idx(files, class_names, card, split, n, image_size, seed):
    """Return a part of a set in the format of MNIST."""
    images, labels = (read_idx(fetch(files[name]), ndim) for name, ndim in zip(_PARTS[split], (3, 1), strict=True))
    whole = ImageDataset(images[..., None], labels, class_names, card=card)
    return at_size(drawn(whole, n, seed), image_size)


def _load_cifar(split, n, image_size, seed):
    """Return a part of CIFAR-10."""
    images, labels = read_cifar_archive(fetch(_CIFAR_FILE), CIFAR_BATCHES[split])
    whole = ImageDataset(images, labels, CIFAR_NAMES, card=CIFAR10)
    return at_size(drawn(whole, n, seed), image_size)


@dataclass(frozen=True, eq=False)
class _Photos(Labelled):
    """Photographs as the bytes of their files: what is drawn from them is decoded, and no more."""

    files: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    class_names: tuple[str, ...] = FLOWERS

    _rows = ("files", "labels", "groups")


def _load_flowers(split, n, image_size, seed):
    """Return a part of the flowers: a fixed fifth is the test part, near duplicates on one side."""
    from .decoding import decode
    from .duplicates import fingerprints, group

    names, files = read_photo_archive(fetch(_FLOWERS_FILE), FLOWERS)
    labels = np.array([FLOWERS.index(name.split("/")[-2]) for name in names])
    with ThreadPoolExecutor() as pool:
        groups = group(fingerprints(np.stack(list(pool.map(lambda data: decode(data, (64, 64)), files)))))
        train, test = _Photos(np.array(files, object), labels, groups).split(0.2, seed=0)
        chosen = drawn(train if split == "train" else test, n, seed)
        size = image_size or (224, 224)
        images = np.empty((len(chosen), *size, 3), np.uint8)
        for row, image in enumerate(pool.map(lambda data: decode(data, size), chosen.files)):
            images[row] = image
    return ImageDataset(images, chosen.labels, FLOWERS, chosen.groups, FLOWER_PHOTOS)


FASHION_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
KMNIST_NAMES = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
CIFAR_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

FASHION_MNIST = DataCard(
    name="fashion_mnist",
    what="Grey thumbnails of clothes, shoes and bags, in ten classes.",
    how_many="60,000 to train, 10,000 to test, as many of each class; 31 MB to download",
    shape="28 x 28 x 1",
    source="Zalando's product photographs; github.com/zalandoresearch/fashion-mnist.",
    licence="MIT",
    consent="Shop photographs of things; no person can be recognised.",
    known_faults="T-shirt, pullover, coat and shirt overlap: people name 83.5 % as the shop does (its README). No "
    "picture of the training part is there twice, pixel for pixel, nor in the test part.",
    citation="Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking machine learning "
    "algorithms, arXiv:1708.07747.",
)
MNIST = DataCard(
    name="mnist",
    what="Handwritten digits, white on black.",
    how_many="60,000 to train, 10,000 to test; 12 MB to download",
    shape="28 x 28 x 1",
    source="LeCun, Cortes and Burges, from NIST's special databases 1 and 3; a copy of yann.lecun.com/exdb/mnist.",
    licence="CC BY-SA 3.0, as Keras's documentation states it",
    consent="Census employees and high-school students wrote digits for NIST; none can be recognised.",
    known_faults="About 15 test labels are wrong (Northcutt, Athalye and Mueller, 2021, arXiv:2103.14749). Solved: a "
    "method that is good here may be good nowhere else.",
    citation="LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, "
    "Proceedings of the IEEE 86(11), 2278-2324.",
)
KMNIST = DataCard(
    name="kmnist",
    what="Ten letters of cursive Japanese, cut from books of the 17th to 19th century.",
    how_many="60,000 to train, 10,000 to test, as many of each class; 21 MB to download",
    shape="28 x 28 x 1",
    source="ROIS-DS Center for Open Data in the Humanities, from the Kuzushiji dataset of the National Institute of "
    "Japanese Literature; codh.rois.ac.jp/kmnist.",
    licence="CC BY-SA 4.0",
    consent="Printed books, long out of copyright.",
    known_faults="One class holds several forms of a letter, which look nothing alike: that is the language's, and "
    "the set's point.",
    citation="Clanuwat et al. (2018), Deep learning for classical Japanese literature, arXiv:1812.01718.",
)
CIFAR10 = DataCard(
    name="cifar10",
    what="Small colour photographs of six animals and four vehicles.",
    how_many="50,000 to train, 10,000 to test, as many of each class; 170 MB to download",
    shape="32 x 32 x 3",
    source="Krizhevsky, Nair and Hinton, from the 80 Million Tiny Images that a search engine gave; "
    "cs.toronto.edu/~kriz/cifar.html.",
    licence="None is stated; the authors ask to be cited.",
    consent="Scraped; nobody was asked. The collection it was drawn from was withdrawn by its makers in 2020 for "
    "offensive labels and pictures.",
    known_faults="3.3 % of the test pictures have a near duplicate in the training part (Barz and Denzler, 2020, "
    "arXiv:1902.00423); about 0.5 % of the test labels are wrong (Northcutt, Athalye and Mueller, 2021).",
    citation="Krizhevsky (2009), Learning multiple layers of features from tiny images, University of Toronto.",
)
FLOWER_PHOTOS = DataCard(
    name="flowers",
    what="Photographs of daisies, dandelions, roses, sunflowers and tulips.",
    how_many="3,670, of which the course holds a fixed fifth back to test; 229 MB to download",
    shape="as photographed, about 320 x 240 x 3; 224 x 224 x 3 by default",
    source="The TensorFlow authors, from Flickr; each photographer stands in the archive's LICENSE.txt.",
    licence="CC BY 2.0, for each photograph",
    consent="Published on Flickr by the photographers; some people can be recognised, and nobody asked them.",
    known_faults="Near duplicates (six pairs among 500 of them, by find_duplicates); some pictures show no flower, or "
    "another one.",
    citation="The TensorFlow Team (2019), Flowers, download.tensorflow.org/example_images/flower_photos.tgz.",
)
