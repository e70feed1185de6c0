"""Locks of files between processes; two open files of one process exclude each other, too."""

import os
import time
from pathlib import Path

import pytest

from observability.metrics.multiprocess import locks


def test_a_lock_excludes_others_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_locked(path), "a missing file"
    path.touch()
    assert not locks.is_locked(path)
    assert not locks.is_locked(path), "the question must not leave a lock"
    first, second = (os.open(path, os.O_RDWR) for _ in range(2))
    assert locks.try_lock(first)
    assert locks.is_locked(path)
    assert not locks.try_lock(second)
    locks.unlock(first)
    assert not locks.is_locked(path)
    assert locks.try_lock(second)
    os.close(second)
    assert not locks.is_locked(path), "closing releases the lock, as the end of a process does"
    os.close(first)


def test_a_locked_block_creates_its_file_and_releases_it_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.locked(path, 1):
        assert locks.is_locked(path)
        assert path.stat().st_mode & 0o777 == 0o600
    assert not locks.is_locked(path)
    with pytest.raises(ZeroDivisionError), locks.locked(path, 1):
        raise ZeroDivisionError
    assert not locks.is_locked(path)


def test_waiting_for_a_lock_ends_after_its_seconds(tmp_path: Path) -> None:
    path, entered = tmp_path / "lock", False
    with locks.locked(path, 0):
        started = time.monotonic()
        with pytest.raises(locks.Busy, match=str(path)), locks.locked(path, 0.1):
            entered = True
        assert time.monotonic() - started >= 0.1
        assert locks.is_locked(path), "the caller that gave up must not release it"
    assert not entered
    with locks.locked(path, 0):
        assert locks.is_locked(path)
