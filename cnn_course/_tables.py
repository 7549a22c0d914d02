"""Tables as text and as HTML: columns in line, numbers to the right, and whatever stands in a cell only text."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

_NOT_SHOWN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of a pair, breaks of lines and paragraphs
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # a name could turn its row round
_CODE = re.compile("`([^`]+)`")
_LEFT, _RIGHT = "style='text-align:left'", "style='text-align:right'"


@dataclass(frozen=True)
class Table:
    r"""Rows of cells, between lines above and below them.

    Attributes
    ----------
    rows : sequence of sequences of str
        All of one length. The first cell names its row.
    head : sequence of str
        Titles of the columns; empty for none.
    right : collection of int
        Columns that are set to the right: numbers.
    code : collection of int
        Columns that are set as code in HTML.
    above, below : sequence of str
        Lines before and after the rows. What stands between two backticks is set as code in HTML.
    width : int, optional
        Characters of a line of text; the last column is broken between words to keep it. The default is no limit.

    Examples
    --------
    >>> Table([("cat", "1,200"), ("dog", "80")], head=("class", "pictures"), right=[1], below=["Two of `ten` classes."])
    class  pictures
    cat       1,200
    dog          80
    Two of ten classes.
    """

    rows: Sequence[Sequence[str]]
    head: Sequence[str] = ()
    right: Collection[int] = ()
    code: Collection[int] = ()
    above: Sequence[str] = ()
    below: Sequence[str] = ()
    width: int | None = None

    def __repr__(self) -> str:
        from rich.cells import cell_len

        rows = [[visible(cell) for cell in row] for row in (self.head, *self.rows) if row]
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        if self.width and rows:
            rows = [line for row in rows for line in _broken(row, self.width - sum(widths[:-1]) - 2 * len(row[1:]))]
        lines = []
        for row in rows:
            blanks = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
            cells = (b + c if k in self.right else c + b for k, (c, b) in enumerate(zip(row, blanks, strict=True)))
            lines.append("  ".join(cells).rstrip())
        above, below = ([_CODE.sub(r"\1", visible(line)) for line in part] for part in (self.above, self.below))
        return "\n".join([*above, *lines, *below])

    def _repr_html_(self) -> str:
        above, below = ("<br>".join(map(_with_code, part)) for part in (self.above, self.below))
        head = "".join(
            f"<th scope='col' {self._side(k)}>{_escaped(title)}</th>" if title else "<td></td>"
            for k, title in enumerate(self.head)
        )
        body = "".join(f"<tr>{''.join(self._cell(k, cell) for k, cell in enumerate(row))}</tr>" for row in self.rows)
        caption = f"<caption>{above}</caption>" if above else ""
        rows = f"<tr>{head}</tr>{body}" if head else body
        table = f"<table>{caption}{rows}</table>" if rows else f"<p>{above}</p>" if above else ""
        return table + (f"<p>{below}</p>" if below else "")

    def _side(self, column: int) -> str:
        return _RIGHT if column in self.right else _LEFT

    def _cell(self, column: int, cell: str) -> str:
        text = f"<code>{_escaped(cell)}</code>" if column in self.code else _escaped(cell)
        tag, scope = ("td", "") if column else ("th", "scope='row' ")
        return f"<{tag} {scope}{self._side(column)}>{text}</{tag}>"


class Tabular:
    """What has a `_table()` and is shown as that, as text and as HTML."""

    def _table(self) -> Table:
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def visible(text: object) -> str:
    r"""Return text on one line, in which what would steer a terminal stands as its escape: ``\n``, ``\x1b``."""
    return "".join(ascii(c)[1:-1] if c in _TURNS or unicodedata.category(c) in _NOT_SHOWN else c for c in str(text))


def _escaped(cell: object) -> str:
    return escape(visible(cell))


def _with_code(line: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _escaped(line))


def _broken(row, room):
    """Return the lines of a row whose last cell is broken between words; a word is never cut."""
    parts = wrap(row[-1], max(room, 20), break_long_words=False, break_on_hyphens=False) or [""]
    yield [*row[:-1], parts[0]]
    for part in parts[1:]:
        yield [""] * (len(row) - 1) + [part]
