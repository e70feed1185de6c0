"""Finds out whether a process is the server of a data folder: after a reboot a pid file can name any process."""

import os
import time
from pathlib import Path
from typing import Final

from app.kit.db.embedded_layout import EmbeddedPostgresError

_PROCESSES: Final = Path("/proc")


def first_number(path: Path) -> int | None:
    """The process id in a pid file; ``None`` if the file does not exist or is incomplete."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def alive(pid: int) -> bool:
    """Whether the process id is in use, also by a process of another user or a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_server(pid: int, name: str) -> bool:
    """Whether the process was started as the server of this name; without ``/proc``, always true."""
    return not (_PROCESSES / "self").exists() or f"cluster_name={name}".encode() in _command(str(pid))


def _command(pid: str) -> bytes:
    """The command line or title of a process; empty if it has ended."""
    try:
        return (_PROCESSES / pid / "cmdline").read_bytes()
    except OSError:
        return b""


def wait_for_orphans(name: str, seconds: float) -> None:
    """Wait until the child processes of a dead server end: without the pid file PostgreSQL does not detect them."""
    deadline = time.monotonic() + seconds
    title = f"postgres: {name}: ".encode()
    while any(_command(path.name).startswith(title) for path in _PROCESSES.iterdir() if path.name.isdecimal()):
        if time.monotonic() > deadline:
            message = f"Processes titled '{title.decode()}' outlived their server. Stop them, then try again."
            raise EmbeddedPostgresError(message)
        time.sleep(0.1)
