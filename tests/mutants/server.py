"""A process that runs tests against mutants, each in a fork of itself.

Two processes wait. The *cold* one has imported libraries only: its children import the application with the mutant in
it. The *warm* one has imported the application and collected the tests: its children replace the code of functions.
``pool.py`` starts this module, writes one request per line and reads one verdict per line.
"""

import asyncio
import gc
import importlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final, TextIO

import asyncpg
import pytest

from tests.mutants.children import Limits, run_in_child
from tests.mutants.plant import CannotPlantError, Functions, Planted, functions_by_code, plant

OPTIONS: Final = (
    *("-n", "0", "-q", "--tb=no", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning", "-W", "ignore::pytest.PytestConfigWarning"),
)
OURS: Final = ("app", "versions", "observability", "contracts", "tests")
COLD: Final = "import anew"
"""The verdict of the warm process on a mutant that only the cold one can plant."""
DOCUMENTS: Final = "the frozen contracts"


class Suite:
    """Gives pytest a database server, and runs single tests."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._items: dict[str, pytest.Item] = {}
        self.writer = -1

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: Any) -> None:
        # Without it the suite starts a database server of its own, as in a run without workers.
        config.workerinput = {"dsn": self._dsn, "workerid": f"mutants{os.getpid()}", "testrunuid": "mutants"}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._items = {item.nodeid: item for item in session.items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.writer >= 0:
            os.write(self.writer, report.nodeid.encode())
            os._exit(0)

    def run(self, tests: Iterable[str]) -> str:
        """Return "", the verdict on a survivor; a test that fails writes its id instead and ends the process.

        A path stands for all tests of its file.
        """
        items = list(dict.fromkeys(chain.from_iterable(map(self._named, tests))))
        for item, following in zip_longest(items, items[1:]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return ""

    def _named(self, test: str) -> list[pytest.Item]:
        if test in self._items:
            return [self._items[test]]
        return [item for name, item in self._items.items() if name.startswith(f"{test}::")]


class Warm(Suite):
    """Serves requests when the tests are collected."""

    def __init__(self, dsn: str, channel: TextIO) -> None:
        super().__init__(dsn)
        self._channel = channel

    def pytest_runtestloop(self) -> bool:
        from tests.mutants.warm import build_application  # noqa: PLC0415 - it imports the application

        build_application()
        gc.unfreeze()  # what ``conftest.py`` has frozen
        functions = functions_by_code()
        gc.collect()
        gc.freeze()
        libraries = [name for name in sys.modules if name.partition(".")[0] not in OURS]
        _write(self._channel, libraries)
        for line in self._channel:
            request = json.loads(line)
            judge = partial(self._judge, request, functions)
            _write(self._channel, run_in_child(judge, _limits(request)))
        return True

    def _judge(self, request: dict[str, Any], functions: Functions, writer: int) -> str:
        try:
            plant(request["module"], request["path"], request["code"], functions)
        except CannotPlantError:
            return COLD
        self.writer = writer
        return self.run(request["tests"])


class Cold(Suite):
    """Runs tests in an application that was imported with the mutant."""

    def __init__(self, dsn: str, tests: Sequence[str], writer: int) -> None:
        super().__init__(dsn)
        self._tests = tests
        self.writer = writer

    def pytest_runtestloop(self) -> bool:
        from tests.mutants.warm import are_documents_frozen  # noqa: PLC0415 - it imports the application

        if not are_documents_frozen():
            os.write(self.writer, DOCUMENTS.encode())
            os._exit(0)
        self.run(self._tests)
        return True


def _judge_cold(request: dict[str, Any], dsn: str, folder: Path, writer: int) -> str:
    sys.meta_path.insert(0, Planted(request["module"], request["path"], request["code"]))
    files = list(dict.fromkeys(test.partition("::")[0] for test in request["tests"]))
    status = pytest.main([*OPTIONS, f"--basetemp={folder}", *files], plugins=[Cold(dsn, request["tests"], writer)])
    # A module that cannot be imported is an error of the collection.
    return "" if status in (0, 5) else "collection of the tests"


def _limits(request: dict[str, Any]) -> Limits:
    return Limits(cpu=request["cpu"], wall=request["wall"])


def _write(channel: TextIO, value: object) -> None:
    channel.write(json.dumps(value) + "\n")
    channel.flush()


async def _databases(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT datname FROM pg_database")
    await connection.close()
    return {row[0] for row in rows}


async def _drop_new_databases(dsn: str, known: set[str]) -> None:
    """Drop what the tests of a child created: it ends without the teardown of its fixtures."""
    for name in await _databases(dsn) - known:
        connection = await asyncpg.connect(dsn)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()


def serve(channel: TextIO, dsn: str, files: Sequence[str], folder: Path) -> None:
    """Read requests until the channel is closed."""
    known = asyncio.run(_databases(dsn))
    ours, theirs = socket.socketpair()
    warm = os.fork()
    if warm == 0:
        ours.close()
        suite = Warm(dsn, theirs.makefile("rw"))
        status = pytest.main([*OPTIONS, f"--basetemp={folder / 'warm'}", *files], plugins=[suite])
        os._exit(int(status))
    theirs.close()
    pipe = ours.makefile("rw")
    first = pipe.readline()
    if not first:
        raise SystemExit("The tests of the mutants cannot be collected.")
    for name in json.loads(first):
        with suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _write(channel, "ready")
    for line in channel:
        request = json.loads(line)
        verdict = COLD
        if not request["cold"]:
            _write(pipe, request)
            verdict = json.loads(pipe.readline())
        if verdict == COLD:
            verdict = run_in_child(lambda writer: _judge_cold(request, dsn, folder / "cold", writer), _limits(request))  # noqa: B023 - called at once
        asyncio.run(_drop_new_databases(dsn, known))
        _write(channel, verdict)
    pipe.close()
    ours.close()
    os.waitpid(warm, 0)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    descriptor, address, place, *paths = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as connection:
        serve(connection.makefile("rw"), address, paths, Path(place))
