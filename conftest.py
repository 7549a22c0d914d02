"""Shared by all tests: the real data where it is, a quiet backend, and a browser."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import matplotlib
import pytest

matplotlib.use("Agg")
CHROMIUM = Path("/usr/bin/chromium")
SLOW = "backend", "browser", "lesson", "slow"


def pytest_addoption(parser):
    """`make test-fast`: what a contributor waits for."""
    parser.addoption("--fast", action="store_true", help="no browser, no lesson, nothing that starts a backend")


def pytest_configure(config):
    if config.getoption("--fast"):
        sys.meta_path.insert(0, _NoBackend())


def pytest_ignore_collect(collection_path, config):
    """With --fast, no examples of docstrings: many of them start a backend."""
    return True if config.getoption("--fast") and "tests" not in collection_path.parts else None


def pytest_collection_modifyitems(config, items):
    for item in items:
        if {"open_page", "chromium", "lab"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
    if config.getoption("--fast"):
        left_out = [item for item in items if any(item.get_closest_marker(name) for name in SLOW)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


class _NoBackend(MetaPathFinder, Loader):
    """With --fast: a backend is imported as an empty module that skips the test which first uses it."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in ("keras", "tensorflow", "torch", "jax") else None

    def create_module(self, spec):
        return _Unstarted(spec.name)

    def exec_module(self, module):
        pass


class _Unstarted(ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise pytest.skip.Exception(f"--fast: this starts {self.__name__}", allow_module_level=True)


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


@pytest.fixture
def open_page(chromium, tmp_path):
    """Open a widget's page from a file, without a network; at the end, nothing went wrong and nothing was asked for."""
    contexts = []
    faults = []

    def open_(widget, width=1280, css="", form="page", **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", lambda request: faults.append(f"failed: {request.url[:100]}"))
        page.on("request", lambda request: note_request(request, faults))
        html = widget.static_html(form)
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(html if form == "page" else f"<!DOCTYPE html><html lang=en><title>x</title><body>{html}</body>")
        page.goto(f"file://{path}")
        if css:
            page.add_style_tag(content=css)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def note_request(request, faults):
    if not request.url.startswith(("file:", "data:", "blob:", "about:")):
        faults.append(f"asked for {request.url}")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab as `cnn-course lab` starts it; its address and its folder."""
    port = free_port()
    (tmp_path / "config").mkdir()
    settings = {"LabApp": {"expose_app_in_browser": True}}
    (tmp_path / "config" / "jupyter_lab_config.json").write_text(json.dumps(settings))
    env = {**os.environ, "JUPYTER_TOKEN": "test", "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    command = [
        Path(sys.executable).with_name("cnn-course"),
        "lab",
        "--folder",
        str(tmp_path / "course"),
        "--port",
        str(port),
        "--no-browser",
    ]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log, start_new_session=True)
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            time.sleep(0.2)
            try:
                urllib.request.urlopen(f"{address}/api?token=test", timeout=2)
                break
            except OSError:
                continue
        else:
            raise AssertionError((tmp_path / "log").read_text())
        yield address, tmp_path / "course"
        os.killpg(server.pid, 2)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
