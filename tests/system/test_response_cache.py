"""Two server processes with a response cache, and a worker that relays the events which invalidate it."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.redis import REDIS_URL, RedisServer
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import WIRE

POSTS = f"/api/{WIRE}/posts"
REQUESTS = 16
"""Each on a connection of its own, so that both processes get some."""


@contextmanager
def caching(dsn: str, home: Path, backend: str, redis: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The URL of the two processes, and the header of an author."""
    cache = {"STRATA_CACHE__BACKEND": backend, "STRATA_CACHE__TTL": "5", REDIS_URL: redis}
    unlimited = {"STRATA_RATE_LIMIT__ENABLED": "false"}
    strata = Strata(home, dsn, STRATA_LOG__LEVEL="warning", **cache, **unlimited)
    with strata.serving("--workers", "2") as url, strata.running("worker"):
        yield url, api_key(strata)


def lists(url: str) -> list[httpx2.Response]:
    found = [httpx2.get(f"{url}{POSTS}", timeout=PATIENCE) for _ in range(REQUESTS)]
    assert {response.status_code for response in found} == {200}
    return found


def outcomes(found: list[httpx2.Response]) -> Counter[str]:
    return Counter(response.headers["Cache-Status"].split("; ")[1] for response in found)


def publish(url: str, author: Mapping[str, str], title: str) -> None:
    body = {"title": title, "content": "", "status": "published"}
    httpx2.post(f"{url}{POSTS}", json=body, headers=author, timeout=PATIENCE).raise_for_status()


@pytest.mark.parametrize("backend", ["memory", "redis"])
def test_processes_serve_stored_responses_until_an_event(
    admin_dsn: str, tmp_path: Path, redis_server: RedisServer, backend: str
) -> None:
    dsn = asyncio.run(clone(admin_dsn, "response_cache"))
    with caching(dsn, tmp_path / "home", backend, redis_server.url) as (url, author):
        for title in ("first post", "second post"):
            before = Scrape.of(url).sum("response_cache_invalidations_total")
            # Both processes have looked up the tag, and so invalidate it.
            wait_until(lambda: outcomes(lists(url))["hit"] >= REQUESTS - 2, PATIENCE)
            publish(url, author, title)
            wait_until(lambda title=title: all(title in response.text for response in lists(url)), PATIENCE)
            assert Scrape.of(url).sum("response_cache_invalidations_total") > before
            signed_in = httpx2.get(f"{url}{POSTS}", headers=author, timeout=PATIENCE)
            assert (title in signed_in.text, "Cache-Status" in signed_in.headers) == (True, False)


def test_no_request_fails_while_redis_is_killed(admin_dsn: str, tmp_path: Path, redis_server: RedisServer) -> None:
    dsn = asyncio.run(clone(admin_dsn, "response_cache"))
    with caching(dsn, tmp_path / "home", "redis", redis_server.url) as (url, author):
        publish(url, author, "a post")
        wait_until(lambda: outcomes(lists(url))["hit"], PATIENCE)
        redis_server.kill()
        try:
            found = lists(url)
            assert (outcomes(found), all("a post" in one.text for one in found)) == ({"fwd=miss": REQUESTS}, True)
            publish(url, author, "a later post")
            assert all("a later post" in one.text for one in lists(url))
        finally:
            redis_server.start()
        wait_until(lambda: outcomes(lists(url))["hit"], PATIENCE)
        assert Scrape.of(url).sum("response_cache_failures_total") >= REQUESTS
