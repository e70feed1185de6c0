"""Counting in Redis, for any number of workers and hosts: one script, a round trip shared by all that ask at once."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final, TypeVar

from redis.exceptions import NoScriptError

from observability.concurrency.coalescer import RequestCoalescer
from observability.rate_limit.connection import Connection, pack
from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import charged
from observability.tracing.recording import client_span

_PREFIX: Final = "strata:limit"
_PER_POLICY: Final = 3
_LAST_PART: Final = 0.2
_ABANDONED: Final = 20
_SPAN: Final = ("EVALSHA", {"db.system.name": "redis", "db.operation.name": "EVALSHA"})
Answer = TypeVar("Answer")


class RedisLimiter:
    """Implements ``Limiter``.

    Raises ``redis.exceptions.RedisError``, ``OSError`` or ``TimeoutError`` when Redis does not answer within
    ``timeout`` seconds, the wait for others' answers and for the connecting itself included.

    The clock is Redis' own unless one is given: hosts whose clocks differ would each see another window. Every key
    expires when it can no longer count, so memory holds two windows of callers and no more.
    """

    def __init__(self, url: str, timeout: float, clock: Callable[[], int] | None = None) -> None:
        # Each caller has its own time to wait. This ends a call that nobody waits for any more, and is long enough that
        # a loop that was held up is not taken for a silent Redis.
        self._connection = Connection(url, _ABANDONED * timeout)
        self._replies = RequestCoalescer(self._connection.call)
        self._timeout = timeout
        self._clock = clock
        self._script = (files(__package__) / "windows.lua").read_bytes()
        self._digest = hashlib.sha1(self._script, usedforsecurity=False).hexdigest().encode()

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        numbers = [b"" if self._clock is None else b"%d" % self._clock()]
        keys = []
        for policy in rules.policies:
            keys.append(f"{_PREFIX}:{{{subject}}}:{policy.name}:{policy.window}".encode())
            numbers += (b"%d" % policy.quota, b"%d" % policy.milliseconds, b"%d" % charged(policy, cost))
        with client_span(*_SPAN):
            answer = await self._in_time(self._run([b"%d" % len(keys), *keys, *numbers]))
        counted, now, *counts = map(int, answer.split())
        usages = list(zip(*[iter(counts)] * _PER_POLICY, strict=True))
        return decide(rules, usages, cost, now, counted=bool(counted))

    async def prepare(self) -> None:
        """See to it that there is a connection and that Redis has the script. Raises as ``charge`` does."""
        await self._in_time(self._replies.get(pack([b"SCRIPT", b"LOAD", self._script])))

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _in_time(self, answer: Awaitable[Answer]) -> Answer:
        """The answer, or ``TimeoutError``: in time is whatever the loop finds, however late the loop itself comes.

        A loop that was held up finds timers that are due and answers that have long been there, and runs the timers
        first. So the last part of the wait begins only when the first is over, and the loop reads in between.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as patience:
            rest = self._timeout * _LAST_PART
            timer = loop.call_later(self._timeout - rest, lambda: patience.reschedule(loop.time() + rest))
            try:
                return await answer
            finally:
                timer.cancel()

    async def _run(self, arguments: list[bytes]) -> bytes:
        try:
            answer = await self._replies.get(pack([b"EVALSHA", self._digest, *arguments]))
        except NoScriptError:
            # Redis has been restarted, or never saw the script; EVAL keeps it.
            answer = await self._replies.get(pack([b"EVAL", self._script, *arguments]))
        return answer
