"""Each failure of a version to render is counted and logged once, and what is remembered of failures is bounded."""

import pytest
from structlog.testing import capture_logs

from app.events import render_failures
from app.events.render_failures import RenderFailures
from observability.metrics.metrics import Metrics

OLD, NEW = "v901", "v902"


def fail() -> str:
    raise KeyError("outcome")


def counted(metrics: Metrics) -> list[float | None]:
    return [metrics.registry.get_sample_value("render_failures_total", {"api_version": each}) for each in (OLD, NEW)]


def test_a_failure_counts_once_for_each_version() -> None:
    metrics = Metrics()
    failures = RenderFailures(metrics)
    failures.start_at_zero((OLD, NEW))
    assert counted(metrics) == [0, 0]
    with capture_logs() as lines:
        for api_version, key in ((OLD, "a"), (OLD, "a"), (NEW, "a"), (OLD, "b")):
            assert failures.rendered(api_version, key, fail) is None
    assert counted(metrics) == [2, 1]
    assert [(line["api_version"], line["key"]) for line in lines] == [(OLD, "a"), (NEW, "a"), (OLD, "b")]
    assert all((line["event"], line["log_level"]) == ("not_rendered", "error") for line in lines)
    assert all(isinstance(line["exc_info"], KeyError) for line in lines), "a defect is logged with its traceback"
    assert failures.rendered(OLD, "a", lambda: "rendered") == "rendered", "what failed once may succeed later"
    assert counted(metrics) == [2, 1]


def test_the_oldest_failure_is_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1000 <= render_failures._REMEMBERED <= 100_000
    monkeypatch.setattr(render_failures, "_REMEMBERED", 2)
    metrics = Metrics()
    failures = RenderFailures(metrics)
    for key, total in (("a", 1), ("b", 2), ("a", 2), ("b", 2), ("c", 3), ("b", 3), ("a", 4), ("c", 4), ("b", 5)):
        failures.rendered(OLD, key, fail)
        assert counted(metrics)[0] == total, key
