"""Records which test executes which lines: ``pool.py`` starts this module, which runs test files under coverage.

A fixture that several tests share is executed in the first of them; its lines count for every test that uses it. Lines
that are executed before the first test count for all tests, under ``IMPORT``.
"""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

os.environ["COVERAGE_CORE"] = "ctrace"  # The core of Python 3.14, sysmon, knows no contexts.

from coverage import Coverage, CoverageData

from tests.mutants.server import OPTIONS, Suite

IMPORT: Final = "import"
_IDLE: Final = "idle"


class Collector(Suite):
    """Switches coverage's context with each test and each fixture."""

    def __init__(self, dsn: str, coverage: Coverage) -> None:
        super().__init__(dsn)
        self._coverage = coverage
        self._context = IMPORT
        self.seconds: dict[str, float] = defaultdict(float)
        """Seconds of processor time by context, and a tenth of those in which the test waits or the machine is busy."""
        self.failed: set[str] = set()
        self.fixtures: dict[str, list[str]] = {}
        """The contexts of shared fixtures by test."""

    def _switch(self, context: str) -> str:
        previous, self._context = self._context, context
        self._coverage.switch_context(context)
        return previous

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from tests.mutants.warm import build_application  # noqa: PLC0415 - it imports the application

        build_application()
        self._switch(_IDLE)
        for item in session.items:
            information: Any = item
            definitions = information._fixtureinfo.name2fixturedefs.values()
            self.fixtures[item.nodeid] = [_name(each[-1]) for each in definitions if each[-1].scope != "function"]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with _Timer(self, item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        with _Timer(self, _name(fixturedef)):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)


class _Timer:
    """Counts the time and the lines of a block for a context, and not for the one around it."""

    def __init__(self, collector: Collector, context: str) -> None:
        self._collector = collector
        self._context = context

    def __enter__(self) -> None:
        self._outer = self._collector._switch(self._context)
        self._started = _cost()

    def __exit__(self, *_error: object) -> None:
        elapsed = _cost() - self._started
        self._collector._switch(self._outer)
        self._collector.seconds[self._context] += elapsed
        self._collector.seconds[self._outer] -= elapsed


def _cost() -> float:
    return time.process_time() + time.monotonic() / 10


def _name(definition: Any) -> str:
    return f"fixture {definition.baseid}::{definition.argname}"


def collect(dsn: str, files: Sequence[str], folder: Path) -> dict[str, Any]:
    """The lines and seconds of each test that passes, by file."""
    root = Path.cwd()
    include = [f"{root}/{package}/*" for package in ("app", "observability", "versions", "contracts/compat")]
    coverage = Coverage(data_file=None, config_file=False, include=include, concurrency=["thread", "greenlet"])
    collector = Collector(dsn, coverage)
    coverage.start()
    coverage.switch_context(IMPORT)
    pytest.main([*OPTIONS, f"--basetemp={folder}", *files], plugins=[collector])
    coverage.stop()
    lines = _lines(coverage.get_data(), root)
    passed = [test for test in collector.fixtures if test not in collector.failed]
    seconds: dict[str, float] = {}
    sets: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for test in passed:
        contexts = [test, *(each for each in collector.fixtures[test] if each in collector.seconds)]
        seconds[test] = round(sum(collector.seconds[context] for context in contexts), 4)
        for module in {module for context in contexts for module in lines.get(context, ())}:
            numbers = set().union(*(lines.get(context, {}).get(module, ()) for context in contexts))
            sets[module][" ".join(map(str, sorted(numbers)))].append(test)
    at_import = {module: sorted(numbers) for module, numbers in lines.get(IMPORT, {}).items()}
    return {"seconds": seconds, "lines": sets, IMPORT: at_import, "failed": sorted(collector.failed)}


def _lines(data: CoverageData, root: Path) -> dict[str, dict[str, set[int]]]:
    """Lines by context and file."""
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for path in data.measured_files():
        module = str(Path(path).relative_to(root))
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in contexts:
                found[context][module].add(line)
    return found


if __name__ == "__main__":
    output, address, place, *paths = sys.argv[1:]
    Path(output).write_text(json.dumps(collect(address, paths, Path(place))), encoding="utf-8")
