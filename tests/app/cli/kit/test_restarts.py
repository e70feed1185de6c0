"""Crashed processes are restarted with growing delays, and not for ever."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.cli.kit.output import CommandError
from app.cli.kit.restarts import LIMIT, WINDOW_SECONDS, RestartLimit
from app.cli.kit.supervisor import Supervisor
from app.kit.restarts import RestartCounts, RestartMetrics
from observability.metrics.metrics import Metrics
from tests.support.waiting import PATIENCE


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_delays_grow_up_to_the_limit() -> None:
    clock = Clock()
    limit = RestartLimit("worker", clock)
    delays = [limit.next_delay() for _ in range(LIMIT)]
    assert all(later > earlier for earlier, later in pairwise(delays))
    with pytest.raises(CommandError, match=r"The worker crashed 6 times within 60 seconds\.") as failure:
        limit.next_delay()
    assert "strata doctor" in failure.value.advice
    assert "safe" not in failure.value.advice, "nothing has checked the data"


def test_old_restarts_do_not_count() -> None:
    clock = Clock()
    limit = RestartLimit("worker", clock)
    for _ in range(3 * LIMIT):
        limit.next_delay()
        clock.now += WINDOW_SECONDS / LIMIT + 1


def test_a_child_that_crashes_at_every_start_ends_the_supervisor(tmp_path: Path) -> None:
    counts = RestartCounts(tmp_path)
    with Supervisor(os.environ, counts) as supervisor:
        supervisor.start("worker", ["--no-such-option"], 5)
        with pytest.raises(CommandError, match="The worker crashed"):
            keep_running(supervisor)
    assert counts.read()["worker"] == LIMIT


def keep_running(supervisor: Supervisor) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        supervisor.keep_running()
        time.sleep(0.05)


def test_counts_of_several_supervisors_add_up_and_survive_damage(tmp_path: Path) -> None:
    counts = RestartCounts(tmp_path)
    assert counts.read() == {}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: RestartCounts(tmp_path).add("api"), range(40)))
    assert counts.read() == {"api": 40, "worker": 0, "postgresql": 0}
    (tmp_path / "restarts.json").write_text('{"api": 4')
    assert counts.read() == {}
    counts.add("worker")
    assert counts.read() == {"api": 0, "worker": 1, "postgresql": 0}


def test_the_metric_exposes_every_process_from_the_start() -> None:
    metrics = Metrics()
    restarts = metrics.group(RestartMetrics)
    text = generate_latest(metrics.registry).decode()
    for process in ("api", "worker", "postgresql"):
        assert f'process_restarts{{process="{process}"}} 0.0' in text
    restarts.update({"worker": 3})
    assert 'process_restarts{process="worker"} 3.0' in generate_latest(metrics.registry).decode()
