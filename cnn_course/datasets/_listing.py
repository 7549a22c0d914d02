"""Which files of a folder are to be pictures, and what their labels are. Nothing is opened but the table of labels."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ..errors import DataError
from ._label_tables import as_labels_of_files, label_files, number_labels
from .report import FileNote

# What systems and archives put beside pictures; and what people call the parts of a data set.
_JUNK = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}
EMPTY = "an empty class folder"
_PARTS = {"train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval"}


@dataclass
class Listing:
    """The files to decode, in order, with their labels; notes on all others; and remarks for the screen."""

    paths: list[str] = field(default_factory=list)
    labels: list = field(default_factory=list)
    class_names: tuple[str, ...] = ()
    notes: list[FileNote] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    tops: list[str] = field(default_factory=list)

    def leave_out(self, name, reason):
        """Note why a file is not in the set."""
        self.notes.append(FileNote(readable(name), False, reason))

    def remark(self, name, words):
        """Note what its owner should know of a file that is in the set."""
        self.notes.append(FileNote(readable(name), True, words))


def readable(name: str) -> str:
    """Return a path as text that can be printed on every terminal's terms: odd bytes as backslash escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def list_folder(root: Path, labels: Any, class_names: tuple[str, ...] | None = None) -> Listing:
    """Return the `Listing` of a folder.

    Parameters
    ----------
    root : pathlib.Path
    labels : {"folders", None}, path, dict or list
        Where the labels come from: the names of the folders, nowhere, a table, or {file: label} or a list itself.
    class_names : tuple of str, optional
        The classes that are wanted, in their order.
    """
    listing, table, words = Listing(), None, ""
    given: Any = labels
    if labels is not None and not (isinstance(labels, str) and labels == "folders"):
        given, table, words = as_labels_of_files(labels, root)
    own = None if table is None else os.path.realpath(table)
    files = [name for name in _walk(root, listing) if own is None or os.path.realpath(root / name) != own]
    files = _without_links_to_each_other(root, files, listing)
    if given is None:
        listing.paths, listing.labels = files, [""] * len(files)
    elif isinstance(given, str):
        _label_by_folder(root, files, listing)
    else:
        label_files(files, given, "labels" if table is None else table.name, root, listing)
    if words and table is not None:
        listing.remark(table.name, words)
    _number(listing, class_names)
    for name in listing.paths:
        if readable(name) != name:
            listing.remark(name, "odd name: it holds bytes or signs that are no text")
    return listing


def _number(listing, class_names):
    """Make numbers of the labels; leave out the files of classes that are not wanted."""
    numbers, listing.class_names = number_labels(listing.labels, class_names)
    strange = {}
    for name, label, number in zip(listing.paths, listing.labels, numbers, strict=True):
        if number is None:
            strange[label] = strange.get(label, 0) + 1
            listing.leave_out(name, f"not among class_names: its class is {label!r}")
    kept = [i for i, number in enumerate(numbers) if number is not None]
    listing.paths, listing.labels = [listing.paths[i] for i in kept], [numbers[i] for i in kept]
    if strange:
        counted = ", ".join(f"{label} ({n:,} files)" for label, n in sorted(strange.items()))
        said = f"Left out, for they are not among class_names ({', '.join(listing.class_names)}): {counted}."
        if not listing.paths:
            raise DataError(f"No class of the folder is wanted. {said}")
        listing.remarks.append(said)


def _walk(root, listing):
    """Return the paths of all files below `root`, sorted, relative to it; links are followed to class folders only."""
    found, linked = [], _linked_folders(root)
    for top in (root, *(root / name for name in linked)):
        for folder, folders, files in os.walk(top, onerror=lambda error: _unreadable(root, error, listing)):
            within = os.path.relpath(folder, root)
            prefix = "" if within == "." else within + os.sep
            folders[:] = [name for name in sorted(folders) if _is_walked(prefix + name, Path(folder, name), listing)]
            if not prefix:
                listing.tops = [*folders, *linked]
                for name, target in linked.items():
                    listing.remark(name, f"a link: its pictures lie in {readable(target)}")
            for name in files:
                if name.startswith(".") or name in ("Thumbs.db", "desktop.ini"):
                    listing.leave_out(prefix + name, "hidden file")
                else:
                    found.append(prefix + name)
    followed = set(map(readable, linked))
    listing.notes = [note for note in listing.notes if note.used or note.path not in followed]
    return sorted(found)


def _is_walked(name, path, listing):
    """Return whether a folder is looked into; note why not."""
    junk = path.name.casefold() in _JUNK
    hidden, link = path.name.startswith("."), os.path.islink(path)  # noqa: PTH114 - is_symlink raises in a shut folder
    if hidden or junk or link:
        reason = "hidden folder" if hidden else "a folder of the system's" if junk else "a link to a folder"
        listing.leave_out(name, reason + (": not followed" if reason.startswith("a link") else ""))
    return not (hidden or junk or link)


def _linked_folders(root):
    """Return {name: target} of the links in `root` to folders elsewhere, which hold classes perhaps."""
    real = os.path.realpath(root)
    try:
        with os.scandir(root) as entries:
            links = {entry.name: os.path.realpath(entry.path) for entry in entries if entry.is_symlink()}
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror}. May you look into this folder?") from None
    return {
        name: target
        for name, target in sorted(links.items())
        if os.path.isdir(target)  # noqa: PTH112 - Path.is_dir raises where a folder on the way is shut
        and not name.startswith(".")
        and not Path(target).is_relative_to(real)
        and not Path(real).is_relative_to(target)
    }


def _unreadable(root, error, listing):
    listing.leave_out(os.path.relpath(error.filename, root), f"unreadable folder: {error.strerror}")


def _without_links_to_each_other(root, files, listing):
    """Return the files, less the links to a file that is in the folder itself; note the other links."""
    links = {name for name in files if os.path.islink(root / name)}  # noqa: PTH114
    real = {os.path.realpath(root / name) for name in files if name not in links} if links else set()
    kept = []
    for name in files:
        if name in links:
            target = os.path.realpath(root / name)
            if target in real:
                listing.leave_out(name, f"a link: {readable(os.path.relpath(target, root))} is in the folder itself")
                continue
            real.add(target)
            if os.path.isfile(target):  # noqa: PTH113
                listing.remark(name, f"a link: the picture lies in {readable(target)}")
        kept.append(name)
    return kept


def _label_by_folder(root, files, listing):
    """Take the first folder of each path as its class, if there is a file in it."""
    inner = [name for name in files if os.sep in name]
    names = sorted({name.partition(os.sep)[0] for name in inner})
    if not names:
        links = [note.path for note in listing.notes if note.reason.startswith("a link to a folder")]
        raise DataError(
            f"labels='folders' needs a folder for each class in {root}, with pictures in it, and there is none"
            + (f" but links into the folder itself ({', '.join(links)})" if links else "")
            + ". Try labels=None, or labels='table.csv' with the columns file and label."
        )
    for name in files:
        if os.sep not in name:
            listing.leave_out(name, "in no class folder")
    for name in set(listing.tops) - set(names):
        listing.leave_out(name, EMPTY)
    listing.paths = inner
    # On some systems é is one sign, on others two: folders whose names look the same are one class.
    listing.labels = [normalize("NFC", readable(name.partition(os.sep)[0])) for name in inner]
    _remark_on_classes(root, names, inner, listing)


def _remark_on_classes(root, names, files, listing):
    """Remark on folders that are hardly classes: the parts of a set, or one folder around all of them."""
    if len(names) > 1 and {name.casefold() for name in names} <= _PARTS:
        listing.remarks.append(
            f"The folders {', '.join(names)} were taken for classes; their names are those of a data set's parts. "
            f"For one part: load_images_from_folder({str(root / names[0])!r}, ...)."
        )
    below = {Path(name).parts[1:-1][:1] for name in files}
    if len(names) == 1 and () not in below:
        inner = sorted(name for (name,) in below)
        listing.remarks.append(
            f"There is one class, {readable(names[0])!r}, whose pictures lie in folders below it: "
            f"{', '.join(map(readable, inner[:5]))}{', ...' if len(inner) > 5 else ''}. For these as classes: "
            f"load_images_from_folder({str(root / names[0])!r}, ...)."
        )
