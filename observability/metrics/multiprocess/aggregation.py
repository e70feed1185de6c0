"""Aggregates the metrics of the processes of one server: each writes its own file, and each can read the sum of all.

A process locks its file while it runs. A reader that finds an unlocked file adds it to the retired file and removes it:
counters are preserved, gauges are dropped, and the folder contains one file per running process and one more. Unlike
pids, locks are not reused and do not depend on pid namespaces.
"""

import os
import threading
import uuid
from pathlib import Path
from typing import Final

from observability.metrics.multiprocess import locks
from observability.metrics.multiprocess.snapshot import Merged, Snapshot, absorbed_key
from observability.metrics.multiprocess.store import Store

_LIVE: Final = ".live"
_RETIRED: Final = "retired"
_LOCK: Final = "lock"
_LOCK_TIMEOUT: Final = 2.0


class SingleProcessMetrics:
    """The metrics of a process that shares them with no other."""

    def __init__(self) -> None:
        self.store = Store.private()
        self._own = Snapshot(os.dup(self.store.descriptor))

    def merged(self) -> Merged:
        """Return every series."""
        merged = Merged()
        self._own.refresh()
        self._own.add_to(merged, gauges=True)
        return merged


class MultiprocessMetrics:
    """Reads the metrics of all processes that write to ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snapshots: dict[str, Snapshot] = {}
        self._retired: tuple[int, Snapshot] | None = None
        self._lock = threading.Lock()

    def merged(self) -> Merged:
        """Return every series, summed. Raises ``Busy`` if another process holds the lock for too long."""
        with self._lock, locks.locked(self._folder / _LOCK, _LOCK_TIMEOUT):
            living, dead = self._survey()
            if dead:
                self._retire(dead)
            merged = Merged()
            if (retired := self._current_retired()) is not None:
                retired.add_to(merged, gauges=False)
            for snapshot in living:
                snapshot.refresh()
                snapshot.add_to(merged, gauges=True)
        return merged

    def _survey(self) -> tuple[list[Snapshot], dict[Path, Snapshot]]:
        """Return the files of running processes, and those of dead ones that the retired file does not include."""
        paths = {path.name: path for path in self._folder.glob(f"*{_LIVE}")}
        for name in self._snapshots.keys() - paths.keys():
            self._snapshots.pop(name).close()
        retired = self._current_retired()
        living, dead = [], {}
        for name, path in sorted(paths.items()):
            if retired is not None and name in retired.absorbed:
                # The process that added it to the retired file was killed before it could remove it.
                path.unlink()
                continue
            snapshot = self._snapshots.get(name)
            if snapshot is None:
                snapshot = self._snapshots[name] = Snapshot.open(path)
            if locks.try_lock(snapshot.descriptor):
                dead[path] = snapshot
            else:
                living.append(snapshot)
        return living, dead

    def _retire(self, dead: dict[Path, Snapshot]) -> None:
        merged = Merged()
        if (retired := self._current_retired()) is not None:
            retired.add_to(merged, gauges=False)
        for snapshot in dead.values():
            snapshot.refresh()
            snapshot.add_to(merged, gauges=False)
        temporary = self._folder / f".{_RETIRED}.{uuid.uuid4().hex}"
        store = Store.at(temporary)
        store.append_record(*absorbed_key(path.name for path in dead))
        for name, points in merged.points.items():
            for labels, point in points.items():
                store.put(merged.families[name], labels, point.values, point.exemplars)
        # From here on the retired file includes the dead processes, even if their own files are not removed yet.
        temporary.replace(self._folder / _RETIRED)
        for path in dead:
            path.unlink()
            self._snapshots.pop(path.name).close()

    def _current_retired(self) -> Snapshot | None:
        path = self._folder / _RETIRED
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            return None
        if self._retired is None or self._retired[0] != inode:
            if self._retired is not None:
                self._retired[1].close()
            self._retired = inode, Snapshot.open(path)
        return self._retired[1]


class WorkerMetrics(MultiprocessMetrics):
    """The metrics of one of several processes, with a store of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        temporary = folder / f".{name}"
        self.store = Store.at(temporary)
        # Locked before it becomes visible; otherwise a reader would take it for the file of a dead process.
        if not locks.try_lock(self.store.descriptor):
            raise locks.Busy(str(temporary))
        temporary.rename(folder / f"{name}{_LIVE}")
