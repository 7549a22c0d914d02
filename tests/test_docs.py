"""What the documentation says is what the package says."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import cnn_course as cc
from cnn_course.exercises import list_exercises
from cnn_course.exercises.result import plain_text
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


# Public functions whose annotations are still to come: nothing is added here.
UNTYPED = {"calibration_curve", "compare_models", "evaluate_model", "find_leaks", "fit_temperature", "train_model"}


def test_the_pages_examples_pass_a_strict_type_checker(tmp_path):
    """As an editor or mypy would read them: names, arguments and what comes back are known."""
    for page in PAGES:
        code = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        (tmp_path / f"{page.stem}.py").write_text("\n".join(code), encoding="utf-8")
    options = [
        "--strict",
        "--config-file=",
        "--ignore-missing-imports",
        "--follow-imports=silent",
        "--no-error-summary",
    ]
    command = [sys.executable, "-m", "mypy", *options, *map(str, tmp_path.glob("*.py"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    untyped = re.compile(r'Call to untyped function "(\w+)" in typed context')
    faults = [line for line in done.stdout.splitlines() if not UNTYPED.issuperset(untyped.findall(line) or ["?"])]
    assert not faults and not done.stderr, "\n".join(faults) + done.stderr


GALLERY = re.findall(
    r"^```py\n(.*?)^```\n+```text\n(.*?)^```",
    (ROOT / "docs" / "feedback.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(("answer", "said"), GALLERY, ids=range(len(GALLERY)))
def test_the_gallery_of_feedback_shows_what_is_said(answer, said, tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path))
    name = re.findall(r"def (\w+)", answer)[0]
    (tmp_path / "answer.py").write_text(answer + "import numpy as np\n", encoding="utf-8")
    space = runpy.run_path(str(tmp_path / "answer.py"))
    message = plain_text(cc.check(name.replace("_", "-"), space[name]).message)
    assert message == said.strip()
