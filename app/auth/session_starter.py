"""Starts sessions, and issues their tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

from app.auth.events import SessionStarted
from app.auth.job_names import SEND_NEW_NETWORK
from app.auth.queries import AuthQueries
from app.auth.repository import AuthRepository, NewSession
from app.auth.tokens import TokenSigner, TokenType
from app.auth.views import TokenPair
from app.events.recorder import EventRecorder, Subject
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.queue.job_queue import JobQueue
from app.settings.auth import AuthSettings

_AGENT_LENGTH: Final = 200


class SessionUser(Protocol):
    """The user of a session: an entity or a view."""

    @property
    def id(self) -> int: ...

    @property
    def uid(self) -> UUID: ...

    @property
    def roles(self) -> Sequence[str]: ...


class SessionStarter:
    """Starts sessions of users who have proved their identity."""

    def __init__(
        self,
        session: WriteSession,
        reads: ReadSession,
        events: EventRecorder,
        signer: TokenSigner,
        settings: AuthSettings,
    ) -> None:
        self._repository = AuthRepository(session)
        self._jobs = JobQueue(session)
        self._queries = AuthQueries(reads)
        self._events = events
        self._signer = signer
        self._settings = settings

    async def start(self, user: SessionUser, network: str, user_agent: str | None) -> TokenPair:
        """Start a session of a client in ``network``; a mail notifies the user of a new network.

        Raises ``BadCredentials`` if the user was deleted meanwhile.
        """
        now, uid, jti = utc_now(), uuid7(), uuid7()
        is_new = await self._queries.is_new_network(user.id, network, now)
        # Before the session is written, which may be the end of the transaction.
        tokens = await self.tokens(uid, user.uid, user.roles, self.refresh_token(uid, user.uid, jti, now))
        if is_new:
            await self._jobs.enqueue(SEND_NEW_NETWORK, {"session": str(uid)})
        self._events.record(SessionStarted(subject=Subject(uid, user.uid)), user.uid)
        session = NewSession(
            uid=uid,
            user_id=user.id,
            user_agent=user_agent[:_AGENT_LENGTH] if user_agent else None,
            network=network,
            created_at=now,
            expires_at=self.expiry(now),
        )
        await self._repository.start_session(session, jti)
        return tokens

    async def tokens(self, session: UUID, user: UUID, roles: Sequence[str], refresh_token: str) -> TokenPair:
        """A new access token of a session, together with its refresh token."""
        return TokenPair(
            access_token=self._signer.issue(TokenType.ACCESS, subject=user, session=session),
            refresh_token=refresh_token,
            expires_in=self._settings.access_ttl,
            scope=" ".join(await self._queries.permissions(roles)),
        )

    def refresh_token(self, session: UUID, user: UUID, jti: UUID, at: datetime) -> str:
        """The text of a refresh token, which its row identifies by ``jti``."""
        return self._signer.issue(TokenType.REFRESH, subject=user, session=session, jti=jti, at=at)

    def expiry(self, now: datetime) -> datetime:
        """When a session expires that is used now."""
        return now + timedelta(seconds=self._settings.refresh_ttl)
