"""A share of all requests is sampled and checked later, without any effect on clients."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from observability.config import ObservabilityConfig
from observability.conformance.checker import ConformanceChecker, ConformanceConfig
from observability.conformance.contract import Contract
from observability.conformance.middleware import ConformanceMiddleware, share
from observability.install import install
from tests.support.exchanges import DOCUMENT, GOOD, Ledger, exchange
from tests.support.waiting import PATIENCE

LIMIT = 4096
ROUTE = "/api/v9/items/{item}"


def served(checker: ConformanceChecker | None, ratio: float) -> FastAPI:
    """An application of one version, which violates its contract if a query parameter requests it."""
    version = FastAPI(openapi_url=None)

    @version.get("/items/{item}")
    async def read(item: int, request: Request) -> Response:
        if "stream" in request.query_params:
            return StreamingResponse(pieces(), media_type="application/json")
        padding = "x" * int(request.query_params.get("padding", "0"))
        return JSONResponse({**GOOD, "id": item, "parts": []} | ({"name": padding} if padding else {}))

    @version.post("/items", status_code=201)
    async def write(request: Request) -> Response:
        # Not read to its end, so the body is incomplete in the sample.
        return JSONResponse(GOOD if request.query_params else {**GOOD, "name": (await request.json())["name"]}, 201)

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"id": 1, "name": ', b'"abc", ', b'"made": "2026-11-24T12:00:00Z"}'):
            yield piece

    app = FastAPI(openapi_url=None)
    app.mount("/api/v9", version)
    install(app, ObservabilityConfig(mounts={"/api/v9": "v9"}, conformance_ratio=ratio), checker=checker)
    return app


def client(app: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    path = tmp_path / "v9.openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


@pytest.fixture
def config(frozen: Path) -> ConformanceConfig:
    return ConformanceConfig(contracts={"v9": ("/api/v9", frozen)}, body_bytes=LIMIT)


@pytest.fixture
def checker(config: ConformanceConfig) -> Iterator[ConformanceChecker]:
    instance = ConformanceChecker(config, pause=0.01)
    yield instance
    if instance.running:
        instance.close()


async def settled(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_every_sampled_exchange_is_checked(checker: ConformanceChecker) -> None:
    ledger = Ledger()
    checker.start(ledger)
    async with client(served(checker, 1)) as caller:
        for path in ("7", "7?stream", "7?padding=9", "0"):
            assert (await caller.get(f"/api/v9/items/{path}")).status_code == 200
        assert (await caller.get("/api/v9/nothing")).status_code == 404
        assert (await caller.get("/outside")).status_code == 404
        assert (await caller.post("/api/v9/items", json={"name": "too long"})).status_code == 201
    await settled(lambda: ledger.checked.total() == 10 and ledger.violations.total() == 4)
    assert ledger.checked == {
        ("v9", "response", True): 3,
        ("v9", "response", False): 2,
        ("v9", "request", True): 3,
        ("v9", "request", False): 2,
    }
    assert ledger.violations == {
        ("v9", ROUTE, "response", "body"): 1,
        ("v9", ROUTE, "request", "path"): 1,
        ("v9", "/api/v9/items", "response", "body"): 1,
        ("v9", "/api/v9/items", "request", "body"): 1,
    }


async def test_request_with_an_unread_body_is_checked_without_it(checker: ConformanceChecker) -> None:
    ledger = Ledger()
    checker.start(ledger)
    async with client(served(checker, 1)) as caller:
        assert (await caller.post("/api/v9/items?unread", json={"name": "too long"})).status_code == 201
    await settled(lambda: ledger.checked.total() == 2)
    assert not ledger.violations


def test_share_is_correct_and_reproducible() -> None:
    draws, ratio = 200_000, 0.01
    chosen = share(ratio, seed=7)
    first = [chosen() for _ in range(draws)]
    deviation = (draws * ratio * (1 - ratio)) ** 0.5
    assert abs(sum(first) - draws * ratio) < 4 * deviation
    again = share(ratio, seed=7)
    assert [again() for _ in range(draws)] == first
    other = share(ratio, seed=8)
    assert [other() for _ in range(draws)] != first


async def test_sampling_is_decided_once_before_the_request_is_read(checker: ConformanceChecker) -> None:
    calls = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        calls.append((scope, receive, send))

    choices = iter([False, False])
    layer = ConformanceMiddleware(app, checker=checker, chosen=lambda: next(choices))
    for number in (1, 2):
        channel = (f"receive {number}", f"send {number}")
        await layer({"type": "http"}, *channel)  # type: ignore[arg-type]  # only passed on
        assert calls[-1] == ({"type": "http"}, *channel), "a request outside the sample must not be wrapped"
    assert next(choices, None) is None
    await layer({"type": "websocket"}, "receive", "send")  # type: ignore[arg-type]  # only passed on


def test_without_a_share_the_middleware_is_not_installed(checker: ConformanceChecker) -> None:
    def installed(checker: ConformanceChecker | None, ratio: float) -> bool:
        return any(layer.cls is ConformanceMiddleware for layer in served(checker, ratio).user_middleware)

    assert installed(checker, 0.01)
    assert not installed(checker, 0)
    assert not installed(None, 1)


async def test_body_above_the_limit_is_dropped_and_counted(checker: ConformanceChecker) -> None:
    ledger = Ledger()
    checker.start(ledger)
    async with client(served(checker, 1)) as caller:
        response = await caller.get(f"/api/v9/items/7?padding={LIMIT + 1}")
        assert len(response.content) > LIMIT
    assert ledger.dropped == {"too_large": 1}
    assert not ledger.checked


async def test_overload_drops_and_counts(config: ConformanceConfig) -> None:
    ledger = Ledger()
    # The checker polls too rarely for the length of its queue.
    checker = ConformanceChecker(config, pause=60, waiting=5)
    checker.start(ledger)
    async with client(served(checker, 1)) as caller:
        for _ in range(12):
            assert (await caller.get("/api/v9/items/7")).status_code == 200
    assert ledger.dropped == {"queue_full": 7}
    await asyncio.to_thread(checker.close)
    assert ledger.checked["v9", "response", True] == 5, "queued exchanges are checked at shutdown"


ELSEWHERE = '{"paths": {"/items/{item}": {"get": {"responses": {"200": {"$ref": "http://else/where"}}}}}}'


class Panic(BaseException):
    """A stand-in for pyo3's PanicException, which a crash in the Rust validator raises."""


@pytest.fixture(params=[RuntimeError, Panic, "{", "[]", ELSEWHERE])
def broken(request: pytest.FixtureRequest, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """An unusable contract, or a failing validator."""

    def fail(_self: Contract, _exchange: object) -> None:
        raise request.param

    if isinstance(request.param, type):
        monkeypatch.setattr(Contract, "check", fail)
    else:
        frozen.write_text(request.param)
    return request.param


@pytest.mark.usefixtures("broken")
async def test_response_is_independent_of_the_check(checker: ConformanceChecker) -> None:
    async def responses(app: FastAPI) -> list[tuple[int, bytes, list[str]]]:
        async with client(app) as caller:
            found = [
                await caller.get(f"/api/v9/{path}") for path in ("items/7", "items/7?stream", "items/x", "nothing")
            ]
        return [(response.status_code, response.content, sorted(response.headers)) for response in found]

    ledger = Ledger()
    checker.start(ledger)
    assert await responses(served(checker, 1)) == await responses(served(None, 0))
    await settled(lambda: ledger.dropped == {"failed": 3})
    assert not ledger.checked


async def test_contract_is_read_once_on_first_use(config: ConformanceConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, reads = Ledger(), []
    real = Contract.read

    def counting(path: Path, prefix: str) -> Contract:
        reads.append(path)
        return real(path, prefix)

    monkeypatch.setattr(Contract, "read", counting)
    checker = ConformanceChecker(config, pause=0.01)
    checker.start(ledger)
    await asyncio.sleep(0.1)
    assert not reads
    assert ledger.expected == (["v9"], {"queue_full", "too_large", "failed", "shutdown"})
    for _ in range(5):
        checker.submit(exchange("GET /items/{item}", "/items/7", answer=GOOD))
    await settled(lambda: ledger.checked.total() == 10)
    await asyncio.to_thread(checker.close)
    assert len(reads) == 1


async def test_unchecked_exchanges_at_shutdown_are_counted(
    config: ConformanceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = threading.Event(), threading.Event()

    def hang(_self: Contract, _exchange: object) -> None:
        began.set()
        ended.wait(30)

    monkeypatch.setattr(Contract, "check", hang)
    ledger = Ledger()
    checker = ConformanceChecker(config, pause=0.01)
    checker.start(ledger)
    for _ in range(5):
        checker.submit(exchange("GET /items/{item}", "/items/7", answer=GOOD))
    await asyncio.to_thread(began.wait, 10)
    await asyncio.to_thread(checker.close)
    assert ledger.dropped == {"shutdown": 5}, "the exchange in progress is counted, too"
    ended.set()
    await settled(lambda: not checker.running)


async def test_a_check_that_fails_after_shutdown_is_counted_once(
    config: ConformanceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = threading.Event(), threading.Event()

    def fail_late(_self: Contract, _exchange: object) -> None:
        began.set()
        ended.wait(30)
        raise RuntimeError

    monkeypatch.setattr(Contract, "check", fail_late)
    ledger = Ledger()
    checker = ConformanceChecker(config, pause=0.01)
    checker.start(ledger)
    checker.submit(exchange("GET /items/{item}", "/items/7", answer=GOOD))
    await asyncio.to_thread(began.wait, 10)
    await asyncio.to_thread(checker.close)
    ended.set()
    await settled(lambda: not checker.running)
    assert ledger.dropped == {"shutdown": 1}
