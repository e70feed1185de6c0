"""Confirmations and identities: what is stored for whom, what is mailed, and which rows are locked."""

import hashlib
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.access.principal import Principal
from app.events.recorder import EventRecorder
from app.http.auth import AuthComponent
from app.identities.commands import ExternalIdentity
from app.identities.flow_secrets import FlowSecrets, new_secret
from app.identities.linking import IdentityLinking
from app.identities.mails import IdentityMails
from app.identities.notices import Notice, enqueue_notice
from app.identities.reader import IdentityReader
from app.identities.repository import IdentityRepository
from app.kit.clock import utc_now
from app.kit.mail.message import Mail
from app.kit.queue.job_queue import JobQueue
from app.models import IdentityConfirmation, SignInCode, SignInFlow
from app.settings.auth import AuthSettings
from tests.support.app import Outbox, Person, TestApp
from tests.support.bank import outcome
from tests.support.hostile_provider import HostileProvider
from tests.support.identities import link, request_confirmation
from tests.support.provider_sign_in import SignIn
from tests.support.transactions import owner_of, race, rows

MINUTE = timedelta(minutes=1)
CALLBACK = "/api/v2/auth/providers/acme/callback"


async def test_a_confirmation_is_mailed_once_a_minute_and_lasts_as_long_as_a_reset(
    sign_in: SignIn, app_with_provider: TestApp
) -> None:
    await app_with_provider.person("ada@example.com")
    for age, mails in ((None, 1), (timedelta(seconds=50), 0), (timedelta(seconds=61), 1)):
        if age is not None:
            await rows(app_with_provider, "UPDATE identity_confirmations SET created_at = $1", utc_now() - age)
        assert (await sign_in()).status_code == 403
        assert len(await app_with_provider.deliver()) == mails
    ((created, expires),) = await rows(app_with_provider, "SELECT created_at, expires_at FROM identity_confirmations")
    lasts = timedelta(seconds=app_with_provider.runtime.settings[AuthSettings].reset_ttl)
    assert expires - created == lasts


async def test_a_confirmation_replaces_that_of_the_same_identity_only(test_app: TestApp) -> None:
    ada, eve = [(await test_app.person(f"{name}@example.com")).user for name in ("ada", "eve")]
    await request_confirmation(test_app, ada, "1")
    await request_confirmation(test_app, eve, "2")
    now = utc_now()
    async with test_app.runtime.database.write() as session:
        repository = IdentityRepository(session)

        async def add(provider: str, subject: str) -> None:
            await repository.add_confirmation(
                IdentityConfirmation(
                    user_id=eve.id,
                    provider=provider,
                    subject=subject,
                    email=eve.email,
                    network="",
                    digest=uuid4().bytes,
                    created_at=now,
                    expires_at=now + MINUTE,
                )
            )

        async def stored() -> list[tuple[int, str, str]]:
            kept = await session.execute(
                select(IdentityConfirmation.user_id, IdentityConfirmation.provider, IdentityConfirmation.subject)
            )
            return sorted(map(tuple, kept))

        await add("acme", "1")
        assert await stored() == sorted([(ada.id, "github", "1"), (eve.id, "acme", "1"), (eve.id, "github", "2")])
        await add("github", "1")
        assert await stored() == sorted([(eve.id, "github", "1"), (eve.id, "acme", "1"), (eve.id, "github", "2")])


async def test_the_confirmations_of_others_do_not_delay_a_mail(test_app: TestApp) -> None:
    ada, eve = [(await test_app.person(f"{name}@example.com")).user for name in ("ada", "eve")]
    await request_confirmation(test_app, ada)
    async with test_app.runtime.database.write() as session:
        repository, since = IdentityRepository(session), utc_now() - MINUTE
        assert [await repository.confirmed_since(user.id, since) for user in (ada, eve)] == [True, False]


async def test_the_steps_of_a_user_end_with_the_identities(test_app: TestApp) -> None:
    """Codes, visits and confirmations, of this user alone."""
    ada, eve = [(await test_app.person(f"{name}@example.com")).user for name in ("ada", "eve")]
    now = utc_now()
    for user in (ada, eve):
        await link(test_app, user)
        await request_confirmation(test_app, user)
        async with test_app.runtime.database.write() as session:
            digest = {"digest": uuid4().bytes, "user_id": user.id, "expires_at": now + MINUTE}
            session.add(SignInCode(code_challenge="", **digest))
            session.add(SignInFlow(browser=b"", provider="acme", callback="", purpose="link", **digest))
    async with test_app.runtime.database.write() as session:
        await IdentityRepository(session).remove_all(ada.id)
    for table in ("identities", "identity_confirmations", "sign_in_codes", "sign_in_flows"):
        assert [row[0] for row in await rows(test_app, f"SELECT user_id FROM {table}")] == [eve.id]  # noqa: S608 - a constant


async def test_a_confirmation_locks_its_user(concurrent_app: TestApp) -> None:
    """A deactivation at the same time waits, so that it is not overlooked."""
    ada = await concurrent_app.person("ada@example.com")
    token = await request_confirmation(concurrent_app, ada.user)
    digest = hashlib.sha256(token.encode()).digest()
    (stored,) = await rows(concurrent_app, "SELECT digest FROM identity_confirmations")
    async with owner_of(concurrent_app.runtime.database) as owner:
        async with concurrent_app.runtime.database.write() as session:
            assert await IdentityRepository(session).lock_confirmed(stored["digest"]) is not None
            for table in ("users", "identity_confirmations"):
                with pytest.raises(asyncpg.LockNotAvailableError):
                    await owner.execute(f"SELECT 1 FROM {table} FOR UPDATE NOWAIT")  # noqa: S608 - a constant
        await owner.execute("SELECT 1 FROM users FOR UPDATE NOWAIT")
    assert stored["digest"] == digest


async def test_identities_are_listed_newest_first(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    uids = [(await link(test_app, ada)).uid for _ in range(3)]
    caller = Principal(ada.id, ada.uid, (), frozenset({"credentials:write"}))
    reader = IdentityReader(test_app.runtime.database.reads, caller)
    first = await reader.page(None, 2)
    second = await reader.page(first.next_position, 2)
    assert [view.uid for view in (*first.items, *second.items)] == uids[::-1]
    assert not second.has_more
    assert (await reader.get(uids[0])).uid == uids[0]


async def test_a_notice_is_a_job_with_identifiers_only(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    for notice in (Notice.LINKED, Notice.UNLINKED):
        async with test_app.runtime.database.write() as session:
            await enqueue_notice(JobQueue(session), ada.uid, notice, "acme")
    jobs = [(name, dict(payload)) for name, payload in await test_app.queued_jobs()]
    assert [name for name, _ in jobs] == ["identities.send_notice"] * 2
    assert len({payload.pop("id") for _, payload in jobs}) == 2
    assert [payload for _, payload in jobs] == [
        {"user": str(ada.uid), "notice": notice, "provider": "acme"} for notice in ("linked", "unlinked")
    ]


async def test_mails_name_each_notice_and_lead_to_a_page_without_the_token_in_its_url(test_app: TestApp) -> None:
    ada = (await test_app.person("ada@example.com")).user
    token = await request_confirmation(test_app, ada)
    outbox = Outbox()
    tokens = test_app.runtime.get(AuthComponent).mailed_tokens
    mails = IdentityMails(test_app.runtime.database.reads, outbox, tokens, "https://strata.test")
    (row,) = await rows(test_app, "SELECT uid FROM identity_confirmations")
    await mails.send_confirmation({"confirmation": str(row["uid"])})
    await mails.send_confirmation({"confirmation": str(uuid4())})
    for notice in ("linked", "unlinked"):
        await mails.send_notice({"user": str(ada.uid), "notice": notice, "provider": "acme", "id": str(uuid4())})
    await mails.send_notice({"user": str(uuid4()), "notice": "linked", "provider": "acme", "id": str(uuid4())})
    sent: list[Mail] = outbox.mails
    assert [mail.to for mail in sent] == [ada.email] * 3
    assert len({mail.message_id for mail in sent}) == 3, "a mail server drops a second mail with the same id"
    assert f"https://strata.test/confirm-identity#token={token}" in sent[0].text


def test_the_secrets_of_a_visit_are_derived_from_its_state_and_the_key() -> None:
    one, other = (FlowSecrets(SecretStr(key)) for key in ("a" * 32, "b" * 32))
    state = new_secret()
    derived = [one.nonce(state), one.verifier(state), other.nonce(state), other.verifier(state), one.nonce("other")]
    assert len(set(derived)) == 5
    assert {len(each) for each in derived} == {43}, "a verifier has at least 43 characters (RFC 7636, section 4.1)"
    assert [one.nonce(state), one.verifier(state)] == derived[:2]


async def test_an_expired_visit_of_a_session_is_audited_as_that_of_its_user(
    app_with_provider: TestApp, provider: HostileProvider
) -> None:
    ada = await app_with_provider.person("ada@example.com")
    async with app_with_provider.client(await app_with_provider.session(ada)) as client:
        started = await client.post("/api/v2/auth/providers/acme/visits", json={"purpose": "link"})
        reply = provider.authorize(started.json()["authorization_url"])
        await rows(app_with_provider, "UPDATE sign_in_flows SET expires_at = $1", utc_now())
        assert (await client.get(CALLBACK, params=reply)).status_code == 400
    statement = "SELECT action, target, outcome FROM audit_events WHERE action = 'identity.link'"
    ((action, target, outcome),) = await rows(app_with_provider, statement)
    assert (action, target, outcome) == ("identity.link", f"user:{ada.user.uid}", "rejected")


async def test_a_user_who_is_handed_over_is_verified_for_everybody_to_see(
    sign_in: SignIn, app_with_provider: TestApp
) -> None:
    ada = await app_with_provider.person("ada@example.com", verified=False)
    await rows(app_with_provider, "UPDATE users SET updated_at = '2020-01-01'")
    assert (await sign_in()).status_code == 200
    found = await rows(app_with_provider, "SELECT type, subject_uid FROM events WHERE type LIKE 'user.%'")
    assert [tuple(row) for row in found] == [("user.verified", ada.user.uid)]
    assert await rows(app_with_provider, "SELECT updated_at > created_at FROM users") == [(True,)]


async def test_an_identity_that_two_users_link_at_once_becomes_one_user_s(concurrent_app: TestApp) -> None:
    """The second waits for the first, and learns that it is taken: it never meets the unique index."""
    people = [await concurrent_app.person(f"{name}@example.com") for name in ("ada", "eve")]
    for person in people:
        await concurrent_app.session(person)
    sessions = {row["user_id"]: row["uid"] for row in await rows(concurrent_app, "SELECT user_id, uid FROM sessions")}
    external = ExternalIdentity("acme", "1", None, None)

    async def link_to(person: Person) -> None:
        async with concurrent_app.runtime.database.write() as session:
            linking = IdentityLinking(
                session,
                EventRecorder(session),
                JobQueue(session),
                concurrent_app.runtime.get(AuthComponent).mailed_tokens,
                concurrent_app.runtime.settings[AuthSettings],
            )
            await linking.link(external, person.user.id, sessions[person.user.id])

    found = await race(concurrent_app, *(outcome(link_to(person)) for person in people))
    assert sorted(type(each).__name__ for each in found) == ["IdentityTaken", "NoneType"]
