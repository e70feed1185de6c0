"""The cookie that authenticates the streams of a browser, whose ``EventSource`` sends no headers of its own.

It contains a token that opens streams only. No other site can let a browser send it (``SameSite=Strict``), and no
script can read it.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.access.principal import Principal
from app.auth.tokens import TokenType
from app.errors import Unauthenticated
from app.http.auth import AuthComponent
from app.http.runtime import runtime_of
from app.http.secure_cookie import SecureCookie
from app.http.state import state_of
from app.settings.realtime import RealtimeSettings

SCHEME: Final = "streamSession"
"""The security scheme that declares the cookie."""
NAME: Final = "strata_stream"
_COOKIE: Final = SecureCookie(NAME, "strict")
_ASSIGNED: Final = f"{NAME}=".encode()


def accepts_stream_cookie(document: Mapping[str, Any]) -> bool:
    """Whether the operation with these OpenAPI members accepts the cookie."""
    return any(SCHEME in scheme for scheme in document.get("security", ()))


def has_stream_cookie(scope: Scope) -> bool:
    """Whether the request carries the cookie, valid or not."""
    return any(name == b"cookie" and _ASSIGNED in value for name, value in scope["headers"])


def stream_token_of(request: Request) -> str | None:
    """The token of the cookie; None without one."""
    return _COOKIE.value(request) if has_stream_cookie(request.scope) else None


def set_stream_cookie(request: Request, response: Response, principal: Principal, paths: tuple[str, ...]) -> int:
    """Let the browser open the streams below these paths for as long as the session lasts, or until the cookie ends.

    Returns the seconds until the cookie ends. Raises ``Unauthenticated`` for a caller without a session.
    """
    if principal.user_uid is None or principal.session_uid is None:
        raise Unauthenticated
    runtime = runtime_of(request.scope)
    seconds = runtime.settings[RealtimeSettings].stream_session_seconds
    token = runtime.get(AuthComponent).signer.issue(
        TokenType.STREAM, subject=principal.user_uid, session=principal.session_uid, seconds=seconds
    )
    for path in paths:
        _COOKIE.set(request, response, token, path=path, seconds=seconds)
    return seconds


def has_authenticated(request: Request) -> bool:
    """Whether the cookie has authenticated the request."""
    return state_of(request.scope).has_stream_session
