"""Networks of the course, from a multinomial logit to a mixed-scale dense network.

Each function returns a compiled, flat functional Keras model with named layers. A picture goes in as it was
loaded: the input is float32 on the scale 0 to 255 and takes uint8 arrays as they are; the rescaling is the
model's own. The last layer says what comes out: ``probabilities`` (one for each class), ``probability`` (of
class 1, where there are two classes), or ``prediction`` (a regression's number).
"""

from .convolutional import (
    build_lenet,
    build_mixed_scale_dense,
    build_resnet_small,
    build_small_cnn,
    build_vgg_like,
)
from .dense import build_logit, build_mlp
from .shipped import load_hashtag_cnn

__all__ = [
    "build_lenet",
    "build_logit",
    "build_mixed_scale_dense",
    "build_mlp",
    "build_resnet_small",
    "build_small_cnn",
    "build_vgg_like",
    "load_hashtag_cnn",
]
