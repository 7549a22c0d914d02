"""Pictures to learn from."""

from .examples import example_image

__all__ = ["example_image"]
