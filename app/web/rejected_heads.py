"""Requests outside of all versions whose head is rejected, and WebSockets outside of all versions."""

from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.errors import DomainError, NotFound
from app.http.middleware.single_fields import ensure_single_fields
from app.http.middleware.size_limits import HeadLimits

_ERROR: Final = "head_error"


class RejectedHeads(BaseRoute):
    """Matches what the middleware of a version would reject. Place it before the unversioned routes.

    A route, because a middleware would run for requests to versions too.
    """

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See ``BaseRoute``."""
        try:
            ensure_single_fields(scope)
            self._limits.ensure_within(scope)
            if scope["type"] == "websocket":
                raise NotFound
        except DomainError as error:
            return Match.FULL, {_ERROR: error}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - of the base class
        """Raise the error."""
        raise scope[_ERROR]
