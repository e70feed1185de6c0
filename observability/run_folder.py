"""What the processes of one server share while it runs: measurements, the log level, and who they are.

Each run has a folder of its own, so that two servers on one home never mix, and leaves nothing that a later one reads.
Who is alive is told by locks, which the kernel frees, and not by pids, which are used again.
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
    """One run's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def metrics(self) -> Path:
        """Where its processes count."""
        return self._path / _METRICS

    @property
    def level(self) -> Path:
        """The file that says which log level was asked for while it runs."""
        return self._path / _LEVEL

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Be found by ``pids`` while the block runs. For whoever is ready to be signalled."""
        path = self._path / _PROCESSES / str(os.getpid())
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            locks.try_lock(descriptor)
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def pids(self) -> list[int]:
        """Every process that is registered and alive."""
        return sorted(int(path.name) for path in (self._path / _PROCESSES).iterdir() if locks.held(path))


@contextmanager
def made_in(parent: Path) -> Iterator[Path]:
    """A new folder that goes when the block ends; those of runs that were killed go first."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in parent.iterdir():
        if not locks.held(path / _OWNER):
            shutil.rmtree(path, ignore_errors=True)
    path = parent / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    hidden = parent.with_name(f".{parent.name}-{path.name}")
    for name in (_PROCESSES, _METRICS):
        (hidden / name).mkdir(mode=0o700, parents=True)
    descriptor = os.open(hidden / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        locks.try_lock(descriptor)
        # Locked before it is there to be found, or another start would take it for one that was left behind.
        hidden.rename(path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def running_in(parent: Path) -> list[RunFolder]:
    """Those whose owner is alive."""
    if not parent.is_dir():
        return []
    return [RunFolder(path) for path in sorted(parent.iterdir()) if locks.held(path / _OWNER)]
