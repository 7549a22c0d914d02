"""Seeing what a network sees. Every function takes a model and pictures, and gives arrays.

They work on Sequential and functional models, on models inside models, and on every backend of Keras; one small file,
`_gradients.py`, holds the lines that differ between backends.
"""

from ._graph import gives_probabilities, kind_of_output
from .attribution import grad_cam, occlusion, saliency
from .features import Neighbours, embed, feature_maps, nearest_neighbours, project_2d
from .maximisation import activation_maximisation
from .perturbation import adversarial, loss_gradient
from .sanity import SanityCheck, randomise_weights, sanity_check
from .shipped import FeaturePicture, load_feature_pictures

__all__ = [
    "FeaturePicture",
    "Neighbours",
    "SanityCheck",
    "activation_maximisation",
    "adversarial",
    "embed",
    "feature_maps",
    "gives_probabilities",
    "grad_cam",
    "kind_of_output",
    "load_feature_pictures",
    "loss_gradient",
    "nearest_neighbours",
    "occlusion",
    "project_2d",
    "randomise_weights",
    "saliency",
    "sanity_check",
]
