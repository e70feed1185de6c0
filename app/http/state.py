"""What the middleware and the route of one request share."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from app.access.principal import Principal
from app.http.caching import Caching
from app.http.permissions import Alternatives
from app.http.slots import Slots
from app.http.transfers import Transfer
from app.kit.db.sessions import WriteSession
from app.lifecycle.version import VersionLifecycle
from observability.rate_limit.limiter import Decision

_KEY: Final = "request"


class RequestState:
    """One object per request, created by whichever layer asks for it first."""

    __slots__ = (
        "accepts_stream_cookie",
        "caching",
        "decision",
        "deprecation_headers",
        "has_stream_session",
        "occupied",
        "principal",
        "required",
        "revision",
        "sunset_version",
        "transfer",
        "unsampled",
        "without_body",
        "write_session",
    )

    def __init__(self) -> None:
        self.accepts_stream_cookie = False
        """Whether the operation is a stream, which a browser opens with a cookie; the route sets it."""
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
        self.occupied: Slots | None = None
        """Where the request counts as one that the process serves now."""
        self.transfer: Transfer | None = None
        """What the operation transfers, if it does; found before routing."""
        self.unsampled = False
        """Whether the body is a document of the client, of which not even a summary is stored; the route sets it."""
        self.has_stream_session = False
        """Whether the cookie of a stream session has authenticated the request."""
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


def separate_state(scope: MutableMapping[str, Any]) -> None:
    """Give a request a state dict of its own: some servers share one between requests."""
    scope["state"] = dict(scope["state"])


def without_state(scope: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the ASGI scope for a second request on the same connection, with a state of its own."""
    return {**scope, "state": {name: value for name, value in scope["state"].items() if name != _KEY}}
