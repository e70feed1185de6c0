"""Operation of a running server: its log level, the metrics of the worker, token and port of /metrics."""

import json
import os
import signal
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import pytest

from observability.run_folder import running_in
from tests.support.app import PASSWORD
from tests.support.live import Strata, free_port
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    return Strata(tmp_path / "home", await clone(admin_dsn, "watch"))


def test_the_log_level_changes_in_every_worker(strata: Strata) -> None:
    with strata.serving("--workers", "2") as url:
        (run,) = running_in(strata.home / "runs")
        wait_until(lambda: len(run.pids()) == 2)

        def debug_lines() -> int:
            return strata.log("serve").count('"http_route":"/health"')

        httpx2.get(f"{url}/health", timeout=PATIENCE)
        assert debug_lines() == 0, "a successful health check is logged at debug level only"
        assert len(strata.json("log-level", "debug")["processes"]) == 2
        wait_until(lambda: strata.log("serve").count('"event":"log_level_changed"') >= 2)
        for _ in range(20):
            httpx2.get(f"{url}/health", timeout=PATIENCE)
        wait_until(lambda: debug_lines() == 20)
        assert httpx2.get(f"{url}/api/v2/posts?q=granite", timeout=PATIENCE).status_code == 200
        wait_until(lambda: '"event":"statement_finished"' in strata.log("serve"))
        assert '"event":"principal_resolved"' in strata.log("serve")
        assert "granite" not in strata.log("serve"), "statements are logged without their values"
        strata.run("log-level", "configured")
        wait_until(lambda: strata.log("serve").count('"event":"log_level_changed"') >= 4)
        statements = strata.log("serve").count('"event":"statement_finished"')
        httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE)
        assert strata.log("serve").count('"event":"statement_finished"') == statements
        httpx2.get(f"{url}/health", timeout=PATIENCE)
        os.kill(run.pids()[0], signal.SIGUSR1)
        # The next level below info is debug.
        wait_until(lambda: run.level.read_text() == "debug")
    assert strata.run("log-level", "debug", expect=1).stderr.startswith("Error: No process is running for")


def test_metrics_on_a_separate_port_with_a_token(strata: Strata) -> None:
    port = free_port()
    token = "a-token-of-the-scraper"
    with strata.serving(STRATA_METRICS__PORT=str(port), STRATA_METRICS__TOKEN=token) as url:
        assert httpx2.get(f"{url}/metrics", timeout=PATIENCE).status_code == 404
        own = f"http://127.0.0.1:{port}"
        assert httpx2.get(f"{own}/metrics", timeout=PATIENCE).status_code == 401
        assert (
            httpx2.get(f"{own}/metrics", headers={"Authorization": "Bearer wrong"}, timeout=PATIENCE).status_code == 401
        )
        httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE)
        found = Scrape.of(own, {"Authorization": f"Bearer {token}"})
        assert found.sum("http_server_request_duration_seconds_count", http_route="/api/v2/posts") == 1
    assert token not in strata.log("serve")
    with strata.serving(STRATA_METRICS__TOKEN=token) as url:
        assert httpx2.get(f"{url}/metrics", timeout=PATIENCE).status_code == 401
        assert (
            httpx2.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE).status_code
            == 200
        )


def test_the_api_exposes_queue_and_workers_and_the_worker_its_attempts(strata: Strata) -> None:
    port = free_port()
    with strata.serving() as url:
        wait_until(lambda: Scrape.of(url).sum("job_workers") == 0)
        body = {"email": "ada@example.com", "password": PASSWORD, "display_name": "Ada"}
        assert httpx2.post(f"{url}/api/v2/auth/registrations", json=body, timeout=PATIENCE).status_code == 202
        refusing = {"STRATA_MAIL__HOST": "127.0.0.1", "STRATA_MAIL__PORT": "1", "STRATA_WORKER__FIRST_DELAY": "60"}
        with strata.running("worker", STRATA_WORKER__METRICS_PORT=str(port), **refusing) as worker:
            wait_until(lambda: _responds(port))
            own = f"http://127.0.0.1:{port}"
            wait_until(lambda: Scrape.of(own).sum("job_attempts_total", kind="auth.send_token", outcome="failure") == 1)
            wait_until(lambda: Scrape.of(url).sum("job_queue_depth", kind="auth.send_token") == 1)
            wait_until(lambda: Scrape.of(url).sum("job_workers") == 1)
            assert Scrape.of(own).sum("strata_build_info") == Scrape.of(url).sum("strata_build_info") == 1
            # A worker that hangs keeps its session, but polls no longer; one that is idle polls.
            time.sleep(16)
            assert Scrape.of(url).sum("job_workers") == 1
            os.kill(worker.pid, signal.SIGSTOP)
            try:
                wait_until(lambda: Scrape.of(url).sum("job_workers") == 0)
            finally:
                os.kill(worker.pid, signal.SIGCONT)
            wait_until(lambda: Scrape.of(url).sum("job_workers") == 1)
        # The queue and its age remain visible without a worker.
        assert "job_queue_oldest_seconds" in Scrape.of(url).text
        wait_until(lambda: Scrape.of(url).sum("job_workers") == 0)


def _responds(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).status_code == 200
    except httpx2.HTTPError:
        return False


def test_a_request_line_names_caller_problem_policy_and_database_time(strata: Strata) -> None:
    strata.run("users", "create", "ada@example.com")
    key = strata.json("keys", "create", "ada@example.com", "--name", "planted-name", "--plan", "pro")
    headers = {"X-API-Key": key["key"], "User-Agent": "planted-agent"}
    limits = {"STRATA_RATE_LIMIT__ANONYMOUS": '{"minute": "2/minute"}', "STRATA_LOG__FORMAT": "json"}
    with strata.serving(**limits) as url:
        assert (
            httpx2.get(f"{url}/api/v2/posts?limit=planted-query", headers=headers, timeout=PATIENCE).status_code == 422
        )
        assert httpx2.get(f"{url}/api/v2/me", headers=headers, timeout=PATIENCE).status_code == 200
        for _ in range(3):
            last = httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE)
        assert last.status_code == 429
        wait_until(lambda: len(_request_lines(strata)) == 5)
    invalid, me, *_, rejected = _request_lines(strata)
    assert (invalid["problem"], invalid["plan"], invalid["key"]) == ("validation_failed", "pro", invalid["consumer"])
    assert me["key"] == invalid["key"] != me["user"]
    assert me["db_statements"] >= 1
    assert 0 < me["db_ms"] < me["duration_ms"]
    assert (rejected["problem"], rejected["policy"], rejected["key"]) == ("rate_limited", "minute", None)
    assert {line["client_network"] for line in (invalid, me, rejected)} == {"127.0.0.0/24"}
    assert me["release"] == version("strata")
    assert "planted" not in strata.log("serve")


def _request_lines(strata: Strata) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in strata.log("serve").splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request" and line["api_version"]]


def test_unknown_paths_and_methods_create_no_series(strata: Strata) -> None:
    with strata.serving(STRATA_RATE_LIMIT__ENABLED="false") as url:
        httpx2.get(f"{url}/api/v2/nothing", timeout=PATIENCE)
        before = len(Scrape.of(url).samples)
        for number in range(100):
            httpx2.get(f"{url}/api/v2/nothing{number}", timeout=PATIENCE)
            # The HTTP parser rejects the method before the metrics middleware runs.
            assert httpx2.request(f"BREW{number}", f"{url}/api/v2/nothing", timeout=PATIENCE).status_code == 400
        found = Scrape.of(url)
    # The first scrape itself adds some series.
    assert len(found.samples) - before < 40
    assert found.sum("http_server_request_duration_seconds_count", http_route="unmatched") == 101
