"""The folder that the processes of one server share while it runs: metrics, the log level, and a file per process.

Each run has its own folder, so that two servers on one home never mix and a later run never reads old data. File locks
show which processes are alive: the kernel releases them, whereas pids are reused.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from observability.metrics.multiprocess import locks

_OWNER: Final = "owner"
_PROCESSES: Final = "processes"
_METRICS: Final = "metrics"
_LEVEL: Final = "log-level"


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def metrics(self) -> Path:
        """The folder of the metric files."""
        return self._path / _METRICS

    @property
    def level(self) -> Path:
        """The file with the log level that was requested during the run."""
        return self._path / _LEVEL

    @contextmanager
    def register(self) -> Iterator[None]:
        """Include this process in ``pids`` while the block runs. Install the signal handlers before."""
        path = self._path / _PROCESSES / str(os.getpid())
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            locks.try_lock(descriptor)
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def pids(self) -> list[int]:
        """Return the pids of all registered processes that are alive."""
        return sorted(int(path.name) for path in (self._path / _PROCESSES).iterdir() if locks.is_locked(path))


@contextmanager
def create_run_folder(parent: Path) -> Iterator[Path]:
    """Create a folder that is removed when the block ends. Folders of killed runs are removed first."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in parent.iterdir():
        if not locks.is_locked(path / _OWNER):
            shutil.rmtree(path, ignore_errors=True)
    path = parent / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    hidden = parent.with_name(f".{parent.name}-{path.name}")
    for name in (_PROCESSES, _METRICS):
        (hidden / name).mkdir(mode=0o700, parents=True)
    descriptor = os.open(hidden / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        locks.try_lock(descriptor)
        # Locked before it becomes visible; otherwise another start would remove it as a leftover.
        hidden.rename(path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def running_in(parent: Path) -> list[RunFolder]:
    """Return the folders whose owner is alive."""
    if not parent.is_dir():
        return []
    return [RunFolder(path) for path in sorted(parent.iterdir()) if locks.is_locked(path / _OWNER)]
