"""Starts the processes that record lines and run tests, and distributes mutants to them."""

import asyncio
import hashlib
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from tests.mutants.children import Limits
from tests.mutants.lines import LineMap
from tests.mutants.mutate import Mutant
from tests.mutants.targets import ROOT, SOURCES, path_of
from tests.support.postgres import TestServer

CACHE: Final = ROOT / ".mutants"


_migrating: Final = threading.Lock()
"""alembic migrates one database of a process at a time."""


@dataclass(frozen=True)
class Verdict:
    """What caught a mutant: a test id or another reason. ``catcher`` is empty for a survivor."""

    mutant: Mutant
    catcher: str


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:24]


def digest_of_files(paths: Sequence[str]) -> str:
    return digest(*(digest(path, (ROOT / path).read_text(encoding="utf-8")) for path in sorted(paths)))


def _environment() -> dict[str, str]:
    # Laws run the same examples and tests the same order each time: otherwise a verdict depends on the seed of the run.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRATA_")}
    return {**kept, "CI": "true", "TESTS_ORDER": "written"}


@contextmanager
def _database() -> Iterator[str]:
    server = TestServer()
    try:
        with _migrating:
            dsn = server.start()
            asyncio.run(server.prepare())
            server.migrate_template()
        yield dsn
    finally:
        server.stop()


@contextmanager
def _log(name: str) -> Iterator[Any]:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.log").open("w") as file:
        yield file


def shared_digest() -> str:
    """The sources and what all tests share: records of lines are valid for one state of them."""
    paths = [path for source in SOURCES for path in (ROOT / source).rglob("*.py")]
    helpers = [path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_")]
    own = ROOT / "tests/mutants"
    return digest_of_files([str(path.relative_to(ROOT)) for path in [*paths, *helpers] if own not in path.parents])


class Records:
    """Records of lines by test file, kept between runs in an ignored folder."""

    def __init__(self) -> None:
        self._shared = shared_digest()

    def path(self, file: str) -> Path:
        return CACHE / "lines" / f"{digest(self._shared, file, digest_of_files([file]))}.json"

    def missing(self, files: Sequence[str]) -> list[str]:
        return [file for file in files if not self.path(file).exists()]

    def add(self, record: dict[str, Any], files: Sequence[str]) -> None:
        """Split the record of a process by test file."""
        (CACHE / "lines").mkdir(parents=True, exist_ok=True)
        for file in files:
            prefix = f"{file}::"
            lines = {
                path: {text: own for text, tests in sets.items() if (own := [t for t in tests if t.startswith(prefix)])}
                for path, sets in record["lines"].items()
            }
            part = {
                "seconds": {test: value for test, value in record["seconds"].items() if test.startswith(prefix)},
                "lines": {path: sets for path, sets in lines.items() if sets},
                "import": record["import"],
                "failed": [test for test in record["failed"] if test.startswith(prefix)],
            }
            self.path(file).write_text(json.dumps(part), encoding="utf-8")

    def line_map(self, files: Sequence[str]) -> LineMap:
        found = LineMap()
        for file in files:
            found.add(json.loads(self.path(file).read_text(encoding="utf-8")))
        return found


def record_lines(records: Records, files: Sequence[str], processes: int, show: Callable[[str], None]) -> None:
    """Run test files whose records are missing, in several processes."""
    missing = sorted(records.missing(files), key=lambda file: -(ROOT / file).stat().st_size)
    parts = [part for part in (missing[index::processes] for index in range(processes)) if part]
    if not parts:
        return
    show(f"Recording the lines of {len(missing)} test files")
    started: list[subprocess.Popen[str]] = []
    with ThreadPoolExecutor(len(parts)) as threads:
        try:
            found = threads.map(partial(_record, started), parts, range(len(parts)))
            for record, part in zip(found, parts, strict=True):
                for test in record["failed"]:
                    show(f"fails without a mutant, so it catches none: {test}")
                records.add(record, part)
        finally:
            for process in started:
                process.terminate()


def _record(started: list[subprocess.Popen[str]], files: Sequence[str], number: int) -> dict[str, Any]:
    with _database() as dsn, _log(f"lines-{number}") as log, tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lines.json"
        command = [sys.executable, "-m", "tests.mutants.collect", str(output), dsn, f"{folder}/base", *files]
        with subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log, text=True) as process:
            started.append(process)
            if process.wait():
                raise RuntimeError(f"The lines of the tests cannot be recorded: see {log.name}")
        return json.loads(output.read_text(encoding="utf-8"))


class Server:
    """A process of ``server.py`` with a database server of its own."""

    def __init__(self, number: int, files: Sequence[str], stack: ExitStack) -> None:
        dsn = stack.enter_context(_database())
        log = stack.enter_context(_log(f"server-{number}"))
        folder = Path(tempfile.mkdtemp(prefix="strata-mutants-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.mutants.server", str(theirs.fileno()), dsn, str(folder), *files]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), pass_fds=[theirs.fileno()], stdout=log, stderr=log
        )
        stack.callback(self._stop)
        theirs.close()
        self._socket = ours
        self._channel = ours.makefile("rw")

    def wait(self) -> None:
        """Return when the tests are collected."""
        if not self._channel.readline():
            raise RuntimeError(f"The tests cannot be collected: see {CACHE}/server-*.log")

    def judge(self, request: dict[str, Any]) -> str:
        self._channel.write(json.dumps(request) + "\n")
        self._channel.flush()
        verdict = self._channel.readline()
        if not verdict:
            raise RuntimeError(f"The process of the mutants ended: see {CACHE}/server-*.log")
        return str(json.loads(verdict))

    def _stop(self) -> None:
        self._channel.close()
        self._socket.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Plan(Protocol):
    """How tests run against mutants."""

    def needs_import(self, mutant: Mutant) -> bool:
        """Whether the application is imported with the mutant, instead of planting it into the imported one."""

    def limits(self, tests: Sequence[str]) -> Limits:
        """The limits of the process that runs these tests."""


class Pool:
    """Judges mutants in several processes, which have collected the same test files."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._recent: dict[tuple[str, str], str] = {}
        """The test that caught the previous mutant of a function: it runs first for the next ones."""

    def judge(
        self,
        tests: Mapping[Mutant, Sequence[str]],
        files: Sequence[str],
        processes: int,
        deadline: float | None = None,
    ) -> Iterator[Verdict]:
        """Verdicts as they come, until all mutants are judged or the deadline of the monotonic clock has passed.

        A mutant without tests survives without a process.
        """
        covered = [mutant for mutant, own in tests.items() if own]
        yield from (Verdict(mutant, "") for mutant, own in tests.items() if not own)
        waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
        for mutant in covered:
            waiting.put(mutant)
        with ExitStack() as stack:
            servers = [Server(number, files, stack) for number in range(min(processes, len(covered)))]
            verdicts: queue.SimpleQueue[Verdict | BaseException | None] = queue.SimpleQueue()

            def work(server: Server) -> None:
                try:
                    server.wait()
                    while not waiting.empty() and (deadline is None or time.monotonic() < deadline):
                        with suppress(queue.Empty):
                            mutant = waiting.get_nowait()
                            verdicts.put(Verdict(mutant, server.judge(self._request(mutant, tests[mutant]))))
                    verdicts.put(None)
                except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                    verdicts.put(error)

            for server in servers:
                threading.Thread(target=work, args=(server,), daemon=True).start()
            yield from self._received(verdicts, len(servers))

    def _received(self, verdicts: queue.SimpleQueue[Verdict | BaseException | None], servers: int) -> Iterator[Verdict]:
        """The verdicts of all threads, until each has ended."""
        while servers:
            verdict = verdicts.get()
            if isinstance(verdict, BaseException):
                raise verdict
            if verdict is None:
                servers -= 1
            else:
                self._recent[verdict.mutant.module, verdict.mutant.function] = verdict.catcher
                yield verdict

    def _request(self, mutant: Mutant, tests: Sequence[str]) -> dict[str, Any]:
        recent = self._recent.get((mutant.module, mutant.function), "")
        first = [recent] if recent in tests else []
        ordered = [*first, *(test for test in tests if test not in first)]
        limits = self._plan.limits(ordered)
        return {
            "module": mutant.module,
            "path": str(ROOT / path_of(mutant.module)),
            "code": mutant.code,
            "tests": ordered,
            "cold": self._plan.needs_import(mutant),
            "cpu": limits.cpu,
            "wall": limits.wall,
        }
