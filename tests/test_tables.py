"""One way to show rows: in line as text, harmless as HTML."""

from html.parser import HTMLParser

import pytest

from cnn_course._tables import Table, Tabular

HOSTILE = "<img src=x onerror=alert(1)>'\"&"


class Reader(HTMLParser):
    """The tags of a page, and its text by cell."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.cells, self.sides = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")
            self.sides.append(dict(attributes)["style"])

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_columns_are_in_line_and_numbers_stand_to_the_right():
    table = Table([("a", "1,200", "x"), ("longer", "7", "")], head=("name", "count", "note"), right=[1])
    assert repr(table).splitlines() == ["name    count  note", "a       1,200  x", "longer      7"]


def test_wide_characters_count_as_the_two_columns_they_take():
    lines = repr(Table([("猫", "1"), ("cat", "2")])).splitlines()
    assert lines == ["猫   1", "cat  2"]


def test_the_last_column_is_broken_between_words_to_the_width():
    text = "a sentence that is much longer than the room, with/a/very/long/path/in/it"
    lines = repr(Table([("what", text), ("who", "me")], width=40)).splitlines()
    assert lines[0].startswith("what  a sentence") and lines[-1] == "who   me"
    assert all(line.startswith("      ") for line in lines[1:-1])
    assert max(map(len, lines)) <= 40 and " ".join(line[6:] for line in lines[:-1]) == text


@pytest.mark.parametrize("place", ["rows", "head", "above", "below"])
def test_nothing_that_is_shown_is_markup(place):
    parts = {"rows": [(HOSTILE, HOSTILE)], "head": (HOSTILE, HOSTILE), "above": [HOSTILE], "below": [HOSTILE]}
    page = Table(**{"rows": [("a", "b")], place: parts[place]}, code=[1])._repr_html_()
    assert not {"img", "script"} & set(Reader(page).tags)
    assert "&lt;img src=x onerror=alert(1)&gt;&#x27;&quot;&amp;" in page


def test_what_steers_a_terminal_or_breaks_a_line_is_shown_as_its_escape():
    odd = "a\nb\x1b[2J\r\u202egnp.exe\ud800\u2028"
    for shown in (repr(Table([(odd, "1")])), Table([(odd, "1")])._repr_html_()):
        assert r"a\nb\x1b[2J\r\u202egnp.exe\ud800\u2028" in shown
        shown.encode()
    assert len(repr(Table([(odd, "1")], above=[odd])).splitlines()) == 2


def test_html_names_rows_and_columns_and_sets_numbers_to_the_right():
    page = Table([("a", "1")], head=("name", "count"), right=[1], above=["title"], below=["`f()` helps"])._repr_html_()
    read = Reader(page)
    assert read.cells[:3] == ["name", "count", "a"]
    assert ["right" in side for side in read.sides] == [False, True, False, True]
    assert page.count("scope='col'") == 2 and page.count("scope='row'") == 1
    assert "<caption>title</caption>" in page and page.endswith("<p><code>f()</code> helps</p>")


def test_a_table_without_rows_is_its_lines():
    assert repr(Table([], above=["nothing"], below=["`x` there"])) == "nothing\nx there"
    assert Table([], above=["nothing"])._repr_html_() == "<p>nothing</p>"


def test_what_is_tabular_is_shown_as_its_table():
    class Names(Tabular):
        def _table(self):
            return Table([("a", "b")])

    assert repr(Names()) == "a  b" and "<table>" in Names()._repr_html_()
