"""Which client addresses share an anonymous quota."""

import http_sf
import httpx2
import pytest

from tests.support.app import TestApp


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("203.0.113.1", "203.0.113.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
    ],
)
async def test_addresses_of_one_subscriber_share_a_quota(
    test_app: TestApp, first: str, second: str, *, same: bool
) -> None:
    """An IPv6 subscriber has 2^64 addresses and one quota."""
    remaining = []
    for host in (first, second):
        transport = httpx2.ASGITransport(app=test_app.app, client=(host, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
            response = await client.get("/api/v2/nowhere")
            ((_, policy),) = http_sf.parse(response.headers["RateLimit"].encode(), tltype="list")[:1]
            remaining.append(policy["r"])
    assert remaining[0] - remaining[1] == int(same)
