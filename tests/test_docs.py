"""What the documentation says is what the package says."""

import re
from pathlib import Path

import pytest

import cnn_course as cc
from cnn_course.exercises import list_exercises
from cnn_course.lessons import list_lessons

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


def test_the_readme_lists_every_lesson_with_its_exercises_and_points():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for lesson in list_lessons():
        points = [exercise.points for exercise in list_exercises(lesson.number)]
        assert f"| {lesson.number} | {lesson.title} | {len(points)} | {sum(points)} |" in page
