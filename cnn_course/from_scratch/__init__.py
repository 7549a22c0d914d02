"""Every formula of the course in numpy, short enough to read: convolution, pooling, a network that learns."""

from .convolution import (
    ConvolutionStep,
    conv2d,
    conv2d_loops,
    convolution_matrix,
    convolution_steps,
    flip_kernel,
)
from .optimisers import descend
from .pooling import average_pool2d, max_pool2d, norm_pool2d
from .transposed import conv2d_transpose

__all__ = [
    "ConvolutionStep",
    "average_pool2d",
    "conv2d",
    "conv2d_loops",
    "conv2d_transpose",
    "convolution_matrix",
    "convolution_steps",
    "descend",
    "flip_kernel",
    "max_pool2d",
    "norm_pool2d",
]
