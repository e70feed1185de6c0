"""Settings of the response cache."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from app.settings.errors import variable
from app.settings.group import Group, Groups
from app.settings.redis import RedisSettings


class CacheSettings(Group, name="cache"):
    """Finished responses to anonymous lists and searches of posts. Requests with credentials never use the cache."""

    backend: Literal["none", "memory", "redis"] = Field(
        "none", description="memory: in each process; redis: shared by all processes, needs redis.url"
    )
    ttl: float = Field(1.0, gt=0, le=5, description="seconds; bounds the age of a response if no event invalidates it")
    max_bytes: int = Field(67_108_864, ge=1_048_576, description="of the responses that one process stores in memory")

    def conflicts(self, groups: Groups) -> Sequence[str]:
        """See ``Group``."""
        if self.backend != "redis" or groups[RedisSettings].url is not None:
            return ()
        backend, url = variable("cache", "backend"), variable("redis", "url")
        return (f"{backend} is redis, but {url} is not set: set it, or choose memory or none",)
