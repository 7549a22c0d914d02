"""What a network sees, drawn: maps of every depth, heat on the picture, neighbours, and pictures that deceive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ._style import (
    COLOURS,
    INK,
    MUTED,
    SMALL,
    VERMILLION,
    WIDTH,
    CourseFigure,
    axes_for,
    bare,
    draw_picture,
    in_legend,
    name_row,
    new_figure,
    styled,
)


@styled
def plot_layers(image: NDArray, maps: Mapping[str, NDArray], n: int = 8) -> CourseFigure:
    """Draw what the layers make of a picture: a row for each layer, its strongest maps first.

    Each map has its own scale, black where it is least and white where it is most.

    Parameters
    ----------
    image : array of shape (height, width, channels)
        uint8, 0 to 255.
    maps : dict of str to array of shape (rows, columns, filters)
        As `feature_maps` gives them for one picture.
    n : int
        Maps of each layer.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If the maps are not those of one picture.

    Examples
    --------
    >>> plot_layers(np.zeros((8, 8, 1), "uint8"), {"conv_1": np.zeros((8, 8, 4)), "conv_2": np.zeros((4, 4, 2))})
    <Figure: A picture and its strongest maps in conv_1 (4 of 4, 8 x 8), conv_2 (2 of 2, 4 x 4).>
    """
    maps = {name: np.asarray(values) for name, values in maps.items()}
    wrong = {name: values.shape for name, values in maps.items() if values.ndim != 3}
    if wrong or not maps:
        raise DataError(
            f"maps must be those of one picture, (rows, columns, filters) for each layer. Received: {wrong}"
        )
    shown = {name: min(n, values.shape[2]) for name, values in maps.items()}
    words = [f"{k} ({shown[k]} of {v.shape[2]}, {v.shape[0]} x {v.shape[1]})" for k, v in maps.items()]
    side = (WIDTH - 1.1) / (n + 1)
    alt = f"A picture and its strongest maps in {', '.join(words)}."
    figure = new_figure(alt, height=(side + 0.3) * len(maps))
    grid = figure.subplots(len(maps), n + 1, squeeze=False)
    draw_picture(grid[0, 0], _grey_levels(image))
    for line in grid[1:]:
        line[0].set_axis_off()
    for line, (name, values) in zip(grid, maps.items(), strict=True):
        order = np.argsort(-values.mean(axis=(0, 1)), kind="stable")
        for ax, channel in zip(line[1:], order, strict=False):
            draw_picture(ax, values[..., channel].astype(float))
            ax.set_title(str(channel), fontsize=SMALL, color=MUTED, pad=2)
        for ax in line[1 + shown[name] :]:
            ax.set_axis_off()
        line[1].set_ylabel(f"{name.rpartition('/')[2]}\n{values.shape[0]} × {values.shape[1]}", fontsize=SMALL)
    return figure


@styled
def plot_heat_maps(images: NDArray, maps: Any, titles: Sequence[str] | None = None) -> CourseFigure:
    """Draw pictures, and below each one where the heat lies on it.

    The picture is grey, so that only the heat has colour. Each map has its own scale, from nothing to its 99.5th
    percentile; what is negative is left out.

    Parameters
    ----------
    images : array of shape (n, height, width, channels), or one picture
        0 to 255; grey ones may come without their channel.
    maps : dict of str to array of shape (n, height, width), or one such array
        What `saliency`, `grad_cam` or `occlusion` give; by name, each has a row.
    titles : sequence of str, optional
        One above each picture.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If pictures and maps do not fit each other.

    Examples
    --------
    >>> plot_heat_maps(np.zeros((2, 8, 8, 3), "uint8"), {"Grad-CAM": np.ones((2, 8, 8))}, ["cat", "meme"])
    <Figure: 2 pictures (cat, meme), and where the heat lies on each: Grad-CAM.>
    """
    maps = {name: np.asarray(heat) for name, heat in (maps if isinstance(maps, dict) else {"": maps}).items()}
    images = _grey_levels(images)
    if all(heat.ndim == 2 for heat in maps.values()):
        images, maps = images[None], {name: heat[None] for name, heat in maps.items()}
    for name, heat in maps.items():
        if heat.shape != images.shape[:3]:
            raise DataError(f"maps must have the shape {images.shape[:3]}. Received: {name} of shape {heat.shape}")
    n, ratio = len(images), images.shape[1] / images.shape[2]
    side = min(1.8, (WIDTH - 1.2) / n)
    words = f" ({', '.join(map(str, titles))})" if titles is not None else ""
    which = f": {', '.join(maps)}" if any(maps) else ""
    alt = f"{n} picture{'s' * (n > 1)}{words}, and where the heat lies on {'each' if n > 1 else 'it'}{which}."
    height = (side * ratio + 0.08) * (1 + len(maps)) + 0.3 * (titles is not None)
    figure = new_figure(alt, height=height, width=max(side * n + 1.2, 3))
    grid = figure.subplots(1 + len(maps), n, squeeze=False)
    for column, image in enumerate(images):
        draw_picture(grid[0, column], image)
        if titles is not None:
            grid[0, column].set_title(titles[column], fontsize=SMALL)
        for line, heat in zip(grid[1:], maps.values(), strict=True):
            _draw_heat(line[column], image, heat[column].astype(float))
    for line, name in zip(grid[1:], maps, strict=True):
        name_row(line[0], name)
    return figure


def _grey_levels(images):
    """Return pictures as they are drawn: whole grey levels."""
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def _draw_heat(ax, image, heat):
    import matplotlib

    grey = image.mean(axis=2) if image.ndim == 3 else image.astype(float)
    heat = np.clip(heat / (np.quantile(heat, 0.995) or heat.max() or 1), 0, 1)
    paint = matplotlib.colormaps["inferno"](0.25 + 0.75 * heat)[..., :3]
    mixed = (1 - heat[..., None]) * (grey / 255 * 0.75)[..., None] + heat[..., None] * paint
    draw_picture(ax, (255 * mixed).round().astype(np.uint8))


@styled
def plot_neighbours(
    queries: NDArray, images: NDArray, indices: NDArray, titles: Sequence[str] | None = None
) -> CourseFigure:
    """Draw pictures, and to the right of each one its nearest neighbours.

    Parameters
    ----------
    queries : array of shape (q, height, width, channels)
        uint8, 0 to 255.
    images : array of shape (m, height, width, channels)
    indices : array of int, shape (q, n)
        Into `images`, nearest first: ``nearest_neighbours(...).indices``.
    titles : sequence of str, optional
        One for each of `images`, shown above it.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If there is not a row of indices for each picture.

    Examples
    --------
    >>> pictures = np.zeros((4, 8, 8, 1), "uint8")
    >>> plot_neighbours(pictures[:2], pictures, [[0, 1, 2], [1, 3, 0]])
    <Figure: 2 pictures, each with its 3 nearest neighbours.>
    """
    queries, images, indices = _grey_levels(queries), _grey_levels(images), np.asarray(indices)
    if indices.ndim != 2 or len(indices) != len(queries):
        raise DataError(f"indices must have a row for each of {len(queries)} pictures. Received: shape {indices.shape}")
    q, n = indices.shape
    side = min(1.2, WIDTH / (n + 1.4))
    alt = f"{q} picture{'s' * (q > 1)}, each with its {n} nearest neighbours."
    figure = new_figure(alt, height=(side + (0.28 if titles is not None else 0.05)) * q, width=side * (n + 1.4))
    widths = [1, 0.15, *[1] * n]
    for line, query, row in zip(
        figure.subplots(q, n + 2, squeeze=False, width_ratios=widths), queries, indices, strict=True
    ):
        draw_picture(line[0], query).axes.spines[:].set(visible=True, color=INK, linewidth=2)
        line[1].set_axis_off()
        for ax, index in zip(line[2:], row, strict=True):
            draw_picture(ax, images[index])
            if titles is not None:
                ax.set_title(titles[index], fontsize=SMALL, color=MUTED, pad=2)
    return figure


@styled
def plot_embedding(
    points: ArrayLike, labels: ArrayLike, class_names: Sequence[str], ax: Axes | None = None
) -> CourseFigure | Axes:
    """Draw a map of an embedding: a mark for each picture, its class by colour and by sign.

    Parameters
    ----------
    points : array of shape (n, 2)
        As `project_2d` gives them.
    labels : array of int, shape (n,)
    class_names : sequence of str
        A name of one character is drawn itself, any other as a mark.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure, or `ax`

    Raises
    ------
    DataError
        If there is not a label for each point, or not a name for each label.

    Examples
    --------
    >>> plot_embedding(np.eye(2), [0, 1], ["cat", "meme"])
    <Figure: A map of 2 pictures: cat 1, meme 1.>
    """
    points, labels = np.asarray(points), np.asarray(labels)
    if points.shape != (len(labels), 2):
        raise DataError(f"points must have the shape ({len(labels)}, 2). Received: shape {points.shape}")
    if labels.dtype.kind not in "ui" or labels.min() < 0 or labels.max() >= len(class_names):
        raise DataError(f"labels must be integers from 0 to {len(class_names) - 1}, numbers of class_names.")
    counts = ", ".join(f"{name} {(labels == k).sum()}" for k, name in enumerate(class_names) if (labels == k).any())
    wide, high = np.ptp(points, axis=0)
    height = np.clip(5 * high / (wide or 1), 2.5, 5)  # as much paper as the map needs
    ax, returned = axes_for(ax, f"A map of {len(points)} pictures: {counts}.", height=height, width=7.5)
    for k, (name, marker) in enumerate(zip(class_names, "osD^v<>ph*" * len(class_names), strict=False)):
        own, marker = points[labels == k], f"${name}$" if len(name) == 1 and name.isalnum() else marker
        look: dict[str, Any] = {
            "color": COLOURS[k % len(COLOURS)],
            "marker": marker,
            "linewidths": 0.3,
            "label": in_legend(name),
        }
        ax.scatter(own[:, 0], own[:, 1], 34, **look)
    bare(ax).set_aspect("equal", adjustable="datalim")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.4)
    return returned


@styled
def plot_adversarial(images: ArrayLike, changed: ArrayLike, before: Any, after: Any) -> CourseFigure:
    """Draw pictures, what was added to each one, and the pictures with it.

    Parameters
    ----------
    images, changed : array of shape (n, height, width, channels), or one picture
        0 to 255.
    before, after : sequence of str, or one
        What the network finds in each.

    Returns
    -------
    CourseFigure

    Raises
    ------
    DataError
        If pictures and words differ in number.

    Examples
    --------
    >>> pictures = np.full((1, 8, 8, 1), 90, "uint8")
    >>> plot_adversarial(pictures, pictures + 4.0, ["a 3"], ["an 8"])
    <Figure: 1 picture, changed by at most 4 grey levels: a 3 becomes an 8.>
    """
    images, changed = np.asarray(images, float), np.asarray(changed, float)
    if isinstance(before, str):
        images, changed, before, after = images[None], changed[None], [before], [after]
    n = len(images)
    if images.shape != changed.shape or not n == len(before) == len(after):
        raise DataError(
            f"changed, before and after must be as many as the {n} pictures. "
            f"Received: {len(changed)} changed, {len(before)} and {len(after)} words"
        )
    most = float(np.abs(changed - images).max())
    words = "; ".join(f"{a} becomes {b}" for a, b in zip(before, after, strict=True))
    alt = f"{n} picture{'s' * (n > 1)}, changed by at most {most:g} grey levels: {words}."
    side = min(1.5, (WIDTH - 1.3) / n)
    figure = new_figure(alt, height=3 * side + 0.8, width=max(side * n + 1.3, 3.5))
    grid = figure.subplots(3, n, squeeze=False)
    for column in range(n):
        draw_picture(grid[0, column], _grey_levels(images[column]))
        grid[0, column].set_title(before[column], fontsize=SMALL)
        added = 127.5 + (changed - images)[column] * (127.5 / (most or 1))
        draw_picture(grid[1, column], _grey_levels(added))
        draw_picture(grid[2, column], _grey_levels(changed[column]))
        grid[2, column].set_xlabel(after[column], fontsize=SMALL, color=VERMILLION)
    for ax, text in zip(grid[:, 0], ("picture", f"added, ±{most:g}", "sum"), strict=True):
        name_row(ax, text)
    return figure


@styled
def plot_flip_rates(strengths: Sequence[float], rates: Any, ax: Axes | None = None) -> CourseFigure | Axes:
    """Draw which share of right answers flips, against the strength of the change.

    Parameters
    ----------
    strengths : sequence of float
        In grey levels of 255.
    rates : dict of str to sequence of float
        A line for each: ``{"one step": [...], "noise": [...]}``, shares from 0 to 1.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    CourseFigure, or `ax`

    Examples
    --------
    >>> plot_flip_rates([0, 8], {"one step": [0, 0.5], "noise": [0, 0.01]})
    <Figure: Share of right answers that flip, up to a strength of 8 grey levels: one step 50 %, noise 1 %.>
    """
    ends = ", ".join(f"{name} {100 * line[-1]:.0f} %" for name, line in rates.items())
    alt = f"Share of right answers that flip, up to a strength of {strengths[-1]:g} grey levels: {ends}."
    ax, returned = axes_for(ax, alt, height=3.8, width=8)
    for name, line in rates.items():
        ax.plot(strengths, 100 * np.asarray(line, float), label=in_legend(name))
    ax.axhline(50, color=MUTED, linewidth=0.8, linestyle=":", marker="")
    ax.set(xlabel="strength, in grey levels of 255", ylabel="right answers that flip, %", ylim=(-2, 102))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return returned
