"""Requests to other servers have a deadline, a bounded response and no redirects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from app.kit.egress.client import MAX_BYTES, Egress, is_secure
from app.kit.egress.errors import EgressError, Reason
from app.kit.egress.metrics import EgressMetrics
from observability.metrics.metrics import Metrics
from tests.support.waiting import stretched

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(respond: Respond) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The URL of a server that responds to each connection in the same way, and the heads of its requests."""
    heads: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await respond(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/page?secret=1", heads


@asynccontextmanager
async def client() -> AsyncIterator[tuple[Egress, Metrics]]:
    metrics = Metrics()
    egress = Egress(metrics.group(EgressMetrics))
    try:
        yield egress, metrics
    finally:
        await egress.close()


def responding(head: str, body: bytes = b"") -> Respond:
    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)

    return respond


async def silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def trickling(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(300):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def rude(writer: asyncio.StreamWriter) -> None:
    writer.write(b"nonsense\r\n\r\n")


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (responding("302 Found\r\nLocation: http://127.0.0.1:1/"), Reason.REDIRECT),
        (responding("200 OK", b"x" * (MAX_BYTES + 1)), Reason.TOO_LARGE),
        (responding("200 OK\r\nContent-Encoding: gzip", b"x"), Reason.ENCODED),
        (responding("200 OK\r\nContent-Length: 10", b"x"), Reason.UNREACHABLE),
        (rude, Reason.UNREACHABLE),
        (silent, Reason.TIMEOUT),
        (trickling, Reason.TIMEOUT),
    ],
)
async def test_an_unusable_response_is_an_error(respond: Respond, reason: Reason) -> None:
    async with server(respond) as (url, heads), client() as (egress, metrics):
        started = asyncio.get_running_loop().time()
        with pytest.raises(EgressError) as raised:
            await egress.request("GET", url, peer="it", operation="page", seconds=0.5)
        assert raised.value.reason is reason
        assert "secret" not in str(raised.value)
        assert asyncio.get_running_loop().time() - started < stretched(0.5)
        assert len(heads) == 1
        labels = {"peer": "it", "operation": "page", "outcome": str(reason)}
        assert metrics.registry.get_sample_value("egress_request_duration_seconds_count", labels) == 1


async def test_the_body_of_a_response_is_read_as_it_is() -> None:
    async with server(responding("200 OK", b"x" * MAX_BYTES)) as (url, heads), client() as (egress, _):
        response = await egress.request("POST", url, peer="it", operation="page", form={"a": "b c"})
    assert (response.status, len(response.body)) == (200, MAX_BYTES)
    assert b"accept-encoding: identity" in heads[0].lower()
    with pytest.raises(EgressError) as raised:
        response.json()
    assert raised.value.reason is Reason.NOT_JSON


async def test_requests_share_no_cookies_and_ignore_the_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with server(responding("200 OK\r\nSet-Cookie: session=1; Path=/")) as (url, heads), client() as (egress, _):
        for token in ("one", "two"):
            headers = {"Authorization": f"Bearer {token}"}
            response = await egress.request("GET", url, peer="it", operation="page", headers=headers)
            assert response.status == 200
    found = [head.lower() for head in heads]
    assert [b"authorization: bearer " + token in head for token, head in zip((b"one", b"two"), found, strict=True)] == [
        True,
        True,
    ]
    assert [head for head in found if b"cookie" in head or b"user-agent: strata\r\n" not in head] == []


async def test_a_request_may_accept_more_bytes_than_others() -> None:
    async with server(responding("200 OK", b"x" * (MAX_BYTES + 1))) as (url, _), client() as (egress, _metrics):
        response = await egress.request("GET", url, peer="it", operation="page", max_bytes=MAX_BYTES + 1)
        assert len(response.body) == MAX_BYTES + 1
        with pytest.raises(EgressError) as raised:
            await egress.request("GET", url, peer="it", operation="page", max_bytes=MAX_BYTES)
    assert raised.value.reason is Reason.TOO_LARGE


async def test_a_failure_is_logged_with_its_peer_operation_and_reason() -> None:
    async with client() as (egress, _):
        with capture_logs() as lines, pytest.raises(EgressError):
            await egress.request("GET", "http://127.0.0.1:1/?secret=1", peer="it", operation="page")
    expected = {"event": "egress_failed", "log_level": "warning", "peer": "it", "operation": "page"}
    assert lines == [{**expected, "reason": "unreachable"}]


async def test_a_port_without_a_server_is_unreachable() -> None:
    async with client() as (egress, _):
        with pytest.raises(EgressError) as raised:
            await egress.request("GET", "http://127.0.0.1:1/", peer="it", operation="page")
    assert raised.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://127.0.0.1/", "https://", "", "http://127.0.0.1.example/"]
)
async def test_a_request_that_others_could_read_is_not_sent(url: str) -> None:
    async with client() as (egress, _):
        with pytest.raises(EgressError) as raised:
            await egress.request("GET", url, peer="it", operation="page")
    assert raised.value.reason is Reason.INSECURE


def test_secure_urls() -> None:
    secure = ["https://example.com/", "http://127.0.0.1:80/", "http://localhost/", "http://[::1]/"]
    assert [url for url in secure if not is_secure(url)] == []
