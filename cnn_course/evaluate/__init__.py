"""Evaluation: confusion, intervals, calibration, thresholds, two models side by side, leaks between the parts."""

from .calibration import Calibration, Temperature, calibration_curve, fit_temperature
from .comparison import PairedComparison, compare_models, compare_predictions
from .confusion import ConfusionMatrix, confusion_matrix
from .intervals import Estimate, wilson_interval
from .leakage import Leaks, find_leaks
from .predicting import evaluate_model, predict_probabilities
from .report import ClassScores, Evaluation, confident_errors, evaluate_predictions
from .thresholds import PrecisionRecall, Threshold, choose_threshold, precision_recall

__all__ = [
    "Calibration",
    "ClassScores",
    "ConfusionMatrix",
    "Estimate",
    "Evaluation",
    "Leaks",
    "PairedComparison",
    "PrecisionRecall",
    "Temperature",
    "Threshold",
    "calibration_curve",
    "choose_threshold",
    "compare_models",
    "compare_predictions",
    "confident_errors",
    "confusion_matrix",
    "evaluate_model",
    "evaluate_predictions",
    "find_leaks",
    "fit_temperature",
    "precision_recall",
    "predict_probabilities",
    "wilson_interval",
]
