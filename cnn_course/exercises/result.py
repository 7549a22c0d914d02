"""What a check says, as text and as HTML that reads well in light and in dark notebooks."""

import re
from dataclasses import dataclass
from html import escape

import numpy as np

from .._tables import visible
from .values import shown

PASS, FAIL, NOT_ATTEMPTED, TIMEOUT, CRASH = "pass", "fail", "not attempted", "timeout", "crash"
_MARKS = {PASS: "✓", FAIL: "✗", NOT_ATTEMPTED: "…", TIMEOUT: "⏱", CRASH: "✗"}
# White text on each has a contrast of at least 5 : 1, whatever the notebook's theme.
_COLOURS = {PASS: "#00785a", NOT_ATTEMPTED: "#666666"}
_WRONG = "#b84e00"
_MOST_CELLS = 12


@dataclass(frozen=True)
class Case:
    """The smallest case that went wrong: what went in, what came out, what was expected."""

    inputs: tuple[tuple[str, object], ...]
    got: object
    expected: object
    where: tuple | None = None
    drawing: str = ""


@dataclass(frozen=True)
class Result:
    """The outcome of a check.

    Attributes
    ----------
    outcome : str
        ``"pass"``, ``"fail"``, ``"not attempted"``, ``"timeout"`` or ``"crash"``.
    points, of : int
        All of the points, or none.
    message : str
        One or two sentences.
    case : Case or None
        The smallest failing case.
    note : str
        A sentence that is not on the answer: what could not be kept, which definition was judged.
    unexplained : bool
        Whether the answer is wrong and no idea was found behind it.
    """

    exercise: str
    outcome: str
    points: int
    of: int
    message: str
    case: Case | None = None
    note: str = ""
    unexplained: bool = False

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.outcome == PASS

    def __repr__(self) -> str:
        lines = [f"{_MARKS[self.outcome]} {self.exercise}: {self.outcome}, {self.points} of {self.of} points."]
        lines.append(f"  {plain_text(self.message)}")
        if self.case:
            lines += [f"  {name} = {_as_text(value)}" for name, value in self.case.inputs]
            lines.append(f"  expected: {_as_text(self.case.expected)}")
            lines += [f"  you got:  {_as_text(self.case.got)}"] if self.outcome != CRASH else []
        return "\n".join(lines + ([f"  {self.note}"] if self.note else []))

    def _repr_html_(self) -> str:
        colour = _COLOURS.get(self.outcome, _WRONG)
        parts = [
            f"<div><b style='background:{colour};color:#fff;border-radius:3px;padding:.1em .45em'>"
            f"{_MARKS[self.outcome]} {escape(self.outcome)}</b> "
            f"<span style='opacity:.75'>{escape(self.exercise)} · {self.points} of {self.of} points</span></div>",
            f"<div style='margin:.3em 0'>{inline_html(self.message)}</div>",
        ]
        if self.case:
            parts.append(_case_html(self.case, self.outcome != CRASH))
        if self.note:
            parts.append(f"<div style='opacity:.75'>{inline_html(self.note)}</div>")
        return box("".join(parts), colour)


def box(html: str, colour: str = "#0072b2") -> str:
    """Return the HTML in the course's frame, in the notebook's own text colour."""
    return (
        f"<div style='border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;max-width:60em;"
        f"color:var(--jp-content-font-color1,inherit);line-height:1.45'>{html}</div>"
    )


def inline_html(text: str) -> str:
    """Return text with `code` and **bold** as HTML."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text).replace("\n", "<br>")


def plain_text(text: str) -> str:
    """Return text without the marks of Markdown."""
    return re.sub(r"\*\*([^*]+)\*\*", r"\1", text).replace("`", "")


def _case_html(case, returned):
    inputs = "".join(_labelled(name, value) for name, value in case.inputs)
    outputs = _labelled("expected", case.expected, case.where)
    outputs += _labelled("you got", case.got, case.where) if returned else ""
    row = "display:flex;flex-wrap:wrap;gap:.4em 1.6em;align-items:flex-start"
    return f"<div style='{row}'>{inputs}</div>{case.drawing}<div style='{row};margin-top:.4em'>{outputs}</div>"


def _labelled(name, value, where=None):
    return f"<div><span style='opacity:.75'>{escape(name)}</span> {_as_html(value, where)}</div>"


def _as_html(value, where):
    array = _small_matrix(value)
    if array is None:
        return f"<code>{escape(_as_text(value))}</code>"
    rows = []
    for i, row in enumerate(array):
        cells = "".join(
            _cell(number, where in ((i, j), (j,) if array.shape[0] == 1 else None)) for j, number in enumerate(row)
        )
        rows.append(f"<tr style='background:none'>{cells}</tr>")
    return f"<table style='border-collapse:collapse;margin:0;font-size:.9em'>{''.join(rows)}</table>"


def _cell(number, marked):
    style = "border:1px solid #8888;padding:.1em .45em;text-align:right;background:none"
    if marked:
        style += f";outline:3px solid {_WRONG};outline-offset:-2px;font-weight:bold"
    return f"<td style='{style}'>{escape(_number(number))}</td>"


def _small_matrix(value):
    if isinstance(value, np.ndarray) and value.ndim in (1, 2) and 0 < max(value.shape) <= _MOST_CELLS and value.size:
        return np.atleast_2d(value)
    return None


def _number(value):
    return f"{value:.4g}" if isinstance(value, float | np.floating) else visible(value)


def _as_text(value):
    if isinstance(value, np.ndarray):
        if value.size > 60:
            return f"array of shape {value.shape}, {value.dtype}"
        lines = np.array2string(value, precision=4, separator=", ").splitlines()
        return ("\n" + " " * 13).join(map(visible, lines))
    return shown(value)
