"""The convolutional networks, from LeNet-5 to a mixed-scale dense network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._arguments import Size
from .._keras import Model
from ..errors import ModelError
from .parts import (
    Seeds,
    convolution,
    finished,
    hidden,
    known,
    layers,
    normalised,
    picture_input,
    residual_block,
    sizes,
)


def build_lenet(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int | None = 10,
    filters: Sequence[int] = (6, 16),
    units: Size = (120, 84),
    activation: Any = "tanh",
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return LeNet-5 as it is taught today: two convolutions with average pooling, three dense layers.

    The paper padded its 28 x 28 digits to 32 x 32; here the first convolution pads them.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255, at least 12 x 12 pixels.
    classes : int or None
        As for `build_mlp`.
    filters : tuple of int
        Filters of the two convolutions, 5 x 5 each.
    units : tuple of int
        Sizes of the hidden dense layers.
    activation : str or callable
        Of the convolutions and the hidden dense layers.
    dropout, augmentation, seed, learning_rate
        As for `build_mlp`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition,
    section II.B. Its third layer joins only some pairs of maps, and its last layer is made of radial basis
    functions: 60,000 weights in place of the 61,706 here.

    Examples
    --------
    >>> build_lenet().count_params()
    61706
    """
    seeds = Seeds(seed)
    filters = sizes(filters, "filters", length=2)
    known(activation)
    inputs, x = picture_input(input_shape, augmentation, smallest=12)
    for number, (maps, padding) in enumerate(zip(filters, ("same", "valid"), strict=True), start=1):
        x = layers.Conv2D(
            maps,
            5,
            padding=padding,
            activation=activation,
            kernel_initializer=seeds.weights(activation),
            name=f"conv_{number}",
        )(x)
        x = layers.AveragePooling2D(2, name=f"pool_{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = hidden(x, units, seeds, activation)
    return finished("lenet", inputs, x, classes, dropout, seeds, learning_rate)


def build_small_cnn(
    input_shape: Sequence[int],
    classes: int | None = 10,
    filters: Sequence[int] = (16, 32, 64),
    kernel_size: Size = 3,
    units: Size = 64,
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return a small convolutional network: convolution, ReLU and pooling, again and again, then dense layers.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255. Each pooling halves height and
        width, so three of them need 8 x 8 pixels.
    classes : int or None
        As for `build_mlp`.
    filters : tuple of int
        Filters of each convolution; as many convolutions as numbers.
    kernel_size : int or tuple of int
        Pixels, of every convolution.
    units : int or tuple of int
        Size of the hidden dense layers; ``()`` for none.
    dropout : float
        Share of the numbers before the last layer set to zero in training, in [0, 1).
    augmentation, seed, learning_rate
        As for `build_logit`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    Examples
    --------
    >>> model = build_small_cnn((28, 28, 1), classes=10, filters=(8, 16), units=())
    >>> [layer.name for layer in model.layers][2:]
    ['conv_1', 'pool_1', 'conv_2', 'pool_2', 'flatten', 'probabilities']
    """
    seeds = Seeds(seed)
    filters = sizes(filters, "filters")
    window = sizes(kernel_size, "kernel_size")
    if len(window) > 2:
        raise ModelError(f"kernel_size must be a positive integer or a pair of them. Received: kernel_size={window}")
    inputs, x = picture_input(input_shape, augmentation, smallest=2 ** len(filters))
    for number, maps in enumerate(filters, start=1):
        x = convolution(x, maps, seeds, f"conv_{number}", window * 2 if len(window) == 1 else window)
        x = layers.MaxPooling2D(2, name=f"pool_{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = hidden(x, units, seeds)
    return finished("small_cnn", inputs, x, classes, dropout, seeds, learning_rate)


def build_vgg_like(
    input_shape: Sequence[int],
    classes: int | None = 10,
    filters: Sequence[int] = (32, 64, 128),
    convolutions: int = 2,
    units: Size = (128,),
    dropout: float = 0.5,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return a network in the manner of VGG: blocks of 3 x 3 convolutions, each block closed by a pooling.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255. Each block halves height and width.
    classes : int or None
        As for `build_mlp`.
    filters : tuple of int
        Filters of the convolutions in each block; as many blocks as numbers.
    convolutions : int or tuple of int
        Convolutions in each block: VGG-16 has ``(2, 2, 3, 3, 3)``.
    units : int or tuple of int
        Size of the hidden dense layers.
    dropout, augmentation, seed, learning_rate
        As for `build_small_cnn`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    Simonyan and Zisserman (2015), Very deep convolutional networks for large-scale image recognition, table 1.

    Examples
    --------
    >>> vgg16 = build_vgg_like((64, 64, 3), filters=(64, 128, 256, 512, 512), convolutions=(2, 2, 3, 3, 3))
    >>> sum(layer.name.startswith("block") and "conv" in layer.name for layer in vgg16.layers)
    13
    """
    seeds = Seeds(seed)
    filters = sizes(filters, "filters")
    counts = sizes(convolutions, "convolutions")
    counts = counts * len(filters) if len(counts) == 1 else counts
    if len(counts) != len(filters):
        raise ModelError(
            "convolutions must be one number, or one for each block of filters. "
            f"Received: convolutions={convolutions}, filters={filters}"
        )
    inputs, x = picture_input(input_shape, augmentation, smallest=2 ** len(filters))
    for block, (maps, count) in enumerate(zip(filters, counts, strict=True), start=1):
        for number in range(1, count + 1):
            x = convolution(x, maps, seeds, f"block{block}_conv{number}")
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = hidden(x, units, seeds)
    return finished("vgg_like", inputs, x, classes, dropout, seeds, learning_rate)


def build_resnet_small(
    input_shape: Sequence[int],
    classes: int | None = 10,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int = 1,
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return a residual network for small pictures: what a block computes is added to what came in.

    With ``blocks=3`` it has 20 layers with weights, as ResNet-20 of the paper; where the size changes, the
    short cut is a 1 x 1 convolution (the paper's option B).

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255. Each stage after the first halves
        height and width.
    classes : int or None
        As for `build_mlp`.
    filters : tuple of int
        Filters of each stage.
    blocks : int
        Blocks of two convolutions in each stage, at least 1.
    dropout, augmentation, seed, learning_rate
        As for `build_small_cnn`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition, section 4.2.

    Examples
    --------
    >>> build_resnet_small((32, 32, 3), blocks=3).count_params()
    274042
    """
    seeds = Seeds(seed)
    filters = sizes(filters, "filters")
    (blocks,) = sizes(blocks, "blocks", length=1)
    inputs, x = picture_input(input_shape, augmentation, smallest=2 ** (len(filters) - 1))
    x = layers.ReLU(name="stem_relu")(normalised(x, filters[0], seeds, "stem"))
    for stage, maps in enumerate(filters, start=1):
        for number in range(1, blocks + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            x = residual_block(x, maps, strides, seeds, f"stage{stage}_block{number}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return finished("resnet_small", inputs, x, classes, dropout, seeds, learning_rate)


def build_mixed_scale_dense(
    input_shape: Sequence[int],
    classes: int | None = 10,
    depth: int = 20,
    width: int = 1,
    dilation_rates: Sequence[int] = tuple(range(1, 11)),
    dropout: float = 0.0,
    augmentation: Any = None,
    seed: int | None = None,
    learning_rate: Any = 0.001,
) -> Model:
    """Return a mixed-scale dense network: every layer sees all maps before it, through growing dilations.

    There is no pooling: every map keeps the picture's size, and the scales come from the dilations. The
    paper ends in one label for each pixel; here all maps are averaged, for one answer a picture. The border
    is padded with zeros (the paper: reflected).

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of a picture with values 0 to 255.
    classes : int or None
        As for `build_mlp`.
    depth : int
        Number of layers.
    width : int
        New maps in each layer.
    dilation_rates : int or tuple of int
        Gone through again and again, map by map, as in the paper. Those that would reach over the whole
        picture are left out.
    dropout, augmentation, seed, learning_rate
        As for `build_small_cnn`.

    Returns
    -------
    keras.Model

    Raises
    ------
    ModelError
        If an argument is not as said above.

    References
    ----------
    Pelt and Sethian (2018), A mixed-scale dense convolutional neural network for image analysis, PNAS 115(2).

    Examples
    --------
    >>> model = build_mixed_scale_dense((32, 32, 1), classes=10, depth=3)
    >>> [layer.dilation_rate for layer in model.layers if "conv" in layer.name]
    [(1, 1), (2, 2), (3, 3)]
    """
    seeds = Seeds(seed)
    (depth,) = sizes(depth, "depth", length=1)
    (width,) = sizes(width, "width", length=1)
    inputs, x = picture_input(input_shape, augmentation)
    smaller = min(x.shape[1:3])
    rates = [rate for rate in sizes(dilation_rates, "dilation_rates") if rate < smaller] or [1]
    maps = [x]
    for layer in range(depth):
        seen = maps[0] if len(maps) == 1 else layers.Concatenate(name=f"all_before_{layer + 1}")(list(maps))
        for channel in range(width):
            rate = rates[(layer * width + channel) % len(rates)]
            name = f"conv_{layer + 1}" if width == 1 else f"conv_{layer + 1}_{channel + 1}"
            maps.append(convolution(seen, 1, seeds, name, dilation_rate=rate))
    x = layers.Concatenate(name="all_maps")(maps)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return finished("mixed_scale_dense", inputs, x, classes, dropout, seeds, learning_rate)
