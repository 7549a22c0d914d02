"""Files of weights (HDF5) from anybody, looked through before a number of them is read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    import h5py

_FLOOR, _EXPANSION = 1 << 28, 100  # bytes; times: beyond both, what is packed is no longer weights


def check_hdf5(file: h5py.File, path: str | Path) -> int:
    """Return how many numbers an HDF5 file holds, or refuse it.

    A data set of HDF5 may lie in any other file of this computer, whose bytes would then be weights, and be handed on
    with the model; or nowhere, and is read as zeros.

    Parameters
    ----------
    file : h5py.File
        Open.
    path : str or Path
        What the message calls it.

    Returns
    -------
    int

    Raises
    ------
    ModelError
        If a part of it is a link, lies in another file or nowhere, or is something else than real numbers. (Integers
        are allowed: Keras keeps counts and the seeds of its random layers among the weights.)
    """
    import h5py

    numbers = 0
    for name, link, part in _parts(file, h5py):
        if link is not h5py.HardLink:
            raise ModelError(f"{path} was not loaded: its {name} is a link to elsewhere ({link.__name__}).")
        if isinstance(part, h5py.Dataset):
            fault = _fault(part)
            if fault:
                raise ModelError(f"{path} was not loaded: its {name} {fault}. Keras writes no such file.")
            numbers += math.prod(part.shape)
    return numbers


def _parts(group, h5py):
    """Yield name, kind of link and object of everything in a group, each group once, no link followed."""
    groups, seen = [group], set()
    while groups:
        group = groups.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:  # a hard link can lead back
            continue
        seen.add(place)
        for name in group:
            link = group.get(name, getclass=True, getlink=True)
            part = group[name] if link is h5py.HardLink else None
            yield f"{group.name.rstrip('/')}/{name}", link, part
            if isinstance(part, h5py.Group):
                groups.append(part)


def _fault(data: h5py.Dataset) -> str:
    """Return in words what keeps a data set from being weights, or nothing."""
    if data.external:
        return f"lies in another file of this computer, {data.external[0][0]!r}"
    if data.is_virtual:
        return "is put together from other files"
    try:
        kind = data.dtype
    except TypeError:  # a type that NumPy has no word for
        kind = None
    # bfloat16, which NumPy lacks, is written as two bytes with its name beside them
    small = kind is not None and kind.kind == "V" and kind.itemsize == 2 and data.attrs.get("dtype") == "bfloat16"
    if data.shape is None or not (small or (kind is not None and kind.kind in "fiub")):
        return f"holds no real numbers, but {'something else' if kind is None or data.shape is None else kind}"
    claimed, stored = data.size * kind.itemsize, data.id.get_storage_size()
    if claimed and not stored:
        return "holds no numbers at all"
    if claimed > max(_FLOOR, _EXPANSION * stored):
        return f"claims {claimed:,} bytes, and {stored:,} are there"
    return ""
