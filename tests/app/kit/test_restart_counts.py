"""Restarts are counted by process in a file of the home, whatever it contains, and exposed."""

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


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"worker": 1'])
def test_counting_starts_anew_after_a_damaged_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "restarts.json").write_text(content)
    counts = RestartCounts(tmp_path)
    assert counts.read() == {}
    counts.add("api")
    assert counts.read() == {"api": 1, "worker": 0, "postgresql": 0}
    (tmp_path / "restarts.json").write_text('{"worker": "3", "other": 4}')
    assert counts.read() == {"api": 0, "worker": 3, "postgresql": 0}
