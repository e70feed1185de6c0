"""Registration, verification and reset: no stranger keeps a password, and no response reveals a user."""

import re
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.access.principal import Role
from app.kit.clock import utc_now
from app.settings.auth import AuthSettings
from tests.support.app import PASSWORD, Person, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.wire import WIRE
from tests.support.writes import audited

ADDRESS = "ada@example.com"
STRANGERS = "password of a stranger"
NEW = "chosen with a mailed link"
both = pytest.mark.parametrize("version", VERSIONS)


async def run(test_app: TestApp, statement: str) -> Any:
    async with test_app.runtime.database.write() as session:
        return await session.execute(text(statement))


async def count(test_app: TestApp, table: str) -> int:
    found: int = (await run(test_app, f"SELECT count(*) FROM {table}")).scalar()  # noqa: S608 - a constant
    return found


async def register(
    test_app: TestApp, version: str, password: str = PASSWORD, *, email: str = ADDRESS, name: str = "Ada"
) -> httpx2.Response:
    async with test_app.client() as client:
        response: httpx2.Response = await DIALECTS[version].register(email, password, name).send(client)
        return response


async def verify(test_app: TestApp, version: str, token: str, email: str = ADDRESS) -> httpx2.Response:
    async with test_app.client() as client:
        response: httpx2.Response = await DIALECTS[version].verify(email, token).send(client)
        return response


async def sign_in(test_app: TestApp, version: str, password: str, email: str = ADDRESS) -> httpx2.Response:
    async with test_app.client() as client:
        response: httpx2.Response = await DIALECTS[version].login(email, password).send(client)
        return response


async def resend(test_app: TestApp) -> None:
    async with test_app.client() as client:
        await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})


async def set_password(test_app: TestApp, token: str, password: str = NEW) -> httpx2.Response:
    async with test_app.client() as client:
        body = {"token": token, "password": password}
        return await client.post("/api/v2/auth/password-resets/confirm", json=body)


@both
async def test_no_password_of_several_registrations_is_kept(test_app: TestApp, version: str) -> None:
    """A stranger registered the address before its owner. Both follow the mails of the owner's mailbox."""
    await register(test_app, version, STRANGERS)
    await register(test_app, version, email=ADDRESS.title())
    (mail,) = await test_app.deliver()
    assert (await verify(test_app, version, token_of(mail))).is_success
    for password in (STRANGERS, PASSWORD):
        assert (await sign_in(test_app, version, password)).status_code == 401
    (link,) = await test_app.deliver()
    assert link.subject == "Set a new password"
    assert "Several registrations claimed it" in link.text
    assert (await set_password(test_app, token_of(link))).status_code == 204
    assert (await sign_in(test_app, version, NEW)).status_code == 200
    assert (await sign_in(test_app, version, STRANGERS)).status_code == 401
    assert await count(test_app, "users") == 1
    assert await count(test_app, "pending_registrations") == 0


@both
async def test_an_expired_registration_does_not_count(test_app: TestApp, version: str) -> None:
    await register(test_app, version, STRANGERS)
    await run(test_app, "UPDATE pending_registrations SET expires_at = now() - interval '1 second'")
    await register(test_app, version)
    (mail,) = await test_app.deliver()
    assert (await verify(test_app, version, token_of(mail))).is_success
    assert (await sign_in(test_app, version, PASSWORD)).status_code == 200


@both
async def test_a_registration_expires_with_its_token(test_app: TestApp, version: str) -> None:
    await register(test_app, version)
    (mail,) = await test_app.deliver()
    lifetime = test_app.runtime.settings[AuthSettings].verification_ttl
    expiry = (await run(test_app, "SELECT expires_at FROM pending_registrations")).scalar()
    assert abs((expiry - utc_now()).total_seconds() - lifetime) < 60
    await run(test_app, "UPDATE pending_registrations SET expires_at = now() - interval '1 second'")
    assert (await verify(test_app, version, token_of(mail))).status_code == 400
    assert (await sign_in(test_app, version, PASSWORD)).status_code == 401
    await resend(test_app)
    assert await test_app.deliver() == []
    assert await count(test_app, "users") == 0


@both
async def test_a_pending_registration_is_403_with_its_password_only(test_app: TestApp, version: str) -> None:
    await register(test_app, version)
    assert (await sign_in(test_app, version, "wrong password")).status_code == 401
    early = await sign_in(test_app, version, PASSWORD, ADDRESS.upper())
    assert early.status_code == 403
    assert early.json()["detail"] == "Please verify your email before logging in"


@both
async def test_a_token_is_invalid_after_an_admin_created_the_user(test_app: TestApp, version: str) -> None:
    await register(test_app, version)
    (mail,) = await test_app.deliver()
    await test_app.person(ADDRESS)
    proof = await verify(test_app, version, token_of(mail))
    assert proof.status_code == DIALECTS[version].verified_again
    assert await count(test_app, "users") == 1


async def test_the_mail_names_the_client_without_its_links(test_app: TestApp) -> None:
    await register(test_app, WIRE, name="Win at http://evil.example/x?y now\u202e!")
    (mail,) = await test_app.deliver()
    (line,) = (line for line in mail.text.splitlines() if line.startswith("A registration"))
    assert re.fullmatch(
        r'A registration with the name "Win at http evil example x y now" and this address arrived '
        r"from the network 127\.0\.0\.1 at \d{4}-\d\d-\d\d \d\d:\d\d UTC\.",
        line,
    )


async def test_a_known_address_gets_one_notice_a_minute(test_app: TestApp) -> None:
    await test_app.person(ADDRESS)
    for _ in range(2):
        assert (await register(test_app, WIRE)).status_code == 202
    (notice,) = await test_app.deliver()
    assert (notice.to, notice.subject) == (ADDRESS, "You already have an account")
    await register(test_app, WIRE)
    assert await test_app.deliver() == []
    await run(test_app, "UPDATE pending_registrations SET mailed_at = mailed_at - interval '2 minutes'")
    await register(test_app, WIRE)
    assert len(await test_app.deliver()) == 1


async def test_an_address_has_five_registrations_at_most(test_app: TestApp) -> None:
    """A further one is dropped: a stranger cannot displace the owner's."""
    await register(test_app, WIRE, name="Ada")
    for number in range(6):
        await register(test_app, WIRE, STRANGERS, name=f"Stranger {number}")
    (mail,) = await test_app.deliver()
    names = await run(test_app, "SELECT display_name FROM pending_registrations ORDER BY id")
    assert names.scalars().all() == ["Ada", *(f"Stranger {number}" for number in range(4))]
    assert (await verify(test_app, WIRE, token_of(mail))).status_code == 204


@both
async def test_a_resent_mail_replaces_the_token_of_a_registration(test_app: TestApp, version: str) -> None:
    await register(test_app, version)
    (first,) = await test_app.deliver()
    await resend(test_app)
    assert await test_app.deliver() == [], "at most one mail a minute"
    await run(test_app, "UPDATE pending_registrations SET mailed_at = mailed_at - interval '2 minutes'")
    await resend(test_app)
    (second,) = await test_app.deliver()
    assert (await verify(test_app, version, token_of(first))).status_code == 400
    assert (await verify(test_app, version, token_of(second))).is_success


async def move(test_app: TestApp, version: str, ada: Person, address: str) -> httpx2.Response:
    """An admin changes the address of ada@example.com."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(await test_app.session(root)) as client:
        response: httpx2.Response = await DIALECTS[version].edit_user(ada, email=address).send(client)
        return response


@both
async def test_a_changed_address_is_unverified_until_its_owner_proves_it(test_app: TestApp, version: str) -> None:
    ada, start = await test_app.person(ADDRESS), utc_now()
    async with test_app.client() as client:
        await client.post("/api/v2/auth/password-resets", json={"email": ADDRESS})
    (reset,) = await test_app.deliver()
    assert (await move(test_app, version, ada, "new@example.com")).status_code == 200
    async with test_app.client(ada.headers) as client:
        assert not (await client.get("/api/v2/me")).json()["is_verified"], "keys stay valid"
    assert (await sign_in(test_app, version, PASSWORD, "new@example.com")).status_code == 403
    (mail,) = await test_app.deliver()
    assert (mail.to, mail.subject) == ("new@example.com", "Verify your e-mail address")
    assert (await set_password(test_app, token_of(reset))).status_code == 400, "it proves the previous address"
    await run(test_app, "UPDATE users SET updated_at = '2020-01-01'")
    assert (await verify(test_app, version, token_of(mail), "new@example.com")).is_success
    changed = await run(test_app, "SELECT email, updated_at FROM users WHERE updated_at > '2020-01-01'")
    assert [(row.email, row.updated_at > start) for row in changed] == [("new@example.com", True)]
    assert (await sign_in(test_app, version, PASSWORD, "new@example.com")).status_code == 200
    (row,) = [row for row in await audited(test_app) if row.action == "user.verified"]
    assert (row.target, row.actor) == (f"user:{ada.user.uid}", ada.user.uid)


@both
@pytest.mark.parametrize("spelling", [ADDRESS, "Ada@EXAMPLE.com"])
async def test_another_spelling_of_the_address_stays_verified(test_app: TestApp, version: str, spelling: str) -> None:
    ada = await test_app.person(ADDRESS)
    assert (await move(test_app, version, ada, spelling)).status_code == 200
    assert (await sign_in(test_app, version, PASSWORD)).status_code == 200
    assert await test_app.deliver() == []


@both
async def test_the_last_admin_keeps_a_verified_address(test_app: TestApp, version: str) -> None:
    """An admin whose address is not verified cannot sign in."""
    root = await test_app.person("root@example.com", Role.ADMIN)
    async with test_app.client(await test_app.session(root)) as client:
        keep, move_away = (DIALECTS[version].edit_user(root, email=f"{name}@example.com") for name in ("root", "new"))
        assert (await keep.send(client)).status_code == 200
        assert (await move_away.send(client)).status_code == 409
        await test_app.person("other@example.com", Role.ADMIN)
        assert (await move_away.send(client)).status_code == 200
