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
    ended, wake, lock = [False], threading.Event(), threading.Lock()

    def watch():
        wake.wait(seconds)
        for attempt in range(1_000_000):
            if ended[0]:
                return
            with lock:
                if not ended[0]:
                    raise_in_thread(thread, ctypes.py_object(OutOfTimeError))
            if attempt == 25:
                sys.stderr.write("The call hangs inside compiled code. Interrupt the kernel: the ■ button, or I I.\n")
            wake.wait(0.2)

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        watcher.start()
        yield
    finally:
        # No call stands before this line: an exception is delivered at calls, and would keep the watcher going.
        ended[0] = True
        with lock:  # the watcher is not about to raise one
            raise_in_thread(thread, None)  # one that was on its way must not arrive later
        wake.set()
