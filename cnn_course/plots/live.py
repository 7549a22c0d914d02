"""Learning curves that grow while a network trains."""

import math
import sys

from .._keras import load_keras
from ..training import TrainingHistory
from .training import plot_history

keras = load_keras()


class LiveCurves(keras.callbacks.Callback):
    """A Keras callback that draws the learning curves after each epoch, over the ones before.

    Give it to `train_model` or to `Model.fit`. In a notebook one figure grows; elsewhere nothing is drawn, and
    `figure` holds the last one. Of a training that is taken up again it draws the epochs from there on.

    Parameters
    ----------
    metrics : sequence of str, optional
        As for `plot_history`.

    Attributes
    ----------
    figure : matplotlib.figure.Figure or None
        The curves so far.

    Examples
    --------
    >>> import numpy as np
    >>> from cnn_course import build_logit, train_model
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> curves = LiveCurves(["loss"])
    >>> history = train_model(build_logit((2,), 2), (x, x[:, 0] > 0), epochs=2, callbacks=[curves], progress=False)
    >>> curves.figure
    <Figure: Learning curves over 2 epochs. loss: from ...>
    """

    def __init__(self, metrics=None):
        super().__init__()
        self.figure, self._wanted, self._handle = None, metrics, None
        self._metrics = {}

    def on_train_begin(self, logs=None):
        """Begin a figure of its own."""
        self.figure, self._handle, self._metrics = None, None, {}

    def on_epoch_end(self, epoch, logs=None):
        """Draw the curves anew."""
        for name, value in (logs or {}).items():
            self._metrics.setdefault(name, [math.nan] * epoch).append(float(value))
        done = len(next(iter(self._metrics.values())))
        history = TrainingHistory(self._metrics, seconds=(0.0,) * done, monitor="")
        self.figure = plot_history(history, self._wanted)
        ipython = sys.modules.get("IPython")
        if ipython and hasattr(ipython.get_ipython(), "kernel"):
            self._show()

    def _show(self):
        from IPython.display import display

        shown = {"text/html": self.figure._repr_html_(), "text/plain": repr(self.figure)}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)
