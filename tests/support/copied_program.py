"""Runs ``strata`` commands of a copy of the source, in processes forked from one that has imported the copy.

Importing the program and building its versions takes most of the CPU of such a command. Commands between two changes of
the source share it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from tests.support.command_server import CommandServer

_IMPORTED: Final = ("app", "versions", "observability", "contracts", "tests/support")
_SUFFIXES: Final = (".py", ".toml")
_DECLARED: Final = ("versions/lifecycle.json", "versions/removed.json")
"""What the program reads while it is imported, besides modules. Contracts and fragments are read by each command."""
_State = frozenset[tuple[str, int, int]]


class CopiedProgram:
    """The program in one folder, whatever its source is at the time of a command."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._server: CommandServer | None = None
        self._imported: _State = frozenset()

    def run(self, arguments: Sequence[str], seconds: float) -> "CompletedProcess[str]":
        """Run one command, and return its exit code and outputs."""
        state = self._state()
        if self._server is None or self._imported != state:
            self.stop()
            self._imported = state
            self._server = CommandServer(self._folder, self._environment)
        return self._server.run(arguments, self._environment, self._folder, seconds)

    def stop(self) -> None:
        """End the process with the imported program."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _state(self) -> _State:
        return frozenset(
            (str(path), stat.st_mtime_ns, stat.st_size) for path in self._read() for stat in (path.stat(),)
        )

    def _read(self) -> Iterator[Path]:
        for name in _IMPORTED:
            for path in (self._folder / name).rglob("*"):
                if path.suffix in _SUFFIXES and "node_modules" not in path.parts:
                    yield path
        yield from (path for name in _DECLARED if (path := self._folder / name).exists())
