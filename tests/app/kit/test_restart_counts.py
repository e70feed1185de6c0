"""Restarts are counted by process in a file of the home, whatever it contains, and exposed."""

import fcntl
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.kit.restarts import PROCESSES, RestartCounts, RestartMetrics
from observability.metrics.metrics import Metrics


def exposed(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {
        line.split('"')[1]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("process_restarts{")
    }


def test_restarts_are_added_up_and_exposed(tmp_path: Path) -> None:
    metrics = Metrics()
    gauge = metrics.group(RestartMetrics)
    assert PROCESSES == ("api", "worker", "postgresql")
    assert exposed(metrics) == dict.fromkeys(PROCESSES, 0)
    counts = RestartCounts(tmp_path)
    assert counts.read() == {}
    for process in ("worker", "api", "worker"):
        counts.add(process)
    assert RestartCounts(tmp_path).read() == {"api": 1, "worker": 2, "postgresql": 0}
    gauge.update(counts.read())
    assert exposed(metrics) == {"api": 1, "worker": 2, "postgresql": 0}
    gauge.update({})
    assert exposed(metrics) == dict.fromkeys(PROCESSES, 0)


def test_supervisors_count_one_after_the_other(tmp_path: Path) -> None:
    """Of several servers with one home, each adds to what the others have counted."""
    counts = RestartCounts(tmp_path)
    counts.add("api")
    with (tmp_path / "restarts.json").open("a+") as file, ThreadPoolExecutor() as threads:
        fcntl.flock(file, fcntl.LOCK_EX)
        adding = threads.submit(counts.add, "api")
        assert not wait([adding], timeout=0.2).done
        file.truncate(0)
        file.write('{"api": 7}')
        file.flush()
        fcntl.flock(file, fcntl.LOCK_UN)
        adding.result(60)
    assert counts.read()["api"] == 8


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"worker": 1'])
def test_counting_starts_anew_after_a_damaged_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "restarts.json").write_text(content)
    counts = RestartCounts(tmp_path)
    assert counts.read() == {}
    counts.add("api")
    assert counts.read() == {"api": 1, "worker": 0, "postgresql": 0}
    (tmp_path / "restarts.json").write_text('{"worker": "3", "other": 4}')
    assert counts.read() == {"api": 0, "worker": 3, "postgresql": 0}
