"""Use cases of sessions: sign-in, refresh and sign-out."""

from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from uuid_utils.compat import uuid7

from app.access.errors import InvalidCredentials
from app.access.events import RevocationReason, SessionRevoked
from app.access.passwords import PasswordHasher
from app.access.policy import AccessPermission
from app.access.principal import Principal, SignedIn
from app.access.revocation import SessionRevocation
from app.auth.attempts import Attempts, count_attempt
from app.auth.commands import PasswordSignIn
from app.auth.errors import (
    AccountDeactivated,
    BadCredentials,
    EmailNotVerified,
    InvalidRefreshToken,
    RefreshTokenReused,
    SessionNotFound,
    WrongTokenType,
)
from app.auth.queries import AuthQueries
from app.auth.repository import AuthRepository
from app.auth.session_starter import SessionStarter
from app.auth.throttle import GuessLimit, Throttle
from app.auth.tokens import Claims, TokenSigner, TokenType
from app.auth.views import TokenPair
from app.events.audit import E, target
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.mail.address import canonical_address
from app.settings.auth import AuthSettings
from app.users.queries import UserQueries
from app.users.views import UserView

_GRACE: Final = timedelta(seconds=30)
"""How long a rotated refresh token returns its successor."""


class SessionService:
    """Starts, refreshes and revokes sessions."""

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
        self._revocation = SessionRevocation(session, events)
        self._queries = AuthQueries(reads)
        self._users = UserQueries(reads)
        self._events = events
        self._passwords = passwords
        self._signer = signer
        self._guesses = GuessLimit(throttle, self._queries)
        self._attempts = attempts
        self._starter = SessionStarter(session, reads, events, signer, settings)

    async def sign_in(self, attempt: PasswordSignIn) -> TokenPair:
        """Start a session.

        Raises ``TooManyAttempts``, ``BadCredentials`` and, only if the password is right, ``EmailNotVerified`` or
        ``AccountDeactivated``.
        """
        with count_attempt(self._attempts, "password"):
            return await self._sign_in(attempt)

    async def refresh(self, token: str, *, rotate: bool) -> TokenPair:
        """Get new tokens for a refresh token; without ``rotate``, that token stays valid.

        A rotated token returns the same successor for ``_GRACE``: two tabs of a browser refresh at once, or a response
        is lost. Its later use shows a theft and revokes the session. Raises ``WrongTokenType``,
        ``InvalidRefreshToken``.
        """
        with count_attempt(self._attempts, "refresh_token"):
            return await self._refresh(token, rotate=rotate)

    async def _sign_in(self, attempt: PasswordSignIn) -> TokenPair:
        email = canonical_address(attempt.email)
        await self._guesses.admit(email)
        found = await self._users.credentials(attempt.email)
        # Both statements run for every address, so that the duration does not reveal a user.
        pending = await self._queries.pending_password(email, utc_now())
        if not await self._passwords.verify(attempt.password, found[1] if found else pending):
            await self._guesses.record_failure(email)
            raise self._rejection(found, BadCredentials())
        if found is None or (found[0].is_active and not found[0].is_verified):
            raise self._rejection(found, EmailNotVerified())
        user = found[0]
        if not user.is_active:
            raise self._rejection(found, AccountDeactivated())
        return await self._starter.start(user, attempt.address, attempt.user_agent)

    def _rejection(self, found: tuple[UserView, str | None] | None, error: E) -> E:
        """The error to raise. Its audit row has no address of an unknown user, which can be a mistyped password."""
        return self._events.audit.rejection("user.sign_in", found and target("user", found[0].uid), error)

    async def _refresh(self, token: str, *, rotate: bool) -> TokenPair:
        claims = self._refresh_claims(token)
        found = await self._repository.lock_refresh_token(claims.jti)
        if found is None:
            raise InvalidRefreshToken
        row, session, user = found
        now = utc_now()
        if row.spent_at is not None and (row.successor is None or row.spent_at < now - _GRACE):
            if session.revoked_at is None:
                session.revoked_at = now
                self._events.record(
                    SessionRevoked(subject=Subject(session.uid, user.uid), reason=RevocationReason.TOKEN_REUSE),
                    user.uid,
                )
            raise RefreshTokenReused
        if session.revoked_at is not None or session.expires_at <= now or not user.is_active:
            raise InvalidRefreshToken
        session.last_used_at = now
        if not rotate and row.spent_at is None:
            return await self._starter.tokens(session.uid, user.uid, user.roles, token)
        if row.spent_at is None:
            row.spent_at, row.successor = now, uuid7()
            session.expires_at = self._starter.expiry(now)
            self._repository.add_refresh_token(row.successor, session.id, session.expires_at)
        successor = self._starter.refresh_token(session.uid, user.uid, cast("UUID", row.successor), row.spent_at)
        return await self._starter.tokens(session.uid, user.uid, user.roles, successor)

    async def revoke_token(self, token: str) -> None:
        """Revoke the session of an access or refresh token; any other text is ignored (RFC 7009, section 2.2)."""
        try:
            claims = self._signer.verify(token)
        except InvalidCredentials:
            return
        if (user := await self._users.get(claims.subject)) is not None:
            await self._revoke(SignedIn(user.id, user.uid), claims.session)

    async def revoke(self, principal: Principal, uid: UUID) -> None:
        """Revoke one session of the caller.

        Raises ``Unauthenticated``, ``SessionNotFound``, and ``InsufficientPermissions`` for an API key.
        """
        principal.require(AccessPermission.WRITE_CREDENTIALS)
        if not await self._revoke(principal.signed_in(), uid):
            raise SessionNotFound

    async def revoke_others(self, principal: Principal) -> None:
        """Revoke every session of the caller except the one of this request. Raises as ``revoke`` does."""
        principal.require(AccessPermission.WRITE_CREDENTIALS)
        user = principal.signed_in()
        await self._revocation.revoke_all(
            user, RevocationReason.LOGOUT, utc_now(), but=principal.session_uid, actor=user.user_uid
        )

    async def _revoke(self, user: SignedIn, uid: UUID) -> bool:
        if revoked := await self._repository.revoke_session(user.user_id, uid, utc_now()):
            self._events.record(
                SessionRevoked(subject=Subject(uid, user.user_uid), reason=RevocationReason.LOGOUT), user.user_uid
            )
        return revoked

    def _refresh_claims(self, token: str) -> Claims:
        try:
            claims = self._signer.verify(token)
        except InvalidCredentials as error:
            raise InvalidRefreshToken from error
        if claims.type is not TokenType.REFRESH:
            raise WrongTokenType
        return claims
