"""Passwords in every Unicode normalization (RFC 8265)."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.access.passwords import PasswordHasher

COMPOSED, DECOMPOSED = "correct horse \u00e9 battery", "correct horse e\u0301 battery"


@pytest.fixture
def passwords() -> PasswordHasher:
    hasher = PasswordHasher(1)
    hasher._hash = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    return hasher


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
