"""A request to a stranger: pinned, checked by name, limited in time and size."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter

import pytest
from cryptography import x509

from app.kit.egress.addresses import LOOPBACK, AllowedAddresses
from app.kit.egress.destinations import Guard
from app.kit.egress.errors import EgressError, Reason
from app.kit.egress.pinned import EXCERPT_BYTES, PinnedEgress
from tests.support.receiver import HOST, Authority, Received, Receiver, Respond, responding
from tests.support.waiting import stretched

NAME = "hooks.example.com"


def egress(authority: Authority | None = None, addresses: Sequence[str] = (HOST,)) -> PinnedEgress:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        return addresses if host == NAME else [host]

    guard = Guard(AllowedAddresses(LOOPBACK), insecure=True, resolve=resolve)
    return PinnedEgress(guard, authority.client() if authority else None)


async def test_the_name_is_what_the_certificate_must_have(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with Receiver().serving(authority.server([x509.DNSName(NAME)])) as receiver:
        url = f"https://{NAME}:{receiver.port}/a?b=c"
        answer = await egress(authority).post(url, b"body", {"X-Test": "1"})
    assert answer.status == 204
    assert receiver.names == [NAME]
    [received] = receiver.received
    assert (received.target, received.body) == ("/a?b=c", b"body")
    assert received.headers["host"] == f"{NAME}:{receiver.port}"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["x-test"] == "1"


@pytest.mark.parametrize("name", [x509.DNSName("other.example.com"), x509.IPAddress(ip_address(HOST))])
async def test_the_certificate_of_another_name_is_refused(tmp_path: Path, name: x509.GeneralName) -> None:
    authority = Authority(tmp_path)
    async with Receiver().serving(authority.server([name])) as receiver:
        with pytest.raises(EgressError) as caught:
            await egress(authority).post(f"https://{NAME}:{receiver.port}/", b"", {})
    assert caught.value.reason is Reason.TLS
    assert receiver.received == []


async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    async with Receiver().serving(Authority(tmp_path).server([x509.DNSName(NAME)])) as receiver:
        with pytest.raises(EgressError) as caught:
            await egress().post(f"https://{NAME}:{receiver.port}/", b"", {})
    assert caught.value.reason is Reason.TLS


async def test_an_address_is_checked_as_an_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with Receiver().serving(authority.server([x509.IPAddress(ip_address(HOST))])) as receiver:
        answer = await egress(authority).post(f"https://{HOST}:{receiver.port}/", b"", {})
    assert answer.status == 204


async def test_the_next_address_is_tried_when_one_does_not_listen() -> None:
    async with Receiver().serving() as receiver:
        found = egress(addresses=["::1", HOST])
        answer = await found.post(f"http://{NAME}:{receiver.port}/", b"", {})
    assert answer.status == 204


async def test_a_request_that_was_sent_is_not_sent_to_another_address() -> None:
    """The first address may have acted upon it, although its response was lost."""

    async def vanish(_received: Received, _writer: asyncio.StreamWriter) -> None:
        return

    async with Receiver(vanish).serving() as receiver:
        with pytest.raises(EgressError) as caught:
            await egress(addresses=[HOST, f"::ffff:{HOST}"]).post(f"http://{NAME}:{receiver.port}/", b"", {})
    assert caught.value.reason is Reason.UNREACHABLE
    assert len(receiver.received) == 1


async def test_variables_of_the_environment_name_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with Receiver().serving() as receiver:
        assert (await egress().post(receiver.url, b"", {})).status == 204


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with (
        Receiver().serving() as inner,
        Receiver(responding(f"307 Moved\r\nLocation: {inner.url}")).serving() as outer,
    ):
        assert (await egress().post(outer.url, b"", {})).status == 307
    assert inner.received == []


async def dripping_body(_received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    await _drip(writer)


async def dripping_head(_received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await _drip(writer)


async def silent(_received: Received, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _drip(writer: asyncio.StreamWriter) -> None:
    for _ in range(300):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("respond", [dripping_body, dripping_head, silent])
async def test_the_whole_attempt_has_one_deadline(respond: Respond) -> None:
    async with Receiver(respond).serving() as receiver:
        started = perf_counter()
        with pytest.raises(EgressError) as caught:
            await egress().post(receiver.url, b"", {}, 0.5)
    assert caught.value.reason is Reason.TIMEOUT
    assert perf_counter() - started < stretched(3)


async def test_a_slow_resolver_is_part_of_the_attempt() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return [HOST]

    slow = PinnedEgress(Guard(AllowedAddresses(LOOPBACK), insecure=True, resolve=resolve))
    with pytest.raises(EgressError) as caught:
        await slow.post("http://hooks.example.com:8080/", b"", {}, 0.2)
    assert caught.value.reason is Reason.TIMEOUT


async def test_a_bomb_is_read_to_the_excerpt_and_never_expanded() -> None:
    sent = 0

    async def bomb(_received: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"\x1f\x8b\0" + b"z" * 99_997)
            await writer.drain()
            sent += 100_000

    async with Receiver(bomb).serving() as receiver:
        answer = await egress().post(receiver.url, b"", {})
    assert (answer.status, len(answer.excerpt)) == (500, EXCERPT_BYTES)
    assert sent < 50_000_000
    assert "\0" not in answer.text


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", b""])
async def test_what_is_no_response_is_a_failure(head: bytes) -> None:
    async def respond(_received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)

    async with Receiver(respond).serving() as receiver:
        with pytest.raises(EgressError) as caught:
            await egress().post(receiver.url, b"", {})
    assert caught.value.reason is Reason.UNREACHABLE


async def test_nobody_listens() -> None:
    async with Receiver().serving() as receiver:
        url = receiver.url
    with pytest.raises(EgressError) as caught:
        await egress().post(url, b"", {})
    assert caught.value.reason is Reason.UNREACHABLE
