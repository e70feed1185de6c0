"""Spellings of one address identify one user, in every use case."""

import pytest
from sqlalchemy import text

from app.users.queries import UserQueries
from app.users.repository import UserRepository
from tests.app.auth.test_credentials import login
from tests.support.app import TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS

DORA = ("dora@m\u00fcnchen.example", "dora@xn--mnchen-3ya.example", "DORA@M\u00dcNCHEN.example")
JUERGEN = ("j\u00fcrgen@example.com", "ju\u0308rgen@example.com", "J\u00fcrgen@EXAMPLE.com")


@pytest.mark.parametrize("spellings", [DORA, JUERGEN])
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_spelling_signs_in_and_none_registers_again(
    test_app: TestApp, version: str, spellings: tuple[str, ...]
) -> None:
    await test_app.person(spellings[0])
    async with test_app.client() as client:
        for spelling in spellings:
            assert (await login(client, version, spelling)).status_code == 200, spelling
            await DIALECTS[version].register(spelling).send(client)
            reset = await client.post("/api/v2/auth/password-resets", json={"email": spelling})
            assert reset.status_code == 202
    mails = await test_app.deliver()
    assert {mail.to for mail in mails} == {spellings[0]}, "mail is sent to the address as entered"
    subjects = [mail.subject for mail in mails]
    assert subjects.count("Set a new password") == 1
    assert set(subjects) <= {"Set a new password", "You already have an account"}, "nobody registers again"


@pytest.mark.parametrize("version", VERSIONS)
async def test_letters_outside_ascii_are_another_mailbox(test_app: TestApp, version: str) -> None:
    await test_app.person("ivi@example.com")
    async with test_app.client() as client:
        assert (await login(client, version, "\u0130vi@example.com")).status_code == 401
        assert (await DIALECTS[version].register("\u0130vi@example.com").send(client)).is_success
    (mail,) = await test_app.deliver()
    assert token_of(mail)


async def test_a_user_without_a_canonical_address_is_found_by_the_exact_spelling(test_app: TestApp) -> None:
    """It precedes the user who has the canonical address, and who is found by every other spelling."""
    people = {name: await test_app.person(name) for name in ("first@example.com", "Ada@example.com")}
    async with test_app.runtime.database.write() as session:
        await session.execute(text("UPDATE users SET email_canonical = NULL WHERE email = 'Ada@example.com'"))
        await session.execute(
            text("UPDATE users SET email = :other, email_canonical = :other WHERE email LIKE 'first%'"),
            {"other": "ada@example.com"},
        )
    queries = UserQueries(test_app.runtime.database.reads)
    found = {}
    for spelling in ("Ada@example.com", "ada@example.com", "ADA@example.com"):
        credentials = await queries.credentials(spelling)
        async with test_app.runtime.database.write() as session:
            locked = await UserRepository(session).lock_by_email(spelling)
            assert locked is not None
            assert credentials is not None
            assert locked.id == credentials[0].id
            found[spelling] = locked.id
    first, legacy = (person.user.id for person in people.values())
    assert found == {"Ada@example.com": legacy, "ada@example.com": first, "ADA@example.com": first}
