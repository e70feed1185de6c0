"""The CPU time of conformance checks, as the minimum of several runs: ``python -m
tests.observability.conformance.cost``.

These figures are too small for a benchmark of whole requests, where they disappear in the noise.

Recorded in November 2026 on a busy machine with two cores: 45 µs to check a post, 105 µs for a page of 20 posts, 0.5 µs
for a request that is not sampled, 27 ms once per version to read its contract.
"""

import asyncio
import sys
import time
import timeit
from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.types import Message, Receive, Scope, Send

from observability.conformance.checker import ConformanceChecker, ConformanceConfig
from observability.conformance.contract import Contract
from observability.conformance.exchange import Exchange
from observability.conformance.middleware import ConformanceMiddleware, share
from tests.support.operations import document

TIMES, ROUNDS = 300, 7
PREFIX: Final = "/api/v2"
POST: Final = {
    "id": "post_01jwxq7c8gfq8sh1tbp9xqk3ma",
    "v901_id": 7,
    "author_id": "usr_01jwxq7c8gfq8sh1tbp9xqk3ma",
    "title": "Strata",
    "content": "Rock in layers tells its history. " * 10,
    "status": "published",
    "published_at": "2026-11-24T12:00:00.123456Z",
    "view_count": 3,
    "created_at": "2026-11-24T12:00:00.123456Z",
    "updated_at": "2026-11-24T12:00:00.123456Z",
}
HEADERS: Final = [
    (name.encode(), b"v2")
    for name in (
        *(
            "api-version",
            "x-request-id",
            "traceresponse",
            "server-timing",
            "ratelimit",
            "ratelimit-policy",
            "etag",
            "link",
        ),
    )
]


def micros(act: Callable[[], object], times: int = TIMES) -> float:
    act()
    return min(timeit.repeat(act, number=times, repeat=ROUNDS, timer=time.thread_time)) / times * 1e6


def exchange(route: str, path: str, body: Any) -> Exchange:
    return Exchange(
        version="v2",
        route=f"{PREFIX}{route}",
        method="GET",
        path=f"{PREFIX}{path}",
        query=b"limit=20" if route == "/posts" else b"",
        status=200,
        request_headers=[(b"host", b"api"), (b"x-api-key", b"sk_live_x"), (b"accept", b"*/*")],
        request_body=[],
        response_headers=[(b"content-type", b"application/json"), *HEADERS],
        response_body=[orjson.dumps(body)],
        request_id="r",
        trace_id="t",
        span_id="s",
    )


def layer_cost(ratio: float) -> float:
    """Return the cost of the middleware around an empty application, without the cost of the application."""

    async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        return

    checker = ConformanceChecker(ConformanceConfig(contracts={}))
    layer = ConformanceMiddleware(nothing, checker=checker, chosen=share(ratio))
    scope = {"type": "http"}

    def running(app: Any) -> float:
        async def many() -> float:
            started = time.thread_time()
            for _ in range(20_000):
                await app(scope, receive, send)
            return (time.thread_time() - started) / 20_000 * 1e6

        return min(asyncio.run(many()) for _ in range(ROUNDS))

    return running(layer) - running(nothing)


def main() -> None:
    contract = Contract(document("v2"), PREFIX)
    page = {"data": [POST] * 20, "next_cursor": "abc", "has_more": True}
    for name, given in (
        ("check one post", exchange("/posts/{post_id}", f"/posts/{POST['id']}", POST)),
        ("check a page of 20 posts", exchange("/posts", "/posts", page)),
    ):
        result = contract.check(given)
        assert result is not None
        assert not result.violations, result.violations
        sys.stdout.write(f"{name:<50}{micros(lambda given=given: contract.check(given)):10.1f} µs\n")
    started = time.thread_time()
    Contract(document("v2"), PREFIX)
    sys.stdout.write(f"{'read a contract, once':<50}{(time.thread_time() - started) * 1e6:10.1f} µs\n")
    sys.stdout.write(f"{'a request that is not sampled':<50}{layer_cost(0):10.2f} µs\n")


if __name__ == "__main__":
    main()
