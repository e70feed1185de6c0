"""A shared cache as RFC 9111 allows it to be: it stores whatever it may, and never asks again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

Fetch = Callable[[str, Mapping[str, str]], Awaitable[httpx2.Response]]


@dataclass(frozen=True)
class Stored:
    """A response, and the request that brought it."""

    caller: str
    headers: Mapping[str, str]
    response: httpx2.Response


class SharedCache:
    """Serves GET requests of several callers."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._stored: dict[str, list[Stored]] = {}
        self.hits = 0

    async def get(self, url: str, caller: str, headers: Mapping[str, str]) -> Stored:
        """The response, with the caller who received it first."""
        for stored in self._stored.get(url, ()):
            if _selects(stored, headers):
                self.hits += 1
                return stored
        found = Stored(caller, headers, await self._fetch(url, headers))
        if _may_store(found.response):
            self._stored.setdefault(url, []).append(found)
        return found


def _may_store(response: httpx2.Response) -> bool:
    """Also without an explicit lifetime: caches assume one (section 4.2.2)."""
    directives = {item.partition("=")[0].strip().lower() for item in response.headers["cache-control"].split(",")}
    return not directives & {"no-store", "private", "no-cache"} and "*" not in _vary(response)


def _selects(stored: Stored, headers: Mapping[str, str]) -> bool:
    """Whether the header fields that ``Vary`` names are the same (section 4.1)."""
    given, then = _lowered(headers), _lowered(stored.headers)
    return all(given.get(name) == then.get(name) for name in _vary(stored.response))


def _vary(response: httpx2.Response) -> list[str]:
    fields: list[Any] = response.headers.get_list("vary", split_commas=True)
    return [str(name).strip().lower() for name in fields]


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
