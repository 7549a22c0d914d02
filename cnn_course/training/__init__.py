"""Training: batches for every backend, augmentation, `train_model` with progress and resume."""

from ._checks import TrainingWarning
from .augmentation import Augmentation, RandomNoise, build_augmentation
from .curves import TrainingCurves, training_curves
from .history import Comparison, TrainingHistory
from .loop import compare, train_model
from .pipeline import batches

__all__ = [
    "Augmentation",
    "Comparison",
    "RandomNoise",
    "TrainingCurves",
    "TrainingHistory",
    "TrainingWarning",
    "batches",
    "build_augmentation",
    "compare",
    "train_model",
    "training_curves",
]
