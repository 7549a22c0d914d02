"""A limit on a student's endless loop, that also works in threads and on Windows."""

import contextlib
import ctypes
import sys
import threading


class OutOfTimeError(BaseException):
    """Raised inside the student's code; not an ``Exception``, so that ``except Exception`` lets it through."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise OutOfTimeError in this thread after some seconds, again and again until it ends.

    A loop in Python ends. A call that hangs inside compiled code does not hear it until it returns, so a sentence on
    stderr says how to interrupt the kernel.

    Parameters
    ----------
    seconds : float
    """
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
    finished = threading.Event()
    lock = threading.Lock()

    def watch():
        if finished.wait(seconds):
            return
        for attempt in range(1_000_000):
            with lock:
                if finished.is_set():
                    return
                raise_in_thread(thread, ctypes.py_object(OutOfTimeError))
            if attempt == 25:
                sys.stderr.write("The call hangs inside compiled code. Interrupt the kernel: the ■ button, or I I.\n")
            if finished.wait(0.2):
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        _finish(finished, lock)
        raise_in_thread(thread, None)  # one that was on its way must not arrive later


def _finish(finished, lock):
    """Set the event even if the exception arrives in between."""
    while True:
        try:
            with lock:
                finished.set()
            return
        except OutOfTimeError:
            continue
