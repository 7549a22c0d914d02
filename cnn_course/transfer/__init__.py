"""Transfer: backbones that have learned elsewhere, freezing and opening them, keeping and re-using a classifier."""

from .building import build_transfer_model
from .catalogue import Backbone, BackboneTable, backbones
from .curves import CurveRow, TransferCurves, few_labels, transfer_curves
from .freezing import backbone_blocks, freeze, unfreeze
from .keeping import Classifier, ClassifierCard, load_classifier, save_classifier
from .tuning import FineTuning, backbone_features, fine_tune

__all__ = [
    "Backbone",
    "BackboneTable",
    "Classifier",
    "ClassifierCard",
    "CurveRow",
    "FineTuning",
    "TransferCurves",
    "backbone_blocks",
    "backbone_features",
    "backbones",
    "build_transfer_model",
    "few_labels",
    "fine_tune",
    "freeze",
    "load_classifier",
    "save_classifier",
    "transfer_curves",
    "unfreeze",
]
