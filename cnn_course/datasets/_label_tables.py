"""Labels that come beside the files: a table, a dict or a list; and which file is meant by which row."""

import csv
import io
import os
import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np

from .._arguments import is_integer
from ..errors import DataError

_FILES = ("file", "filename", "file_name", "path", "image", "image_name", "image_id", "id")
_LABELS = ("label", "labels", "class", "class_name", "category", "target")


def as_labels_of_files(labels: Any, root: Path) -> tuple[dict | list, Path | None, str]:
    """Return the labels as {file: label} or as a list, the path of their table or None, and a remark or ""."""
    if isinstance(labels, Mapping):
        return {os.fspath(name): label for name, label in labels.items()}, None, ""
    if isinstance(labels, Sequence | np.ndarray) and not isinstance(labels, str | bytes):
        return list(labels), None, ""
    if isinstance(labels, str | os.PathLike):
        for place in (os.path.expanduser(labels), root / labels):  # noqa: PTH111 - an unknown user's home is no error
            if os.path.isfile(place):  # noqa: PTH113 - Path.is_file raises where a folder on the way is shut
                rows, remark = read_labels(Path(place))
                return rows, Path(place), remark
    raise DataError(
        "labels must be 'folders', a dict or a list of labels, None, or a table that exists. "
        f"Received: labels={str(labels)[:200]!r}"
    )


def read_labels(path: Path) -> tuple[dict[str, str], str]:
    """Return {file: label} of a table, and a remark on how it was read.

    Parameters
    ----------
    path : pathlib.Path
        Text, columns parted by a comma, a semicolon or a tab. The columns are called ``file`` and ``label``, or as
        others call them (``id``, ``filename``, ``class``, ...), in capitals or not; of two columns the one that is no
        file is the label. Other columns are not looked at.

    Raises
    ------
    DataError
        If it cannot be read, lacks one of the columns, or gives one file two labels.
    """
    try:
        text, remark = _text(path.read_bytes())
        head = text.partition("\n")[0]
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
        titles = [title.strip() for title in next(rows, [])]
        file, label = _columns(titles)
        if file is None or label is None:
            raise DataError(
                f"{path.name} must have the columns file and label in its first line. Received: {head.strip()!r}"
            )
        pairs = [(row[file], row[label].strip()) for row in rows if len(row) > max(file, label)]
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from None
    table: dict[str, str] = {}
    for name, one in pairs:
        if name.strip() and table.setdefault(_plain(name), one) != one:
            raise DataError(f"{path.name} gives {_plain(name)!r} two labels: {table[_plain(name)]!r} and {one!r}.")
    return table, remark


def _text(content):
    """Return the text of a table, as Excel and others write it, and a remark on an encoding that was guessed."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), ""
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return content.decode("cp1252"), "read as Windows-1252, for it is no UTF-8: are all letters right?"


def _columns(titles):
    """Return the places of the file's and of the label's column, None where there is none."""
    plain = [title.casefold().replace(" ", "_") for title in titles]
    file, label = (next((plain.index(name) for name in names if name in plain), None) for names in (_FILES, _LABELS))
    if label is None and file is not None and len(plain) == 2:
        label = 1 - file
    return file, label


def _plain(name):
    """Return a path of a table in one spelling."""
    return posixpath.normpath(normalize("NFC", name.strip()).replace("\\", "/"))


def label_files(files: list[str], labels: dict | list, title: str, root: Path, listing: Any) -> None:
    """Put the files that have a label, and their classes' names (or numbers), into the listing; note all others.

    Parameters
    ----------
    files : list of str
        Relative to `root`, sorted.
    labels : dict or list
        A label is a name, a number, or nothing ("", None, NaN): then the file is not labelled.
    title : str
        What a note calls `labels`.
    root : pathlib.Path
    listing : Listing
    """
    if isinstance(labels, list):
        if len(labels) != len(files):
            raise DataError(
                f"labels must have one entry for each of the {len(files)} files in {root}, in the order of their "
                f"paths. Received: {len(labels)}. A dict {{file: label}} may leave files out."
            )
        listing.paths, listing.labels = list(files), [_value(label) for label in labels]
        return
    find = _finder(files, root)
    found: dict[str, Any] = {}
    for key, label in labels.items():
        name, label = find(key), _value(label)
        if name is None:
            listing.leave_out(str(key), f"named in {title}: there is no such file")
        elif found.setdefault(name, label) != label:
            raise DataError(f"{title} gives {name!r} two labels: {found[name]!r} and {label!r}.")
    for name in files:
        if name in found:
            listing.paths.append(name)
            listing.labels.append(found[name])
        else:
            listing.leave_out(name, f"no row in {title}")


def _finder(files, root):
    """Return a function from a key of a table to the one file that it means, or None."""
    present = {name.replace(os.sep, "/"): name for name in files}
    loose = defaultdict(set)  # without regard to capitals, and with or without the ending
    for key, name in present.items():
        plain = _plain(key).casefold()
        for spelling in (plain, posixpath.splitext(plain)[0]):
            loose[spelling].add(name)

    def find(key):
        key = key.removeprefix(f"{root}{os.sep}")
        for spelling in (key, _plain(key)):
            if spelling in present:
                return present[spelling]
        meant = loose.get(_plain(key).casefold(), ())
        return next(iter(meant)) if len(meant) == 1 else None

    return find


def _value(label):
    """Return a label as a whole number, a name, or "" for none."""
    if label is None or label != label:  # NaN, which pandas gives for an empty cell
        return ""
    if is_integer(label):
        return int(label) if label >= 0 else ""
    return normalize("NFC", str(label).strip())


def number_labels(values: list, class_names: tuple[str, ...] | None) -> tuple[list[int | None], tuple[str, ...]]:
    """Return the number of the class of each label (None where the class is not among those wanted), and the names.

    Numbers are the classes' own; names are counted in the order of the alphabet, or of `class_names`.
    """
    known = [value for value in values if value != ""]
    if known and all(isinstance(value, int) for value in known):
        names = class_names or tuple(map(str, range(max(known) + 1)))
        if max(known) >= len(names):
            raise DataError(f"labels must be classes from 0 to {len(names) - 1}. Received: {max(known)}")
        return [-1 if value == "" else value for value in values], names
    names = class_names or tuple(sorted(set(map(str, known))))
    number = {name: i for i, name in enumerate(names)} | {"": -1}
    return [number.get(str(value)) for value in values], names
