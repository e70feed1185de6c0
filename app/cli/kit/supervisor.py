"""The child processes of ``strata up``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog

from app.cli.kit import parent_pipe
from app.cli.kit.restarts import RestartLimit
from app.cli.kit.signals import ShutdownSignals
from app.kit.db.embedded import EmbeddedPostgres
from app.kit.restarts import RestartCounts

_KILL_SECONDS: Final = 5
_LOG: Final = structlog.get_logger()


@dataclass
class _Child:
    """A command, its process, and when it is due to start again after a crash."""

    arguments: Sequence[str]
    process: "subprocess.Popen[bytes]"
    limit: RestartLimit
    grace: float
    """Seconds between SIGTERM and SIGKILL."""
    due: float | None = None


class Supervisor:
    """Starts ``strata`` commands as child processes, restarts crashed ones, and stops them in the order of their start.

    Each child leads its own process group, so Ctrl-C in the terminal reaches only the parent, which then stops the
    children in order. A pipe ends them when the parent is killed.
    """

    def __init__(self, environment: Mapping[str, str], counts: RestartCounts) -> None:
        self._environment = dict(environment)
        self._counts = counts
        self._children: dict[str, _Child] = {}
        self._pipe: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        self._pipe = os.pipe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for end in self._pipe or ():
            os.close(end)

    def start(self, name: str, arguments: Sequence[str], grace: float) -> None:
        """Run ``strata <arguments>`` with the output streams of this process."""
        self._children[name] = _Child(arguments, self._spawn(arguments), RestartLimit(name), grace)

    def exited(self) -> tuple[str, int] | None:
        """The name and exit code of a child that has exited; ``None`` if all are running."""
        for name, child in self._children.items():
            if (code := child.process.poll()) is not None:
                return name, code
        return None

    def keep_running(self) -> None:
        """Restart children that have exited, after a delay. Raises ``CommandError`` for one that crashes too often."""
        for name, child in self._children.items():
            if child.due is None:
                if (code := child.process.poll()) is None:
                    continue
                _LOG.error("process_exited", process=name.lower(), exit_code=code, pid=child.process.pid)
                child.due = time.monotonic() + child.limit.next_delay()
            if time.monotonic() >= child.due:
                # A killed parent leaves its worker processes, which would keep the port.
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process, child.due = self._spawn(child.arguments), None
                self._counts.add(name.lower())
                _LOG.warning("process_restarted", process=name.lower(), pid=child.process.pid)

    def stop(self) -> None:
        """Stop every child and wait for its exit."""
        for child in self._children.values():
            process = child.process
            if process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(child.grace)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(_KILL_SECONDS)
        self._children.clear()

    def _spawn(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        if self._pipe is None:
            message = "start() needs the context: with Supervisor(...) as supervisor"
            raise RuntimeError(message)
        reading_end, _ = self._pipe
        # -P: Python must not import a folder named app in the working directory.
        return subprocess.Popen(  # noqa: S603 - this interpreter with commands of this package
            [sys.executable, "-P", "-m", "app.cli", *arguments],
            env=self._environment | {parent_pipe.VARIABLE: str(reading_end), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=(reading_end,),
            start_new_session=True,
        )


class DatabaseSupervisor:
    """Called often; starts the embedded PostgreSQL again when its process is gone. Raises ``EmbeddedPostgresError``.

    Raises ``CommandError`` when it crashes too often. API and worker wait for it and need no restart.
    """

    def __init__(self, server: EmbeddedPostgres, counts: RestartCounts, signals: ShutdownSignals) -> None:
        self._server = server
        self._counts = counts
        self._signals = signals
        self._limit = RestartLimit("database")

    def __call__(self) -> None:
        if self._server.alive():
            return
        _LOG.error("process_exited", process="postgresql")
        time.sleep(self._limit.next_delay())
        with self._signals.deferred():
            self._server.start()
        self._counts.add("postgresql")
        _LOG.warning("process_restarted", process="postgresql")
