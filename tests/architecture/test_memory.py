"""Where the databases of a run are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import memory


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the memory of the machine."""
    monkeypatch.setattr(memory, "_MEMORY", tmp_path)
    monkeypatch.setattr(memory, "_LEAST", 1)
    return tmp_path


def test_a_folder_belongs_to_the_user_and_its_process(place: Path) -> None:
    owner = (os.geteuid(), os.getegid())
    folder = memory.new_folder(owner)
    assert folder is not None
    assert (folder.parent, folder.stat().st_uid, folder.stat().st_mode & 0o077) == (place, owner[0], 0)
    assert memory.new_folder(None) != folder
    assert folder.exists()


def test_the_folder_of_a_killed_process_is_removed(place: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = place / f"strata-tests-{ended.pid}-left"
    (left / "PG_18").mkdir(parents=True)
    other = place / "of another program"
    other.mkdir()
    memory.new_folder(None)
    assert not left.exists()
    assert other.exists()


def test_databases_are_on_disk_where_memory_is_scarce(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scarce(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=64 << 20)

    monkeypatch.setattr(memory, "_LEAST", 4 << 30)
    monkeypatch.setattr(shutil, "disk_usage", scarce)
    assert memory.new_folder(None) is None
    monkeypatch.setattr(memory, "_MEMORY", place / "missing")
    assert memory.new_folder(None) is None
