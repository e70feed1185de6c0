"""The cookie that binds a visit to a provider to the browser that started it (RFC 6749, section 10.12)."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.http.identities import IdentityComponent
from app.http.runtime import runtime_of

_SECONDS: Final = 3600
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def browser_of(request: Request) -> str | None:
    """The secret of the browser, or None without one."""
    value = request.cookies.get(_name(is_secure(request)), "")
    return value if _SECRET.fullmatch(value) else None


def set_browser(request: Request, response: Response, secret: str) -> None:
    """Store the secret in the browser. All tabs share it, so that visits in two tabs do not disturb each other."""
    secure = is_secure(request)
    response.set_cookie(_name(secure), secret, max_age=_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")


def _name(secure: bool) -> str:  # noqa: FBT001 - the only argument
    """Browsers accept the prefix over https only, and then from no other host (RFC 6265bis, section 4.1.3)."""
    return "__Host-strata-browser" if secure else "strata-browser"


def is_secure(request: Request) -> bool:
    """Whether browsers reach this deployment over https."""
    return runtime_of(request.scope).get(IdentityComponent).secure
