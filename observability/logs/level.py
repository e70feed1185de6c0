"""Changes the log level of a running server in all of its processes.

The level is a line in the run folder. On SIGUSR2 a process reads it. On SIGUSR1 a process writes the next level and
signals all others; the next level is one step more verbose, or the configured one after ``debug``. A process that
starts later reads the level too; the next run starts with the configured one.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, get_args

import structlog

from observability.config import LogFormat, LogLevel
from observability.logs.configuration import configure
from observability.run_folder import RunFolder

_LOG: Final = structlog.get_logger()
LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)
"""In ascending order of severity."""


def broadcast_level(folder: RunFolder, level: LogLevel | None) -> list[int]:
    """Set the level of every process of a run, ``None`` for the configured one. Returns the signalled pids."""
    temporary = folder.level.with_name(f".level.{os.getpid()}")
    temporary.write_text(level or "")
    temporary.replace(folder.level)
    signalled = []
    for pid in folder.pids():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR2)
            signalled.append(pid)
    return signalled


class LevelControl:
    """The log level of this process."""

    def __init__(self, folder: RunFolder, configured: LogLevel, log_format: LogFormat) -> None:
        self._folder = folder
        self._configured = configured
        self._format = log_format

    @contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Handle the level signals in the running event loop while the block runs."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._step)
        loop.add_signal_handler(signal.SIGUSR2, self._reload)
        self._apply()
        with self._folder.register():
            yield

    def _apply(self) -> LogLevel:
        level = self._requested() or self._configured
        configure(level, self._format)
        return level

    def _reload(self) -> None:
        _LOG.warning("log_level_changed", to=self._apply())

    def _step(self) -> None:
        level = self._requested() or self._configured
        number = LEVELS.index(level)
        broadcast_level(self._folder, LEVELS[number - 1] if number else None)

    def _requested(self) -> LogLevel | None:
        try:
            text = self._folder.level.read_text()
        except FileNotFoundError:
            return None
        return next((level for level in LEVELS if level == text), None)
