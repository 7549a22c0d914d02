"""The sizes of convolutions, transposed convolutions and pooling, in plain integers.

Every function takes one number for one axis, or a tuple with one number for each axis; beside a tuple, a
single number counts for every axis, as in Keras. Padding is ``"valid"``, ``"same"``, a number of zeros for
every side, or what Keras's ``ZeroPadding`` layers take: ``(before, after)`` for one axis, ``(rows, columns)``
or ``((before, after), (before, after))`` for two.
"""

from .receptive import ReceptiveField, receptive_field
from .sizes import (
    output_size,
    padding_for,
    padding_pairs,
    same_padding,
    transposed_output_size,
    unreached_pixels,
)

__all__ = [
    "ReceptiveField",
    "output_size",
    "padding_for",
    "padding_pairs",
    "receptive_field",
    "same_padding",
    "transposed_output_size",
    "unreached_pixels",
]
