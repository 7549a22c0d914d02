"""Image classification with convolutional networks: the package behind the lessons.

Every public name is loaded when it is first used, so that ``import cnn_course`` costs next to nothing.
"""

import lazy_loader as _lazy

from ._quiet import prepare_environment as _prepare_environment

_prepare_environment()

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

__version__ = "0.1.0"
