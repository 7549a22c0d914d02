"""Checkpoints of a training: one file an epoch, complete or not there, with all that the next epoch needs.

Keras's `BackupAndRestore` writes into the file it would restore from, and `save_weights` leaves out the states of
the random layers, so a training that it takes up again is not the one that was stopped. Here a checkpoint is
written beside the old one and renamed, and holds the weights, the optimizer's moments, the random layers' states,
and the history.
"""

import json
import math
import re
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary
from zipfile import BadZipFile, ZipFile

import numpy as np

from .._files import write_atomically
from .._keras import load_keras
from ..errors import ModelError
from .history import TrainingHistory
from .identity import difference, hash_of, seeded
from .inputs import TrainingWarning

keras = load_keras()

_BEGUN: WeakKeyDictionary = WeakKeyDictionary()  # model -> folders that it was saved to in this session
_BROKEN = (
    *(ValueError, TypeError, KeyError, AttributeError, EOFError, MemoryError, OverflowError, RecursionError),
    *(NotImplementedError, BadZipFile, zlib.error),
)
_NAME = re.compile(r"epoch_(\d{5})\.npz")


class Checkpoint:
    """A folder with the last epoch of one training, and the best.

    Parameters
    ----------
    folder : str or Path
        Made with the first checkpoint.
    run : dict
        What must be the same for a training to be taken up again: names and plain values.
    """

    def __init__(self, folder, run):
        self.folder = Path(folder)
        self._run = json.loads(json.dumps(run))

    def epochs(self):
        """Return the epochs, counted from 1, that have a checkpoint, in ascending order."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ModelError(f"checkpoint must be a folder, and {self.folder} is a file. Name another one.")
        if not self.folder.is_dir():
            return []
        return sorted(int(match[1]) for path in self.folder.iterdir() if (match := _NAME.fullmatch(path.name)))

    def save(self, model, history):
        """Write the checkpoint of the history's last epoch, then remove those that nobody needs any more."""
        state = {"run": self._run, "rate": _rate(model), "history": history.as_json()}
        arrays = {f"v{i:05d}": value for i, value in enumerate(_values(model))}
        content = {"state": np.array(json.dumps(state)), **arrays}
        with write_atomically(self._path(history.epochs)) as partial:
            np.savez(partial, **content)
        _BEGUN.setdefault(model, set()).add(self.folder.resolve())
        for epoch in self.epochs():
            if epoch not in (history.epochs, history.best_epoch):
                self._path(epoch).unlink(missing_ok=True)

    def restore(self, model):
        """Set the model as it was after the last epoch, and return the history until then.

        Returns
        -------
        TrainingHistory or None
            None where there is no checkpoint yet.

        Raises
        ------
        ModelError
            If the checkpoint belongs to another training, or cannot be read.
        """
        self._sweep()
        epochs = self.epochs()
        if not epochs:
            return None
        state, history = self._state(epochs[-1])
        self._check(model, state)
        kept = {epoch: self._weights(model, epoch) for epoch in epochs}
        self._check_first_weights(model, state, kept.values())
        self._run = state["run"]  # what it began from: this model may be further on
        _set_values(model, kept[epochs[-1]])
        return history

    def restore_weights(self, model, epoch):
        """Set the model as it was after this epoch."""
        _set_values(model, self._weights(model, epoch))

    def _state(self, epoch):
        """Return what a file says of its training, and the history until then."""
        with self._reading(epoch) as content:
            state = json.loads(str(content["state"]))
            history = TrainingHistory.from_json(state["history"])
            if history.epochs != epoch or not isinstance(state["run"], dict) or "rate" not in state:
                raise ValueError
        return state, history

    def _weights(self, model, epoch):
        """Return the values of a file, if they are as many and as large as the model's, and all are numbers."""
        shapes = [tuple(variable.shape) for variable in _variables(model)]
        with self._reading(epoch, shapes) as content:
            values = [content[name] for name in sorted(content.files) if name != "state"]
            if [value.shape for value in values] != shapes or any(value.dtype.kind not in "fiub" for value in values):
                raise ValueError
        if not all(np.isfinite(value).all() for value in values):
            raise self._unreadable(epoch, "its weights are not all numbers (NaN)")
        return values

    @contextmanager
    def _reading(self, epoch, shapes=()):
        """Give the opened file; whatever is wrong with it is one error, without NumPy's advice to trust it."""
        path = self._path(epoch)
        # a small file can unpack to gigabytes of zeros
        sizes = {"state.npy": 2**26, **{f"v{i:05d}.npy": 8 * math.prod(shape) for i, shape in enumerate(shapes)}}
        try:
            with ZipFile(path) as archive:
                parts = [part for part in archive.infolist() if part.filename in sizes]
                if len(parts) != len(sizes) or any(part.file_size > sizes[part.filename] + 2**16 for part in parts):
                    raise ValueError
            with np.load(path, allow_pickle=False) as content:
                yield content
        except OSError as error:
            raise self._unreadable(epoch, error.strerror or "it is damaged") from error
        except _BROKEN as error:
            empty = path.is_file() and not path.stat().st_size
            raise self._unreadable(epoch, "it is empty" if empty else "it is damaged, or no checkpoint") from error

    def _unreadable(self, epoch, what):
        return ModelError(
            f"{self._path(epoch)} cannot be read: {what}. Delete it to take up the training from an earlier epoch, or "
            "to begin anew."
        )

    def _check(self, model, state):
        """Raise if the folder is another training's."""
        run, now = state["run"], dict(self._run)
        before = run.get("optimizer")
        if (
            isinstance(before, dict)
            and isinstance(before.get("learning_rate"), float)
            and _rate(model) == state["rate"]
        ):
            now["optimizer"] = {**now["optimizer"], "learning_rate": before["learning_rate"]}  # a callback changed it
        changes = (difference(name, run.get(name), now[name]) for name in now if name != "first weights")
        self._refuse("; ".join(filter(None, changes)))

    def _check_first_weights(self, model, state, kept):
        """Raise if the training began from other weights than this one; where no seed decides on them, warn."""
        begun = self.folder.resolve() in _BEGUN.get(model, ())  # stopped by hand in the middle of an epoch, say
        known = [state["run"].get("first weights"), *(_hash_of_weights(model, values) for values in kept)]
        if begun or self._run["first weights"] in known:
            return
        if seeded(model):
            self._refuse("the first weights are others (another seed?)")
        warnings.warn(
            f"{self.folder} holds a training that began from other first weights; it goes on from there. If it is "
            "another training, name another folder. A seed for the first weights (build_small_cnn(..., seed=0), "
            "keras.utils.set_random_seed(0)) lets a checkpoint tell.",
            TrainingWarning,
            stacklevel=4,
        )

    def _refuse(self, changes):
        if changes:
            raise ModelError(
                f"{self.folder} holds the checkpoint of another training: {changes}. "
                "Name another folder, or delete this one to begin anew."
            )

    def _sweep(self):
        """Remove what a killed process left half written, under a name that no checkpoint has."""
        if self.folder.is_dir():
            for path in self.folder.glob(".epoch_*.partial*"):
                path.unlink(missing_ok=True)

    def _path(self, epoch):
        return self.folder / f"epoch_{epoch:05d}.npz"


def _rate(model):
    """Return the learning rate as it stands now."""
    getattr(model, "jax_state_sync", lambda: None)()  # within an epoch JAX has it elsewhere
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def _hash_of_weights(model, values):
    """Return the hash of a model's weights among the values of a checkpoint."""
    place = {id(variable): i for i, variable in enumerate(_variables(model))}
    return hash_of([values[place[id(variable)]] for variable in model.weights])


def _variables(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def _values(model):
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]


def _set_values(model, values):
    for variable, value in zip(_variables(model), values, strict=True):
        variable.assign(value)
