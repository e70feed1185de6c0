"""Declares operations: id, required credentials, failures, cost and deprecation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.access.permissions import Permission
from app.http.caching import CACHING, Caching
from app.http.permissions import REQUIRED
from app.http.rate_limit.admission import COST
from app.http.response_cache.reads import TAGS
from app.http.routing.deprecations import SINCE, SUNSET
from app.http.stream_cookie import SCHEME as STREAM_SESSION
from app.http.transfers import Transfer
from app.settings.rate_limit import LARGEST_COST
from versions.kit.links import Links

Responses = dict[int | str, dict[str, Any]]
Success = Mapping[int, Mapping[str, Any]]

_SCHEMES: Final[Sequence[dict[str, list[str]]]] = ({"bearer": []}, {"apiKey": []})
ANYONE: Final[list[dict[str, list[str]]]] = []
"""Credentials are ignored."""
OPTIONAL: Final[list[dict[str, list[str]]]] = [*_SCHEMES, {}]
"""Anonymous callers see what is public."""
SIGNED_IN: Final[list[dict[str, list[str]]]] = [*_SCHEMES]
STREAM: Final[list[dict[str, list[str]]]] = [*_SCHEMES, {STREAM_SESSION: []}]
"""As ``SIGNED_IN``; a browser may send the cookie of a stream session instead."""


def signed_in_only(document: Mapping[str, Any] | None) -> bool:
    """Whether the operation with these OpenAPI members rejects requests without credentials."""
    schemes: Sequence[Mapping[str, Any]] = (document or {}).get("security", ())
    return bool(schemes) and {} not in schemes


ALWAYS: Final = (408, 413, 415, 422, 429, 431, 500, 503, 504)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The day from which an operation is deprecated within its version, and the day after which it may be removed."""

    since: date
    sunset: date


class Operations:
    """Declares the operations of one version, with every failure in the OpenAPI document."""

    def __init__(self, failure: Callable[[int], dict[str, Any]], always: Sequence[int]) -> None:
        self._failure = failure
        self._always = always

    def declare(
        self,
        operation_id: str,
        *,
        security: Sequence[Mapping[str, Sequence[str]]],
        needs: Sequence[Sequence[Permission]],
        fails: Sequence[int] = (),
        success: Success | None = None,
        links: Mapping[int, Links] | None = None,
        cost: int = 1,
        deprecation: Deprecation | None = None,
        caching: Caching = Caching.SHARED,
        cache_tags: Sequence[str] = (),
        transfer: Transfer | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Keyword arguments for a route decorator.

        ``needs`` lists alternatives: the caller has all permissions of one of them. It is empty for an operation that
        needs none. ``fails`` lists status codes beyond those of every operation. ``success`` and ``links`` add members
        and links to the documented responses, by status code. ``cost`` is the number of units taken from the caller's
        quota; 0 means that requests are not counted. ``deprecation`` adds deprecation headers to the operation's
        responses. ``caching`` restricts what caches may store. ``cache_tags`` are the resources whose events invalidate
        the anonymous responses in the response cache, which has none of an operation without tags. ``transfer`` has the
        limits of an operation that carries a file. ``body`` documents a body that the handler reads as a stream.
        """
        if cost > LARGEST_COST:
            message = f"{operation_id}: the cost must be at most {LARGEST_COST}, got {cost}"
            raise ValueError(message)
        statuses = {*self._always, *fails}
        if security is not ANYONE:
            statuses |= {401, 403}
        responses: Responses = {status: self._failure(status) for status in sorted(statuses)}
        responses.update({status: dict(description) for status, description in (success or {}).items()})
        for status, targets in (links or {}).items():
            responses.setdefault(status, {})["links"] = targets
        document: dict[str, Any] = {"security": list(security), REQUIRED: [" ".join(group) for group in needs]}
        if cost != 1:
            document[COST] = cost
        if caching is not Caching.SHARED:
            document[CACHING] = caching.value
        if cache_tags:
            document |= _cached(operation_id, cache_tags, security, caching)
        if transfer is not None:
            document |= transfer.document()
        if body is not None:
            document["requestBody"] = body
        declared: dict[str, Any] = {"operation_id": operation_id, "responses": responses, "openapi_extra": document}
        if deprecation is not None:
            document |= {SINCE: deprecation.since.isoformat(), SUNSET: deprecation.sunset.isoformat()}
            declared["deprecated"] = True
        return declared


def _cached(
    operation_id: str, tags: Sequence[str], security: Sequence[Mapping[str, Sequence[str]]], caching: Caching
) -> dict[str, Any]:
    if caching is not Caching.SHARED or {} not in security:
        message = f"{operation_id}: cache tags need an operation that is equal for all anonymous callers"
        raise ValueError(message)
    return {TAGS: list(tags)}
