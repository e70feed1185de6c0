"""Passwords in every Unicode normalization (RFC 8265)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.access.passwords import PasswordHasher
from tests.support.passwords import real_hashing

COMPOSED, DECOMPOSED = "correct horse \u00e9 battery", "correct horse e\u0301 battery"


@pytest.fixture
def passwords() -> PasswordHasher:
    return PasswordHasher(1)


async def test_the_product_hashes_with_argon2id_at_its_real_cost() -> None:
    with real_hashing():
        passwords = PasswordHasher(1)
    for stored in (await passwords.hash(COMPOSED), passwords._placeholder_hash):
        assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.verify(COMPOSED, await passwords.hash(COMPOSED))
    assert not await passwords.verify(COMPOSED, None)


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED, COMPOSED.replace(" ", "\u3000")])
async def test_one_password_matches_in_every_form(passwords: PasswordHasher, chosen: str, typed: str) -> None:
    assert await passwords.verify(typed, await passwords.hash(chosen))


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
async def test_a_hash_of_an_unprepared_password_still_matches(
    passwords: PasswordHasher, chosen: str, typed: str
) -> None:
    assert await passwords.verify(typed, passwords._hash.hash(chosen))


async def test_case_and_compatibility_characters_are_distinct(passwords: PasswordHasher) -> None:
    stored = await passwords.hash("Stra\u00dfe 12")
    for other in ("stra\u00dfe 12", "Strasse 12", "Stra\u00dfe \uff11\uff12", "Stra\u00dfe 12 "):
        assert not await passwords.verify(other, stored)


@pytest.mark.parametrize("act", [lambda hasher: hasher.hash("a"), lambda hasher: hasher.verify("a", None)])
async def test_a_password_waits_for_a_place(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[PasswordHasher], Awaitable[object]]
) -> None:
    """Each run takes 64 MiB."""
    begun: list[Callable[..., Any]] = []

    async def in_a_thread(function: Callable[..., Any], *arguments: object) -> Any:
        begun.append(function)
        return function(*arguments)

    passwords = PasswordHasher(2)
    monkeypatch.setattr(asyncio, "to_thread", in_a_thread)
    async with passwords._slots:
        await act(passwords)
        assert len(begun) == 1
        async with passwords._slots:
            waiting = asyncio.ensure_future(act(passwords))
            for _ in range(5):
                await asyncio.sleep(0)
            assert len(begun) == 1
    await waiting
    assert len(begun) == 2
