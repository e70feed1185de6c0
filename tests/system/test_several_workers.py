"""``strata serve --workers 2``: any worker process exposes the sum over all, including killed ones."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.cli.kit.restarts import LIMIT
from observability.run_folder import running_in
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.other_contracts import ME, audited
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.registries import DEPRECATED
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, wait_until
from versions.registry import VERSIONS

OLDEST = VERSIONS[0]
LIST = f"{OLDEST.prefix}/posts"
DURATION = "http_server_request_duration_seconds"
MISSING = "/api/v2/posts/post_01h455vb4pex5vsknk084sn02q"


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    dsn = await clone(admin_dsn, "sys")
    traced = {"STRATA_TRACING__SAMPLE_RATIO": "1"}
    return Strata(tmp_path / "home", dsn, STRATA_LOG__FORMAT="json", STRATA_METRICS__CONSUMER_SERIES="100", **traced)


def send(url: str, times: int, path: str, headers: dict[str, str] | None = None) -> None:
    for _ in range(times):
        # Each request uses a new connection: the kernel distributes connections over the worker processes.
        httpx2.get(f"{url}{path}", headers=headers, timeout=PATIENCE)


def workers(strata: Strata, parent: int) -> list[int]:
    (folder,) = running_in(strata.home / "runs")
    assert parent not in folder.pids()
    return folder.pids()


def files(strata: Strata) -> list[Path]:
    (folder,) = running_in(strata.home / "runs")
    return sorted(folder.metrics.iterdir())


@contextmanager
def serving(strata: Strata, count: int) -> Iterator[tuple[str, int]]:
    """The URL of a server with this number of worker processes, and its pid."""
    port = free_port()
    with strata.running("serve", "--workers", str(count), PORT=str(port)) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, lambda: strata.log("serve"))
        wait_until(lambda: len(workers(strata, process.pid)) == count)
        yield url, process.pid


@pytest.fixture
def served(strata: Strata) -> Iterator[tuple[str, int]]:
    """The URL of a server with two worker processes, and its pid."""
    with serving(strata, 2) as server:
        yield server


def test_a_scrape_of_any_worker_has_the_sum_of_all(strata: Strata, served: tuple[str, int]) -> None:
    url, _ = served
    key = dict(api_key(strata))
    send(url, 40, "/api/v2/me", key)
    send(url, 25, MISSING)
    send(url, 15, LIST)
    scrapes = [Scrape.of(url) for _ in range(6)]
    for scrape in scrapes:
        assert scrape.sum(f"{DURATION}_count", http_route="/api/v2/me", http_response_status_code="200") == 40
        assert scrape.sum(f"{DURATION}_count", http_route="/api/v2/posts/{post_id}") == 25
        assert scrape.sum(f"{DURATION}_count", http_route=LIST) == 15
        assert scrape.sum("api_consumer_requests_total") == 80
        assert scrape.sum("api_consumer_requests_total", consumer="anonymous", outcome="client_error") == 25
        deprecated = 15 if OLDEST in DEPRECATED else 0
        assert scrape.sum("api_deprecated_requests_total", consumer_tier="anonymous") == deprecated
        assert scrape.sum("auth_attempts_total", method="api_key", outcome="success") == 40
        assert scrape.sum("db_query_duration_seconds_count", operation="select") >= 55
        assert scrape.sum("db_pool_wait_seconds_count", pool="read") >= 55
        for version in DEPRECATED:
            labels = {"api_version": version.name, "status": "deprecated", "successor": version.successor}
            assert scrape.series("api_version_info", **labels)
            assert version.sunset_at is not None
            sunset = scrape.sum("api_version_sunset_timestamp_seconds", api_version=version.name)
            assert sunset == int(version.sunset_at.timestamp())
        assert scrape.sum("process_resident_memory_bytes") > 0
        logged = strata.log("serve")
        exemplars = scrape.exemplars(f"{DURATION}_bucket")
        assert len(exemplars) >= 3
        assert all(exemplar.labels["trace_id"] in logged for exemplar in exemplars)


def test_contract_violations_are_summed_over_the_workers(strata: Strata, tmp_path: Path) -> None:
    key = dict(api_key(strata))
    with strata.serving("--workers", "2", **audited(tmp_path / "contracts")) as url:
        send(url, 40, "/api/v2/me", key)
        send(url, 20, LIST)
        send(url, 5, MISSING)

        def settled() -> bool:
            scrape = Scrape.of(url)
            return scrape.sum("api_contract_checked_total", direction="response") == 65

        wait_until(settled)
        for _ in range(4):
            scrape = Scrape.of(url)
            assert scrape.sum("api_contract_checked_total", api_version=OLDEST.name, outcome="conforms") == 40
            assert scrape.sum("api_contract_checked_total", api_version="v2", outcome="violates") == 40
            # A request with a 404 response is not counted as accepted.
            assert scrape.sum("api_contract_checked_total", api_version="v2", direction="request") == 40
            broken = scrape.series("api_contract_violations_total")
            assert broken == {
                frozenset({"api_version": "v2", "http_route": ME, "direction": "response", "rule": "body"}.items()): 40
            }
            assert scrape.sum("api_contract_dropped_total") == 0
    lines = [json.loads(line) for line in strata.log("serve").splitlines()]
    logged = [line for line in lines if line["event"] == "contract_violation"]
    assert len(logged) == 40
    assert {(line["operation"], line["pointer"], line["keyword"], line["schema"]) for line in logged} == {
        ("me.get", "/body/display_name", "maxLength", "/components/schemas/User/properties/display_name/maxLength")
    }
    assert {line["request_id"] for line in logged} <= {
        line["request_id"] for line in lines if line["event"] == "request"
    }


def test_the_counts_of_killed_workers_remain(strata: Strata, served: tuple[str, int]) -> None:
    url, parent = served
    send(url, 30, LIST)
    wait_until(lambda: Scrape.of(url).sum("process_max_fds") > 0)
    counted = 30
    wait_until(lambda: Scrape.of(url).sum(f"{DURATION}_count", http_route=LIST) == counted)
    before = Scrape.of(url)
    cpu = before.sum("process_cpu_seconds_total")
    for turn in range(1, 4):
        victim = workers(strata, parent)[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda gone=victim: gone not in workers(strata, parent) and len(workers(strata, parent)) == 2)
        scrape = Scrape.of(url)
        assert scrape.sum(f"{DURATION}_count", http_route=LIST) == counted
        assert scrape.sum("api_consumer_requests_total", api_version=OLDEST.name) == counted
        assert scrape.sum("process_cpu_seconds_total") >= cpu
        cpu = scrape.sum("process_cpu_seconds_total")
        assert scrape.sum("http_server_active_requests", api_version="none") == 1, "only this scrape is in flight"
        # A task of the new worker can use a connection for a moment.
        wait_until(lambda: Scrape.of(url).sum("db_pool_in_use") == 0)
        send(url, 5, LIST)
        counted += 5
        # A client receives the response a moment before the worker counts it, so a kill now could lose the count.
        wait_until(lambda due=counted: Scrape.of(url).sum(f"{DURATION}_count", http_route=LIST) == due)
        # One file per worker process, and those of exited processes, of the lock and of the consumers.
        assert len(files(strata)) == 5, f"after {turn} kills: {files(strata)}"
    wait_until(lambda: Scrape.of(url).sum("process_restarts", process="api") == 3)


def test_worker_processes_that_crash_too_often_end_the_server(strata: Strata) -> None:
    # All at once: a busy machine may need more than a minute to start as many one after the other.
    with serving(strata, LIMIT + 1) as (_, parent):
        for worker in workers(strata, parent):
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: "The API crashed 6 times within 60 seconds." in strata.log("serve"))


def test_the_exposition_passes_promtool(served: tuple[str, int]) -> None:
    url, _ = served
    send(url, 3, LIST)
    text = httpx2.get(f"{url}/metrics", timeout=PATIENCE).content
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    packed = httpx2.get(f"{url}/metrics", headers={"Accept-Encoding": "gzip"}, timeout=PATIENCE)
    assert packed.headers["content-encoding"] == "gzip"


def test_the_run_folder_is_removed_at_exit(strata: Strata) -> None:
    with strata.serving():
        (folder,) = running_in(strata.home / "runs")
        assert folder.metrics.is_dir()
    assert list((strata.home / "runs").iterdir()) == []
