"""Signing in, staying signed in, signing out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.passwords import PasswordHasher
from app.access.principal import Principal
from app.access.service import InvalidCredentials
from app.auth.attempts import Attempts, counted
from app.auth.commands import Credentials, TokenPair
from app.auth.errors import (
    AccountDeactivated,
    BadCredentials,
    EmailNotVerified,
    InvalidRefreshToken,
    RefreshTokenReused,
    SessionNotFound,
    WrongTokenType,
)
from app.auth.events import SessionRevoked, SessionStarted
from app.auth.repository import AuthQueries, AuthRepository
from app.auth.throttle import Throttle
from app.auth.tokens import Claims, TokenSigner, TokenType
from app.events.recorder import EventRecorder
from app.kit.clock import utc_now
from app.kit.db.keyset import Position, Slice
from app.kit.db.sessions import ReadSession, Row, WriteSession
from app.models import RefreshToken, Session
from app.settings.auth import AuthSettings
from app.users.repository import UserQueries

_AGENT_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class SessionView:
    """One open session of the caller."""

    uid: UUID
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionReader:
    """Reads the caller's open sessions."""

    def __init__(self, reads: ReadSession, principal: Principal) -> None:
        self._repository = AuthQueries(reads)
        self._principal = principal

    async def page(self, after: Position | None, limit: int) -> Slice[SessionView]:
        """Newest first. Raises ``Unauthenticated``."""
        own = self._principal.signed_in()
        found = await self._repository.sessions(own.user_id, utc_now(), after, limit)
        return Slice([self._view(row) for row in found.items], found.next_position)

    async def get(self, uid: UUID) -> SessionView:
        """Raises ``Unauthenticated``, ``SessionNotFound``."""
        row = await self._repository.session(self._principal.signed_in().user_id, uid, utc_now())
        if row is None:
            raise SessionNotFound
        return self._view(row)

    def _view(self, row: Row) -> SessionView:
        _, uid, agent, created_at, last_used_at, expires_at = row
        current = uid == self._principal.session_uid
        return SessionView(uid, agent, created_at, last_used_at, expires_at, current)


class SessionService:
    """Starts, continues and ends sessions."""

    def __init__(
        self,
        session: WriteSession,
        reads: ReadSession,
        events: EventRecorder,
        passwords: PasswordHasher,
        signer: TokenSigner,
        throttle: Throttle,
        attempts: Attempts,
        settings: AuthSettings,
    ) -> None:
        self._repository = AuthRepository(session)
        self._reads = AuthQueries(reads)
        self._users = UserQueries(reads)
        self._events = events
        self._passwords = passwords
        self._signer = signer
        self._throttle = throttle
        self._attempts = attempts
        self._settings = settings

    async def sign_in(self, credentials: Credentials) -> TokenPair:
        """Start a session.

        Raises ``TooManyAttempts``, ``BadCredentials``, ``EmailNotVerified``, ``AccountDeactivated``; the last two
        only to somebody who knows the password.
        """
        with counted(self._attempts, "password"):
            return await self._sign_in(credentials)

    async def refresh(self, token: str) -> TokenPair:
        """New tokens for a refresh token, which is spent with it.

        A spent one that comes again ends the whole session. Raises ``WrongTokenType``, ``InvalidRefreshToken``.
        """
        with counted(self._attempts, "refresh_token"):
            return await self._refresh(token)

    async def _sign_in(self, credentials: Credentials) -> TokenPair:
        account = credentials.email.casefold()
        await self._throttle.hit_address(credentials.address)
        await self._throttle.ensure_account_open(account)
        found = await self._users.credentials(credentials.email)
        if not await self._passwords.verify(credentials.password, found[1] if found else None) or found is None:
            await self._throttle.note_failure(account)
            raise BadCredentials
        user = found[0]
        if not user.is_active:
            raise AccountDeactivated
        if not user.is_verified:
            raise EmailNotVerified
        agent, now = credentials.user_agent, utc_now()
        session = Session(
            uid=uuid7(),
            user_id=user.id,
            user_agent=agent[:_AGENT_LENGTH] if agent else None,
            created_at=now,
            last_used_at=now,
            expires_at=self._expiry(now),
        )
        await self._repository.start_session(session)
        self._events.record(SessionStarted(subject=session.uid))
        return await self._issue(session, user.uid, user.roles)

    async def _refresh(self, token: str) -> TokenPair:
        claims = self._refresh_claims(token)
        found = await self._repository.locked_refresh_token(claims.jti)
        if found is None:
            raise InvalidRefreshToken
        row, session, user = found
        now = utc_now()
        if row.spent_at is not None:
            if session.revoked_at is None:
                session.revoked_at = now
                self._events.record(SessionRevoked(subject=session.uid, reason="token_reuse"))
            raise RefreshTokenReused
        if session.revoked_at is not None or session.expires_at <= now or not user.is_active:
            raise InvalidRefreshToken
        row.spent_at = session.last_used_at = now
        session.expires_at = self._expiry(now)
        return await self._issue(session, user.uid, user.roles)

    async def revoke_token(self, token: str) -> None:
        """End the session of an access or refresh token; any other text is left alone (RFC 7009, 2.2)."""
        try:
            claims = self._signer.verify(token)
        except InvalidCredentials:
            return
        if (user := await self._users.get(claims.subject)) is not None:
            await self._end(user.id, claims.session)

    async def revoke(self, principal: Principal, uid: UUID) -> None:
        """End one session of the caller. Raises ``Unauthenticated``, ``SessionNotFound``."""
        if not await self._end(principal.signed_in().user_id, uid):
            raise SessionNotFound

    async def _end(self, user_id: int, uid: UUID) -> bool:
        if ended := await self._repository.revoke_session(user_id, uid, utc_now()):
            self._events.record(SessionRevoked(subject=uid, reason="logout"))
        return ended

    def _refresh_claims(self, token: str) -> Claims:
        try:
            claims = self._signer.verify(token)
        except InvalidCredentials as error:
            raise InvalidRefreshToken from error
        if claims.type is not TokenType.REFRESH:
            raise WrongTokenType
        return claims

    async def _issue(self, session: Session, user: UUID, roles: "tuple[str, ...] | list[str]") -> TokenPair:
        jti = uuid7()
        self._repository.add_refresh_token(RefreshToken(jti=jti, session_id=session.id, expires_at=session.expires_at))
        return TokenPair(
            access_token=self._signer.issue(TokenType.ACCESS, subject=user, session=session.uid),
            refresh_token=self._signer.issue(TokenType.REFRESH, subject=user, session=session.uid, jti=jti),
            expires_in=self._settings.access_ttl,
            scope=" ".join(await self._reads.permissions(roles)),
        )

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._settings.refresh_ttl)
