"""What the documentation says is what the package says."""

import re
from pathlib import Path

import pytest

import cnn_course as cc

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_data_card_stands_in_the_documentation():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for card, _ in cc.load_dataset().rows:
        section = page.split(f"### {card.name}\n")[1].split("### ")[0]
        for title, text in card.rows():
            assert f"| {title} | {text} |" in section, (card.name, title)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
