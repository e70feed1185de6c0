"""The child processes of ``strata up``."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from app.cli.kit import parent_pipe

_KILL_SECONDS: Final = 5


class Supervisor:
    """Starts ``strata`` commands as child processes and stops them in the order in which they started.

    Each child leads its own process group, so Ctrl-C in the terminal reaches only the parent, which then stops the
    children in order. A pipe ends them when the parent is killed.
    """

    def __init__(self, environment: Mapping[str, str], grace: float) -> None:
        self._environment = dict(environment)
        self._grace = grace
        """Seconds between SIGTERM and SIGKILL."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}
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

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Run ``strata <arguments>`` with the output streams of this process."""
        if self._pipe is None:
            message = "start() needs the context: with Supervisor(...) as supervisor"
            raise RuntimeError(message)
        reading_end, _ = self._pipe
        # -P: Python must not import a folder named app in the working directory.
        self._running[name] = subprocess.Popen(  # noqa: S603 - this interpreter with commands of this package
            [sys.executable, "-P", "-m", "app.cli", *arguments],
            env=self._environment | {parent_pipe.VARIABLE: str(reading_end), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=(reading_end,),
            start_new_session=True,
        )

    def exited(self) -> tuple[str, int] | None:
        """The name and exit code of a child that has exited; ``None`` if all are running."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                return name, code
        return None

    def stop(self) -> None:
        """Stop every child and wait for its exit."""
        for process in self._running.values():
            if process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(self._grace)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait(_KILL_SECONDS)
        self._running.clear()
