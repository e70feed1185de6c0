"""One statement for those who ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from typing import Any

import asyncpg

from observability.tracing.recording import Attributes, client_span

Row = asyncpg.Record
Fetch = Callable[[list[Any]], Awaitable[list[Row]]]
Question = tuple[Any, "asyncio.Future[Row | None]"]


class Gathering:
    """One row for each key. While a statement runs, those who come gather for the next one.

    Nobody waits for company: who finds nobody asks at once. And nobody is told what was read before the question: a
    statement serves only those who came before it began, so a change that was committed is seen by all who ask later.
    A statement that fails, fails for all whom it was to serve. So ``fetch`` must not depend on one key: its keys are of
    types that PostgreSQL cannot refuse.
    """

    __slots__ = ("_busy", "_fetch", "_key", "_serving", "_span", "_waiting")

    def __init__(self, fetch: Fetch, key: str, span: tuple[str, Attributes]) -> None:
        self._fetch = fetch
        self._key = key
        self._span = span
        self._busy = False
        self._waiting: list[Question] = []
        self._serving: asyncio.Task[None] | None = None

    async def row(self, key: Any) -> Row | None:
        """The row of ``key``, or None. Raises what ``fetch`` raises."""
        if self._busy:
            answer: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
            self._waiting.append((key, answer))
            with client_span(*self._span):
                return await answer
        self._busy = True
        try:
            rows = await self._fetch([key])
        finally:
            self._hand_on()
        return rows[0] if rows else None

    def _hand_on(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            # A task of nobody's request: whoever goes away or runs out of time leaves the others theirs.
            self._serving = asyncio.get_running_loop().create_task(self._serve(), context=Context())

    async def _serve(self) -> None:
        asked, self._waiting = self._waiting, []
        try:
            found = {row[self._key]: row for row in await self._fetch(list({key for key, _ in asked}))}
        except Exception as error:  # noqa: BLE001 - it is raised to whoever asked
            for _, answer in _open(asked):
                answer.set_exception(error)
        else:
            for key, answer in _open(asked):
                answer.set_result(found.get(key))
        finally:
            # Only when this task itself is cancelled is there anything left: the process ends.
            for _, answer in _open(asked):
                answer.cancel()
            self._hand_on()


def _open(asked: list[Question]) -> Iterator[Question]:
    """Those who still wait."""
    return (question for question in asked if not question[1].done())
