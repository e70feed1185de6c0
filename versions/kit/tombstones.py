"""Tombstones: what the server says about versions whose code was removed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app.http.errors.failures import classify
from app.http.errors.problems import problem_response
from app.http.handshakes import request_of
from app.lifecycle.errors import LifecycleError, VersionRetired
from app.lifecycle.version import VersionLifecycle
from versions.kit.lifecycle_headers import lifecycle_headers
from versions.kit.routing import mounted

REMOVED: Final = Path(__file__).parents[1] / "removed.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone(VersionLifecycle):
    """A version without code. Its guide leads to the successor that it had; ``successor`` is one that has code."""

    removed: date
    guide: str
    """The name of its migration guide: ``vN-to-vM``."""

    @property
    def migration_guide(self) -> str:
        """The path of the archived guide."""
        return f"/docs/migrate/{self.guide}"

    @property
    def prefix(self) -> str:
        """The path below which the server responds with 410."""
        return f"/api/{self.name}"


def read_tombstones(path: Path = REMOVED, *, follow: bool = True) -> tuple[Tombstone, ...]:
    """Returns the tombstones, oldest version first. Raises ``LifecycleError``.

    With ``follow`` a successor that was removed, too, is replaced with its own successor.
    """
    try:
        found = _adapter().validate_json(path.read_bytes()) if path.exists() else {}
    except ValidationError as error:
        raise LifecycleError([f"{path.name} cannot be read: {error.errors()[0]['msg']}."]) from None
    if faulty := [name for name, one in found.items() if one.name != name or one.retired_at is None]:
        raise LifecycleError([f"{path.name}: {name} must be the record of a retired version." for name in faulty])
    return tuple(replace(one, successor=_successor(one, found)) if follow else one for one in found.values())


def tombstones_form(tombstones: Mapping[str, Tombstone]) -> bytes:
    """Returns the tombstones as JSON: two spaces of indentation, a final newline."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_adapter().dump_python(dict(tombstones), mode="json"), option=options)


@cache
def _adapter() -> TypeAdapter[dict[str, Tombstone]]:
    return TypeAdapter(dict[str, Tombstone])


def _successor(tombstone: Tombstone, removed: Mapping[str, Tombstone]) -> str | None:
    name = tombstone.successor
    for _ in removed:
        if name is None or name not in removed:
            break
        name = removed[name].successor
    return name


def gone_routes(tombstone: Tombstone) -> list[BaseRoute]:
    """Returns the routes of a removed version: 410 for its prefix and every path below it."""
    headers = {**lifecycle_headers(tombstone), "cache-control": "no-store"}

    async def entry(request: Request) -> Response:
        # `retired_at` exists: `read_tombstones` accepts no other.
        error = VersionRetired(tombstone, tombstone.retired_at or datetime.max.replace(tzinfo=UTC))
        response = problem_response(request, classify(error))
        response.headers.update(headers)
        return response

    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        response = await entry(request_of(scope))
        await response(scope, receive, send)

    # Without methods, a route serves every method.
    return [mounted(tombstone.prefix, below), Route(tombstone.prefix, entry, methods=())]
