"""Cookies that no script can read, and that browsers send over https only, if they reach the deployment so."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from app.http.browser_cookie import is_secure


@dataclass(frozen=True, slots=True)
class SecureCookie:
    """A cookie of this name. Browsers accept the prefix over https only (RFC 6265bis, section 4.1.3)."""

    name: str
    same_site: Literal["lax", "strict"]

    def value(self, request: Request) -> str | None:
        """What the browser sent; None without the cookie."""
        return request.cookies.get(self._name(request))

    def set(self, request: Request, response: Response, value: str, *, path: str, seconds: int) -> None:
        """Store the value in the browser, for requests below ``path``."""
        response.set_cookie(
            self._name(request),
            value,
            max_age=seconds,
            path=path,
            secure=is_secure(request),
            httponly=True,
            samesite=self.same_site,
        )

    def _name(self, request: Request) -> str:
        return f"__Secure-{self.name}" if is_secure(request) else self.name
