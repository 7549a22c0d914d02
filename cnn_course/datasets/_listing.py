"""Which files of a folder are to be pictures, and what their labels are. Nothing is opened but the table of labels."""

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from .report import FileNote


@dataclass
class Listing:
    """The files to decode, in order, with their labels; and notes on all others."""

    paths: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    class_names: tuple[str, ...] = ()
    notes: list[FileNote] = field(default_factory=list)

    def leave_out(self, name, reason):
        """Note why a file is not in the set."""
        self.notes.append(FileNote(readable(name), False, reason))


def readable(name):
    """Return a path as text that can be printed on every terminal's terms: odd bytes as backslash escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def list_folder(root, labels):
    """Return the `Listing` of a folder.

    Parameters
    ----------
    root : pathlib.Path
    labels : {"folders", None} or pathlib.Path
        Where the labels come from: the names of the folders, nowhere, or a table.
    """
    listing = Listing()
    own = labels.resolve() if isinstance(labels, Path) else None
    files = [name for name in _walk(root, listing) if own is None or (root / name).resolve() != own]
    files = _without_links_to_each_other(root, files, listing)
    if labels == "folders":
        _label_by_folder(root, files, listing)
    elif labels is None:
        listing.paths, listing.labels = files, [-1] * len(files)
    else:
        _label_by_table(files, read_labels(own), own.name, listing)
    for name in listing.paths:
        if readable(name) != name:
            listing.notes.append(FileNote(readable(name), True, "odd name: it holds bytes or signs that are no text"))
    return listing


def _walk(root, listing):
    """Return the paths of all files below `root`, sorted, relative to it; links to folders are not followed."""
    found = []
    for folder, folders, files in os.walk(root, onerror=lambda error: _unreadable(root, error, listing)):
        within = os.path.relpath(folder, root)
        prefix = "" if within == "." else within + os.sep
        for name in sorted(folders):
            if name.startswith("."):
                listing.leave_out(prefix + name, "hidden folder")
            elif Path(folder, name).is_symlink():
                listing.leave_out(prefix + name, "a link to a folder: not followed")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if name.startswith(".") or name in ("Thumbs.db", "desktop.ini"):
                listing.leave_out(prefix + name, "hidden file")
            else:
                found.append(prefix + name)
    return sorted(found)


def _unreadable(root, error, listing):
    listing.leave_out(os.path.relpath(error.filename, root), f"unreadable folder: {error.strerror}")


def _without_links_to_each_other(root, files, listing):
    """Return the files, less the links to a file that is in the folder itself; note the other links."""
    links = {name for name in files if Path(root, name).is_symlink()}
    real = {os.path.realpath(root / name) for name in files if name not in links} if links else set()
    kept = []
    for name in files:
        if name in links:
            target = os.path.realpath(root / name)
            if target in real:
                listing.leave_out(name, f"a link: {readable(os.path.relpath(target, root))} is in the folder itself")
                continue
            real.add(target)
            if Path(target).is_file():
                listing.notes.append(FileNote(readable(name), True, f"a link: the picture lies in {readable(target)}"))
        kept.append(name)
    return kept


def _label_by_folder(root, files, listing):
    """Take the first folder of each path as its class, in the order of the alphabet, as Keras does."""
    hidden = {note.path for note in listing.notes}
    names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))
    names = [name for name in names if readable(name) not in hidden]
    if not names:
        raise DataError(
            f"labels='folders' needs a folder for each class in {root}, and there is none. "
            "Try labels=None, or labels='table.csv' with the columns file and label."
        )
    number = {name: i for i, name in enumerate(names)}
    for name in files:
        top, separator, _ = name.partition(os.sep)
        if separator:
            listing.paths.append(name)
            listing.labels.append(number[top])
        else:
            listing.leave_out(name, "in no class folder")
    listing.class_names = tuple(map(readable, names))
    for i in sorted(set(range(len(names))) - set(listing.labels)):
        listing.leave_out(names[i], "an empty class folder")


def _label_by_table(files, table, title, listing):
    """Take the labels from a table of file: label."""
    listing.class_names = tuple(sorted({label for label in table.values() if label}))
    number = {name: i for i, name in enumerate(listing.class_names)} | {"": -1}
    present = {name.replace(os.sep, "/"): name for name in files}
    for key, name in present.items():
        if key in table:
            listing.paths.append(name)
            listing.labels.append(number[table[key]])
        else:
            listing.leave_out(name, f"no row in {title}")
    for key in sorted(table.keys() - present.keys()):
        listing.leave_out(key, f"named in {title}: there is no such file")


def read_labels(path):
    """Return {file: label} of a table with the columns ``file`` and ``label``.

    Parameters
    ----------
    path : pathlib.Path
        UTF-8 text, columns parted by a comma, a semicolon or a tab; other columns are not looked at.

    Raises
    ------
    DataError
        If it cannot be read, lacks one of the columns, or gives one file two labels.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            rows = csv.DictReader(stream, delimiter=max(",;\t", key=head.count))
            if not {"file", "label"} <= set(rows.fieldnames or ()):
                raise DataError(
                    f"{path.name} must have the columns file and label in its first line. Received: {head.strip()!r}"
                )
            pairs = [((row["file"] or "").replace("\\", "/"), (row["label"] or "").strip()) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table in UTF-8: {error}") from None
    table = {}
    for name, label in pairs:
        if table.setdefault(name.removeprefix("./"), label) != label:
            raise DataError(f"{path.name} gives {name!r} two labels: {table[name]!r} and {label!r}.")
    table.pop("", None)
    return table
