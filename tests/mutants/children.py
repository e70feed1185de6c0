"""Runs a function in a forked child, with limits."""

import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final

TOO_SLOW: Final = "too slow"
_CPU_SIGNALS: Final = (signal.SIGXCPU, signal.SIGKILL)


@dataclass(frozen=True)
class Limits:
    """Seconds of a child: of processor time, which a busy machine does not change, and of waiting on an idle one."""

    cpu: float
    wall: float


def run_in_child(work: Callable[[int], str], limits: Limits) -> str:
    """What ``work`` returns or has written to its pipe, ``TOO_SLOW``, or the reason of the child's end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run(work, writer, limits)
    os.close(writer)
    with suppress(OSError):
        os.setpgid(child, child)
    try:
        text = _read(reader, time.monotonic() + limits.wall * _load_per_core())
    finally:
        os.close(reader)
        # The group contains the servers that an interrupted test has started.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if text is None:
        return TOO_SLOW
    if not text and os.WIFSIGNALED(status):
        ended = os.WTERMSIG(status)
        return TOO_SLOW if ended in _CPU_SIGNALS else f"ended by signal {ended}"
    return text


def _load_per_core() -> float:
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _run(work: Callable[[int], str], writer: int, limits: Limits) -> None:
    try:
        with suppress(OSError):
            os.setpgid(0, 0)
        seconds = max(1, round(limits.cpu))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        text = work(writer)
    except BaseException as error:  # noqa: BLE001 - a mutant that cannot be imported or collected is caught
        text = f"{type(error).__name__} before the first test"
    with suppress(OSError):
        os.write(writer, text.encode())
    os._exit(0)


def _read(reader: int, deadline: float) -> str | None:
    """The text of the child; None after the deadline."""
    received = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not wait([reader], left):
            return None
        chunk = os.read(reader, 65536)
        if not chunk:
            return received.decode()
        received += chunk
