"""The endpoint for scrapes: formats, methods, compression, and a scrape that must not block the server."""

import gzip
import threading
from collections.abc import Mapping
from typing import cast

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from observability.metrics.exposition import Exposition
from observability.metrics.metrics import Metrics
from observability.metrics.multiprocess.locks import Busy
from observability.metrics.registry import Registry

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


async def scrape(registry: Registry, headers: Mapping[str, str] | None = None, method: str = "GET") -> httpx2.Response:
    app = Starlette(routes=[Route("/metrics", Exposition(registry, "secret"))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://strata.test") as client:
        own = {"Authorization": "Bearer secret", "Accept-Encoding": "identity"}
        return await client.request(method, "/metrics", headers={**own, **(headers or {})})


@pytest.fixture
def registry() -> Registry:
    metrics = Metrics()
    metrics.counter("auth_attempts", "Attempts.", ("method",)).labels("password").inc(3)
    return metrics.registry


@pytest.mark.parametrize(
    ("accept", "content_type", "sample", "end"),
    [
        ("", PLAIN, b'auth_attempts_total{method="password"} 3.0\n', b" TYPE"),
        ("*/*", PLAIN, b'auth_attempts_total{method="password"} 3.0\n', b" TYPE"),
        ("text/html", PLAIN, b'auth_attempts_total{method="password"} 3.0\n', b" TYPE"),
        (OPENMETRICS, OPENMETRICS, b'auth_attempts_total{method="password"} 3.0\n', b" EOF\n"),
        (f"{OPENMETRICS}; escaping=dots", OPENMETRICS, b'auth__attempts__total{method="password"} 3.0\n', b" EOF\n"),
        ("text/plain; version=1.0.0; escaping=dots", "text/plain", b"auth__attempts__total{", b" TYPE"),
    ],
)
async def test_the_format_is_the_one_that_the_client_accepts(
    registry: Registry, accept: str, content_type: str, sample: bytes, end: bytes
) -> None:
    response = await scrape(registry, {"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(content_type)
    assert sample in response.content
    assert response.content.rpartition(b"#")[2].startswith(end)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert "Content-Encoding" not in response.headers


async def test_a_scrape_is_compressed_for_clients_that_accept_it(registry: Registry) -> None:
    plain = await scrape(registry)
    response = await scrape(registry, {"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) < len(plain.content)
    assert b'auth_attempts_total{method="password"} 3.0' in response.content
    assert len(gzip.compress(response.content, 9)) <= int(response.headers["Content-Length"]) < len(response.content)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_a_scrape_only_reads(registry: Registry, method: str) -> None:
    response = await scrape(registry, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")


async def test_head_has_the_headers_of_get(registry: Registry) -> None:
    # The metrics of the process itself change with each scrape.
    head, get = await scrape(registry, method="HEAD"), await scrape(registry)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.keys() == get.headers.keys()


async def test_a_caller_without_the_token_reads_nothing(registry: Registry) -> None:
    response = await scrape(registry, {"Authorization": "Bearer other"})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"auth_attempts" not in response.content


class Stub:
    """A registry that records which thread writes which format."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.threads: set[str] = set()

    def text(self) -> bytes:
        return self._written(b"text")

    def openmetrics(self) -> bytes:
        return self._written(b"openmetrics")

    def _written(self, body: bytes) -> bytes:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        return body


@pytest.mark.parametrize(("accept", "body"), [("", b"text"), (OPENMETRICS, b"openmetrics")])
async def test_the_usual_formats_are_written_by_our_own_writer_in_a_thread(accept: str, body: bytes) -> None:
    stub = Stub()
    response = await scrape(cast("Registry", stub), {"Accept": accept})
    assert response.content == body
    assert threading.current_thread().name not in stub.threads, "the event loop serves requests meanwhile"


async def test_a_scrape_that_waits_too_long_for_another_is_a_503() -> None:
    response = await scrape(cast("Registry", Stub(Busy("lock"))))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.text == "Another scrape takes too long"
