"""One way to run a notebook, for whoever shows or stores what it says."""

import os
import tempfile
from pathlib import Path
from typing import Any

from ._install import install_command
from .errors import LessonError, MissingPackageError

_SECONDS = 600  # for one cell: a network may be trained in it


def run_notebook(notebook: Any, folder: Path | str | None = None, stop_at_errors: bool = False) -> None:
    """Run a notebook in place, with a progress file of its own: nobody's points change.

    Parameters
    ----------
    notebook : NotebookNode
        Its outputs are filled in.
    folder : path, optional
        Where it runs; without one, in an empty folder.
    stop_at_errors : bool, default False
        Whether a cell that fails ends it; otherwise its error is shown, and the next cells run all the same.

    Raises
    ------
    LessonError
        If there is no kernel for it, or the kernel ends before the notebook does.
    """
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
    except ImportError:
        raise MissingPackageError(
            f"The package nbclient is missing, which runs notebooks. Try: {install_command('lab')}"
        ) from None
    with tempfile.TemporaryDirectory() as own:
        client = NotebookClient(
            notebook,
            kernel_name=_kernel_for(notebook),
            allow_errors=not stop_at_errors,
            timeout=_SECONDS,
            resources={"metadata": {"path": str(folder or own)}},
            extra_arguments=["--IPKernelApp.log_level=40"],  # what the kernel would tell whoever started the server
        )
        try:
            client.execute(env={**os.environ, "CNN_COURSE_STATE": str(Path(own) / "state")})
        except DeadKernelError:
            raise LessonError("The kernel ended before the notebook did. Does a cell call exit()?") from None
        except CellTimeoutError as error:
            raise LessonError(f"A cell took longer than {_SECONDS} seconds. {str(error).splitlines()[0]}") from None


def _kernel_for(notebook):
    """The notebook's own kernel; Python's where that one is unknown here and the notebook is in Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    wanted = notebook.metadata.get("kernelspec", {})
    name = wanted.get("name") or "python3"
    kernels = KernelSpecManager()
    try:
        kernels.get_kernel_spec(name)
        return name
    except NoSuchKernel:
        info = notebook.metadata.get("language_info", {})
        language = str(wanted.get("language") or info.get("name") or "python")
        if language.lower() in ("python", "ipython"):
            return "python3"
        raise LessonError(
            f"The notebook needs the kernel {name!r} (language: {language}), which is not installed. "
            f"Installed: {', '.join(sorted(kernels.find_kernel_specs()))}."
        ) from None
