"""Counting in Redis, for any number of workers and hosts: one script, one round trip a decision."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import Usage, charged

_PREFIX: Final = "strata:limit"
_PER_POLICY: Final = 3
_LAST_PART: Final = 0.2
Answer = TypeVar("Answer")


def connect(url: str, connections: int) -> Redis:
    """A client that never tries twice: the second attempt would come when the answer is no longer wanted.

    It has no timeouts of its own, each of which would be one more timer for every decision: see ``RedisLimiter``.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=None,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisLimiter:
    """Implements ``Limiter``.

    Raises ``redis.exceptions.RedisError``, ``OSError`` or ``TimeoutError`` when Redis does not answer within
    ``timeout`` seconds, the wait for a free connection and for the connecting itself included.

    The clock is Redis' own unless one is given: hosts whose clocks differ would each see another window. Every key
    expires when it can no longer count, so memory holds two windows of callers and no more.
    """

    def __init__(self, client: Redis, timeout: float, clock: Callable[[], int] | None = None) -> None:
        self._client = client
        # redis-py leaves the types of this one method open.
        self._command: Callable[..., Awaitable[Any]] = client.execute_command
        self._timeout = timeout
        self._clock = clock
        self._script = (files(__package__) / "windows.lua").read_text()
        self._digest = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        keys = [f"{_PREFIX}:{{{subject}}}:{policy.name}:{policy.window}" for policy in rules.policies]
        arguments: list[str | int] = ["" if self._clock is None else self._clock()]
        for policy in rules.policies:
            arguments += (policy.quota, policy.milliseconds, charged(policy, cost))
        answer = await self._in_time(self._run(keys, arguments))
        counted, now, *counts = map(int, answer.split())
        usages = [Usage(*counts[start : start + _PER_POLICY]) for start in range(0, len(counts), _PER_POLICY)]
        return decide(rules, usages, cost, now, counted=bool(counted))

    async def prepare(self) -> None:
        """See to it that there is a connection and that Redis has the script. Raises as ``charge`` does."""
        await self._in_time(self._command("SCRIPT LOAD", self._script))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

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

    async def _run(self, keys: list[str], arguments: list[str | int]) -> bytes:
        try:
            answer: bytes = await self._command("EVALSHA", self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # Redis has been restarted, or never saw the script; EVAL keeps it.
            answer = await self._command("EVAL", self._script, len(keys), *keys, *arguments)
        return answer
