"""The processes of one server: each counts into a file of its own, and each can tell the sum of all.

A process holds the lock of its file as long as it lives. Who finds a file without a lock adds it to the retired one
and removes it: counters go on, gauges vanish, and the folder holds one file for each living process and one more.
Locks are free of pid reuse and of pid namespaces.
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
_PATIENCE: Final = 2.0


class SingleProcessMetrics:
    """A process that shares with nobody."""

    def __init__(self) -> None:
        self.store = Store.private()
        self._own = Snapshot(os.dup(self.store.descriptor))

    def merged(self) -> Merged:
        """Every series."""
        merged = Merged()
        self._own.refresh()
        self._own.add_to(merged, gauges=True)
        return merged


class MultiprocessMetrics:
    """Reads what all processes that count into ``folder`` have counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snapshots: dict[str, Snapshot] = {}
        self._retired: tuple[int, Snapshot] | None = None
        self._lock = threading.Lock()

    def merged(self) -> Merged:
        """Every series, summed. Raises ``Busy`` when another process reads for too long."""
        with self._lock, locks.locked(self._folder / _LOCK, _PATIENCE):
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
        """The files of living processes, and of dead ones that the retired file does not hold yet."""
        paths = {path.name: path for path in self._folder.glob(f"*{_LIVE}")}
        for name in self._snapshots.keys() - paths.keys():
            self._snapshots.pop(name).close()
        retired = self._current_retired()
        living, dead = [], {}
        for name, path in sorted(paths.items()):
            if retired is not None and name in retired.absorbed:
                # Whoever retired it was killed before it could remove it.
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
        store.note(*absorbed_key(path.name for path in dead))
        for name, points in merged.points.items():
            for labels, point in points.items():
                store.put(merged.families[name], labels, point.values, point.exemplars)
        # From here on the dead are part of the retired file, whether their own are still there or not.
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
    """One of them: it has a store of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        temporary = folder / f".{name}"
        self.store = Store.at(temporary)
        # Locked before anybody can see it, or it would be taken for that of a dead process.
        if not locks.try_lock(self.store.descriptor):
            raise locks.Busy(str(temporary))
        temporary.rename(folder / f"{name}{_LIVE}")
