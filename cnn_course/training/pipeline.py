"""Batches for every backend: a `tf.data` pipeline under TensorFlow, a `keras.utils.PyDataset` elsewhere."""

import math

import numpy as np

from .._arguments import positive_integer
from .._keras import load_keras
from ..datasets.rows import rows_of

keras = load_keras()


def batches(data, batch_size=32, shuffle=True, seed=0):
    """Return the data as batches, in the form that the backend reads fastest.

    Every pass over them is an epoch. The order of an epoch depends on the seed and on the epoch's number
    alone, so training that is taken up again sees the batches that it would have seen.

    Parameters
    ----------
    data : ImageDataset, LazyImageDataset, PointDataset or pair of arrays
        Pictures ``(n, height, width, channels)``, uint8, 0 to 255 (or rows ``(n, d)``), and labels ``(n,)``.
    batch_size : int
        Pictures in a batch; the last one of an epoch may be smaller.
    shuffle : bool
        Whether each epoch has an order of its own; False keeps the order of the data.
    seed : int
        Of the orders.

    Returns
    -------
    tf.data.Dataset or keras.utils.PyDataset
        Pairs of pictures and labels; `Model.fit` takes either (with ``shuffle=False``, it is shuffled already).

    Raises
    ------
    DataError
        If the data or `batch_size` cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> pictures, labels = np.zeros((10, 28, 28, 1), "uint8"), np.arange(10)
    >>> [len(batch) for _, batch in batches((pictures, labels), batch_size=4)]
    [4, 4, 2]
    """
    return make_batches(rows_of(data), batch_size, shuffle, seed)[0]


def make_batches(rows, batch_size, shuffle=True, seed=0, first_epoch=0):
    """Return the batches of the rows, and the `Orders` that say which row comes when."""
    orders = Orders(len(rows), positive_integer("batch_size", batch_size), seed if shuffle else None, first_epoch)
    made = _tensorflow_batches if keras.backend.backend() == "tensorflow" else _PyBatches
    return made(rows, orders), orders


class Orders:
    """The order of the rows in each epoch, from nothing but the seed and the epoch's number.

    Each call of `next_epoch` begins an epoch; `epoch` says which one comes next, counted from 0.
    """

    def __init__(self, n, batch_size, seed, first_epoch=0):
        self.n, self.batch_size, self.seed, self.epoch = n, batch_size, seed, first_epoch

    @property
    def steps(self):
        """Batches in an epoch."""
        return math.ceil(self.n / self.batch_size)

    def next_epoch(self):
        """Return the row numbers of the next epoch, in their order, as int64 of shape (n,)."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        if self.seed is None:
            return np.arange(self.n)
        return np.random.default_rng((self.seed, epoch)).permutation(self.n)


def _tensorflow_batches(rows, orders):
    import tensorflow as tf

    order = tf.data.Dataset.from_generator(
        lambda: iter([orders.next_epoch()]), output_signature=tf.TensorSpec((orders.n,), tf.int64)
    )
    indices = order.unbatch().batch(orders.batch_size)
    if rows.array is None:
        pairs = indices.map(lambda i: _read_in_python(tf, rows, i), num_parallel_calls=1)
    else:
        # TensorFlow gathers the pictures, a batch at a time: a step in Python for each would hold Python's lock.
        with tf.device("CPU:0"):  # a graphics card's memory is for the network
            x, labels = tf.constant(rows.array), tf.constant(rows.labels)
        pairs = indices.map(lambda i: (tf.gather(x, i), tf.gather(labels, i)), num_parallel_calls=1)
    return pairs.apply(tf.data.experimental.assert_cardinality(orders.steps)).prefetch(2)


def _read_in_python(tf, rows, indices):
    kinds = tf.TensorSpec((None, *rows.shape), tf.uint8), tf.TensorSpec((None,), rows.labels.dtype)
    pair = tf.numpy_function(rows.pair, [indices], [kind.dtype for kind in kinds])
    return tuple(tf.ensure_shape(part, kind.shape) for part, kind in zip(pair, kinds, strict=True))


class _PyBatches(keras.utils.PyDataset):
    """Batches of the rows for the backends without `tf.data`."""

    def __init__(self, rows, orders):
        super().__init__()
        self._rows, self._orders = rows, orders
        self._order = None

    def __len__(self):
        return self._orders.steps

    def __getitem__(self, step):
        if step == 0 or self._order is None:
            self._order = self._orders.next_epoch()
        size = self._orders.batch_size
        return self._rows.pair(self._order[step * size : (step + 1) * size])
