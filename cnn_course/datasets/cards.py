"""The data card: what a set is, where it comes from, and what is wrong with it."""

from dataclasses import dataclass, fields
from html import escape
from textwrap import fill

_TITLES = {"what": "what", "how_many": "how many", "known_faults": "known faults"}


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """What must be known of a set of pictures before anything is concluded from it.

    Attributes
    ----------
    name : str
    what : str
        One sentence.
    how_many : str
        Pictures of each part.
    shape : str
        Of one picture.
    source, licence, consent : str
        Who made it, what may be done with it, and whether the people in it agreed.
    known_faults : str
        Wrong labels, duplicates, what is missing.
    citation : str

    Examples
    --------
    >>> from cnn_course import load_dataset
    >>> print(load_dataset("digits").card.shape)
    8 x 8 x 1
    """

    name: str
    what: str
    how_many: str
    shape: str
    source: str
    licence: str
    consent: str
    known_faults: str
    citation: str

    def rows(self):
        """Return pairs of title and text, without the name."""
        return [(_TITLES.get(f.name, f.name), getattr(self, f.name)) for f in fields(self) if f.name != "name"]

    def __repr__(self):
        lines = [fill(f"{title:>12}  {text}", 100, subsequent_indent=" " * 14) for title, text in self.rows()]
        return "\n".join([f"Data card: {self.name}", *lines])

    def _repr_html_(self):
        cell = "style='text-align:left'"
        body = "".join(f"<tr><th {cell}>{title}</th><td {cell}>{escape(text)}</td></tr>" for title, text in self.rows())
        return f"<table><caption>Data card: <b>{escape(self.name)}</b></caption>{body}</table>"
