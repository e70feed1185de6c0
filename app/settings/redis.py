"""Settings of Redis."""

from pydantic import Field, SecretStr

from app.settings.group import Group


class RedisSettings(Group, name="redis"):
    """Redis 6 or newer, for what all workers and hosts share: counters, and responses with ``cache.backend``.

    Without a URL each process counts alone.
    """

    url: SecretStr | None = Field(None, description="redis://, rediss:// or unix://")
    timeout: float = Field(0.05, gt=0, le=0.05, description="seconds to wait before this process goes on alone")
