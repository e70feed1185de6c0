"""The log level of a running server: requested in its folder, by command or by signal, in every process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock, call

import pytest
import structlog

from observability.logs import debug
from observability.logs import level as module
from observability.logs.debug import debug_log
from observability.logs.level import LEVELS, LevelControl, broadcast_level
from observability.run_folder import RunFolder, create_run_folder, running_in


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with create_run_folder(tmp_path / "runs") as path:
        yield RunFolder(path)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The calls that configure the log of this process."""
    calls: list[tuple[object, ...]] = []
    monkeypatch.setattr(module, "configure", lambda *arguments: calls.append(arguments))
    return calls


@asynccontextmanager
async def controlled(folder: RunFolder, level: Any = "info") -> AsyncIterator[Callable[[int], Any]]:
    """Handle signals of this process; yields a function that sends one and waits until it is handled."""
    loop = asyncio.get_running_loop()

    async def send(number: int) -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.01)

    try:
        with LevelControl(folder, level, "console").handle_signals():
            yield send
    finally:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            loop.remove_signal_handler(number)


async def test_a_process_starts_with_the_requested_level(folder: RunFolder, configured: list[Any]) -> None:
    async with controlled(folder, "warning"):
        assert configured == [("warning", "console")]
    for text, expected in (("debug", "debug"), ("", "warning"), ("loud", "warning"), ("error", "error")):
        folder.level.write_text(text)
        async with controlled(folder, "warning"):
            assert configured[-1] == (expected, "console")


async def test_a_command_changes_the_level_and_ends_the_change(folder: RunFolder, configured: list[Any]) -> None:
    async with controlled(folder):
        with structlog.testing.capture_logs() as lines:
            assert broadcast_level(folder, "error") == [os.getpid()]
            await asyncio.sleep(0.01)
            assert (configured[1:], folder.level.read_text()) == ([("error", "console")], "error")
            assert broadcast_level(folder, None) == [os.getpid()]
            await asyncio.sleep(0.01)
    assert (configured[2:], folder.level.read_text()) == ([("info", "console")], "")
    assert lines == [{"event": "log_level_changed", "to": level, "log_level": "warning"} for level in ("error", "info")]
    assert not list(folder.level.parent.glob(".*")), "a level is replaced, never partly written"


async def test_a_signal_steps_to_more_lines_and_back_to_the_configured_level(
    folder: RunFolder, configured: list[Any]
) -> None:
    async with controlled(folder, "warning") as send:
        for expected in ("info", "debug", "", "info"):
            await send(signal.SIGUSR1)
            await send(0)
            assert folder.level.read_text() == expected
            assert configured[-1] == (expected or "warning", "console")
    assert LEVELS == ("debug", "info", "warning", "error")


def test_a_command_reaches_the_registered_processes_that_live(folder: RunFolder) -> None:
    assert folder.pids() == []
    assert broadcast_level(folder, "debug") == []
    ended = os.fork()
    if ended == 0:
        registration = folder.register()
        registration.__enter__()
        os._exit(0)
    os.waitpid(ended, 0)
    assert folder.pids() == []
    with folder.register():
        assert folder.pids() == [os.getpid()]
    assert folder.pids() == []


def test_a_process_that_ends_meanwhile_is_skipped(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        if pid == 2:
            raise ProcessLookupError
        sent.append((pid, number))

    monkeypatch.setattr(folder, "pids", lambda: [1, 2, 3])
    monkeypatch.setattr(module.os, "kill", kill)
    assert broadcast_level(folder, "debug") == [1, 3]
    assert sent == [(1, signal.SIGUSR2), (3, signal.SIGUSR2)]


def test_debug_lines_are_written_only_at_debug_level(monkeypatch: pytest.MonkeyPatch) -> None:
    # The configuration of the log is of the process, and other tests change it.
    log = Mock()
    monkeypatch.setattr(debug, "_LOG", log)
    debug_log.write("cache_missed", key="a")
    assert log.mock_calls == [call.debug("cache_missed", key="a")]


def test_the_level_is_stored_before_a_process_is_told(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process reads it at the signal, and would otherwise read the level before."""
    read: list[str] = []
    monkeypatch.setattr(module.os, "kill", lambda _pid, _number: read.append(folder.level.read_text()))
    with folder.register():
        for level in ("debug", "error", None):
            assert broadcast_level(folder, level) == [os.getpid()]
    assert read == ["debug", "error", ""]


def test_a_run_has_a_folder_of_its_own_until_it_ends(tmp_path: Path) -> None:
    parent = tmp_path / "home" / "runs"
    assert running_in(parent) == []
    with create_run_folder(parent) as path:
        run = RunFolder(path)
        assert path.parent == parent
        assert path.name.startswith(f"{os.getpid()}-")
        assert run.metrics == path / "metrics"
        assert run.level == path / "log-level"
        for folder in (parent, run.metrics, path / "processes"):
            assert folder.is_dir()
            assert folder.stat().st_mode & 0o777 == 0o700
        assert (path / "owner").stat().st_mode & 0o777 == 0o600
        with create_run_folder(parent) as other:
            assert path.exists(), "the folder of a running process"
            assert other != path
            assert {found.level for found in running_in(parent)} == {path / "log-level", other / "log-level"}
        assert [found.level for found in running_in(parent)] == [path / "log-level"]
    assert (path.exists(), running_in(parent)) == (False, [])
    assert list(parent.parent.iterdir()) == [parent], "nothing hidden is left"


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    parent = tmp_path / "runs"
    child = os.fork()
    if child == 0:
        run = create_run_folder(parent)
        run.__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    (left,) = parent.iterdir()
    assert running_in(parent) == []
    with create_run_folder(parent) as path:
        assert not left.exists()
        assert list(parent.iterdir()) == [path]


def test_an_error_in_the_block_removes_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), create_run_folder(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
