"""The exchange of a one-time code, which a front end received in a redirect, for tokens."""

import hmac

from app.auth.attempts import Attempts, count_attempt
from app.auth.errors import AccountDeactivated
from app.auth.session_starter import SessionStarter
from app.auth.views import TokenPair
from app.identities.commands import SignInClient
from app.identities.errors import InvalidSignInCode
from app.identities.flow_secrets import challenge, digest
from app.identities.repository import FlowRepository
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.users.repository import UserRepository


class SignInCodeService:
    """Exchanges codes in one transaction. The attempt uses a code up, also with a wrong verifier."""

    def __init__(self, session: WriteSession, starter: SessionStarter, attempts: Attempts) -> None:
        self._flows = FlowRepository(session)
        self._users = UserRepository(session)
        self._starter = starter
        self._attempts = attempts

    async def exchange(self, code: str, verifier: str, client: SignInClient) -> TokenPair:
        """Start the session. Raises ``InvalidSignInCode``, ``AccountDeactivated``."""
        with count_attempt(self._attempts, "provider_code"):
            taken = await self._flows.take_code(digest(code))
            if taken is None or taken.expires_at <= utc_now():
                raise InvalidSignInCode
            if not hmac.compare_digest(taken.code_challenge.encode(), challenge(verifier).encode()):
                raise InvalidSignInCode
            user = await self._users.lock(taken.user_id)
            if user is None or not user.is_active:
                raise AccountDeactivated
            return await self._starter.start(user, client.network, client.user_agent)
