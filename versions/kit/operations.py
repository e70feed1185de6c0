"""Declares operations: id, required credentials, failures, cost and deprecation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.access.permissions import Permission
from app.http.caching import CACHING, Caching
from app.http.permissions import REQUIRED
from app.http.rate_limit.admission import COST
from app.http.routing.deprecations import SINCE, SUNSET
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
    ) -> dict[str, Any]:
        """Keyword arguments for a route decorator.

        ``needs`` lists alternatives: the caller has all permissions of one of them. It is empty for an operation that
        needs none. ``fails`` lists status codes beyond those of every operation. ``success`` and ``links`` add members
        and links to the documented responses, by status code. ``cost`` is the number of units taken from the caller's
        quota; 0 means that requests are not counted. ``deprecation`` adds deprecation headers to the operation's
        responses. ``caching`` restricts what caches may store.
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
        declared: dict[str, Any] = {"operation_id": operation_id, "responses": responses, "openapi_extra": document}
        if deprecation is not None:
            document |= {SINCE: deprecation.since.isoformat(), SUNSET: deprecation.sunset.isoformat()}
            declared["deprecated"] = True
        return declared
