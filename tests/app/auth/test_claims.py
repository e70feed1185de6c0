"""Several registrations and tokens of one address: which one counts, in which order, and for whom."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.auth.queries import AuthQueries
from app.auth.repository import PendingRegistrationRepository
from app.kit.clock import utc_now
from app.models import PendingRegistration
from tests.support.app import TestApp, token_of

ADDRESS = "ada@example.com"


async def claim(test_app: TestApp, *names: str, hours: int = 1, address: str = ADDRESS) -> None:
    """Registrations of an address, the oldest first; a name is also the hash of the password."""
    async with test_app.runtime.database.write() as session:
        for name in names:
            uid = uuid4()
            row = PendingRegistration(
                uid=uid,
                email=address,
                email_canonical=address,
                display_name=name,
                password_hash=name,
                digest=uid.bytes,
                created_at=utc_now(),
                expires_at=utc_now() + timedelta(hours=hours),
            )
            session.add(row)
            await session.flush()


async def test_the_password_of_the_newest_registration_counts(test_app: TestApp) -> None:
    queries = AuthQueries(test_app.runtime.database.reads)
    assert await queries.pending_password(ADDRESS, utc_now()) is None
    await claim(test_app, "first", "second", "third")
    await claim(test_app, "expired", hours=-1)
    await claim(test_app, "other", address="eve@example.com")
    assert await queries.pending_password(ADDRESS, utc_now()) == "third"


async def test_an_operator_reads_the_newest_registrations(test_app: TestApp) -> None:
    await claim(test_app, "first", "second", "third")
    await claim(test_app, "expired", hours=-1)
    queries = AuthQueries(test_app.runtime.database.reads)
    for limit, names in ((2, ["third", "second"]), (9, ["third", "second", "first"])):
        found = await queries.pending_registrations(utc_now(), limit)
        assert [row["display_name"] for row in found] == names


async def test_the_oldest_registration_stays_the_first_after_a_change(test_app: TestApp) -> None:
    """PostgreSQL stores a changed row behind the others; the surplus of five is cut at the end."""
    await claim(test_app, "first", "second", "third")
    async with test_app.runtime.database.write() as session:
        await session.execute(text("UPDATE pending_registrations SET mailed_at = now() WHERE display_name = 'first'"))
    async with test_app.runtime.database.write() as session:
        found = await PendingRegistrationRepository(session).lock_by_address(ADDRESS, utc_now())
        assert [each.display_name for each in found] == ["first", "second", "third"]


async def mailed(test_app: TestApp, path: str, email: str = ADDRESS) -> str:
    async with test_app.client() as client:
        assert (await client.post(f"/api/v2/auth/{path}", json={"email": email})).status_code == 202
    (mail,) = await test_app.deliver()
    return token_of(mail)


async def test_after_a_token_was_used_another_one_is_mailed_at_once(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    token = await mailed(test_app, "password-resets")
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
        assert await test_app.deliver() == [], "an unused one is a minute old at most"
        body = {"token": token, "password": "another password"}
        assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204
    assert [mail.subject for mail in await test_app.deliver()] == ["Your password was reset"]
    assert await mailed(test_app, "password-resets") != token


@pytest.mark.parametrize(
    ("active", "verified", "resends", "resets"),
    [(True, True, 0, 1), (True, False, 1, 1), (False, True, 0, 0), (False, False, 0, 0)],
)
async def test_which_users_get_the_mail_of_a_request(
    test_app: TestApp, *, active: bool, verified: bool, resends: int, resets: int
) -> None:
    await test_app.person(ADDRESS, verified=verified)
    async with test_app.runtime.database.write() as session:
        await session.execute(text("UPDATE users SET is_active = :active"), {"active": active})
    async with test_app.client() as client:
        for path, mails in (("verifications/resend", resends), ("password-resets", resets)):
            assert (await client.post(f"/api/v2/auth/{path}", json={"email": ADDRESS})).status_code == 202
            assert len(await test_app.deliver()) == mails, path


async def test_a_request_for_a_reset_leaves_the_token_for_the_address_valid(test_app: TestApp) -> None:
    await test_app.person(ADDRESS, verified=False)
    token = await mailed(test_app, "verifications/resend")
    await mailed(test_app, "password-resets")
    async with test_app.client() as client:
        assert (await client.post("/api/v2/auth/verifications", json={"token": token})).status_code == 204


async def test_a_mail_to_one_user_neither_delays_nor_replaces_that_of_another(test_app: TestApp) -> None:
    tokens = []
    for email in (ADDRESS, "eve@example.com"):
        await test_app.person(email)
        tokens.append(await mailed(test_app, "password-resets", email))
    async with test_app.client() as client:
        for token in tokens:
            body = {"token": token, "password": "another password"}
            assert (await client.post("/api/v2/auth/password-resets/confirm", json=body)).status_code == 204
