"""The mails of registration and reset: their receivers, links and texts, and what a client may write into them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.auth.errors import BadCredentials
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.auth.mails import AuthMails
from app.auth.notices import Notices
from app.auth.repository import AuthRepository, NewSession
from app.kit.clock import utc_now
from app.kit.db.errors import AlreadyExists
from app.kit.mail.message import Mail
from app.models import ActionToken, PendingRegistration
from app.settings.auth import AuthSettings
from tests.support.app import PASSWORD, Outbox, TestApp

BASE = "https://api.example.com"
UNTIL = datetime(2100, 1, 2, 3, 4, tzinfo=UTC)
SUBJECTS = {Purpose.VERIFICATION: "Verify your e-mail address", Purpose.PASSWORD_RESET: "Set a new password"}
PAGES = {Purpose.VERIFICATION: "verify", Purpose.PASSWORD_RESET: "reset-password"}


def tokens_of(test_app: TestApp) -> MailedTokens:
    key = test_app.runtime.settings[AuthSettings].signing_key
    assert key is not None
    return MailedTokens(key)


def expected(test_app: TestApp, purpose: Purpose, uid: UUID, reason: str = "") -> Mail:
    token = tokens_of(test_app).token(purpose, uid)
    text = (
        f"{reason}{SUBJECTS[purpose]} with this link:\n\n{BASE}/{PAGES[purpose]}#token={token}\n\n"
        f"or with this token in your own client:\n\nToken: {token}\n\n"
        "It works once, until 2100-01-02 03:04 UTC. If you did not ask for it, ignore this mail.\n"
    )
    return Mail("Ada@example.com", SUBJECTS[purpose], text, f"token.{uid}")


async def sent(test_app: TestApp, **payload: str) -> list[Mail]:
    outbox = Outbox()
    mails = AuthMails(test_app.runtime.database.reads, outbox, tokens_of(test_app), BASE)
    await (mails.send_token(payload) if "token" in payload else mails.send_already_registered(payload))
    assert all(mail.html is not None for mail in outbox.mails)
    return [replace(mail, html=None) for mail in outbox.mails]


async def store(test_app: TestApp, row: Any) -> UUID:
    async with test_app.runtime.database.write() as session:
        session.add(row)
        await session.flush()
        return UUID(str(row.uid))


@pytest.mark.parametrize("purpose", [Purpose.VERIFICATION, Purpose.PASSWORD_RESET])
async def test_a_mail_to_a_user(test_app: TestApp, purpose: Purpose) -> None:
    ada = await test_app.person("Ada@example.com")
    now, uid = utc_now(), uuid4()
    row = ActionToken(
        uid=uid, user_id=ada.user.id, purpose=purpose.value, digest=uid.bytes, created_at=now, expires_at=UNTIL
    )
    await store(test_app, row)
    assert await sent(test_app, token=str(uid)) == [expected(test_app, purpose, uid)]
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET password_hash = NULL")
    reason = "Your address is verified. Several registrations claimed it, so none of their passwords is valid.\n\n"
    assert await sent(test_app, token=str(uid)) == [expected(test_app, purpose, uid, reason)]


@pytest.mark.parametrize(
    ("name", "network", "shown", "place"),
    [
        ("Ada L.", None, "Ada L", ""),
        ("O'Neil-Ü", "192.0.2.1", "O'Neil-Ü", " from the network 192.0.2.1"),
        ("see https://evil.example/x?y now!", "2001:db8::/64", "see https evil example x y now", None),
    ],
)
async def test_a_mail_to_a_claimant_names_the_claim_without_a_link(
    test_app: TestApp, name: str, network: str | None, shown: str, place: str | None
) -> None:
    uid, made = uuid4(), datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
    row = PendingRegistration(
        uid=uid,
        email="Ada@example.com",
        email_canonical="ada@example.com",
        display_name=name,
        password_hash="",
        digest=uid.bytes,
        network=network,
        created_at=made,
        expires_at=UNTIL,
    )
    await store(test_app, row)
    place = f" from the network {network}" if place is None else place
    reason = f'A registration with the name "{shown}" and this address arrived{place} at 2026-11-28 12:30 UTC.\n\n'
    assert await sent(test_app, token=str(uid)) == [expected(test_app, Purpose.VERIFICATION, uid, reason)]


async def test_a_mail_to_the_owner_of_a_registered_address(test_app: TestApp) -> None:
    ada = await test_app.person("Ada@example.com")
    (mail,) = await sent(test_app, user=str(ada.user.uid))
    assert (mail.to, mail.subject, mail.message_id) == (
        "Ada@example.com",
        "You already have an account",
        f"registered.{ada.user.uid}",
    )
    assert mail.text == (
        "Somebody tried to register an account with this address, which already has one.\n\n"
        f"If it was you, sign in, or set a new password at {BASE}/docs. Otherwise ignore this mail.\n"
    )
    assert await sent(test_app, user=str(uuid4())) == []
    assert await sent(test_app, token=str(uuid4())) == []


async def test_every_notice_of_a_user_is_a_mail_of_its_own(test_app: TestApp) -> None:
    """Servers of mail drop a second mail with the same id."""
    ada = await test_app.person("Ada@example.com")
    outbox, uid, began = Outbox(), uuid4(), datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
    started = NewSession(uid, ada.user.id, None, "203.0.113.9", created_at=began, expires_at=UNTIL)
    async with test_app.runtime.database.write() as session:
        await AuthRepository(session).start_session(started, uuid4())
    notices = Notices(test_app.runtime.database.reads, outbox, BASE)
    await notices.send_new_network({"session": str(uid)})
    await notices.send_password_reset({"user": str(ada.user.uid), "token": str(uid)})
    assert [(mail.to, mail.message_id) for mail in outbox.mails] == [
        ("Ada@example.com", f"session.{uid}"),
        ("Ada@example.com", f"reset.{uid}"),
    ]
    assert all(part in outbox.mails[0].text for part in ("203.0.113.9", "2026-11-28 12:30 UTC", BASE))


@pytest.mark.parametrize(("length", "kept"), [(None, None), (0, None), (199, 199), (200, 200), (201, 200), (3000, 200)])
async def test_a_session_names_the_start_of_the_user_agent_and_the_network(
    test_app: TestApp, length: int | None, kept: int | None
) -> None:
    await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    headers = {} if length is None else {"User-Agent": "x" * length}
    async with test_app.client() as client:
        client.headers.pop("User-Agent")
        assert (await client.post("/api/v2/auth/token", data=form, headers=headers)).status_code == 200
    async with test_app.runtime.database.write() as session:
        row = await (await session.driver()).fetchrow("SELECT user_agent, network FROM sessions")
    assert row is not None
    assert row["user_agent"] == (None if kept is None else "x" * kept)
    assert row["network"] == "127.0.0.1"


async def test_a_session_that_cannot_be_stored_is_a_wrong_password_only_without_its_user(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    now = utc_now()

    def started(uid: UUID, user_id: int) -> NewSession:
        return NewSession(uid, user_id, None, "203.0.113.0/24", created_at=now, expires_at=now + timedelta(hours=1))

    known = started(uuid4(), ada.user.id)
    async with test_app.runtime.database.write() as session:
        await AuthRepository(session).start_session(known, uuid4())
    for row, error in ((known, AlreadyExists), (started(uuid4(), 2**40), BadCredentials)):
        with pytest.raises(error):
            async with test_app.runtime.database.write() as session:
                await AuthRepository(session).start_session(row, uuid4())
