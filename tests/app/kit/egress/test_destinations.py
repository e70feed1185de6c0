"""A URL that a user chose leads to public addresses only, when it is stored and at each attempt."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from app.kit.egress.addresses import LOOPBACK, AllowedAddresses
from app.kit.egress.destinations import Destination, Guard
from app.kit.egress.errors import EgressError, Reason
from app.kit.egress.pinned import PinnedEgress
from tests.app.kit.egress.inward import ADDRESSES, URLS

PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "2a00:1450::1", "::ffff:8.8.8.8", "2001:4860:4860::8888")


class Names:
    """A resolver with one answer after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError
        return answer


def guard(*answers: Sequence[str], insecure: bool = False, allowed: AllowedAddresses | None = None) -> Guard:
    return Guard(allowed or AllowedAddresses(), insecure, Names(*answers))


@pytest.mark.parametrize("url", URLS)
async def test_it_is_refused_when_stored_and_at_the_attempt(url: str) -> None:
    system = Guard(AllowedAddresses())
    with pytest.raises(EgressError):
        await system.check(url, 5)
    with pytest.raises(EgressError) as caught:
        await PinnedEgress(system).post(url, b"", {}, 5)
    assert caught.value.reason in {Reason.BAD_URL, Reason.INSECURE, Reason.FORBIDDEN_ADDRESS}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_name_with_one_forbidden_address_is_refused(address: str) -> None:
    for answer in ([address], ["8.8.8.8", address], [address, "2a00:1450::1"]):
        with pytest.raises(EgressError) as caught:
            await guard(answer).check("https://hooks.example.com/", 5)
        assert caught.value.reason is Reason.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_name_that_changes_its_address_is_refused_at_the_attempt(address: str) -> None:
    rebinding = guard(["8.8.8.8"], [address])
    await rebinding.check("https://hooks.example.com/", 5)
    with pytest.raises(EgressError) as caught:
        await PinnedEgress(rebinding).post("https://hooks.example.com/", b"", {}, 5)
    assert caught.value.reason is Reason.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_addresses_are_allowed(address: str) -> None:
    found = await guard([address]).locate(Destination("https", "hooks.example.com", 443, "/"))
    assert found == [address]


async def test_names_without_an_address_can_be_stored_unless_they_are_local() -> None:
    await guard([]).check("https://hooks.example.com/", 5)
    suffixes = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "private")
    for host in ("db", *(f"a.{suffix}" for suffix in suffixes)):
        with pytest.raises(EgressError) as caught:
            await guard([]).check(f"https://{host}/", 5)
        assert caught.value.reason is Reason.FORBIDDEN_ADDRESS
    with pytest.raises(EgressError) as caught:
        await PinnedEgress(guard([])).post("https://hooks.example.com/", b"", {}, 5)
    assert caught.value.reason is Reason.UNRESOLVED


async def test_a_url_can_be_stored_while_its_name_server_does_not_respond() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    await Guard(AllowedAddresses(), resolve=resolve).check("https://hooks.example.com/", 0.01)


async def test_networks_of_the_settings_are_allowed() -> None:
    allowed = AllowedAddresses((*LOOPBACK, ip_network("10.1.0.0/16")))
    assert [allowed.allows(text) for text in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "10.2.0.1")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    await guard(["10.1.0.1"], allowed=allowed).check("https://a.example/", 5)


def test_the_parts_of_a_request() -> None:
    parse = guard(["8.8.8.8"], insecure=True).parse
    assert parse("https://Hooks.Example.com/a%20b?c=d&e") == Destination(
        "https", "hooks.example.com", 443, "/a%20b?c=d&e"
    )
    assert parse("https://hooks.example.com:8443").authority == "hooks.example.com:8443"
    assert parse("https://[2606:2800::1]:443/").authority == "[2606:2800::1]"
    assert parse("https://bücher.example/").host == "xn--bcher-kva.example"
    assert parse("http://localhost/").port == 80
    assert parse("http://localhost:8080/").authority == "localhost:8080"
    with pytest.raises(EgressError):
        parse("http://localhost:22/")
