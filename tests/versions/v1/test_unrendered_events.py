"""An event that v1 cannot render stops neither its streams nor its rooms."""

from tests.support.app import TestApp
from tests.support.unrendered import assert_room_skips, assert_stream_skips
from versions.v1.live import mapping


async def test_a_stream_skips_it(concurrent_app: TestApp) -> None:
    await assert_stream_skips(concurrent_app, await concurrent_app.person("ada@example.com"), "v1", "/api/v1/events")


async def test_a_room_skips_it(concurrent_app: TestApp) -> None:
    await assert_room_skips(concurrent_app, await concurrent_app.person("ada@example.com"), "v1", mapping)
