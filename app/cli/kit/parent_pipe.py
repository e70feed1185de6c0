"""A pipe that ties children to their parent: when the parent dies, however it dies, the pipe closes and they end."""

import os
import signal
import threading
from typing import Final

VARIABLE: Final = "STRATA_LIFELINE"
"""Names the file descriptor of the child's end of the pipe."""


def hold() -> None:
    """Watch the pipe, where ``strata up`` gave one to this process.

    The end is abrupt on purpose: the next ``strata up`` may already be waiting for the port, and nothing committed
    depends on a farewell.
    """
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        return
    descriptor = int(text)
    os.set_inheritable(descriptor, False)  # noqa: FBT003 - takes no keyword
    threading.Thread(target=_end_with, args=(descriptor,), name="lifeline", daemon=True).start()


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)
    # A group of its own holds this process and, with several workers, those that it started.
    if os.getpgid(0) == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
