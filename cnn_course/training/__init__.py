"""Training: batches for every backend, augmentation, `train_model` with progress and resume.

Loaded name by name: a history and the shipped table are read, and drawn, where no backend is installed.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
