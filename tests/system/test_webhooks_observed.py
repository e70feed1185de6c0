"""A real worker delivers webhooks, and a real Prometheus shows what it does on every panel, and raises the alerts."""

import asyncio
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import httpx2
import pytest

from observability.rules import recording
from observability.rules.clock import PRODUCTION
from observability.slo import JOB_START, WEBHOOK_DELIVERY, Objective
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.live_stack import INTERVAL, OF_A_WORKER, PANELS
from tests.support.postgres import clone, execute_as_owner
from tests.support.programs import program
from tests.support.prometheus import Prometheus, Sample, prometheus
from tests.support.promql import filled
from tests.support.receiving import receiving
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import WIRE

BOARD = "webhooks"
PAUSE = 0.5
"""Seconds between two posts."""
POINT_AT = "UPDATE webhook_endpoints SET failures = 0, url = {}"
_MAIL = {"type": "email", "params": {"subject": "Done", "text": "It is done."}}
MAKE_LATE = "UPDATE deliveries SET next_at = now() - interval '2 minutes', status = 'pending'"


@dataclass
class Observed:
    """The running processes."""

    dsn: str
    strata: Strata
    worker_port: int
    worker: ExitStack = field(default_factory=ExitStack)
    ending: threading.Event = field(default_factory=threading.Event)
    metrics: Prometheus = field(init=False)

    def panel(self, title: str, query: int = 0, board: str = BOARD) -> list[Sample]:
        return self.metrics.query(filled(PANELS[board, title].queries[query].expr, interval=INTERVAL))

    def shown(self, title: str, label: str, board: str = BOARD) -> dict[str, float]:
        return {metric.get(label, ""): value for metric, value in self.panel(title, board=board)}

    def value(self, title: str, query: int = 0, board: str = BOARD) -> float:
        """The value of a panel; NaN while a scrape is late."""
        return next((value for _, value in self.panel(title, query, board)), math.nan)

    def start_worker(self) -> None:
        process = self.worker.enter_context(self.strata.running("worker"))
        wait_until_ready(f"http://127.0.0.1:{self.worker_port}", process, lambda: self.strata.log("worker"), "/metrics")

    @contextmanager
    def without_worker(self) -> Iterator[None]:
        """No worker runs within the block."""
        self.worker.close()
        yield
        self.start_worker()

    @contextmanager
    def unreachable_endpoints(self) -> Iterator[None]:
        """Nothing listens where all endpoints are within the block."""
        execute_as_owner(self.dsn, "CREATE TABLE reachable AS SELECT id, url FROM webhook_endpoints")
        silent = f"http://127.0.0.1:{free_port()}/"
        execute_as_owner(self.dsn, POINT_AT.format(repr(silent)))
        yield
        execute_as_owner(self.dsn, POINT_AT.format("(SELECT url FROM reachable r WHERE r.id = webhook_endpoints.id)"))
        execute_as_owner(self.dsn, "DROP TABLE reachable")

    def publish(self, url: str, headers: Mapping[str, str]) -> None:
        """Create posts and jobs until the end."""
        with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False) as client:
            while not self.ending.wait(PAUSE):
                client.post("/api/v2/posts", json={"title": "T", "content": "C", "status": "draft"})
                client.post("/api/v2/jobs", json=_MAIL)

    def follow(self, url: str, headers: Mapping[str, str]) -> None:
        """Read a stream until the end."""
        patience = httpx2.Timeout(PATIENCE, read=4 * PAUSE)
        # A client that reads the environment fails when pytest changes it meanwhile.
        with httpx2.Client(base_url=url, headers=headers, timeout=patience, trust_env=False) as client:
            while not self.ending.is_set():
                with suppress(httpx2.ReadTimeout), client.stream("GET", "/api/v2/stream") as response:
                    for _ in response.iter_bytes():
                        if self.ending.is_set():
                            break


@pytest.fixture(scope="module")
def observed(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A server, a worker, two endpoints, one of which rejects every message, and a user who creates posts.

    A stream of that user is open.
    """
    program("prometheus")
    home = tmp_path_factory.mktemp("webhooks")
    dsn = asyncio.run(clone(admin_dsn, "webhooks"))
    port = free_port()
    with ExitStack() as stack:
        strata = Strata(home / "home", dsn, STRATA_LOG__LEVEL="warning", STRATA_WORKER__METRICS_PORT=str(port))
        url = stack.enter_context(strata.serving())
        good, received = stack.enter_context(receiving(204))
        bad, _ = stack.enter_context(receiving(500))
        headers = api_key(strata)
        with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE) as client:
            for target in (good, bad):
                made = client.post("/api/v2/webhook-endpoints", json={"url": target, "events": ["post.created"]})
                assert made.status_code == 201, made.text
        found = Observed(dsn, strata, port)
        stack.callback(found.worker.close)
        found.start_worker()
        target = url.removeprefix("http://")
        found.metrics = stack.enter_context(prometheus(home / "prometheus", target, f"127.0.0.1:{port}"))
        for work in (found.publish, found.follow):
            thread = threading.Thread(target=work, args=(url, headers), daemon=True)
            thread.start()
            stack.callback(thread.join)
        stack.callback(found.ending.set)
        wait_until(lambda: len(received) >= 8, PATIENCE, lambda: strata.log("worker"))
        yield found


def test_every_panel_shows_data(observed: Observed) -> None:
    def empty() -> list[str]:
        return [
            f"{title}: {query.expr}"
            for (board, title), panel in OF_A_WORKER.items()
            for number, query in enumerate(panel.queries)
            if not (samples := observed.panel(title, number, board)) or any(math.isnan(value) for _, value in samples)
        ]

    wait_until(lambda: not empty(), PATIENCE, empty)


@pytest.mark.parametrize(
    ("slo", "value"),
    [pytest.param(WEBHOOK_DELIVERY, WIRE, id="deliveries"), pytest.param(JOB_START, "email", id="jobs")],
)
def test_every_rule_of_the_objective_is_recorded(observed: Observed, slo: Objective, value: str) -> None:
    def missing() -> list[str]:
        return [
            rule.name
            for rule in recording.objective(slo, PRODUCTION)
            if (value,) not in observed.metrics.values(f'{rule.name}{{slo="{slo.name}"}}', slo.by)
        ]

    wait_until(lambda: not missing(), PATIENCE, missing)


def test_what_is_shown_is_true(observed: Observed) -> None:
    def rates() -> bool:
        shown = observed.shown("Attempts", "outcome")
        return shown.get("succeeded", 0) > 0 and shown.get("rejected", 0) > 0 and shown.get("timeout") == 0

    wait_until(rates, PATIENCE, lambda: observed.panel("Attempts"))
    expected = {"active": 1.0, "failing": 1.0, "disabled": 0.0, "disabled_by_owner": 0.0}
    wait_until(lambda: observed.shown("Endpoints", "state") == expected, PATIENCE, lambda: observed.panel("Endpoints"))
    wait_until(lambda: observed.value("Delay of first attempts", 1) < PATIENCE)
    wait_until(lambda: 0 < observed.shown("Delay of the start", "kind", "jobs").get("email", 0) < PATIENCE)
    wait_until(lambda: 0 < observed.value("Delay of events", 1, "live") < PATIENCE)


def test_an_outage_of_the_network_is_alerted(observed: Observed) -> None:
    def firing() -> bool:
        return observed.metrics.alerts().get("WebhooksUnreachable") == "firing"

    wait_until(lambda: observed.shown("Attempts", "outcome").get("succeeded", 0) > 0, PATIENCE)
    assert not firing()
    with observed.unreachable_endpoints():
        wait_until(firing, PATIENCE)


def test_what_no_worker_delivers_is_shown_and_alerted(observed: Observed) -> None:
    def firing() -> bool:
        return observed.metrics.alerts().get("WebhooksLate") == "firing"

    wait_until(lambda: observed.shown("Attempts", "outcome").get("succeeded", 0) > 0, PATIENCE)
    assert not firing()
    with observed.without_worker():
        execute_as_owner(observed.dsn, MAKE_LATE)
        wait_until(lambda: observed.value("Due deliveries") > 0, PATIENCE)
        wait_until(lambda: observed.value("Age of the oldest due delivery") > 100, PATIENCE)
        wait_until(firing, PATIENCE)
