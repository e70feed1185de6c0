"""Transfers have limits of their own, which are found before routing, and places of their own."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.types import Message, Receive, Scope, Send

from app.http.middleware import size_limits
from app.http.middleware.load_shedding import Capacity
from app.http.middleware.size_limits import (
    BodyLimits,
    BodyTimeout,
    BodyTooLarge,
    HeadLimits,
    RequestSizeLimitMiddleware,
)
from app.http.runtime import Runtime
from app.http.state import RequestState, state_of
from app.http.transfer_metrics import TransferMetrics
from app.http.transfers import LOWEST_RATE, Transfer, TransferCapacity, transfer_of
from app.settings.http import HttpSettings
from observability.metrics.metrics import Metrics
from tests.support.admission import PREFIX, REJECTED, admitting
from tests.support.app import TestApp
from tests.support.wire import WIRE
from versions.kit.application import _find_transfer
from versions.kit.operations import SIGNED_IN, Operations

UPLOAD = Transfer(max_body=500)
OTHERS = BodyLimits(size=100, timeout=60, rate=7)


async def never(*_: Any) -> Any:
    raise AssertionError


def test_the_limits_of_an_operation_stand_in_its_document() -> None:
    declared = Operations(lambda _: {}, ()).declare("a.upload", security=SIGNED_IN, needs=(), transfer=UPLOAD)
    document = declared["openapi_extra"]
    assert (document["x-max-body"], document["x-min-rate"]) == (500, LOWEST_RATE) == (500, 1000)
    assert transfer_of(document) == UPLOAD
    download = Operations(lambda _: {}, ()).declare("a.get", security=SIGNED_IN, needs=(), transfer=Transfer())
    assert "x-max-body" not in download["openapi_extra"]
    assert transfer_of(download["openapi_extra"]) == Transfer(None, 1000)
    assert transfer_of({"x-rate-limit-cost": 3}) is None
    assert transfer_of(None) is None


async def respond() -> None:
    """An operation."""


def test_a_transfer_is_found_by_method_and_path() -> None:
    router = APIRouter()
    router.add_api_route("/files", respond, methods=["POST"], openapi_extra=UPLOAD.document())
    router.add_api_route("/files", respond, methods=["GET"])
    router.add_api_route("/files/{file_id}/content", respond, methods=["GET"], openapi_extra=Transfer().document())
    find = _find_transfer([router])
    assert find("POST", "/files") == UPLOAD
    assert find("GET", "/files/7/content") == Transfer()
    assert [find(*one) for one in (("GET", "/files"), ("POST", "/files/7"), ("POST", "/posts"))] == [None] * 3


@pytest.mark.parametrize(("transfer", "largest"), [(UPLOAD, 500), (Transfer(), 100), (None, 100)])
async def test_a_body_may_have_the_size_of_its_operation(transfer: Transfer | None, largest: int) -> None:
    async def read(size: int, headers: list[tuple[bytes, bytes]]) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"x" * size, "more_body": False}

        async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
            await receive()

        state = RequestState()
        state.transfer = transfer
        scope = {"type": "http", "headers": headers, "path": "/", "query_string": b"", "state": {"request": state}}
        middleware = RequestSizeLimitMiddleware(application, head=HeadLimits(100, 1000, 10), body=OTHERS)
        await middleware(scope, receive, never)

    await read(largest, [(b"content-length", b"%d" % largest)])
    with pytest.raises(BodyTooLarge):
        await read(0, [(b"content-length", b"%d" % (largest + 1))])
    with pytest.raises(BodyTooLarge):
        await read(largest + 1, [])


def test_the_rate_of_a_transfer_replaces_that_of_others() -> None:
    assert OTHERS.of_transfer(UPLOAD) == BodyLimits(size=500, timeout=60, rate=1000)
    assert OTHERS.of_transfer(None) == OTHERS


async def test_bytes_that_arrived_fast_buy_no_more_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    assert size_limits._LONGEST_CREDIT == 60
    monkeypatch.setattr(size_limits, "_LONGEST_CREDIT", 0.3)
    parts = iter([b"x" * 100_000])

    async def burst_then_drip() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": next(parts, b"x"), "more_body": True}

    receive = size_limits._BoundedReceive(burst_then_drip, BodyLimits(size=10**6, timeout=0.2, rate=1000))
    received: list[int] = []

    async def read_all() -> None:
        while True:
            received.append(len((await receive())["body"]))

    with pytest.raises(BodyTimeout):
        await read_all()
    assert sum(received) < 100_000 + 50, "100,000 bytes would buy 100 seconds"


async def test_transfers_and_requests_do_not_take_places_from_each_other(test_app: TestApp) -> None:
    requests, transfers = test_app.runtime.get(Capacity), test_app.runtime.get(TransferCapacity)
    finish, kinds = asyncio.Event(), []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        kinds.append(state_of(scope).transfer)
        await finish.wait()

    def find(method: str, path: str) -> Transfer | None:
        return UPLOAD if (method, path) == ("POST", "/files") else None

    middleware, sent = admitting(application, find), []

    async def send(message: Message) -> None:
        sent.append(message)

    def serve(path: str) -> Any:
        state = dict(test_app.runtime.state())
        scope = {"type": "http", "method": "POST", "path": f"{PREFIX}{path}", "root_path": "", "state": state}
        return asyncio.create_task(middleware(scope, never, send))

    def active(direction: str) -> float:
        found = test_app.runtime.metrics.registry.get_sample_value(
            "transfers_active", {"api_version": WIRE, "direction": direction}
        )
        return found or 0

    before = active("upload")
    limits = requests.limit, transfers.limit
    requests.limit, transfers.limit = requests.in_use + 1, 1
    try:
        tasks = [serve("/files"), serve("/posts")]
        await asyncio.sleep(0)
        assert (requests.in_use, transfers.in_use) == (requests.limit, 1)
        assert active("upload") == before + 1
        for path in ("/files", "/posts"):
            await serve(path)
        assert sent == [REJECTED] * 2
        finish.set()
        await asyncio.gather(*tasks)
    finally:
        requests.limit, transfers.limit = limits
    assert (kinds, transfers.in_use) == ([UPLOAD, None], 0)
    assert (active("upload"), active("download")) == (before, 0)


async def test_the_settings_limit_transfers(test_app: TestApp) -> None:
    settings = test_app.runtime.settings
    limited = {"max_concurrent_requests": 30, "max_concurrent_transfers": 7}
    settings = settings.with_groups(settings[HttpSettings].model_copy(update=limited))
    assert Runtime.build(settings, test_app.runtime.database).get(TransferCapacity).limit == 7


async def test_the_limit_of_transfers_is_shown_while_the_process_serves() -> None:
    metrics = Metrics()
    capacity = TransferCapacity(7, metrics.group(TransferMetrics))
    async with capacity.running():
        assert metrics.registry.get_sample_value("transfers_limit") == 7
    assert metrics.registry.get_sample_value("transfers_limit") == 0
