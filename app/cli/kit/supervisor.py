"""The processes that ``strata up`` runs beside itself."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from app.cli.kit import parent_pipe

_KILL_SECONDS: Final = 5


class Children:
    """Starts commands of ours and ends them, in the order of their start.

    Each child leads a process group of its own, so Ctrl-C in the terminal reaches only the parent, which then ends
    them in order. A pipe ends them when the parent is killed.
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
        """Run ``strata <arguments>``; its output goes where ours goes."""
        if self._pipe is None:
            message = "children are started within their context"
            raise RuntimeError(message)
        watched, _ = self._pipe
        # -P: a folder named app in the working directory must not be taken for ours.
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter with commands of ours
            [sys.executable, "-P", "-m", "app.cli", *arguments],
            env=self._environment | {parent_pipe.VARIABLE: str(watched), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=(watched,),
            start_new_session=True,
        )

    def ended(self) -> tuple[str, int] | None:
        """The name and exit code of a child that is no longer there."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                return name, code
        return None

    def stop(self) -> None:
        """End every child, and wait for it."""
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
