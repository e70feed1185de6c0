"""A process that charges units as fast as it can: ``python -m tests.support.limiter_load URL ATTEMPTS POLICY``."""

import asyncio
import sys

from observability.rate_limit.policies import PolicySet
from observability.rate_limit.redis import RedisLimiter


async def charge_units(url: str, attempts: int, policy: str) -> int:
    """The number of admitted attempts."""
    limiter = RedisLimiter(url, 10)
    rules = PolicySet.parse("test", {"burst": policy})
    decisions = await asyncio.gather(*(limiter.charge("one", rules) for _ in range(attempts)))
    await limiter.close()
    return sum(decision.allowed for decision in decisions)


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(charge_units(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
