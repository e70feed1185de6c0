"""Reduces a difference to the fewest and simplest requests of one consumer that still show it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.contracts.replay.builds import Build
from tests.contracts.replay.observing import evidence_of
from tests.contracts.replay.recording import Recorded
from tests.contracts.replay.verdicts import Comparison, differences

Json = Any
Accept = Callable[[Recorded], Awaitable[Recorded | None]]
"""Sends a request to the unchanged application: with its response, or None if it was rejected."""
CREDENTIALS = "x-api-key"


class Shrinker:
    """Reduces differences between a build and its verdicts."""

    def __init__(self, comparison: Comparison, accept: Accept) -> None:
        self._comparison = comparison
        self._accept = accept

    async def shrink(self, build: Build, requests: Sequence[Recorded]) -> list[Recorded]:
        """The fewest requests, each as simple as it can be. The same requests if only the server shows a difference."""
        found = list(requests)
        if not self._differs(build, found):
            return found
        size = len(found) // 2
        while size:
            for start in range(0, len(found), size):
                fewer = found[:start] + found[start + size :]
                if fewer and self._differs(build, fewer):
                    found = fewer
                    break
            else:
                size //= 2
        for index in range(len(found)):
            found = await self._simplify(build, found, index)
        return found

    async def _simplify(self, build: Build, requests: list[Recorded], index: int) -> list[Recorded]:
        for simpler in _simpler(requests[index]):
            accepted = await self._accept(simpler)
            if accepted is None:
                continue
            changed = [*requests[:index], accepted, *requests[index + 1 :]]
            if self._differs(build, changed):
                return await self._simplify(build, changed, index)
        return requests

    def _differs(self, build: Build, requests: Sequence[Recorded]) -> bool:
        return bool(differences(build, self._comparison.outcomes(build, evidence_of(requests)), requests))


def _simpler(request: Recorded) -> Iterator[Recorded]:
    """The request without one of its parts, or with a shorter one."""
    for index in range(len(request.query)):
        yield replace(request, query=request.query[:index] + request.query[index + 1 :])
    for index, (name, _) in enumerate(request.headers):
        if name.lower() != CREDENTIALS:
            yield replace(request, headers=request.headers[:index] + request.headers[index + 1 :])
    for index in range(len(request.reads)):
        yield replace(request, reads=request.reads[:index] + request.reads[index + 1 :])
    for body in _simpler_values(request.body):
        yield replace(request, body=body)


def _simpler_values(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield {other: one for other, one in value.items() if other != name}
            yield from ({**value, name: simpler} for simpler in _simpler_values(member))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], simpler, *value[index + 1 :]] for simpler in _simpler_values(item))
    elif isinstance(value, str) and value:
        yield value[: len(value) // 2]
        yield value[:-1]
