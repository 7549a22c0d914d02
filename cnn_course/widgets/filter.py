"""A photograph, a kernel to pick or to write, and what the kernel makes of the photograph."""

from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from .. import from_scratch
from ..errors import DataError
from ._base import CourseWidget, bundle, style
from ._pictures import Picture
from ._traits import Numbers

KERNELS = {
    "blur": np.full((3, 3), 1 / 9).tolist(),
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "horizontal edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "vertical edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "all edges": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "nothing": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}


def gabor_kernel(angle: float, size: int = 7) -> NDArray[np.float64]:
    """Return a wave under a bell: it answers to stripes of one direction and one width.

    Parameters
    ----------
    angle : float
        Direction across the stripes, in degrees; 0 finds upright ones.
    size : int, default 7
        Rows and columns, odd.

    Returns
    -------
    array of shape (size, size)
        Weights that add up to 0.

    References
    ----------
    Daugman (1985), Uncertainty relation for resolution in space, spatial frequency, and orientation optimized by
    two-dimensional visual cortical filters. The bell here is round, its width a fifth of the size, the wave's length
    0.6 of it.

    Examples
    --------
    >>> kernel = gabor_kernel(0)
    >>> kernel.shape, bool(abs(kernel.sum()) < 1e-12), bool(np.allclose(kernel, kernel[::-1]))
    ((7, 7), True, True)
    """
    place = np.arange(size) - (size - 1) / 2
    y, x = np.meshgrid(place, place, indexing="ij")
    turn = np.deg2rad(angle)
    bell = np.exp(-(x**2 + y**2) / (2 * (size / 5) ** 2))
    wave = np.cos(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / (0.6 * size))
    return bell * (wave - (bell * wave).sum() / bell.sum())


class FilterDemo(CourseWidget):
    """A photograph under a kernel: the feature map at once, after ReLU, and after pooling.

    Parameters
    ----------
    picture : array of uint8, shape (height, width) or (height, width, 3), optional
        Larger ones are made smaller, 320 pixels along the longer side. By default a part of
        ``example_image("china")``. The kernel sees the mean of the three colours.
    filter : str
        A name of `kernels`, ``"gabor"`` or ``"own"``.
    kernel : array of shape (height, width), optional
        At most 9 x 9. Setting it makes the filter ``"own"``.
    angle : int
        0 to 180 degrees, of the filter ``"gabor"``.
    pooling : {"max", "average"}
        What is left of each block.
    pool_size : int
        1 to 16: the size of the blocks, and their stride.
    kernels : dict
        The kernels to pick from, by name.

    Raises
    ------
    DataError
        If the picture is not one.
    GeometryError
        If the kernel is not a table of numbers.

    Examples
    --------
    >>> picture = np.zeros((6, 8), "uint8")
    >>> picture[:, 4:] = 100
    >>> demo = FilterDemo(picture, filter="vertical edges")
    >>> demo.feature_map[0]
    array([  0.,   0., 400., 400.,   0.,   0.])
    >>> demo.pooled.shape
    (2, 3)
    """

    title = "Filter demo"
    _esm = bundle("filter_demo.js")
    _css = style("pictures.css")

    picture = Picture().tag(sync=True)
    kernels = traitlets.Dict(KERNELS).tag(sync=True)
    filter = traitlets.Unicode("blur").tag(sync=True)
    kernel = Numbers(KERNELS["blur"], axes=2, largest=(9, 9)).tag(sync=True)
    angle = traitlets.Int(0, min=0, max=180).tag(sync=True)
    pooling = traitlets.Enum(["max", "average"], "max").tag(sync=True)
    pool_size = traitlets.Int(2, min=1, max=16).tag(sync=True)

    def __init__(self, picture: ArrayLike | None = None, **controls: Any) -> None:
        super().__init__(picture=_default_picture() if picture is None else picture)
        first = [name for name in ("kernels", "filter", "angle") if name in controls]  # before a kernel of one's own
        for name in dict.fromkeys([*first, *controls]):
            self.set_trait(name, controls[name])

    def __repr__(self):
        height, width = self.picture.shape[:2]
        return f"FilterDemo({height} x {width} pixels, filter={self.filter!r}, ...)"

    @property
    def grey(self) -> NDArray[np.float64]:
        """The picture that the kernel sees: the mean of the colours, float64."""
        return self.picture.mean(axis=2) if self.picture.ndim == 3 else self.picture.astype(float)

    @property
    def feature_map(self) -> NDArray[np.float64]:
        """The feature map before ReLU, (height - kernel height + 1, width - kernel width + 1)."""
        return from_scratch.conv2d(self.grey, self.kernel)

    @property
    def activation(self) -> NDArray[np.float64]:
        """The feature map after ReLU: what was negative is 0."""
        return np.maximum(self.feature_map, 0)

    @property
    def pooled(self) -> NDArray[np.float64]:
        """The activation after pooling."""
        pool = from_scratch.max_pool2d if self.pooling == "max" else from_scratch.average_pool2d
        return pool(self.activation, self.pool_size)

    @traitlets.validate("filter")
    def _known_filter(self, proposal):
        known = [*self.kernels, "gabor", "own"]
        if proposal["value"] not in known:
            raise DataError(f"filter must be one of {', '.join(map(repr, known))}. Received: {proposal['value']!r}")
        return proposal["value"]

    @traitlets.observe("filter", "angle")
    def _take_kernel(self, _):
        wanted = self._kernel_of_filter()
        if wanted is not None:
            self.kernel = wanted

    @traitlets.observe("kernel")
    def _own_kernel(self, _):
        wanted = self._kernel_of_filter()
        if wanted is not None and (wanted.shape != self.kernel.shape or not np.allclose(wanted, self.kernel)):
            self.filter = "own"

    def _kernel_of_filter(self):
        if self.filter == "gabor":
            return gabor_kernel(self.angle)
        return np.array(self.kernels[self.filter], float) if self.filter in self.kernels else None


def _default_picture():
    from ..datasets import example_image

    return example_image("china")[60:220, 180:420]
