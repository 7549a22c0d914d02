"""Pictures to learn from: bundled, generated, downloaded, and your own."""

from .cards import DataCard
from .core import ImageDataset, PointDataset
from .examples import example_image
from .registry import load_dataset

__all__ = ["DataCard", "ImageDataset", "PointDataset", "example_image", "load_dataset"]
