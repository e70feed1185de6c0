"""The span of a request: its ids, name and attributes, and when it is kept."""

from collections.abc import Callable
from typing import Any

from tests.support.collector import Collector

Lines = Callable[[], list[dict[str, Any]]]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_a_request_is_a_span_with_the_ids_of_its_response(collector: Collector, traced: Any) -> None:
    async with traced() as app:
        response = await app.client.get("/api/v2/posts/7?api_key=sk_live_secret", headers={"User-Agent": "curl/8"})
    (span,) = collector.spans
    assert response.headers["traceresponse"] == f"00-{span.trace_id}-{span.span_id}-01"
    assert response.headers["server-timing"] == f'trace;desc="00-{span.trace_id}-{span.span_id}-01"'
    assert (span.name, span.kind, span.parent_id, span.error) == ("GET /api/v2/posts/{post_id}", "SERVER", "", False)
    assert 0 < span.milliseconds < 5_000
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v2/posts/{post_id}",
        "http.response.status_code": 200,
        "http.response.body.size": len(response.content),
        "url.path": "/api/v2/posts/7",
        "url.scheme": "http",
        "server.address": "strata.test",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "strata.request_id": response.headers["x-request-id"],
        "api.version": "v2",
        "api.consumer.id": "key_1",
        "api.consumer.tier": "free",
    }
