"""Widgets: the ideas of the lessons, to play with. Alive in a notebook, in an exported page and in a slide."""

from ._base import CourseWidget
from .architecture import ArchitectureDemo
from .augmentation import AugmentationPreview
from .classifier import ClassifierDemo
from .convolution import ConvolutionDemo
from .descent import DescentDemo
from .filter import FilterDemo, gabor_kernel

__all__ = [
    "ArchitectureDemo",
    "AugmentationPreview",
    "ClassifierDemo",
    "ConvolutionDemo",
    "CourseWidget",
    "DescentDemo",
    "FilterDemo",
    "gabor_kernel",
]
