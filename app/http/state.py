"""What the middleware and the route of one request share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.access.principal import Principal
from app.http.caching import Caching
from app.http.permissions import Alternatives
from app.kit.db.sessions import WriteSession
from app.lifecycle.version import VersionLifecycle
from observability.rate_limit.limiter import Decision

_KEY: Final = "request"


class RequestState:
    """One object per request, created by whichever layer asks for it first."""

    __slots__ = (
        "caching",
        "decision",
        "deprecation_headers",
        "principal",
        "required",
        "revision",
        "sunset_version",
        "without_body",
        "write_session",
    )

    def __init__(self) -> None:
        self.caching = Caching.SHARED
        """What the operation allows; the route sets it."""
        self.decision: Decision | None = None
        """The rate-limit decision; ``None`` until the request is charged."""
        self.required: Alternatives = ()
        """The permissions that the operation declares; the route sets them."""
        self.principal: Principal | None = None
        """The caller; ``None`` until its credentials are resolved."""
        self.sunset_version: VersionLifecycle | None = None
        """The version that serves the request, where it is deprecated or retired."""
        self.deprecation_headers: Sequence[tuple[bytes, bytes]] = ()
        self.revision: str | None = None
        """The revision mark of the resource in the response, from which the entity tag is derived."""
        self.without_body = False
        """Whether the request is a HEAD that a GET route serves; it must not have the side effects of the GET."""
        self.write_session: WriteSession | None = None
        """The transaction that an idempotency key opened around the route."""


def state_of(scope: Mapping[str, Any]) -> RequestState:
    """The state of the request with this ASGI scope."""
    shared: dict[str, Any] = scope["state"]
    state: RequestState | None = shared.get(_KEY)
    if state is None:
        state = shared[_KEY] = RequestState()
    return state
