"""Ends child processes when their parent dies: they read from a pipe that the kernel closes with the parent."""

import os
import signal
import threading
from typing import Final

VARIABLE: Final = "STRATA_LIFELINE"
"""The environment variable with the file descriptor of the child's end of the pipe."""


def exit_with_parent() -> None:
    """Kill this process when the pipe closes, if ``strata up`` passed one.

    SIGKILL replaces a graceful shutdown, because the next ``strata up`` may already wait for the port. It does not
    affect committed data.
    """
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        return
    descriptor = int(text)
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - takes no keyword
    threading.Thread(target=_kill_on_close, args=(descriptor,), name="parent-pipe", daemon=True).start()


def _kill_on_close(descriptor: int) -> None:
    os.read(descriptor, 1)
    # A process that leads its group also ends the worker processes that it started.
    if os.getpgid(0) == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
