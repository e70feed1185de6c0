"""How an operation is declared: its id, who may call it, and how it can fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.http.rate_limit.admission import COST
from app.http.routing.deprecations import SINCE, SUNSET
from versions.kit.links import Links

Responses = dict[int | str, dict[str, Any]]
Success = Mapping[int, Mapping[str, Any]]

_SCHEMES: Final[Sequence[dict[str, list[str]]]] = ({"bearer": []}, {"apiKey": []})
ANYONE: Final[list[dict[str, list[str]]]] = []
"""Credentials play no part."""
OPTIONAL: Final[list[dict[str, list[str]]]] = [*_SCHEMES, {}]
"""Anonymous callers see what is public."""
SIGNED_IN: Final[list[dict[str, list[str]]]] = [*_SCHEMES]


def signed_in_only(document: Mapping[str, Any] | None) -> bool:
    """Whether an operation that is documented so refuses whoever has no credentials."""
    schemes: Sequence[Mapping[str, Any]] = (document or {}).get("security", ())
    return bool(schemes) and {} not in schemes


ALWAYS: Final = (408, 413, 415, 422, 429, 431, 500, 503, 504)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation is deprecated within its version, and from which day on it may be gone."""

    since: date
    sunset: date


class Operations:
    """Declares the operations of one version: every failure that can happen is in the document."""

    def __init__(self, failure: Callable[[int], dict[str, Any]], always: Sequence[int]) -> None:
        self._failure = failure
        self._always = always

    def declare(
        self,
        operation_id: str,
        *,
        security: Sequence[Mapping[str, Sequence[str]]],
        fails: Sequence[int] = (),
        success: Success | None = None,
        links: Mapping[int, Links] | None = None,
        cost: int = 1,
        deprecation: Deprecation | None = None,
    ) -> dict[str, Any]:
        """Keyword arguments for a route decorator.

        ``fails`` are the status codes beyond those of every operation; ``success`` adds to the documented successes,
        ``links`` to what they lead to, both by status code; ``cost`` is what the operation takes from the caller's
        quota, 0 for one that is never counted; ``deprecation`` tells its callers, and nobody else, that it will go.
        """
        statuses = {*self._always, *fails}
        if security is not ANYONE:
            statuses |= {401, 403}
        responses: Responses = {status: self._failure(status) for status in sorted(statuses)}
        responses.update({status: dict(description) for status, description in (success or {}).items()})
        for status, leads in (links or {}).items():
            responses.setdefault(status, {})["links"] = leads
        document: dict[str, Any] = {"security": list(security)}
        if cost != 1:
            document[COST] = cost
        declared: dict[str, Any] = {"operation_id": operation_id, "responses": responses, "openapi_extra": document}
        if deprecation is not None:
            document |= {SINCE: deprecation.since.isoformat(), SUNSET: deprecation.sunset.isoformat()}
            declared["deprecated"] = True
        return declared
