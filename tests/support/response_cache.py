"""Applications with a response cache, and what it counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from app.http.rate_limit.limits import RateLimits
from app.http.response_cache.component import ResponseCacheComponent
from app.http.response_cache.invalidation import Invalidator
from app.http.runtime import Runtime
from app.main import create_app
from app.settings.cache import CacheSettings
from app.settings.redis import RedisSettings
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp


@asynccontextmanager
async def cached(
    test_app: TestApp, backend: str = "memory", *, ttl: float = 5.0, url: str | None = None
) -> AsyncIterator[TestApp]:
    """Another process over the same database, with a cache. It follows no events: see ``invalidator_of``."""
    cache = CacheSettings.model_validate({"backend": backend, "ttl": ttl})
    redis = RedisSettings(url=None if url is None else SecretStr(url))
    settings = test_app.runtime.settings.with_groups(cache, redis)
    found = TestApp(create_app(settings), Runtime.build(settings, test_app.runtime.database))
    try:
        yield found
    finally:
        await found.runtime.get(ResponseCacheComponent).close()
        await found.runtime.get(RateLimits).close()


def invalidator_of(test_app: TestApp) -> Invalidator:
    """What follows the events of an application with a cache."""
    invalidator = test_app.runtime.get(ResponseCacheComponent).invalidator
    assert invalidator is not None
    return invalidator


def reading(metrics: Metrics, name: str, **labels: str) -> float:
    """The sum of the series of ``response_cache_<name>`` that have these labels."""
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == f"response_cache_{name}" and labels.items() <= sample.labels.items()
    )
