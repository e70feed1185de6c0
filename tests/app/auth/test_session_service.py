"""Sign-in and refresh: which tokens a session gets, until when, what is stored, and which guesses count."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select, update

from app.access.passwords import PasswordHasher
from app.access.principal import Role
from app.auth.commands import PasswordSignIn
from app.auth.errors import (
    AccountDeactivated,
    BadCredentials,
    EmailNotVerified,
    InvalidRefreshToken,
    RefreshTokenReused,
    TooManyAttempts,
    WrongTokenType,
)
from app.auth.queries import AuthQueries
from app.auth.sessions import SessionService
from app.auth.tokens import TokenSigner, TokenType
from app.auth.views import TokenPair
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.models import Event, RefreshToken, Session
from app.settings.auth import AuthSettings
from tests.support.app import PASSWORD, Person, TestApp

HOME, CAFE = "192.0.2.1", "192.0.2.2"
ACCESS, REFRESH = 120, 3600


class Guesses:
    """A throttle that counts, and rejects new networks when the test sets it."""

    def __init__(self, network: str = HOME) -> None:
        self.network = network
        self.charged: list[str] = []
        self.failed: list[str] = []
        self.exhausted = False

    async def charge(self, email: str) -> None:
        self.charged.append(email)

    async def rejection(self, email: str) -> TooManyAttempts | None:
        assert email in self.charged
        return TooManyAttempts(retry_after=1) if self.exhausted else None

    async def record_failure(self, email: str) -> None:
        self.failed.append(email)


class Counts:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def record(self, outcome: str, method: str) -> None:
        self.found.append((outcome, method))


class Sessions:
    """The service of one client."""

    def __init__(self, test_app: TestApp) -> None:
        self._test_app = test_app
        given = test_app.runtime.settings[AuthSettings]
        self.settings = given.model_copy(update={"access_ttl": ACCESS, "refresh_ttl": REFRESH})
        self.guesses, self.counts = Guesses(), Counts()

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[SessionService]:
        database = self._test_app.runtime.database
        async with database.write() as session:
            yield SessionService(
                session,
                database.reads,
                EventRecorder(session),
                PasswordHasher(1),
                TokenSigner(self.settings),
                self.guesses,
                self.counts,
                self.settings,
            )

    async def sign_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> TokenPair:
        async with self._service() as service:
            return await service.sign_in(PasswordSignIn(email, password, HOME, "Browser/1"))

    async def refresh(self, token: str, *, rotate: bool = True) -> TokenPair:
        async with self._service() as service:
            return await service.refresh(token, rotate=rotate)

    def claims(self, token: str) -> dict[str, Any]:
        assert self.settings.signing_key is not None
        key = OctKey.import_key(self.settings.signing_key.get_secret_value())
        return dict(jwt.decode(token, key, algorithms=["HS256"]).claims)


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


async def session_of(test_app: TestApp) -> Any:
    async with test_app.runtime.database.write() as session:
        return (await session.execute(select(Session.__table__))).one()


async def shift(test_app: TestApp, kind: Any, **values: Any) -> None:
    async with test_app.runtime.database.write() as session:
        await session.execute(update(kind).values(**values))


async def events(test_app: TestApp) -> list[tuple[str, UUID, Any]]:
    async with test_app.runtime.database.write() as session:
        rows = await session.scalars(select(Event).order_by(Event.id))
        return [(row.type, row.subject_uid, row.payload) for row in rows]


async def test_a_sign_in_starts_a_session(test_app: TestApp, ada: Person) -> None:
    sessions = Sessions(test_app)
    before = utc_now()
    pair = await sessions.sign_in("ADA@example.com")
    row = await session_of(test_app)
    access, refresh = sessions.claims(pair.access_token), sessions.claims(pair.refresh_token)
    assert (row.user_id, row.user_agent, row.network) == (ada.user.id, "Browser/1", HOME)
    assert before <= row.created_at == row.last_used_at <= utc_now()
    assert row.expires_at == row.created_at + timedelta(seconds=REFRESH)
    assert (row.revoked_at, row.authenticated_at) == (None, None)
    for claims, kind, seconds in ((access, "access", ACCESS), (refresh, "refresh", REFRESH)):
        assert (claims["type"], claims["sub"], claims["sid"]) == (kind, str(ada.user.uid), str(row.uid))
        assert claims["exp"] - claims["iat"] == seconds
    assert refresh["iat"] == int(row.created_at.timestamp())
    assert pair.expires_in == ACCESS
    assert pair.scope.split() == sorted(set(pair.scope.split()))
    assert {"posts:write", "profile:write", "credentials:write"} <= set(pair.scope.split())
    assert "users:write" not in pair.scope.split()
    assert await events(test_app) == [("session.started", row.uid, {})]
    assert (sessions.guesses.charged, sessions.guesses.failed) == (["ada@example.com"], [])
    assert sessions.counts.found == [("success", "password")]


@pytest.mark.usefixtures("ada")
async def test_a_wrong_password_is_a_guess_and_other_rejections_are_none(test_app: TestApp) -> None:
    await test_app.person("new@example.com", verified=False)
    await test_app.person("gone@example.com", Role.ADMIN)
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET is_active = false WHERE email = 'gone@example.com'")
    sessions = Sessions(test_app)
    for email, password, error in (
        ("ada@example.com", "wrong", BadCredentials),
        ("nobody@example.com", PASSWORD, BadCredentials),
        ("gone@example.com", "wrong", BadCredentials),
        ("gone@example.com", PASSWORD, AccountDeactivated),
        ("new@example.com", PASSWORD, EmailNotVerified),
    ):
        with pytest.raises(error):
            await sessions.sign_in(email, password)
    assert sessions.guesses.failed == ["ada@example.com", "nobody@example.com", "gone@example.com"]
    assert [outcome for outcome, _ in sessions.counts.found] == [
        *["invalid_credentials"] * 3,
        "account_deactivated",
        "email_not_verified",
    ]
    assert await events(test_app) == []


@pytest.mark.usefixtures("ada")
async def test_after_many_failures_a_known_network_is_served(test_app: TestApp) -> None:
    eve = await test_app.person("eve@example.com")
    sessions = Sessions(test_app)
    sessions.guesses.exhausted = True
    with pytest.raises(TooManyAttempts):
        await sessions.sign_in()
    sessions.guesses.exhausted = False
    await sessions.sign_in(eve.user.email)
    sessions.guesses.exhausted = True
    with pytest.raises(TooManyAttempts):
        await sessions.sign_in()
    sessions.guesses.exhausted = False
    await sessions.sign_in()
    sessions.guesses.exhausted = True
    await sessions.sign_in()
    assert sessions.guesses.failed == []
    sessions.guesses.network = CAFE
    with pytest.raises(TooManyAttempts):
        await sessions.sign_in()
    queries = AuthQueries(test_app.runtime.database.reads)
    begun, days = utc_now() - timedelta(days=180), timedelta(seconds=1)
    for created, known in ((begun + days, True), (begun - days, False)):
        await shift(test_app, Session, created_at=created)
        assert await queries.knows_network("ada@example.com", HOME, begun + timedelta(days=180)) is known
    assert await queries.knows_network("ada@example.com", CAFE, begun) is False


@pytest.mark.usefixtures("ada")
async def test_a_refresh_extends_the_session_only_with_a_new_token(test_app: TestApp) -> None:
    sessions = Sessions(test_app)
    first = await sessions.sign_in()
    earlier = utc_now() - timedelta(minutes=30)
    await shift(test_app, Session, last_used_at=earlier, expires_at=earlier + timedelta(seconds=REFRESH))
    same = await sessions.refresh(first.refresh_token, rotate=False)
    row = await session_of(test_app)
    assert same.refresh_token == first.refresh_token
    assert (row.expires_at, row.last_used_at > earlier) == (earlier + timedelta(seconds=REFRESH), True)
    second = await sessions.refresh(first.refresh_token)
    row = await session_of(test_app)
    assert second.refresh_token != first.refresh_token
    assert row.expires_at == row.last_used_at + timedelta(seconds=REFRESH)
    claims = sessions.claims(second.refresh_token)
    assert claims["sid"] == str(row.uid)
    assert claims["iat"] == int(row.last_used_at.timestamp())
    for pair in (same, second):
        assert (pair.expires_in, pair.scope) == (ACCESS, first.scope)
        assert sessions.claims(pair.access_token)["type"] == "access"
    third = await sessions.refresh(second.refresh_token)
    assert sessions.claims(third.refresh_token)["jti"] != claims["jti"]
    assert [outcome for outcome, _ in sessions.counts.found[1:]] == ["success"] * 3


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("seconds", "reused"), [(20, False), (40, True)])
@pytest.mark.parametrize("rotate", [True, False])
async def test_a_spent_token_returns_its_successor_for_half_a_minute(
    test_app: TestApp, seconds: int, *, rotate: bool, reused: bool
) -> None:
    sessions = Sessions(test_app)
    first = await sessions.sign_in()
    second = await sessions.refresh(first.refresh_token)
    spent = utc_now() - timedelta(seconds=seconds)
    async with test_app.runtime.database.write() as session:
        await session.execute(update(RefreshToken).where(RefreshToken.spent_at.is_not(None)).values(spent_at=spent))
    uid = (await session_of(test_app)).uid
    if not reused:
        again = await sessions.refresh(first.refresh_token, rotate=rotate)
        found, expected = sessions.claims(again.refresh_token), sessions.claims(second.refresh_token)
        assert (found["jti"], found["iat"]) == (expected["jti"], int(spent.timestamp()))
        return
    with pytest.raises(RefreshTokenReused):
        await sessions.refresh(first.refresh_token, rotate=rotate)
    revoked: datetime | None = (await session_of(test_app)).revoked_at
    assert revoked is not None
    assert (await events(test_app))[1:] == [("session.revoked", uid, {"reason": "token_reuse"})]
    with pytest.raises(RefreshTokenReused):
        await sessions.refresh(first.refresh_token, rotate=rotate)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(second.refresh_token, rotate=rotate)
    assert (await session_of(test_app)).revoked_at == revoked
    assert len(await events(test_app)) == 2


@pytest.mark.usefixtures("ada")
async def test_a_token_without_a_successor_is_not_exchanged_again(test_app: TestApp) -> None:
    sessions = Sessions(test_app)
    first = await sessions.sign_in()
    await shift(test_app, RefreshToken, spent_at=utc_now(), successor=None)
    with pytest.raises(RefreshTokenReused):
        await sessions.refresh(first.refresh_token)


async def test_which_tokens_are_not_refreshed(test_app: TestApp, ada: Person) -> None:
    sessions = Sessions(test_app)
    pair = await sessions.sign_in()
    with pytest.raises(WrongTokenType):
        await sessions.refresh(pair.access_token)
    for wrong in ("", "a.b.c", f"{pair.refresh_token}x"):
        with pytest.raises(InvalidRefreshToken):
            await sessions.refresh(wrong)
    unknown = TokenSigner(sessions.settings).issue(
        TokenType.REFRESH, subject=ada.user.uid, session=(await session_of(test_app)).uid, jti=uuid4()
    )
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(unknown)
    await sessions.refresh(pair.refresh_token, rotate=False)
    for values in ({"expires_at": utc_now()}, {"expires_at": utc_now() + timedelta(hours=1), "revoked_at": utc_now()}):
        await shift(test_app, Session, **values)
        with pytest.raises(InvalidRefreshToken):
            await sessions.refresh(pair.refresh_token)
    await shift(test_app, Session, revoked_at=None)
    await sessions.refresh(pair.refresh_token, rotate=False)
    async with test_app.runtime.database.write() as session:
        await (await session.driver()).execute("UPDATE users SET is_active = false")
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(pair.refresh_token, rotate=False)
