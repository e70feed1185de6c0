"""Fresh proof of the person behind a session."""

from typing import Final

from app.access.errors import ReauthenticationRequired, WrongPassword
from app.access.passwords import PasswordHasher
from app.access.policy import AccessPermission
from app.access.principal import Principal
from app.access.proof import FRESH
from app.auth.attempts import Attempts, count_attempt
from app.auth.queries import AuthQueries
from app.auth.repository import AuthRepository
from app.auth.throttle import GuessLimit, Throttle
from app.events.audit import AuditRecorder, target
from app.kit.clock import utc_now
from app.kit.db.sessions import ReadSession, WriteSession
from app.kit.mail.address import canonical_address
from app.users.queries import UserQueries

REAUTHENTICATION: Final = "user.reauthentication"


class PasswordProof:
    """Implements ``IdentityProof``. Wrong passwords count towards the limit on guesses of the user."""

    def __init__(
        self,
        reads: ReadSession,
        passwords: PasswordHasher,
        throttle: Throttle,
        attempts: Attempts,
        audit: AuditRecorder,
    ) -> None:
        self._users = UserQueries(reads)
        self._passwords = passwords
        self._guesses = GuessLimit(throttle, AuthQueries(reads))
        self._attempts = attempts
        self._audit = audit

    async def ensure(self, principal: Principal, password: str | None) -> None:
        """See ``IdentityProof``."""
        principal.require(AccessPermission.WRITE_CREDENTIALS)
        if password is not None:
            with count_attempt(self._attempts, "reauthentication"):
                await self._verify(principal, password)
        elif principal.authenticated_at is None or principal.authenticated_at < utc_now() - FRESH:
            raise ReauthenticationRequired

    async def _verify(self, principal: Principal, password: str) -> None:
        found = await self._users.own_credentials(principal.signed_in().user_id)
        if found is None:
            # The user was deleted after the principal was resolved.
            raise WrongPassword
        user, stored = found
        email = canonical_address(user.email)
        await self._guesses.admit(email)
        if not await self._passwords.verify(password, stored):
            await self._guesses.record_failure(email)
            raise self._audit.rejection(REAUTHENTICATION, target("user", user.uid), WrongPassword())


class ReauthenticationService:
    """Makes a session count as fresh."""

    def __init__(self, session: WriteSession, proof: PasswordProof, audit: AuditRecorder) -> None:
        self._repository = AuthRepository(session)
        self._proof = proof
        self._audit = audit

    async def reauthenticate(self, principal: Principal, password: str) -> None:
        """Let the caller's session change credentials for 10 minutes. Raises as ``IdentityProof`` does."""
        await self._proof.ensure(principal, password)
        if principal.session_uid is not None:
            await self._repository.record_authentication(principal.session_uid, utc_now())
            self._audit.record(REAUTHENTICATION, target("user", principal.user_uid))
