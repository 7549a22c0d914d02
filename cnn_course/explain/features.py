"""What the layers of a network make of a picture: its maps, and the row of numbers before the last layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arguments import listed, positive_integer
from .._graph import graph_of
from .._keras import Model
from ..datasets.rows import in_batches, rows_of
from ..errors import DataError, ModelError
from ._graph import Run, convolutions, find_call
from ._inputs import input_shape_of, is_set, pictures_of, single_or_all, to_numpy, to_tensor, trace

_BATCH = 64


def feature_maps(model: Model, image: Any, layers: str | Sequence[str] | None = None) -> dict[str, NDArray]:
    """Return what layers make of a picture: their feature maps.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional; models inside it are looked into.
    image : array of shape (height, width, channels) or (n, height, width, channels), or data set
        0 to 255, as the model takes it.
    layers : sequence of str, optional
        Names of layers, ``"conv_2"``; of a layer in a model inside the model ``"mobilenet/conv_pw_13"``, or its name
        alone where there is only one such. By default every convolution.

    Returns
    -------
    dict of str to array
        Path of the layer to its output, float32, ``(rows, columns, filters)``, or ``(n, rows, columns, filters)``.

    Raises
    ------
    ModelError
        If there is no such layer, or no convolution to show.
    DataError
        If the picture does not fit the model.

    Examples
    --------
    >>> import cnn_course as cc
    >>> maps = feature_maps(cc.build_lenet(seed=0), np.zeros((28, 28, 1), "uint8"))
    >>> {name: values.shape for name, values in maps.items()}
    {'conv_1': (28, 28, 6), 'conv_2': (10, 10, 16)}
    """
    pictures, single = pictures_of(model, image)
    calls = trace(model, pictures)
    if layers is None:
        chosen = convolutions(calls)
        if not chosen:
            raise ModelError(
                "The model has no convolution, so it has no feature maps: its layers are "
                f"{listed('conv', (call.path for call in calls))}. Name one in `layers` to see its numbers."
            )
    else:
        chosen = [find_call(calls, layer) for layer in ([layers] if isinstance(layers, str) else layers)]
    wanted = [call.path for call in chosen]
    last = max(wanted, key=[call.path for call in calls].index)
    found: dict[str, list[NDArray]] = {path: [] for path in wanted}
    for start in range(0, len(pictures), _BATCH):
        run = Run(model, to_tensor(pictures[start : start + _BATCH]), until=last)
        after = {call.path: call.after for call in run.calls}
        for path in wanted:
            found[path].append(to_numpy(after[path]))
    return {path: single_or_all(np.concatenate(parts), single) for path, parts in found.items()}


def embed(model: Model, images: Any) -> NDArray:
    """Return each picture as the row of numbers that the last layer sees.

    The last layer of a network is a logit (or a regression); all that comes before makes its variables.

    Parameters
    ----------
    model : keras.Model
    images : data set, or array of shape (n, height, width, channels) or (height, width, channels)
        uint8, 0 to 255. Of a data set on disk so many pictures at a time are read as are computed at once.

    Returns
    -------
    array of float32, shape (n, d), or (d,) for a single picture
        What goes into the last layer that has weights, each picture as one row.

    Raises
    ------
    ModelError
        If no layer has weights.
    DataError
        If the pictures do not fit the model.

    Examples
    --------
    >>> import cnn_course as cc
    >>> embed(cc.build_lenet(seed=0), np.zeros((5, 28, 28, 1), "uint8")).shape
    (5, 84)
    """
    input_shape_of(model)
    data = rows_of(images, "images", labelled=False) if is_set(images) and len(images) else None
    pictures, single = pictures_of(model, images if data is None else data.take(np.arange(1)))
    calls = [call for call in trace(model, pictures) if graph_of(call.layer) is None]
    weighted = [call for call in calls if getattr(call.layer, "weights", None)]  # an operation such as x / 255 has none
    if not weighted:
        raise ModelError("The model has no layer with weights, so there is nothing before its last one.")
    path = weighted[-1].path
    batches = in_batches(pictures.__getitem__, len(pictures), _BATCH) if data is None else data.batches(_BATCH)
    runs = (Run(model, to_tensor(pictures_of(model, batch)[0]), until=path) for batch in batches)
    vectors = np.concatenate([to_numpy(run.calls[-1].before) for run in runs])
    return single_or_all(vectors.reshape(len(vectors), -1), single and data is None)


@dataclass(frozen=True)
class Neighbours:
    """The rows that lie nearest to each row asked for.

    Parameters
    ----------
    indices : array of int, shape (queries, n)
        Nearest first.
    distances : array of float, shape (queries, n)
    """

    indices: np.ndarray
    distances: np.ndarray


def nearest_neighbours(vectors: ArrayLike, queries: ArrayLike, n: int = 5, metric: str = "cosine") -> Neighbours:
    """Return the pictures that are most alike to a network: the nearest rows of an embedding.

    Parameters
    ----------
    vectors : array of shape (m, d)
        As `embed` gives them.
    queries : array of shape (q, d) or (d,)
        What to find neighbours of. A query that is one of `vectors` finds itself first.
    n : int
        Neighbours of each.
    metric : str
        ``"cosine"`` (the angle), ``"euclidean"``, or another one of scikit-learn's.

    Returns
    -------
    Neighbours

    Raises
    ------
    DataError
        If the rows do not fit each other, or there are fewer than n.

    Examples
    --------
    >>> nearest_neighbours(np.eye(3), [0.9, 0.1, 0], n=2).indices
    array([[0, 1]])
    """
    from sklearn.neighbors import NearestNeighbors

    positive_integer("n", n, ModelError)
    vectors, queries = np.asarray(vectors, float), np.atleast_2d(np.asarray(queries, float))
    if vectors.ndim != 2 or queries.ndim != 2 or vectors.shape[1] != queries.shape[1] or len(vectors) < n:
        raise DataError(
            f"vectors must have the shape (m, d) with m at least n={n}, and queries (q, d). "
            f"Received: vectors of shape {vectors.shape}, queries of shape {queries.shape}"
        )
    distances, indices = NearestNeighbors(n_neighbors=n, metric=metric).fit(vectors).kneighbors(queries)
    return Neighbours(indices, distances)


def project_2d(vectors: ArrayLike, method: str = "pca", seed: int = 0) -> NDArray:
    """Return a place in the plane for each row: a map of an embedding.

    Parameters
    ----------
    vectors : array of shape (n, d)
        At least 3 rows.
    method : {"pca", "tsne"}
        The two directions in which the rows differ most; or neighbours near each other (t-SNE), where distances between
        groups and the sizes of groups mean nothing.
    seed : int
        Of t-SNE.

    Returns
    -------
    array of float32, shape (n, 2)

    Raises
    ------
    DataError
        If the rows cannot be drawn on a map.

    References
    ----------
    Van der Maaten and Hinton (2008), Visualizing data using t-SNE, JMLR 9.

    Examples
    --------
    >>> project_2d(np.arange(12.0).reshape(4, 3)).shape
    (4, 2)
    """
    vectors = np.asarray(vectors, float)
    if vectors.ndim != 2 or len(vectors) < 3 or vectors.shape[1] < 2:
        raise DataError(f"vectors must have the shape (n, d), n >= 3 and d >= 2. Received: shape {vectors.shape}")
    if method == "pca":
        from sklearn.decomposition import PCA

        return PCA(2, random_state=seed).fit_transform(vectors).astype(np.float32)
    if method == "tsne":
        from sklearn.manifold import TSNE

        perplexity = min(30, (len(vectors) - 1) / 3)
        return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors).astype(np.float32)
    raise DataError(f'method must be "pca" or "tsne". Received: method={method!r}')
