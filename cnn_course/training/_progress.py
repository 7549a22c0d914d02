"""One line that says how far the training is: lively where someone watches, and one still line afterwards."""

import shutil
import sys
import time
from html import escape

from .._keras import load_keras
from .._printing import say

keras = load_keras()

_EVERY = 0.2  # seconds between two looks at the same line


class Progress(keras.callbacks.Callback):
    """A Keras callback: epoch, share, loss, accuracy and the time left, in one line that is written over.

    In a browser the line is one display that is updated and at the end holds nothing that depends on the
    machine, so a stored notebook stays as it is when it is run again. In a terminal the line is written over.
    Into a file or a pipe only the closing line goes.

    Parameters
    ----------
    title : str
        What is being trained; the line that stays.
    epochs : int
        At which epoch the training ends at the latest.
    steps : int
        Batches in an epoch.
    first_epoch : int
        Epochs that were done before.
    """

    def __init__(self, title, epochs, steps, first_epoch=0):
        super().__init__()
        self._line = _line_for(title)
        self._epochs, self._steps, self._epoch = epochs, steps, first_epoch
        self._started = None  # when the first batch was done, and which it was
        self._next = 0.0
        self._validated = {}

    def on_train_begin(self, logs=None):
        """Begin the line."""
        self._line.open()

    def on_epoch_begin(self, epoch, logs=None):
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Write the line anew, a few times a second."""
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + _EVERY
            self._show(batch + 1, logs or {}, now)

    def on_epoch_end(self, epoch, logs=None):
        """Show the epoch's own numbers; those of the validation stay until the next ones."""
        self._validated = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        self._show(self._steps, logs or {}, time.perf_counter())

    def close(self, remark=""):
        """Leave the title, and a remark if there is one."""
        self._line.close(remark)

    def _show(self, done, logs, now):
        ahead, total = self._epoch * self._steps + done, self._epochs * self._steps
        logs = {**logs, **self._validated}
        parts = [f"epoch {self._epoch + 1} of {self._epochs}", *self._left(ahead, total, now)]
        parts += [f"{name} {logs[name]:.3f}" for name in _SHOWN if name in logs]
        self._line.show(ahead / total, "  ".join(parts))

    def _left(self, ahead, total, now):
        """Yield the time left, once there is something to tell it from: the first batch compiles, and is slow."""
        if self._started is None:
            self._started = now, ahead
        since, first = self._started
        if ahead > first:
            yield f"{clock((now - since) / (ahead - first) * (total - ahead))} left"


_SHOWN = ("loss", "accuracy", "val_loss", "val_accuracy")


def clock(seconds):
    """Return a time as minutes and seconds, or hours, minutes and seconds.

    Examples
    --------
    >>> clock(7.4), clock(3725)
    ('0:07', '1:02:05')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def bar(share, width=20):
    """Return a bar of text, filled to the share.

    Examples
    --------
    >>> bar(0.25, width=8)
    '██······'
    """
    filled = round(share * width)
    return "█" * filled + "·" * (width - filled)


class _Quiet:
    """Says only how it ends, and nothing before."""

    def __init__(self, title):
        self._title = title

    def open(self):
        pass

    def show(self, share, text):
        pass

    def close(self, remark):
        say(self._ending(remark))

    def _ending(self, remark):
        return f"{self._title}. {remark}" if remark else self._title


class _TerminalLine(_Quiet):
    def __init__(self, title):
        super().__init__(title)
        self._width = 0

    def show(self, share, text):
        line = f"{bar(share)} {share:4.0%}  {text}"
        while len(line) >= shutil.get_terminal_size().columns and "  " in line:
            line = line.rpartition("  ")[0]  # a line that wraps could not be written over
        say("\r" + line.ljust(self._width), end="")
        self._width = len(line)

    def close(self, remark):
        say("\r" + " " * self._width + "\r", end="")
        super().close(remark)


class _BrowserLine(_Quiet):
    def open(self):
        from IPython.display import display

        self._handle = display(_content(self._title), raw=True, display_id=True)

    def show(self, share, text):
        plain = f"{self._title} {bar(share)} {share:4.0%}  {text}"
        self._handle.update(_content(plain, escape(self._title) + _bar_html(share, text)), raw=True)

    def close(self, remark):
        self._handle.update(_content(self._ending(remark)), raw=True)


def _content(plain, html=""):
    return {"text/plain": plain, "text/html": f"<div>{html or escape(plain)}</div>"}


def _bar_html(share, text):
    return (
        f'<br><progress max="1" value="{share:.4f}" aria-label="share of the training done" '
        f'style="width:12em;vertical-align:middle"></progress> {share:.0%} '
        f'<span style="font-variant-numeric:tabular-nums;white-space:pre-wrap">&ensp;{escape(text)}</span>'
    )


def _line_for(title):
    if _in_browser():
        return _BrowserLine(title)
    return _TerminalLine(title) if sys.stdout is not None and sys.stdout.isatty() else _Quiet(title)


def _in_browser():
    """Return whether a Jupyter kernel runs this, whose displays can be updated."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
