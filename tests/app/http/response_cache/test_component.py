"""The cache of a process: it follows the events while the process serves, and has what the settings choose."""

import pytest
from pydantic import SecretStr

from app.events.metrics import EventMetrics
from app.events.nudges import RELAYED_CHANNEL
from app.events.relay import Relay
from app.http.listener import ListenerComponent
from app.http.response_cache import invalidation
from app.http.response_cache.component import ResponseCacheComponent
from app.http.response_cache.memory import MemoryCache
from app.http.response_cache.metrics import CacheMetrics
from app.http.response_cache.redis import PURPOSE, RedisCache
from app.http.runtime import Runtime
from app.kit.build import RELEASE
from app.kit.encryption import Cipher
from app.settings.cache import CacheSettings
from app.settings.errors import SettingsError
from app.settings.http import HttpSettings
from app.settings.redis import RedisSettings
from observability.metrics.metrics import Metrics
from tests.support.app import TestApp
from tests.support.response_cache import cached, invalidator_of, reading
from tests.support.waiting import PATIENCE, eventually
from tests.support.wire import WIRE

POSTS = f"/api/{WIRE}/posts"


def test_a_lost_nudge_costs_a_second_at_most() -> None:
    assert 0.1 <= invalidation._SECONDS <= 1


async def test_a_nudge_invalidates_what_an_event_changes(
    concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invalidation, "_SECONDS", 10.0 * PATIENCE)
    ada = await concurrent_app.person("ada@example.com")
    async with cached(concurrent_app) as app, app.client() as client, concurrent_app.client(ada.headers) as author:
        nudges = [call for name, call in app.runtime.get(ListenerComponent)._callbacks if name == RELAYED_CHANNEL]

        async def follows() -> bool:
            return invalidator_of(app)._position is not None

        async def is_invalidated() -> bool:
            return reading(app.runtime.metrics, "invalidations_total") > 0

        async with app.runtime.get(ResponseCacheComponent).running():
            await eventually(follows)
            assert (await client.get(POSTS)).is_success
            draft = {"title": "new", "content": "", "status": "published"}
            assert (await author.post(POSTS, json=draft)).status_code == 201
            await Relay(concurrent_app.runtime.database, Metrics().group(EventMetrics)).step()
            for nudge in nudges:
                nudge(None)
            await eventually(is_invalidated)
            assert b"new" in (await client.get(POSTS)).content


async def test_the_cache_is_connected_while_the_process_serves(
    test_app: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []

    async def note(act: str) -> None:
        acts.append(act)

    for name in ("open", "close"):
        monkeypatch.setattr(MemoryCache, name, lambda _cache, act=name: note(act))
    async with cached(test_app) as app:
        async with app.runtime.get(ResponseCacheComponent).running():
            assert acts == ["open"]
        assert acts == ["open", "close"]


async def test_a_process_without_a_cache_runs(test_app: TestApp) -> None:
    component = test_app.runtime.get(ResponseCacheComponent)
    assert component.reads is None
    async with component.running():
        component.nudge(None)
    await component.close()


def component_with(test_app: TestApp, redis: RedisSettings, **cache: object) -> ResponseCacheComponent:
    settings = test_app.runtime.settings.with_groups(CacheSettings.model_validate(cache), redis)
    return Runtime.build(settings, test_app.runtime.database).get(ResponseCacheComponent)


async def test_the_settings_choose_the_cache(test_app: TestApp) -> None:
    memory = component_with(test_app, RedisSettings(), backend="memory", ttl=2.5, max_bytes=20_000_000)._cache
    assert isinstance(memory, MemoryCache)
    assert (memory._ttl, memory._max_bytes) == (2.5, 20_000_000)
    redis = RedisSettings(url=SecretStr("redis://127.0.0.1:1"), timeout=0.025)
    shared = component_with(test_app, redis, backend="redis", ttl=2.5)
    assert isinstance(shared._cache, RedisCache)
    assert (shared._cache._ttl, shared._cache._release) == (2.5, RELEASE.encode())
    assert shared._cache._client._timeout == 0.025
    secret = test_app.runtime.settings[HttpSettings].cursor_key
    assert secret is not None
    assert Cipher(secret, PURPOSE).decrypt(shared._cache._cipher.encrypt(b"a", b""), b"") == b"a"
    await shared.close()
    with pytest.raises(SettingsError):
        component_with(test_app, RedisSettings(), backend="redis")


def test_the_lookups_of_each_version_start_at_zero() -> None:
    """``rate()`` misses an increment from absent to 1."""
    metrics = Metrics()
    metrics.group(CacheMetrics).start_at_zero(["v901", "v902"])
    for version in ("v901", "v902"):
        for outcome in ("hit", "miss", "collapsed"):
            labels = {"api_version": version, "outcome": outcome}
            assert metrics.registry.get_sample_value("response_cache_lookups_total", labels) == 0
