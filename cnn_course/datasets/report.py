"""What became of each file of a folder that was not simply loaded."""

from collections import Counter
from dataclasses import dataclass

from .._tables import Table, Tabular

_SHOWN = 20


@dataclass(frozen=True)
class FileNote:
    r"""One line of a report.

    Attributes
    ----------
    path : str
        Within the folder; bytes that are no text are written as ``\\xNN``.
    used : bool
        Whether the file is in the set all the same.
    reason : str
    """

    path: str
    used: bool
    reason: str


@dataclass(frozen=True, repr=False)
class FolderReport(Tabular):
    """The files of a folder that were left out, and those that were loaded with a remark.

    Attributes
    ----------
    loaded : int
        Pictures in the set.
    notes : tuple of FileNote
        In the order of the paths.
    """

    loaded: int
    notes: tuple[FileNote, ...]

    @property
    def left_out(self) -> tuple[FileNote, ...]:
        """The notes on files that are not in the set."""
        return tuple(note for note in self.notes if not note.used)

    def reasons(self) -> dict[str, int]:
        """Return how often each reason was given, the most frequent first; details after a colon do not count.

        Returns
        -------
        dict of str to int
        """
        return dict(Counter(note.reason.partition(":")[0] for note in self.notes).most_common())

    def _table(self):
        reasons = [(f"{n:,}", reason) for reason, n in self.reasons().items()]
        shown = [(note.path, note.reason) for note in self.notes[:_SHOWN]]
        more = [f"... and {len(self.notes) - _SHOWN:,} more in `.notes`"] if len(self.notes) > _SHOWN else []
        return Table(shown, code=[0], above=[self._headline(), *map("  ".join, reasons)], below=more)

    def _headline(self):
        remarks = sum(note.used for note in self.notes)
        tail = f", {remarks:,} of them with a remark" if remarks else ""
        return f"{self.loaded:,} pictures loaded{tail}; {len(self.left_out):,} files left out"
