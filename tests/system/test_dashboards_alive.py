"""A real Prometheus scrapes a real server under known traffic, and every panel and rule shows the correct values.

Rules run 30 times faster than in production (``tests.support.prometheus.PACE``); their text is otherwise the same.
"""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from observability.rules import recording
from observability.rules.clock import PRODUCTION
from observability.slo import OF_REQUESTS, REQUESTS
from tests.support.collector import OTLP_ENDPOINT, collecting
from tests.support.dialects import DIALECTS
from tests.support.live import Strata, free_port
from tests.support.live_stack import CACHING, OF_A_WORKER, PANELS, LiveStack, by_labels
from tests.support.other_contracts import ME, POSTS, audited
from tests.support.postgres import clone, execute_as_owner
from tests.support.programs import program
from tests.support.prometheus import prometheus
from tests.support.read_series import of_runbooks
from tests.support.redis import REDIS_URL, running_redis
from tests.support.registries import DEPRECATED
from tests.support.traffic import OLDEST, UNMATCHED, Traffic, consumers
from tests.support.waiting import PATIENCE, polled, wait_until
from tests.support.wire import WIRE
from versions.registry import VERSIONS

ROUNDS = 7
RUNBOOKS = Path(__file__).parents[2] / "grafana/runbooks"
RECORDED = [
    *recording.red(PRODUCTION),
    *(rule for slo in OF_REQUESTS for rule in recording.objective(slo, PRODUCTION)),
]
"""Those of requests. `test_webhooks_observed.py` has a worker."""


@pytest.fixture(scope="module")
def live_stack(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack that has received traffic for several windows of the rules, and still receives it."""
    program("prometheus")
    home = tmp_path_factory.mktemp("alive")
    dsn = asyncio.run(clone(admin_dsn, "alive"))
    # No worker runs here, which would register its schedules and consumers.
    execute_as_owner(
        dsn, "INSERT INTO schedule_runs VALUES ('ledger.expire_holds', 60, now(), now() - interval '2 minutes')"
    )
    execute_as_owner(dsn, "INSERT INTO event_consumers VALUES ('webhooks', 0, now())")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(home / "redis"))
        collector = stack.enter_context(collecting())
        outside = {REDIS_URL: redis.url, OTLP_ENDPOINT: collector.url, "STRATA_TRACING__TRUST_PARENT": "true"}
        outside |= CACHING | audited(home / "contracts")
        strata = Strata(home / "home", dsn, STRATA_LOG__FORMAT="json", STRATA_LOG__LEVEL="warning", **outside)
        servers = stack.enter_context(ExitStack())
        known = Traffic(url, consumers(strata))
        metrics = stack.enter_context(prometheus(home / "prometheus", f"127.0.0.1:{port}"))
        live_stack = LiveStack(strata, port, metrics, known, redis, collector, servers)
        live_stack.start_server()
        known.start()
        stack.callback(known.stop)
        wait_until(lambda: known.rounds >= ROUNDS, PATIENCE)
        live_stack.count_consumers(OLDEST, len(known.consumers))
        yield live_stack


@polled
def test_every_panel_shows_data(live_stack: LiveStack) -> None:
    empty = []
    for (board, title), panel in PANELS.items():
        if (board, title) in OF_A_WORKER:
            continue
        for number in range(len(panel.queries)):
            samples = live_stack.panel(board, title, number)
            if not samples or all(math.isnan(value) for _, value in samples):
                empty.append(f"{board}: {title}: {panel.queries[number].expr}")
    assert not empty, "\n".join(empty)


def test_exports_are_shown(live_stack: LiveStack) -> None:
    wait_until(lambda: live_stack.exported("posts") > 0, PATIENCE)


def test_failed_jobs_and_late_schedules_are_shown_and_alerted(live_stack: LiveStack) -> None:
    dsn = live_stack.strata.environment["STRATA_DATABASE__URL"]
    kinds = [("email", "failed", 2), ("email", "succeeded", 0), ("report", "failed", 90)]
    for kind, status, minutes in kinds:
        finished = f"now() - interval '{minutes} minutes'"
        execute_as_owner(
            dsn,
            "INSERT INTO jobs (uid, kind, params, status, finished_at)"  # noqa: S608 - constants
            f" VALUES (gen_random_uuid(), '{kind}', '{{}}', '{status}', {finished})",
        )
    execute_as_owner(dsn, "UPDATE schedule_runs SET succeeded_at = now() - interval '1 hour'")

    def shown() -> bool:
        failed = by_labels(live_stack.panel("jobs", "Failed jobs"), "kind")
        missed = by_labels(live_stack.panel("jobs", "Missed periods"), "schedule")
        return (failed[("email",)], failed[("report",)]) == (1, 0) and 59 < missed[("ledger.expire_holds",)] < 70

    wait_until(shown, PATIENCE)
    wait_until(lambda: {live_stack.alert("JobsFailed"), live_stack.alert("ScheduleLate")} == {"firing"}, PATIENCE)


def test_events_that_wait_are_shown_and_alerted(live_stack: LiveStack) -> None:
    """No worker relays the events of the traffic, the oldest of which becomes ever older."""

    def shown() -> bool:
        return live_stack.panel("saturation", "Age of the outbox")[0][1] > 0

    wait_until(shown, PATIENCE)
    assert live_stack.panel("saturation", "Events that wait for the relay")[0][1] > 0
    assert by_labels(live_stack.panel("saturation", "Lag of consumers"), "consumer") == {("webhooks",): 0}
    dsn = live_stack.strata.environment["STRATA_DATABASE__URL"]
    execute_as_owner(dsn, "UPDATE events SET occurred_at = now() - interval '2 minutes' WHERE position IS NULL")
    wait_until(lambda: live_stack.alert("OutboxLag") == "firing", PATIENCE)


@polled
def test_every_rule_is_evaluated_and_recorded(live_stack: LiveStack) -> None:
    assert live_stack.prometheus.unhealthy_rules() == []
    missing = []
    for rule in RECORDED:
        labels = ",".join(f'{name}="{value}"' for name, value in rule.labels)
        found = live_stack.prometheus.values(f"{rule.name}{{{labels}}}", "environment", "api_version")
        if {("test", name) for name in DIALECTS} - found.keys():
            missing.append(f"{rule.name}{{{labels}}} has only {sorted(found)}")
    assert not missing, "\n".join(missing)


def test_every_query_of_every_runbook_is_evaluated(live_stack: LiveStack) -> None:
    found = list(of_runbooks())
    assert {path.name for path in RUNBOOKS.glob("*.md")} == {name for name, _ in found}
    for _, expr in found:
        # Fails where Prometheus rejects the query. Many are empty while nothing is wrong.
        live_stack.prometheus.query(expr)


@polled
def test_recorded_ratios_match_the_traffic(live_stack: LiveStack) -> None:
    assert not [response for response in live_stack.traffic.seen() if response.status >= 500]
    for name in ("slo:error_ratio:rate5m", "slo:error_ratio:rate3d", "api_version:http_request_error_ratio:rate5m"):
        chosen = '{slo="availability"}' if name.startswith("slo:") else ""
        assert set(live_stack.prometheus.values(f"{name}{chosen}", "api_version").values()) == {0.0}, name
    budget = live_stack.prometheus.values('slo:error_budget_remaining:ratio{slo="availability"}', "api_version")
    assert budget == {(name,): 1 for name in DIALECTS}


@polled
def test_shares_of_versions_match_the_traffic(live_stack: LiveStack) -> None:
    sent = live_stack.traffic.by("version")
    share = by_labels(live_stack.panel("lifecycle", "Share of traffic"), "api_version")
    assert sum(share.values()) == pytest.approx(1)
    assert share[OLDEST,] == pytest.approx(sent[OLDEST,] / sum(sent.values()), abs=0.06)


@polled
def test_the_lifecycle_panels_match_the_registry(live_stack: LiveStack) -> None:
    sunsets = {(version.name,): version.sunset_at for version in VERSIONS if version.sunset_at is not None}
    days = by_labels(live_stack.panel("lifecycle", "Days to sunset"), "api_version")
    assert days == {
        name: pytest.approx((at.timestamp() - time.time()) / 86_400, abs=0.1) for name, at in sunsets.items()
    }
    served = by_labels(live_stack.panel("lifecycle", "Versions served"), "api_version", "status", "successor")
    assert served == {(version.name, version.status.value, version.successor or ""): 1 for version in VERSIONS}
    left = by_labels(live_stack.panel("lifecycle", "Consumers left on deprecated versions"), "api_version")
    deprecated = {version.name for version in DEPRECATED}
    senders = {response.consumer for response in live_stack.traffic.seen() if response.version in deprecated}
    assert left == {(name,): len(senders) for name in deprecated}
    assert len(live_stack.panel("lifecycle", "Who is left")) == len(senders)
    by_plan = by_labels(live_stack.panel("impact", "Consumers left by plan"), "api_version", "plan")
    assert by_plan == {(OLDEST, "free"): 0, (OLDEST, "enterprise"): 2, (OLDEST, "anonymous"): 1}
    breaking = by_labels(live_stack.panel("impact", "Expected breakages at the sunset"), "api_version")
    assert breaking == {(OLDEST,): len(senders)}


@polled
def test_statuses_and_routes_match_the_traffic(live_stack: LiveStack) -> None:
    sent = set(live_stack.traffic.by("status"))
    assert sent <= set(by_labels(live_stack.panel("endpoint", "Statuses"), "http_response_status_code"))
    routes = {response.route for response in live_stack.traffic.seen()} - {UNMATCHED}
    assert routes <= {route for (route,) in by_labels(live_stack.panel("endpoint", "Methods and routes"), "http_route")}


@polled
def test_requests_are_counted_by_consumer(live_stack: LiveStack) -> None:
    busiest = live_stack.panel("consumers", "Requests by consumer")
    assert len({metric["consumer"] for metric, _ in busiest}) == len(live_stack.traffic.consumers)
    outcomes = {outcome for (outcome,) in by_labels(live_stack.panel("consumers", "Requests by outcome"), "outcome")}
    assert {"success", "client_error"} <= outcomes


@polled
def test_replays_are_counted(live_stack: LiveStack) -> None:
    replays = by_labels(live_stack.panel("endpoint", "Replayed answers"), "api_version", "http_route")
    assert replays["v2", "/api/v2/posts"] > 0


@polled
def test_contract_violations_are_shown_by_version_route_and_rule(live_stack: LiveStack) -> None:
    worst = by_labels(
        live_stack.panel("contract", "Routes with the most violations"), "http_route", "direction", "rule"
    )
    assert set(worst) == {(ME, "response", "body"), (POSTS, "request", "body")}
    assert min(worst.values()) > 0
    conforming = by_labels(live_stack.panel("contract", "Answers as promised"), "api_version")
    sent = live_stack.traffic.by("version", "route")
    broken = sent["v2", ME] / sum(
        times for (version, route), times in sent.items() if version == "v2" and route != UNMATCHED
    )
    others = [name for name in DIALECTS if name != WIRE]
    assert conforming == {**{(name,): 1 for name in others}, (WIRE,): pytest.approx(1 - broken, abs=0.06)}
    forbidden = by_labels(live_stack.panel("contract", "Accepted although the contract forbids it"), "api_version")
    assert forbidden["v2",] > 0
    assert not any(forbidden[name,] for name in others)
    checked = by_labels(live_stack.panel("contract", "Share of requests looked at"), "api_version")
    assert all(checked[name,] == pytest.approx(1, abs=0.15) for name in others)
    assert set(by_labels(live_stack.panel("contract", "Sampled and not judged"), "reason").values()) == {0}
    budget = live_stack.prometheus.values('slo:error_budget_remaining:ratio{slo="contract_conformance"}', "api_version")
    assert budget["v2",] < 1
    assert all(budget[name,] == 1 for name in others)


def test_contract_violations_raise_an_alert(live_stack: LiveStack) -> None:
    wait_until(lambda: live_stack.alert("ContractConformanceBudgetBurnsFast") == "firing", PATIENCE)


@polled
def test_successful_and_failed_authentication_is_shown(live_stack: LiveStack) -> None:
    attempts = by_labels(live_stack.panel("auth", "Attempts"), "method", "outcome")
    assert any(outcome == "success" for _, outcome in attempts)
    assert any(outcome != "success" for _, outcome in attempts)


@polled
def test_exemplars_link_to_exported_traces(live_stack: LiveStack) -> None:
    rejected_at = live_stack.collector.refused_at
    assert rejected_at is not None, "no span was exported"
    newest = [
        exemplar["labels"]["trace_id"]
        for exemplar in live_stack.prometheus.exemplars(f"{REQUESTS}_bucket", 60)
        if exemplar["timestamp"] > rejected_at
    ]
    assert live_stack.traffic.traces & set(newest), "traces that callers sample are sampled here"
    assert all(map(live_stack.collector.has, newest))


def test_a_lost_redis_raises_an_alert_and_fails_no_request(live_stack: LiveStack) -> None:
    def alone() -> float:
        return live_stack.panel("limits", "Counting alone")[0][1]

    wait_until(lambda: alone() == 0 and live_stack.cached() > 0, PATIENCE)
    live_stack.redis.kill()
    wait_until(lambda: live_stack.alert("RateLimitFallback") == "firing", PATIENCE)
    assert alone() > 0
    wait_until(lambda: live_stack.cached("Uses without Redis", "reason", "open") > 0, PATIENCE)
    live_stack.redis.start()
    wait_until(lambda: live_stack.alert("RateLimitFallback") is None, PATIENCE)
    assert not [response for response in live_stack.traffic.seen() if response.status >= 500]


def test_counts_are_exact_after_the_traffic(live_stack: LiveStack) -> None:
    with live_stack.traffic.paused():
        ensure_exact_counts(live_stack)


@polled
def ensure_exact_counts(live_stack: LiveStack) -> None:
    sent, prometheus = live_stack.traffic, live_stack.prometheus
    counted = f'sum by (api_version) ({REQUESTS}_count{{api_version!="none"}})'
    assert prometheus.values(counted, "api_version") == sent.by("version")
    covered = sent.by("version") | {
        ("v2",): sum(response.version == "v2" and response.route != UNMATCHED for response in sent.responses.elements())
    }
    checked = 'sum by (api_version) (api_contract_checked_total{direction="response"})'
    assert prometheus.values(checked, "api_version") == covered
    routes = f'sum by (http_route, http_response_status_code) ({REQUESTS}_count{{api_version!="none"}})'
    assert prometheus.values(routes, "http_route", "http_response_status_code") == sent.by("route", "status")
    by_consumer = prometheus.values("sum by (consumer) (api_consumer_requests_total)", "consumer")
    assert sorted(by_consumer.values()) == sorted(sent.by("consumer").values())


def test_an_alert_fires_while_the_server_is_down(live_stack: LiveStack) -> None:
    with live_stack.traffic.paused():
        wait_until(lambda: live_stack.alert("TargetDown") is None, PATIENCE)
        live_stack.stop_server()
        wait_until(lambda: live_stack.alert("TargetDown") == "firing", PATIENCE)
        assert live_stack.panel("overview", "Servers that answer scrapes")[0][1] == 0
        assert live_stack.panel("overview", "Alerts firing")[0][1] >= 1
        live_stack.start_server()
        wait_until(lambda: live_stack.alert("TargetDown") is None, PATIENCE)
        wait_until(lambda: live_stack.panel("overview", "Servers that answer scrapes")[0][1] == 1, PATIENCE)
