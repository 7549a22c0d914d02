"""Files that are whole or not there, and the folders that the course writes to."""

import os
import time
from pathlib import Path

import pytest

from cnn_course._files import cache_folder, state_folder, write_atomically
from cnn_course.errors import DataError


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "new folder" / "notes.keras"
    for text in ("one", "two"):
        with write_atomically(path) as partial:
            assert partial.parent == path.parent and partial.suffix == ".keras"
            partial.write_text(text)
            assert not path.exists() if text == "one" else path.read_text() == "one"
    assert path.read_text() == "two" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, OSError])
def test_a_fault_leaves_what_was_there_and_nothing_else(tmp_path, fault):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def write():
        with write_atomically(path) as partial:
            partial.write_text("ha")
            raise fault

    with pytest.raises(fault):
        write()
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), write_atomically(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for name, target in (("link", "there.txt"), ("dangling", "not yet.txt")):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere" / target)
        with write_atomically(tmp_path / name) as partial:
            partial.write_text("new")
        assert (tmp_path / name).is_symlink() and (tmp_path / "elsewhere" / target).read_text() == "new"


def test_what_a_kill_left_long_ago_is_taken_away_and_what_another_writes_now_is_not(tmp_path):
    path = tmp_path / "odd [1].json"
    with write_atomically(path) as own:
        own.write_text("x")
        for age, name in ((0, "aaaa"), (3 * 24 * 3600, "bbbb")):
            left = path.with_name(f".{path.name}.{name}.partial.json")
            left.write_text("half")
            os.utime(left, (time.time() - age,) * 2)
        with write_atomically(path) as partial:
            partial.write_text("y")
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
            [path.name, own.name, f".{path.name}.aaaa.partial.json"]
        )
    assert path.read_text() == "x"


@pytest.mark.parametrize("variable, folder", [("CNN_COURSE_STATE", state_folder), ("CNN_COURSE_CACHE", cache_folder)])
def test_the_variables_move_the_folders(variable, folder, monkeypatch):
    monkeypatch.setenv(variable, "~/own")
    assert folder() == Path.home() / "own"
    monkeypatch.setenv(variable, "")
    assert folder().name == "cnn-course" and folder().is_absolute()
    monkeypatch.setenv(variable, "~nobody-of-this-name/own")
    with pytest.raises(DataError, match=f"{variable} must be a folder. .*there is no such user"):
        folder()


def test_a_progress_bar_takes_any_name(monkeypatch):
    import io

    from rich import console

    from cnn_course._progress import progress_bar

    written, terminal = io.StringIO(), console.Console
    options = {"file": written, "force_terminal": True, "width": 100}
    monkeypatch.setattr(console, "Console", lambda stderr: terminal(**options))
    with progress_bar("Reading [/x] [red]", 2) as advance:
        advance(2)
    assert "Reading [/x] [red]" in written.getvalue()
