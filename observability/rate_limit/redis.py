"""Counting in Redis, for any number of workers and hosts: one script, one round trip a decision."""

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import Usage, charged

_PREFIX: Final = "strata:limit"
_PER_POLICY: Final = 3


def connect(url: str, timeout: float, connections: int) -> Redis:
    """A client that never tries twice: the second attempt would come when the answer is no longer wanted.

    Who finds every connection in use waits for one, no longer than ``timeout`` seconds.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class RedisLimiter:
    """Implements ``Limiter``. Raises ``redis.exceptions.RedisError`` and ``OSError`` when Redis does not answer.

    The clock is Redis' own unless one is given: hosts whose clocks differ would each see another window. Every key
    expires when it can no longer count, so memory holds two windows of callers and no more.
    """

    def __init__(self, client: Redis, clock: Callable[[], int] | None = None) -> None:
        self._client = client
        # redis-py leaves the types of this one method open.
        self._command: Callable[..., Awaitable[Any]] = client.execute_command
        self._clock = clock
        self._script = (files(__package__) / "windows.lua").read_text()
        self._digest = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        keys = [f"{_PREFIX}:{{{subject}}}:{policy.name}:{policy.window}" for policy in rules.policies]
        arguments: list[str | int] = ["" if self._clock is None else self._clock()]
        for policy in rules.policies:
            arguments += (policy.quota, policy.milliseconds, charged(policy, cost))
        counted, now, *counts = await self._run(keys, arguments)
        usages = [Usage(*counts[start : start + _PER_POLICY]) for start in range(0, len(counts), _PER_POLICY)]
        return decide(rules, usages, cost, now, counted=bool(counted))

    async def ping(self) -> None:
        """Raises as ``charge`` does."""
        await self._command("PING")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _run(self, keys: list[str], arguments: list[str | int]) -> list[int]:
        try:
            counts: list[int] = await self._command("EVALSHA", self._digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # Redis has been restarted, or never saw the script; EVAL keeps it.
            counts = await self._command("EVAL", self._script, len(keys), *keys, *arguments)
        return counts
