"""Error responses of the token endpoint, with the members of RFC 6749, section 5.2."""

from typing import ClassVar, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.http.errors.failures import classify
from app.http.errors.problems import MEDIA_TYPE, problem
from app.http.rate_limit.limits import QuotaExceeded
from versions.v2.errors import render as render_problem
from versions.v2.routing import V2Route

_OAUTH: Final = {
    "invalid_credentials": "invalid_grant",
    "invalid_refresh_token": "invalid_grant",
    "wrong_token_type": "invalid_grant",
    "invalid_sign_in_code": "invalid_grant",
    "email_not_verified": "invalid_grant",
    "account_deactivated": "invalid_grant",
    "too_many_attempts": "temporarily_unavailable",
    "unavailable": "temporarily_unavailable",
    "unsupported_grant_type": "unsupported_grant_type",
}


STATUSES: Final = frozenset({400, 401, 403, 415, 422, 429})
"""Statuses whose errors have the members of RFC 6749, except those of the general rate limit."""
_TOKEN_PATH: Final = "/auth/token"  # noqa: S105 - no secret


class TokenRoute(V2Route):
    """Ignores ``Idempotency-Key``: a replayed sign-in would succeed after the password has changed."""

    idempotent: ClassVar[bool] = False


def render(request: Request, error: Exception) -> Response:
    """The problem response of v2. Those of the token endpoint also have the members of RFC 6749.

    The middleware of the version calls this too, for requests that are rejected before they reach the route.
    """
    if request.method != "POST" or not request.scope["path"].endswith(_TOKEN_PATH):
        return render_problem(request, error)
    failure = classify(error)
    if failure.status not in STATUSES or isinstance(error, QuotaExceeded):
        return render_problem(request, error)
    code = _OAUTH.get(failure.code, "invalid_request")
    body = {**problem(request, failure), "error": code, "error_description": failure.detail}
    return Response(orjson.dumps(body), failure.status, dict(failure.headers), MEDIA_TYPE)
