"""A real Prometheus scrapes a real server under known traffic, and every panel and rule shows the expected values.

Rules run 30 times faster than in production (``tests.support.prometheus.PACE``); their text is otherwise the same.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from observability.dashboards.files import BOARDS
from observability.rules import recording
from observability.rules.clock import PRODUCTION
from observability.slo import REQUESTS
from tests.support.collector import OTLP_ENDPOINT, Collector, collecting
from tests.support.configured_redis import REDIS_URL, Redis, redis_server
from tests.support.live import Strata, free_port, wait_until_ready
from tests.support.other_contracts import ME, POSTS, audited
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.prometheus import Prometheus, Sample, prometheus
from tests.support.promql import filled
from tests.support.traffic import UNMATCHED, Traffic, consumers
from versions.registry import VERSIONS

INTERVAL = "10s"
"""Value of ``$__rate_interval``: several rounds of traffic."""
ROUNDS = 7
PANELS = {(board.uid.removeprefix("strata-"), panel.title): panel for board in BOARDS for panel in board.panels()}
RECORDED = [rule for rules in recording.groups(PRODUCTION).values() for rule in rules]


@dataclass
class Stage:
    """The running servers, Prometheus and the traffic."""

    strata: Strata
    port: int
    prometheus: Prometheus
    traffic: Traffic
    redis: Redis
    collector: Collector
    servers: ExitStack

    def start_server(self) -> None:
        """Two workers on the port that Prometheus scrapes."""
        process = self.servers.enter_context(self.strata.running("serve", "--workers", "2", PORT=str(self.port)))
        wait_until_ready(f"http://127.0.0.1:{self.port}", process, lambda: self.strata.log("serve"))

    def stop_server(self) -> None:
        self.servers.close()

    def panel(self, board: str, title: str, query: int = 0) -> list[Sample]:
        """The current values of a panel, with every variable set to All."""
        return self.prometheus.query(filled(PANELS[board, title].queries[query].expr, interval=INTERVAL))


@pytest.fixture(scope="module")
def stage(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Servers that have been under traffic for several rule windows, and still are."""
    program("prometheus")
    home = tmp_path_factory.mktemp("alive")
    dsn = asyncio.run(clone(admin_dsn, f"strata_alive_{os.getpid()}"))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(home / "redis"))
        collector = stack.enter_context(collecting())
        # Dropped spans must be visible, too.
        collector.mode = "refusing_once"
        outside = {REDIS_URL: redis.url, OTLP_ENDPOINT: collector.url, "STRATA_TRACING__TRUST_PARENT": "true"}
        outside |= audited(home / "contracts")
        strata = Strata(home / "home", dsn, STRATA_LOG__FORMAT="json", STRATA_LOG__LEVEL="warning", **outside)
        servers = stack.enter_context(ExitStack())
        known = Traffic(url, consumers(strata))
        metrics = stack.enter_context(prometheus(home / "prometheus", f"127.0.0.1:{port}"))
        stage = Stage(strata, port, metrics, known, redis, collector, servers)
        stage.start_server()
        known.start()
        stack.callback(known.stop)
        eventually(lambda: known.rounds >= ROUNDS, 60)
        yield stage


def eventually(check: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.2)


def by(samples: list[Sample], *labels: str) -> dict[tuple[str, ...], float]:
    return {tuple(metric.get(label, "") for label in labels): value for metric, value in samples}


def test_every_panel_shows_data(stage: Stage) -> None:
    empty = []
    for (board, title), panel in PANELS.items():
        for number in range(len(panel.queries)):
            samples = stage.panel(board, title, number)
            if not samples or all(math.isnan(value) for _, value in samples):
                empty.append(f"{board}: {title}: {panel.queries[number].expr}")
    assert not empty, "\n".join(empty)


def test_every_rule_is_evaluated_and_recorded(stage: Stage) -> None:
    assert stage.prometheus.unhealthy_rules() == []
    missing = []
    for rule in RECORDED:
        labels = ",".join(f'{name}="{value}"' for name, value in rule.labels)
        found = stage.prometheus.values(f"{rule.name}{{{labels}}}", "environment", "api_version")
        if {("test", name) for name in ("v1", "v2")} - found.keys():
            missing.append(f"{rule.name}{{{labels}}} has only {sorted(found)}")
    assert not missing, "\n".join(missing)


def test_recorded_ratios_match_the_traffic(stage: Stage) -> None:
    assert not [answer for answer in stage.traffic.seen() if answer.status >= 500]
    for name in ("slo:error_ratio:rate5m", "slo:error_ratio:rate3d", "api_version:http_request_error_ratio:rate5m"):
        chosen = '{slo="availability"}' if name.startswith("slo:") else ""
        assert set(stage.prometheus.values(f"{name}{chosen}", "api_version").values()) == {0.0}, name
    budget = stage.prometheus.values('slo:error_budget_remaining:ratio{slo="availability"}', "api_version")
    assert budget == {("v1",): 1, ("v2",): 1}


def test_shares_of_traffic_match_the_requests(stage: Stage) -> None:
    sent = stage.traffic.by("version")
    share = by(stage.panel("lifecycle", "Share of traffic"), "api_version")
    assert sum(share.values()) == pytest.approx(1)
    assert share["v1",] == pytest.approx(sent["v1",] / sum(sent.values()), abs=0.06)


def test_the_lifecycle_matches_the_registry(stage: Stage) -> None:
    sunsets = {(version.name,): version.sunset_at for version in VERSIONS if version.sunset_at is not None}
    days = by(stage.panel("lifecycle", "Days to sunset"), "api_version")
    assert days == {
        name: pytest.approx((at.timestamp() - time.time()) / 86_400, abs=0.1) for name, at in sunsets.items()
    }
    served = by(stage.panel("lifecycle", "Versions served"), "api_version", "status", "successor")
    assert served == {(version.name, version.status.value, version.successor or ""): 1 for version in VERSIONS}
    left = by(stage.panel("lifecycle", "Consumers left on deprecated versions"), "api_version")
    senders = {answer.consumer for answer in stage.traffic.seen() if answer.version == "v1"}
    assert left == {("v1",): len(senders)}
    assert len(stage.panel("lifecycle", "Who is left")) == len(senders)


def test_statuses_and_routes_match_the_responses(stage: Stage) -> None:
    answered = set(stage.traffic.by("status"))
    # A rate needs two scrapes; the newest kind of response may have been scraped once.
    eventually(lambda: answered <= set(by(stage.panel("endpoint", "Statuses"), "http_response_status_code")), 5)
    routes = {answer.route for answer in stage.traffic.seen()} - {UNMATCHED}
    assert routes <= {route for (route,) in by(stage.panel("endpoint", "Methods and routes"), "http_route")}


def test_consumers_are_distinguished(stage: Stage) -> None:
    busiest = stage.panel("consumers", "Requests by consumer")
    assert len({metric["consumer"] for metric, _ in busiest}) == len(stage.traffic.consumers)
    outcomes = {outcome for (outcome,) in by(stage.panel("consumers", "Requests by outcome"), "outcome")}
    assert {"success", "client_error"} <= outcomes


def test_replays_are_counted(stage: Stage) -> None:
    replays = by(stage.panel("endpoint", "Replayed answers"), "api_version", "http_route")
    assert replays["v2", "/api/v2/posts"] > 0


def test_contract_violations_are_shown_by_version_route_and_rule(stage: Stage) -> None:
    worst = by(stage.panel("contract", "Routes with the most violations"), "http_route", "direction", "rule")
    assert set(worst) == {(ME, "response", "body"), (POSTS, "request", "body")}
    assert min(worst.values()) > 0
    kept = by(stage.panel("contract", "Answers as promised"), "api_version")
    sent = stage.traffic.by("version", "route")
    broken = sent["v2", ME] / sum(
        times for (version, route), times in sent.items() if version == "v2" and route != UNMATCHED
    )
    assert kept == {("v1",): 1, ("v2",): pytest.approx(1 - broken, abs=0.06)}
    forbidden = by(stage.panel("contract", "Accepted although the contract forbids it"), "api_version")
    assert forbidden["v1",] == 0 < forbidden["v2",]
    # Checked up to half a second later, so some are not counted yet at the edge of a window.
    assert by(stage.panel("contract", "Share of requests looked at"), "api_version")["v1",] == pytest.approx(
        1, abs=0.15
    )
    assert set(by(stage.panel("contract", "Sampled and not judged"), "reason").values()) == {0}
    budget = stage.prometheus.values('slo:error_budget_remaining:ratio{slo="contract_conformance"}', "api_version")
    assert budget["v1",] == 1 > budget["v2",]


def test_a_contract_violation_raises_an_alert(stage: Stage) -> None:
    eventually(lambda: stage.prometheus.alerts().get("ContractConformanceBudgetBurnsFast") == "firing", 20)


def test_both_methods_of_authentication_are_shown(stage: Stage) -> None:
    attempts = by(stage.panel("auth", "Attempts"), "method", "outcome")
    assert any(outcome == "success" for _, outcome in attempts)
    assert any(outcome != "success" for _, outcome in attempts)


def test_exemplars_link_to_traces(stage: Stage) -> None:
    refused = stage.collector.refused_at
    assert refused is not None, "no span was exported"
    newest = [
        exemplar["labels"]["trace_id"]
        for exemplar in stage.prometheus.exemplars(f"{REQUESTS}_bucket", 60)
        if exemplar["timestamp"] > refused
    ]
    assert stage.traffic.traces & set(newest), "traces that the caller samples are sampled here"
    eventually(lambda: all(map(stage.collector.has, newest)), 15)


def test_a_lost_redis_raises_an_alert_and_fails_no_request(stage: Stage) -> None:
    assert stage.panel("limits", "Counting alone")[0][1] == 0
    stage.redis.kill()
    eventually(lambda: stage.prometheus.alerts().get("RateLimitFallback") == "firing", 20)
    assert stage.panel("limits", "Counting alone")[0][1] > 0
    stage.redis.start()
    eventually(lambda: "RateLimitFallback" not in stage.prometheus.alerts(), 30)
    assert not [answer for answer in stage.traffic.seen() if answer.status >= 500]


def test_counts_are_exact_once_traffic_has_ended(stage: Stage) -> None:
    stage.traffic.stop()
    counted = f'sum by (api_version) ({REQUESTS}_count{{api_version!="none"}})'
    eventually(lambda: stage.prometheus.values(counted, "api_version") == stage.traffic.by("version"), 15)
    judged = 'sum by (api_version) (api_contract_checked_total{direction="response"})'
    covered = stage.traffic.by("version") | {
        ("v2",): sum(
            answer.version == "v2" and answer.route != UNMATCHED for answer in stage.traffic.answers.elements()
        )
    }
    eventually(lambda: stage.prometheus.values(judged, "api_version") == covered, 15)
    routes = f'sum by (http_route, http_response_status_code) ({REQUESTS}_count{{api_version!="none"}})'
    wanted = stage.traffic.by("route", "status")
    assert stage.prometheus.values(routes, "http_route", "http_response_status_code") == wanted
    by_consumer = sorted(
        stage.prometheus.values("sum by (consumer) (api_consumer_requests_total)", "consumer").values()
    )
    assert by_consumer == sorted(stage.traffic.by("consumer").values())


def test_an_alert_fires_while_the_server_is_down_and_resolves(stage: Stage) -> None:
    stage.traffic.stop()
    assert "TargetDown" not in stage.prometheus.alerts()
    stage.stop_server()
    eventually(lambda: stage.prometheus.alerts().get("TargetDown") == "firing", 30)
    assert stage.panel("overview", "Servers that answer scrapes")[0][1] == 0
    assert stage.panel("overview", "Alerts firing")[0][1] >= 1
    stage.start_server()
    eventually(lambda: "TargetDown" not in stage.prometheus.alerts(), 30)
    eventually(lambda: stage.panel("overview", "Servers that answer scrapes")[0][1] == 1, 10)
