"""The data card: what a set is, where it comes from, and what is wrong with it."""

from dataclasses import dataclass, fields

from .._tables import Table, Tabular

_TITLES = {"what": "what", "how_many": "how many", "known_faults": "known faults"}


@dataclass(frozen=True, kw_only=True, repr=False)
class DataCard(Tabular):
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

    def rows(self) -> list[tuple[str, str]]:
        """Return pairs of title and text, without the name."""
        return [(_TITLES.get(f.name, f.name), getattr(self, f.name)) for f in fields(self) if f.name != "name"]

    def _table(self):
        return Table(self.rows(), above=[f"Data card: {self.name}"], width=100)
