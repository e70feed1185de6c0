"""Sampled requests become observations in a thread; each that does not is counted with its reason."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from observability.conformance.exchange import BodyBuffer
from observability.evidence.collector import EvidenceCollector
from observability.evidence.metrics import DROPS, EvidenceMetrics
from observability.evidence.request import Observation
from observability.evidence.values import MOST_VALUES
from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.aggregation import MultiprocessMetrics
from tests.observability.evidence.test_extraction import DOC, buffered, request
from tests.support.waiting import PATIENCE


class Sink:
    """Keeps what it receives."""

    def __init__(self) -> None:
        self.found: list[Observation] = []
        self.error: Exception | None = None

    def add(self, observation: Observation) -> None:
        if self.error is not None:
            raise self.error
        self.found.append(observation)


class Collected:
    """A collector with its sink and its metrics."""

    def __init__(self, folder: Path, **options: Any) -> None:
        path = folder / "v9.openapi.json"
        path.write_bytes(orjson.dumps(DOC))
        self.metrics, self.sink = Metrics(), Sink()
        counts = self.metrics.group(EvidenceMetrics)
        self.collector = EvidenceCollector({"v9": path}, self.sink, counts, str, **({"waiting": 10} | options))

    def run(self, *requests: Any) -> list[Observation]:
        """What the requests show."""
        for each in requests:
            self.collector.submit(each)
        self.collector.start()
        self.collector.close(PATIENCE)
        return self.sink.found

    def dropped(self) -> dict[str, float]:
        value = self.metrics.registry.get_sample_value
        found = {reason: value("api_usage_evidence_dropped_total", {"reason": reason}) for reason in DROPS}
        assert None not in found.values(), "each reason has a series from the start"
        return {reason: count for reason, count in found.items() if count}

    def sampled(self) -> list[float | None]:
        value = self.metrics.registry.get_sample_value
        return [value("api_usage_evidence_samples_total", {"stratum": each}) for each in ("first", "random")]


@pytest.fixture
def collected(tmp_path: Path) -> Collected:
    return Collected(tmp_path, selections=("fields",), inclusions=("include",))


def test_requests_become_observations_and_are_counted_by_stratum(collected: Collected) -> None:
    assert collected.sampled() == [0, 0]
    first, rejected = request({"title": "a"}, random=False), request(status=422)
    outside = request()._replace(route="/api/v9/docs")
    found = collected.run(first, rejected, request(query="fields=title"), request(query="include=author"), outside)
    assert [(one.request, one.accepted) for one in found[:2]] == [(first, True), (rejected, False)]
    assert found[0].summaries["body:/title"]["length"] == [1, 1]
    assert found[2].summaries["reads"]["present"] == 1, "a selection names all that is read"
    assert "reads:/data/*/author" in found[3].summaries
    assert "present" not in found[3].summaries.get("reads", {}), "what is included is read besides"
    assert (collected.sampled(), collected.dropped()) == ([1, 3], {})
    assert list(collected.collector._extractors) == ["v9"], "a contract is read once"


def test_what_cannot_be_summarised_is_counted_with_its_reason(collected: Collected) -> None:
    many = buffered(orjson.dumps({"tags": ["a"] * MOST_VALUES}))
    found = collected.run(request(buffered(b"{")), request(BodyBuffer(10)), request(many), request())
    assert len(found) == 1, "later requests are summarised"
    assert collected.dropped() == {"unreadable": 2, "too_large": 1}
    assert collected.sampled() == [0, 1]


def test_a_defect_costs_one_sample_and_logs_no_value_of_the_request(collected: Collected) -> None:
    collected.sink.error = ValueError("secret")
    with capture_logs() as lines:
        assert collected.run(request(), request()._replace(version="v10")) == []
    assert collected.dropped() == {"failed": 2}
    assert [(line["event"], line["error"], line["operation"]) for line in lines] == [
        ("usage_evidence_failed", "ValueError", "posts.edit"),
        ("usage_evidence_failed", "KeyError", "posts.edit"),
    ]
    assert "secret" not in str(lines)


def test_requests_beyond_the_queue_and_after_its_end_are_dropped(tmp_path: Path) -> None:
    collected = Collected(tmp_path, waiting=2)
    for _ in range(3):
        collected.collector.submit(request())
    assert (collected.collector.waiting, collected.dropped()) == (2, {"queue_full": 1})
    assert len(collected.run()) == 2
    collected.collector.submit(request())
    assert collected.dropped() == {"queue_full": 1, "shutdown": 1}


def test_requests_that_a_stopped_thread_leaves_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected = Collected(tmp_path)
    left, limits = [request(), request()], list[Any]()
    monkeypatch.setattr(collected.collector._queue, "close", lambda **options: (limits.append(options), left)[1])
    collected.collector.close(7)
    assert collected.dropped() == {"shutdown": 2}
    assert limits == [{"seconds": 7}]


def test_the_worst_process_decides_how_late_the_evidence_is(tmp_path: Path) -> None:
    processes = [Metrics(folder=tmp_path) for _ in range(2)]
    for lag, metrics in zip((5, 9), processes, strict=True):
        evidence = metrics.group(EvidenceMetrics)
        evidence.lag.set(lag)
        evidence.written.set(100 - lag)
        evidence.waiting.set(lag)
    points = MultiprocessMetrics(tmp_path).merged().points
    found = {
        name.removeprefix("api_usage_evidence_"): point[()].values for name, point in points.items() if () in point
    }
    assert (found["lag_seconds"], found["written_timestamp"], found["waiting"]) == ([9], [91], [14])


def test_several_drops_count_each(tmp_path: Path) -> None:
    collected = Collected(tmp_path)
    collected.metrics.group(EvidenceMetrics).count_dropped("no_room", 3)
    assert collected.dropped() == {"no_room": 3}
