"""Counts in Redis, for any number of workers and hosts: one script call, batched over concurrent requests."""

import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from redis.exceptions import NoScriptError

from observability.rate_limit.limiter import Decision, decide
from observability.rate_limit.local import LocalLimiter, wall_clock
from observability.rate_limit.policies import PolicySet
from observability.rate_limit.windows import charged_units
from observability.redis.client import RedisClient
from observability.redis.connection import pack
from observability.tracing.recording import client_span

_PREFIX: Final = "strata:limit"
_PER_POLICY: Final = 3
_SPAN: Final = ("EVALSHA", {"db.system.name": "redis", "db.operation.name": "EVALSHA"})


class RedisLimiter:
    """Implements ``Limiter``.

    Raises ``redis.exceptions.RedisError``, ``OSError`` or ``TimeoutError`` if Redis does not reply within ``timeout``
    seconds, including the wait for a running batch and for the connection.

    Uses Redis' own clock unless ``clock`` is given: hosts with different clocks would count in different windows. Every
    key expires when it no longer affects a decision, so memory is bounded by the clients of two windows.

    ``mirror`` continues from the newest counters of each client when Redis does not reply.
    """

    def __init__(
        self, url: str, timeout: float, clock: Callable[[], int] | None = None, mirror: LocalLimiter | None = None
    ) -> None:
        self._client = RedisClient(url, timeout)
        self._clock = clock
        self._time = clock or wall_clock
        self._mirror = mirror
        self._script = (files(__package__) / "windows.lua").read_bytes()
        self._digest = hashlib.sha1(self._script, usedforsecurity=False).hexdigest().encode()

    async def charge(self, subject: str, rules: PolicySet, cost: int = 1) -> Decision:
        """See ``Limiter``."""
        numbers = [b"" if self._clock is None else b"%d" % self._clock()]
        keys = []
        for policy in rules.policies:
            keys.append(f"{_PREFIX}:{{{subject}}}:{policy.name}:{policy.window}".encode())
            numbers += (b"%d" % policy.quota, b"%d" % policy.milliseconds, b"%d" % charged_units(policy, cost))
        with client_span(*_SPAN):
            reply = await self._client.in_time(self._run([b"%d" % len(keys), *keys, *numbers]))
        counted, now, *counts = map(int, reply.split())
        usages = list(zip(*[iter(counts)] * _PER_POLICY, strict=True))
        ours = self._time()
        if self._mirror is not None:
            self._mirror.adopt(subject, rules, usages, now, now - ours)
        return decide(rules, usages, cost, ours, counted=bool(counted))

    async def prepare(self) -> None:
        """Connect and load the script into Redis. Raises as ``charge`` does."""
        await self._client.in_time(self._client.send(pack([b"SCRIPT", b"LOAD", self._script])))

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    async def _run(self, arguments: list[bytes]) -> bytes:
        try:
            replies = await self._client.send(pack([b"EVALSHA", self._digest, *arguments]))
        except NoScriptError:
            # Redis was restarted, or does not have the script yet; EVAL also stores it.
            replies = await self._client.send(pack([b"EVAL", self._script, *arguments]))
        reply: bytes = replies[0]
        return reply
