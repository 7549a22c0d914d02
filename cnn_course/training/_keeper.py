"""The callback behind `train_model`: notes the epochs, keeps the best, saves, and stops where there is a reason to."""

import math
import time
from contextlib import contextmanager
from dataclasses import replace

from .._keras import load_keras
from ..errors import ModelError

keras = load_keras()

BY_HAND = "Stopped by hand"


class Keeper(keras.callbacks.Callback):
    """Notes each epoch in the history, keeps the best weights and the checkpoint, and stops the training.

    Every decision follows from the history alone, so a training that is taken up again decides as it would have.

    Parameters
    ----------
    history : TrainingHistory
        Of the epochs done before.
    patience : int or None
        Epochs without an improvement after which training stops.
    store : Checkpoint or None
        Where each epoch is saved.
    orders : Orders
        Which follow the number of the epoch.
    """

    def __init__(self, history, patience, store, orders):
        super().__init__()
        self.history, self._patience, self._store, self._orders = history, patience, store, orders
        self._best_weights = None
        self.failed = ""
        self._interrupted = ""

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock and the order of this epoch."""
        self._orders.epoch = epoch
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Stop at the first loss that is no number."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            self._fail(f"The loss became {loss} at batch {batch + 1} of epoch {self.history.epochs + 1}.")

    def on_epoch_end(self, epoch, logs=None):
        """Note the epoch; save it; stop if there is a reason to."""
        self._note(logs or {}, time.perf_counter() - self._start)
        if not self.failed and not math.isfinite(self.history.metrics["loss"][-1]):
            self._fail(f"The loss became {self.history.metrics['loss'][-1]} in epoch {epoch + 1}.")
        if self.failed:
            return
        if self._store is not None:
            self._save()
        elif self._patience is not None and self.history.best_epoch == self.history.epochs:
            self._best_weights = self.model.get_weights()
        if self.reason_to_stop():
            self.model.stop_training = True

    @contextmanager
    def ending_well(self):
        """Let Ctrl + C (or the notebook's stop button) end the training, and not what was learned until then."""
        try:
            yield
        except KeyboardInterrupt:
            self._interrupted = f"{BY_HAND} in epoch {self.history.epochs + 1}."
        except RuntimeError as error:  # PyTorch's binary cross-entropy raises where others return NaN
            if "between 0 and 1" not in str(error):
                raise
            self._fail(f"The network's answers became nan in epoch {self.history.epochs + 1}.")

    def reason_to_stop(self):
        """Return the sentence on why training is over before its last epoch, or ''."""
        best, last = self.history.best_epoch, self.history.epochs
        told = self.failed or self._interrupted
        if told or self._patience is None or best is None or last - best < self._patience:
            return told
        return f"Stopped after epoch {last}: {self.history.monitor} had not improved for {last - best} epochs."

    def finished(self, model):
        """Return the history, and give the model the weights of the best epoch where they were asked for."""
        best, last = self.history.best_epoch, self.history.epochs
        kept = self._store is not None or self._best_weights is not None
        wanted = kept and (self._patience is not None or self.failed)
        gone_on = best != last or self._interrupted  # the weights have moved since the best epoch
        restored = best if wanted and gone_on else None
        if restored and self._store is not None:
            self._store.restore_weights(model, restored)
        elif restored:
            model.set_weights(self._best_weights)
        remark = f"The weights are those of epoch {restored}." if restored else ""
        ended = " ".join(filter(None, [self.reason_to_stop(), remark]))
        return replace(self.history, ended=ended, restored_epoch=restored)

    def _save(self):
        try:
            self._store.save(self.model, self.history)
        except OSError as error:
            before = self._store.epochs()
            kept = f"The folder holds epoch {before[-1]}: m" if before else "M"
            raise ModelError(
                f"The checkpoint of epoch {self.history.epochs} could not be written to {self._store.folder}: {error}. "
                f"{kept}ake room, and the same call goes on from there."
            ) from error

    def _fail(self, what):
        getattr(self.model, "jax_state_sync", lambda: None)()  # within an epoch JAX has the rate elsewhere
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.failed = (
            f"{what} Usually the learning rate is too large (it is {rate:g}: try {rate / 10:g}); otherwise look for "
            "values in the data that are not finite or far from the others, or add clipnorm=1.0 to the optimizer."
        )
        self.model.stop_training = True

    def _note(self, logs, seconds):
        earlier = self.history.metrics
        if earlier and set(earlier) != set(logs):
            raise ModelError(
                f"The checkpoint has the metrics {', '.join(earlier)}; now they are {', '.join(logs)}. "
                "Compile the model and give validation_data as before, or name another checkpoint folder."
            )
        if self.history.monitor not in logs:
            raise ModelError(f"monitor must be one of {', '.join(logs)}. Received: monitor={self.history.monitor!r}")
        metrics = {name: (*earlier.get(name, ()), float(value)) for name, value in logs.items()}
        self.history = replace(self.history, metrics=metrics, seconds=(*self.history.seconds, seconds))
