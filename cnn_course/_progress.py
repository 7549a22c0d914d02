"""One progress bar for downloads and for decoding: rich's, on the standard error, gone when it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(description: str, total: int, done: int = 0, unit: str = "files") -> Iterator[Callable[[int], None]]:
    """Give a function that is told how much more is done, and show it while the block runs.

    Parameters
    ----------
    description : str
    total, done : int
        All of it, and what is there already; in files, or in bytes.
    unit : {"files", "bytes"}
    """
    from rich import progress
    from rich.console import Console

    amount = progress.DownloadColumn() if unit == "bytes" else progress.MofNCompleteColumn()
    words = progress.TextColumn("{task.description}", markup=False)  # a folder may be called [/]
    columns = [words, progress.BarColumn(), amount, progress.TimeRemainingColumn()]
    # Without a terminal or a notebook rich would still write, the last state of the bar or an empty line.
    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield lambda amount: None
        return
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=total, completed=done)
        yield lambda amount: bar.update(task, advance=amount)
