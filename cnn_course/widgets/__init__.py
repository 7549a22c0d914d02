"""Widgets: the ideas of the lessons, to play with. Alive in a notebook, in an exported page and in a slide."""

from ._base import CourseWidget
from .convolution import ConvolutionDemo

__all__ = ["ConvolutionDemo", "CourseWidget"]
