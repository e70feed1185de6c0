"""What a stream or a WebSocket counts as."""

from starlette.requests import Request

from app.http.live.connections import Place
from app.http.live.metrics import STREAM
from app.http.principal import resolve_principal
from app.http.state import state_of


async def place_of(request: Request, version: str) -> Place:
    """The place of a stream of this request. Raises ``Unauthenticated`` for an anonymous caller."""
    principal = await resolve_principal(request)
    principal.signed_in()
    return Place(version, STREAM, principal, state_of(request.scope).sunset_version)
