"""Checkpoints of a training: one file an epoch, complete or not there, with all that the next epoch needs.

Keras's `BackupAndRestore` writes into the file it would restore from, and `save_weights` leaves out the states of
the random layers, so a training that it takes up again is not the one that was stopped. Here a checkpoint is
written beside the old one and renamed, and holds the weights, the optimizer's moments, the random layers' states,
and the history.
"""

import json
import re
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from .._files import write_atomically
from .._keras import load_keras
from ..errors import ModelError
from .history import TrainingHistory

keras = load_keras()

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
        state = {"run": self._run, "history": history.as_json()}
        arrays = {f"v{i:05d}": value for i, value in enumerate(_values(model))}
        content = {"state": np.array(json.dumps(state)), **arrays}
        with write_atomically(self._path(history.epochs)) as partial:
            np.savez(partial, **content)
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
        return self._load(model, epochs[-1]) if epochs else None

    def restore_weights(self, model, epoch):
        """Set the model as it was after this epoch."""
        self._load(model, epoch)

    def _load(self, model, epoch):
        path = self._path(epoch)
        try:
            with np.load(path, allow_pickle=False) as content:
                state = json.loads(str(content["state"]))
                values = [content[name] for name in sorted(content.files) if name != "state"]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelError(
                f"{path} cannot be read: {error}. Delete it to take up the training from an earlier epoch."
            ) from error
        self._check(state["run"])
        _set_values(model, values)
        return TrainingHistory.from_json(state["history"])

    def _check(self, run):
        other = [name for name in self._run if run.get(name) != self._run[name]]
        if other:
            changes = "; ".join(f"{name} was {_short(run.get(name))}, is {_short(self._run[name])}" for name in other)
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


def describe_run(model, rows, batch_size, seed, class_weight):
    """Return what makes a training this one, as plain values for `Checkpoint`."""
    return {
        "weights": [list(variable.shape) for variable in model.variables],
        "optimizer": type(model.optimizer).__name__,
        "batch_size": batch_size,
        "seed": seed,
        "pictures": len(rows),
        "labels": zlib.crc32(np.ascontiguousarray(rows.labels).tobytes()),
        "class_weight": None if class_weight is None else {str(k): float(v) for k, v in class_weight.items()},
    }


def _variables(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def _values(model):
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]


def _set_values(model, values):
    variables = _variables(model)
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise ModelError("The checkpoint's weights or its optimizer's have other shapes than this model's.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _short(value):
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
