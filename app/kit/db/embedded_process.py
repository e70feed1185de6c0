"""Whether a process is the server of a data folder: a number in a file may be anybody's after a reboot."""

import os
import time
from pathlib import Path
from typing import Final

from app.kit.db.embedded_layout import EmbeddedPostgresError

_PROCESSES: Final = Path("/proc")


def first_number(path: Path) -> int | None:
    """Read the process number of a pid file; ``None`` where there is no such file, or it is torn."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def alive(pid: int) -> bool:
    """Whether the number is in use, be it by a process of someone else or one that has ended and was not reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_server(pid: int, name: str) -> bool:
    """Whether the process was started as the server of this name; without ``/proc`` its existence must do."""
    return not (_PROCESSES / "self").exists() or f"cluster_name={name}".encode() in _command(str(pid))


def _command(pid: str) -> bytes:
    """What the process was started with, or calls itself; nothing for one that has ended."""
    try:
        return (_PROCESSES / pid / "cmdline").read_bytes()
    except OSError:
        return b""


def await_orphans(name: str, seconds: float) -> None:
    """Wait for the end of a dead server's children: without the pid file, PostgreSQL does not know of them."""
    deadline = time.monotonic() + seconds
    title = f"postgres: {name}: ".encode()
    while any(_command(path.name).startswith(title) for path in _PROCESSES.iterdir() if path.name.isdecimal()):
        if time.monotonic() > deadline:
            message = f"Processes titled '{title.decode()}' have outlived their server. End them, then try again."
            raise EmbeddedPostgresError(message)
        time.sleep(0.1)
