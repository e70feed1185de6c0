"""Use cases of a browser's visit to a provider: start and return."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, cast
from urllib.parse import urlencode

from app.access.policy import AccessPermission
from app.access.principal import Principal
from app.access.proof import IdentityProof
from app.auth.attempts import Attempts, count_attempt
from app.auth.session_starter import SessionStarter
from app.errors import DomainError
from app.identities.commands import Callback, ExternalIdentity, FlowStart, Purpose, SignInClient, Visit
from app.identities.errors import IncompleteRedirect, InvalidSignInFlow, UnknownFrontEnd
from app.identities.flow_secrets import FlowSecrets, digest, new_secret
from app.identities.linking import IdentityLinking
from app.identities.providers import Providers
from app.identities.rejected_callbacks import RejectedCallbacks
from app.identities.repository import FlowRepository
from app.identities.views import Completed, Completion, StartedFlow
from app.kit.clock import utc_now
from app.kit.db.sessions import WriteSession
from app.models import SignInCode, SignInFlow

FLOW_TTL: Final = timedelta(minutes=10)
CODE_TTL: Final = timedelta(seconds=60)
_COMPLETIONS: Final = {
    Purpose.SIGN_IN: Completion.SIGNED_IN,
    Purpose.LINK: Completion.LINKED,
    Purpose.REAUTHENTICATE: Completion.REAUTHENTICATED,
}


class Transactions(Protocol):
    """Opens transactions. A visit has several: none is open while a provider responds."""

    def write(self) -> AbstractAsyncContextManager[WriteSession]: ...


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What the services of one process share."""

    providers: Providers
    secrets: FlowSecrets
    front_ends: frozenset[str]
    attempts: Attempts


class FlowStarter:
    """Sends browsers to providers."""

    def __init__(self, database: Transactions, shared: Collaborators) -> None:
        self._database = database
        self._shared = shared

    async def sign_in(self, start: FlowStart) -> StartedFlow:
        """Start a sign-in. Raises ``ProviderNotFound``, ``UnknownFrontEnd``, ``IncompleteRedirect``."""
        return await self._start(start, Purpose.SIGN_IN, None)

    async def visit(
        self, start: FlowStart, purpose: Purpose, principal: Principal, proof: IdentityProof
    ) -> StartedFlow:
        """Start the visit of a session that links an identity, which needs fresh proof, or that renews its proof.

        Raises as ``sign_in`` and ``IdentityProof`` do.
        """
        principal.require(AccessPermission.WRITE_CREDENTIALS)
        if purpose is Purpose.LINK:
            await proof.ensure(principal, None)
        return await self._start(start, purpose, principal)

    async def _start(self, start: FlowStart, purpose: Purpose, principal: Principal | None) -> StartedFlow:
        provider = self._shared.providers.get(start.provider)
        if purpose is Purpose.SIGN_IN and (start.return_to is None) != (start.code_challenge is None):
            raise IncompleteRedirect
        if start.return_to is not None and start.return_to not in self._shared.front_ends:
            raise UnknownFrontEnd
        state, browser, now = new_secret(), start.browser or new_secret(), utc_now()
        flow = SignInFlow(
            digest=digest(state),
            browser=digest(browser),
            provider=provider.name,
            callback=start.callback,
            purpose=purpose.value,
            user_id=None if principal is None else principal.signed_in().user_id,
            session_uid=None if principal is None else principal.session_uid,
            return_to=start.return_to,
            code_challenge=start.code_challenge,
            created_at=now,
            expires_at=now + FLOW_TTL,
        )
        url = await provider.authorization_url(_visit(flow, state, self._shared.secrets))
        async with self._database.write() as session:
            FlowRepository(session).add_flow(flow)
        return StartedFlow(url, browser, flow.expires_at)


class FlowCompleter:
    """Receives browsers that return from providers."""

    def __init__(
        self,
        database: Transactions,
        shared: Collaborators,
        linking: Callable[[WriteSession], IdentityLinking],
        starter: Callable[[WriteSession], SessionStarter],
        retrying: Callable[[Callable[[], Awaitable[Completed]]], Awaitable[Completed]],
        rejections: RejectedCallbacks,
    ) -> None:
        self._database = database
        self._shared = shared
        self._linking = linking
        self._starter = starter
        self._retrying = retrying
        self._rejections = rejections

    async def complete(self, callback: Callback, client: SignInClient) -> Completed:
        """Complete a visit.

        A failure becomes part of the redirect if a front end started the visit; otherwise raises
        ``ProviderNotFound``, ``InvalidSignInFlow``, and as ``Provider`` and ``IdentityLinking`` do.
        """
        self._shared.providers.get(callback.provider)
        taken = flow = None
        try:
            with count_attempt(self._shared.attempts, "provider"):
                taken = await self._take(callback)
                flow = _validated(taken, callback)
                return await self._complete(flow, callback, client)
        except DomainError as error:
            await self._rejections.record(error, callback.provider, client.network, taken)
            if flow is None or flow.return_to is None:
                raise
            location = _with_query(flow.return_to, error=error.code)
            return Completed(_COMPLETIONS[Purpose(flow.purpose)], location=location)

    async def _take(self, callback: Callback) -> SignInFlow | None:
        """The flow. Its row is deleted before any check, so a callback is used once."""
        if callback.reply.state is None:
            return None
        async with self._database.write() as session:
            return await FlowRepository(session).take_flow(digest(callback.reply.state))

    async def _complete(self, flow: SignInFlow, callback: Callback, client: SignInClient) -> Completed:
        provider = self._shared.providers.get(flow.provider)
        visit = _visit(flow, cast("str", callback.reply.state), self._shared.secrets)
        external = await provider.identify(callback.reply, visit)

        async def attempt() -> Completed:
            async with self._database.write() as session:
                return await self._apply(session, flow, external, client)

        return await self._retrying(attempt)

    async def _apply(
        self, session: WriteSession, flow: SignInFlow, external: ExternalIdentity, client: SignInClient
    ) -> Completed:
        purpose, linking = Purpose(flow.purpose), self._linking(session)
        completion = _COMPLETIONS[purpose]
        if purpose is Purpose.SIGN_IN:
            user = await linking.user_of(external, client.network)
            if flow.return_to is None or flow.code_challenge is None:
                tokens = await self._starter(session).start(user, client.network, client.user_agent)
                return Completed(completion, tokens=tokens)
            code, expires_at = new_secret(), utc_now() + CODE_TTL
            FlowRepository(session).add_code(
                SignInCode(
                    digest=digest(code), user_id=user.id, code_challenge=flow.code_challenge, expires_at=expires_at
                )
            )
            return Completed(completion, location=_with_query(flow.return_to, code=code))
        if flow.user_id is None or flow.session_uid is None:
            raise InvalidSignInFlow
        apply = linking.link if purpose is Purpose.LINK else linking.prove
        await apply(external, flow.user_id, flow.session_uid)
        location = None if flow.return_to is None else _with_query(flow.return_to, outcome=completion.value)
        return Completed(completion, location=location)


def _validated(flow: SignInFlow | None, callback: Callback) -> SignInFlow:
    """The flow, if the callback belongs to it. Raises ``InvalidSignInFlow``."""
    if flow is None or flow.expires_at <= utc_now():
        raise InvalidSignInFlow
    if callback.browser is None or flow.browser != digest(callback.browser):
        raise InvalidSignInFlow
    if flow.provider != callback.provider or flow.callback != callback.url:
        raise InvalidSignInFlow
    return flow


def _visit(flow: SignInFlow, state: str, secrets: FlowSecrets) -> Visit:
    return Visit(
        state=state,
        nonce=secrets.nonce(state),
        verifier=secrets.verifier(state),
        callback=flow.callback,
        proof=flow.purpose == Purpose.REAUTHENTICATE,
        started_at=flow.created_at,
    )


def _with_query(url: str, **parameters: str) -> str:
    return f"{url}?{urlencode(parameters)}"
