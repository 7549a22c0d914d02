"""A limit on a student's endless loop, that also works in threads and on Windows."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")
_raise_in_thread = ctypes.PYFUNCTYPE(None, ctypes.c_ulong, ctypes.py_object)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


class OutOfTimeError(BaseException):
    """Raised inside the student's code; not an ``Exception``, so that ``except Exception`` lets it through."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns; raise OutOfTimeError in it after some seconds, again and again until it ends.

    A loop in Python ends, also one around a bare ``except:``. The stop button ends it before its time. A call that
    hangs inside compiled code hears it when it returns, so a sentence on stderr says how to interrupt the kernel.

    Parameters
    ----------
    seconds : float
    call : callable
        Without arguments.

    Returns
    -------
    object

    Raises
    ------
    OutOfTimeError
        If it did not end in time.
    KeyboardInterrupt
        If the stop button ended it.
    """
    thread, ended, stopped = threading.get_ident(), [False], [False]
    wake, lock = threading.Event(), threading.Lock()

    class Now(OutOfTimeError):
        """Each one that is made sets off the next, so whoever catches it meets another outside of the ``except``."""

    # Called from C: there is no line of Python here in which the next one could arrive.
    Now.__init__ = staticmethod(partial(_raise_in_thread, thread, Now))  # type: ignore[method-assign]

    def watch():
        wake.wait(seconds)
        for attempt in range(1_000_000):
            with lock:
                if ended[0]:
                    return
                _raise_in_thread(thread, Now)
            if attempt == 25:
                sys.stderr.write("The call hangs inside compiled code. Interrupt the kernel: the ■ button, or I I.\n")
            wake.wait(0.2)

    def stop(number, frame):
        if ended[0]:
            signal.default_int_handler(number, frame)
        stopped[0] = True
        raise Now

    listens = threading.current_thread() is threading.main_thread()
    listens = listens and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    watcher = threading.Thread(target=watch, daemon=True)
    try:
        if listens:
            signal.signal(signal.SIGINT, stop)
        watcher.start()
        return call()
    finally:
        # No call stands before these lines: an exception is delivered at calls, and the chain would go on.
        ended[0] = True
        Now.__init__ = BaseException.__init__  # type: ignore[method-assign]
        try:
            try:
                _let_arrive(lock)
            except OutOfTimeError:  # one was on its way; the watcher may have been about to raise another
                _let_arrive(lock)
        except OutOfTimeError:
            _let_arrive(lock)
        wake.set()
        if listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if stopped[0]:
            raise KeyboardInterrupt


def _let_arrive(lock):
    """Give an exception on its way the places to arrive at; clearing it would hang Python 3.11 under a tracer."""
    with lock:
        pass
    for _ in range(10):
        pass
