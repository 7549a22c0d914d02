"""Shared by all tests: the real data where it is, a quiet backend, and a browser."""

import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test reads or writes the user's own cache and state."""
    monkeypatch.setenv("CNN_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CNN_COURSE_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def test_data():
    """The folder of real pictures and weights."""
    path = os.environ.get("CNN_COURSE_TEST_DATA")
    if not path:
        pytest.skip("CNN_COURSE_TEST_DATA is not set: point it at the folder of real pictures and weights")
    return Path(path)


@pytest.fixture(scope="session")
def chromium():
    """One headless Chromium for the session."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: apt-get install chromium fonts-dejavu-core")
    from playwright.sync_api import sync_playwright

    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags.split())
        yield browser
        browser.close()
