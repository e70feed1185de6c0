"""Batches the concurrent calls of an event loop into one fetch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class RequestCoalescer(Generic[K, V]):
    """Fetches the values of many keys with one call, as a DataLoader does.

    ``fetch_many`` takes keys and returns their values in the same order. A value that is an exception is raised to the
    caller of its key; an exception that ``fetch_many`` raises is raised to every caller of the batch. ``fetch_many``
    must finish in bounded time.

    The first caller is never delayed. Callers that arrive during a call join the next one, so no caller receives a
    value that was read before its call.
    """

    __slots__ = ("_busy", "_fetch_many", "_task", "_waiting")

    def __init__(self, fetch_many: Callable[[list[K]], Awaitable[Sequence[V | Exception]]]) -> None:
        self._fetch_many = fetch_many
        self._busy = False
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V:
        """Return the value of one key. Raises what ``fetch_many`` raises."""
        if self._busy:
            future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
            self._waiting.append((key, future))
            return await future
        self._busy = True
        try:
            value = (await self._fetch_many([key]))[0]
        finally:
            self._start_next_batch()
        if isinstance(value, Exception):
            raise value
        return value

    def _start_next_batch(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            # A task that belongs to no request: a caller that is cancelled must not cancel the others' fetch.
            self._task = asyncio.get_running_loop().create_task(self._fetch_batch(), context=Context())

    async def _fetch_batch(self) -> None:
        batch, self._waiting = self._waiting, []
        values: Sequence[V | Exception]
        try:
            values = await self._fetch_many([key for key, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is raised to every caller of the batch
            values = [error] * len(batch)
        finally:
            self._start_next_batch()
        for (_, future), value in zip(batch, values, strict=True):
            if future.done():
                continue
            if isinstance(value, Exception):
                future.set_exception(value)
            else:
                future.set_result(value)
