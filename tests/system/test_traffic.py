"""``strata traffic`` sends load to a server, and ``strata top`` shows it."""

import signal
from pathlib import Path

import httpx2
import pytest

from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, wait_until
from versions.registry import VERSIONS


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    return Strata(tmp_path / "home", await clone(admin_dsn, "traffic"))


def test_top_shows_the_load_of_traffic(strata: Strata) -> None:
    with strata.serving("--workers", "2") as url:
        with strata.running("traffic", "--url", url, "--rps", "30", "--seconds", "3600"):
            seen: list[dict[str, object]] = []

            def all_versions() -> bool:
                rows = strata.json("top", "--url", url, "--interval", "3")
                # Health checks and scrapes have no version.
                seen[:] = [row for row in rows if row["version"] != "none"]
                return {row["version"] for row in seen} == {version.name for version in VERSIONS}

            wait_until(all_versions, PATIENCE)
        assert all(row["rate"] > 0 and row["p99"] >= row["p50"] for row in seen)
        shown = strata.run("top", "--url", url, "--once", "--interval", "0.3").stdout
    assert url in shown


def test_traffic_sends_the_requested_load_and_reports_the_responses(strata: Strata) -> None:
    with strata.serving("--workers", "2") as url:
        responses = strata.json("traffic", "--url", url, "--rps", "60", "--seconds", "6")
        counted = Scrape.of(url)
    assert sum(responses.values()) == 360
    assert {"200", "201", "404", "422"} <= set(responses)
    assert not any(status.startswith("5") for status in responses)
    total = sum(
        counted.sum("http_server_request_duration_seconds_count", api_version=version.name) for version in VERSIONS
    )
    assert total == 360
    assert len(counted.series("api_consumer_requests_total", outcome="success", api_version="v2")) >= 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_traffic_removes_what_it_created(strata: Strata, number: signal.Signals) -> None:
    strata.run("users", "create", "ada@example.com")
    with strata.serving() as url:
        with strata.running("traffic", "--url", url, "--rps", "20", "--seconds", "3600") as process:
            wait_until(lambda: Scrape.of(url).sum("api_requests_total", outcome="ok") > 20, PATIENCE)
            assert len(strata.json("users", "list")) > 1
            rows = strata.json("top", "--url", url, "--consumers", "--interval", "3")
            assert any("@seed.example (strata traffic, sk_" in row["name"] for row in rows)
            assert all(0 < row["mean"] < 30 for row in rows), "seconds"
            process.send_signal(number)
            assert process.wait(PATIENCE) == 0, strata.log("traffic")
        assert [user["email"] for user in strata.json("users", "list")] == ["ada@example.com"]
        assert strata.json("keys", "list") == []
        assert httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE).json()["data"] == []


def test_load_on_another_machine_is_rejected(strata: Strata) -> None:
    rejected = strata.run("traffic", "--url", "http://192.0.2.1:8000", expect=1)
    assert "must be on this machine" in rejected.stderr


def test_top_without_a_server_says_how_to_start_one(strata: Strata) -> None:
    failed = strata.run("top", "--url", "http://127.0.0.1:1", "--once", expect=1)
    assert "strata up" in failed.stderr
