"""Measures the CPU seconds of tests, of the processes that they start and of PostgreSQL."""

import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.support.command_server import command_server, forked_cpu_seconds
from tests.support.schedule import COSTS, RECORDED_SECONDS, recorded_costs, scope_of

RECORD_VARIABLE: Final = "TESTS_RECORD_COSTS"
"""Set to 1, the run writes ``tests/costs.json``."""
_SHOWN: Final = 10


def cpu_seconds() -> float:
    """The CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class CostRecorder:
    """In each process that runs tests: adds the CPU seconds of each phase to its report."""

    def __init__(self) -> None:
        self._last = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        self._last = cpu_seconds() + forked_cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[Any]:
        report: Any = yield
        before, self._last = self._last, cpu_seconds() + forked_cpu_seconds()
        report.cpu_seconds = self._last - before
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if forked_cpu_seconds():
            # Its CPU seconds, and those of all commands, count once it has ended.
            command_server().stop()
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_seconds"] = cpu_seconds()


class CostReport:
    """In the process that reports: the CPU seconds of the run and of its slowest scopes."""

    def __init__(self, postgres_seconds: Callable[[], float]) -> None:
        self._postgres_seconds = postgres_seconds
        self._scopes: Counter[str] = Counter()
        self._durations: Counter[str] = Counter()
        self._workers = 0.0

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._scopes[scope_of(report.nodeid)] += getattr(report, "cpu_seconds", 0)
        self._durations[scope_of(report.nodeid)] += report.duration

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._workers += getattr(node, "workeroutput", {}).get("cpu_seconds", 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        tests, postgres = sum(self._scopes.values()), self._postgres_seconds()
        total = (self._workers or cpu_seconds()) + postgres
        terminalreporter.write_line(
            f"CPU: {total:.0f} s: tests {tests:.0f}, start and collection {total - tests - postgres:.0f}, "
            f"PostgreSQL {postgres:.0f}"
        )
        for scope, seconds in self._scopes.most_common(_SHOWN):
            if seconds >= RECORDED_SECONDS:
                terminalreporter.write_line(f"{seconds:7.1f} s {scope}")
        if os.environ.get(RECORD_VARIABLE) == "1":
            self._record()

    def _record(self) -> None:
        """Replace the recorded durations of the files of this run."""
        files = {scope.partition("::")[0] for scope in self._scopes}
        kept = {scope: cost for scope, cost in recorded_costs().items() if scope.partition("::")[0] not in files}
        slow = {scope: round(seconds, 1) for scope, seconds in self._durations.items() if seconds >= RECORDED_SECONDS}
        COSTS.write_text(json.dumps(dict(sorted((kept | slow).items())), indent=1) + "\n")
