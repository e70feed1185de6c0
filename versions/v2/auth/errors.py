"""Error responses of the token endpoint, with the members of RFC 6749, section 5.2."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.errors import DomainError
from app.http.errors.failures import classify
from app.http.errors.problems import MEDIA_TYPE, problem
from versions.v2.routing import V2Route

_OAUTH: Final = {
    "invalid_credentials": "invalid_grant",
    "invalid_refresh_token": "invalid_grant",
    "wrong_token_type": "invalid_grant",
    "email_not_verified": "invalid_grant",
    "account_deactivated": "invalid_grant",
    "too_many_attempts": "temporarily_unavailable",
    "unavailable": "temporarily_unavailable",
    "unsupported_grant_type": "unsupported_grant_type",
}


STATUSES: Final = frozenset({400, 401, 403, 415, 422, 429})
"""Statuses whose errors have the members of RFC 6749. Middleware rejects oversized or slow bodies without."""


class TokenRoute(V2Route):
    """Adds ``error`` and ``error_description`` to the problems of ``STATUSES``.

    Ignores ``Idempotency-Key``: a replayed sign-in would succeed after the password has changed.
    """

    idempotent: ClassVar[bool] = False

    async def wrap(self, request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        """Returns the response of the operation, or its problem with the members of RFC 6749."""
        try:
            return await super().wrap(request, handler)
        except (DomainError, RequestValidationError) as error:
            failure = classify(error)
            if failure.status not in STATUSES:
                raise
            code = _OAUTH.get(failure.code, "invalid_request")
            body = {**problem(request, failure), "error": code, "error_description": failure.detail}
            return Response(orjson.dumps(body), failure.status, dict(failure.headers), MEDIA_TYPE)
