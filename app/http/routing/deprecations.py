"""Sends ``API-Deprecated`` only to requests that used something deprecated.

A request uses a parameter or a member of the body by sending it, and a member of the response by naming it in
``fields``: receiving it without that does not show that the client reads it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from json import JSONDecodeError
from typing import Any, Final, get_args

from fastapi.params import Header, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request

from app.http.routing.metrics import DeprecationMetrics
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.http.usage import UsageComponent
from app.kit.clock import utc_now
from observability.framework import body_declaration, parameters
from observability.json_pointer import format_pointer
from observability.metrics.metrics import NO_VERSION
from observability.requests.context import current

SINCE: Final = "x-deprecated-since"
"""The member of an operation's document that states since which day it is deprecated (RFC 3339)."""
SUNSET: Final = "x-sunset"
"""The member that states from which day on it may be removed."""
HEADER: Final = "API-Deprecated"
_SPARSE: Final = "fields"
_EACH: Final = "*"

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deprecations:
    """Everything deprecated about one operation. ``since`` and ``sunset`` refer to the operation as a whole."""

    operation: str
    whole: bool
    since: date | None
    sunset: date | None
    queries: frozenset[str]
    headers: frozenset[str]
    body: tuple[Path, ...]
    answer: frozenset[str]

    @classmethod
    def of(cls, route: APIRoute) -> "Deprecations | None":
        """The deprecations of a route; ``None``, the usual case, costs its requests nothing."""
        declared = parameters(route)
        deprecated = [
            (alias, declaration) for alias, declaration in declared if getattr(declaration, "deprecated", None)
        ]
        sparse = any(isinstance(declaration, Query) and alias == _SPARSE for alias, declaration in declared)
        body = body_declaration(route)
        document = route.openapi_extra or {}
        found = cls(
            operation=route.operation_id or route.name,
            whole=bool(route.deprecated),
            since=_day(document, SINCE),
            sunset=_day(document, SUNSET),
            queries=frozenset(alias for alias, declaration in deprecated if isinstance(declaration, Query)),
            headers=frozenset(alias for alias, declaration in deprecated if isinstance(declaration, Header)),
            body=() if body is None else tuple(_paths(body.annotation)),
            answer=frozenset(path[-1] for path in _paths(route.response_model)) if sparse else frozenset(),
        )
        return found if any((found.whole, found.queries, found.headers, found.body, found.answer)) else None

    async def record(self, request: Request) -> None:
        """Report what the request used to the client, the log, the metrics and the usage record."""
        uses = [*self._named(request), *(await self._sent(request) if self.body else ())]
        if not uses:
            return
        runtime, context = runtime_of(request.scope), current(request.scope)
        context.deprecated = tuple(uses)
        version, now = context.api_version or NO_VERSION, utc_now()
        metrics, usage = runtime.metrics.group(DeprecationMetrics), runtime.get(UsageComponent).buffer
        for use in uses:
            metrics.uses.labels(version, self.operation, use).inc()
            usage.record(version, self.operation, use, context.consumer, now)
        state_of(request.scope).deprecation_headers = tuple(self._headers(uses))

    def _named(self, request: Request) -> Iterator[str]:
        if self.whole:
            yield "operation"
        if self.queries or self.answer:
            given = request.query_params
            yield from (f"query:{name}" for name in sorted(self.queries) if name in given)
            if self.answer and (lists := given.getlist(_SPARSE)):
                yield from (f"response:{name}" for name in sorted(self.answer.intersection(",".join(lists).split(","))))
        yield from (f"header:{name}" for name in sorted(self.headers) if name in request.headers)

    async def _sent(self, request: Request) -> Sequence[str]:
        content: Any = None
        # The route rejects invalid JSON later, with its own error.
        with suppress(JSONDecodeError):
            content = await request.json() if await request.body() else None
        return [f"request:{format_pointer(path)}" for path in self.body if _holds(content, path)]

    def _headers(self, uses: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        # A list of tokens (RFC 9651): these names contain token characters only.
        yield HEADER.lower().encode(), ", ".join(uses).encode()
        if self.whole and self.since is not None:
            yield b"deprecation", f"@{int(_midnight(self.since).timestamp())}".encode()
        if self.whole and self.sunset is not None:
            yield b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()


def _paths(annotation: Any, seen: frozenset[type[BaseModel]] = frozenset()) -> Iterator[Path]:
    """The paths of deprecated members of a type and of its parts; ``*`` is each element of a list."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        step = (_EACH,) if getattr(annotation, "__origin__", None) in {list, tuple, set, frozenset} else ()
        for part in get_args(annotation):
            yield from (step + path for path in _paths(part, seen))
    elif annotation not in seen:
        for name, field in annotation.model_fields.items():
            own = (field.alias or name,)
            if field.deprecated:
                yield own
            yield from (own + path for path in _paths(field.annotation, seen | {annotation}))


def _holds(content: Any, path: Path) -> bool:
    if not path:
        return True
    step, rest = path[0], path[1:]
    if step == _EACH:
        return isinstance(content, list) and any(_holds(one, rest) for one in content)
    return isinstance(content, dict) and step in content and _holds(content[step], rest)


def _day(document: Mapping[str, Any], name: str) -> date | None:
    return date.fromisoformat(document[name]) if name in document else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
