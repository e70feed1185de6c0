"""One call for those who ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Gathering(Generic[Q, A]):
    """Asks for many at once. While one call runs, those who come gather for the next one.

    ``ask`` gives an answer to each question, in their order; one that is an exception is raised to who asked. Where
    ``ask`` itself raises, it is raised to all whom the call was to serve. It must end in bounded time.

    Nobody waits for company: who finds nobody asks at once. And nobody is told what was known before the question: a
    call serves only those who came before it began.
    """

    __slots__ = ("_ask", "_busy", "_serving", "_waiting")

    def __init__(self, ask: Callable[[list[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._ask = ask
        self._busy = False
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def answer(self, question: Q) -> A:
        """The answer to one question. Raises what ``ask`` raises."""
        if self._busy:
            future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
            self._waiting.append((question, future))
            return await future
        self._busy = True
        try:
            answer = (await self._ask([question]))[0]
        finally:
            self._hand_on()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _hand_on(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            # A task of nobody's request: whoever goes away or runs out of time leaves the others theirs.
            self._serving = asyncio.get_running_loop().create_task(self._serve(), context=Context())

    async def _serve(self) -> None:
        asked, self._waiting = self._waiting, []
        try:
            answers = await self._ask([question for question, _ in asked])
        except Exception as error:  # noqa: BLE001 - it is raised to whoever asked
            answers = [error] * len(asked)
        finally:
            self._hand_on()
        for (_, future), answer in zip(asked, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
