"""The caller of a WebSocket, whose permissions can end while it is open."""

from starlette.requests import Request
from starlette.types import Scope

from app.access.errors import InvalidCredentials
from app.access.principal import Principal
from app.access.reader import PrincipalResolver
from app.http.principal import CREDENTIAL_HEADERS, resolve_principal
from app.http.rate_limit.admission import admit
from app.http.runtime import runtime_of
from app.http.state import without_state


class SocketCaller:
    """Resolves the credentials of a handshake, or a token of the first message, as those of a request."""

    def __init__(self, principal: Principal, key: str | None, resolver: PrincipalResolver) -> None:
        self.principal = principal
        self._key = key
        self._resolver = resolver

    @classmethod
    async def of_request(cls, request: Request) -> "SocketCaller":
        """Charge the connection to its caller. Raises as ``admit``, and ``Unauthenticated`` for an anonymous caller."""
        await admit(request, 1, authenticates=True)
        principal = await resolve_principal(request)
        principal.signed_in()
        authorization = request.headers.get("authorization")
        key = request.headers.get("x-api-key") if authorization is None else authorization.partition(" ")[2].strip()
        resolver = PrincipalResolver(runtime_of(request.scope).database.reads)
        return cls(principal, key if principal.key_uid is not None else None, resolver)

    @classmethod
    async def of_token(cls, scope: Scope, token: str) -> "SocketCaller":
        """As ``of_request``, with a token that the handshake did not have."""
        others = [(name, value) for name, value in scope["headers"] if name not in CREDENTIAL_HEADERS]
        headers = [*others, (b"authorization", b"Bearer " + token.encode())]
        request = {**without_state(scope), "type": "http", "method": "GET", "headers": headers}
        return await cls.of_request(Request(request))

    async def current(self) -> Principal:
        """The caller with its permissions now. Raises ``InvalidCredentials`` after the session or the key ended."""
        known = self.principal
        if self._key is not None:
            self.principal = await self._resolver.by_key(self._key)
        elif known.user_uid is None or known.session_uid is None:
            raise InvalidCredentials
        else:
            self.principal = await self._resolver.by_session(known.user_uid, known.session_uid)
        return self.principal
