"""The log level of a server that runs: all of its processes change together.

The level is a line in the run's folder. SIGUSR2 makes a process read it, SIGUSR1 makes a process write the next level,
which is one step chattier or, after ``debug``, the configured one, and signal all others. A process that starts later
reads it too; the next run starts as it is configured.
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

LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)
"""From the chattiest on."""


def announce(folder: RunFolder, level: LogLevel | None) -> list[int]:
    """Set the level of every process of a run, ``None`` for the configured one; the pids of those that were told."""
    temporary = folder.level.with_name(f".level.{os.getpid()}")
    temporary.write_text(level or "")
    temporary.replace(folder.level)
    told = []
    for pid in folder.pids():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR2)
            told.append(pid)
    return told


class LevelControl:
    """The level of this process."""

    def __init__(self, folder: RunFolder, configured: LogLevel, log_format: LogFormat) -> None:
        self._folder = folder
        self._configured = configured
        self._format = log_format

    @contextmanager
    def obeying(self) -> Iterator[None]:
        """Follow signals in the running event loop while the block runs."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._step)
        loop.add_signal_handler(signal.SIGUSR2, self._follow)
        self._apply()
        with self._folder.registered():
            yield

    def _apply(self) -> LogLevel:
        level = self._asked() or self._configured
        configure(level, self._format)
        return level

    def _follow(self) -> None:
        structlog.get_logger().warning("log_level_changed", to=self._apply())

    def _step(self) -> None:
        level = self._asked() or self._configured
        number = LEVELS.index(level)
        announce(self._folder, LEVELS[number - 1] if number else None)

    def _asked(self) -> LogLevel | None:
        try:
            text = self._folder.level.read_text()
        except FileNotFoundError:
            return None
        return next((level for level in LEVELS if level == text), None)
