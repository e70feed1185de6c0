"""No layer becomes more expensive unnoticed: instructions of the interpreter per request, compared with a baseline."""

import os
import shlex
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from app.access.principal import Role
from app.kit.db.nudges import Notifier
from app.settings.root import Settings
from app.settings.usage import UsageSettings
from tests.request_costs import baseline
from tests.request_costs.counting import InstructionCounter, layer_of
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect
from tests.support.wire import WIRE

WARM, MEASURED = 22, 5
"""Requests before the measurement of a kind of request, and in it: only some record a trace or flush counts, and only
the first twenty are evidence of usage in any case."""
SendRequest = Callable[[], Awaitable[httpx2.Response]]


async def cheapest(counter: InstructionCounter, send: SendRequest, status: int) -> dict[str, int]:
    """The least instructions of each layer, in several requests."""
    runs = []
    for _ in range(WARM + MEASURED):
        response = await send()
        assert response.status_code == status, response.text
        runs.append(counter.counts)
    least = {layer: min(run[layer] for run in runs[WARM:]) for layer in runs[-1]}
    return {layer: instructions for layer, instructions in least.items() if instructions}


def requests_of(
    dialect: Dialect, post: dict[str, str], known: httpx2.AsyncClient, anonymous: httpx2.AsyncClient
) -> dict[str, tuple[SendRequest, int]]:
    """The measured requests of a version, each with the status of its response."""
    posts, titles = f"{dialect.prefix}/posts", count()

    def edit() -> Awaitable[httpx2.Response]:
        request = dialect.edit_post(post, title=f"Edit {next(titles)}")
        found: Awaitable[httpx2.Response] = request.send(known)
        return found

    return {
        "one post": (partial(known.get, dialect.post_url(post)), 200),
        "list": (partial(known.get, posts), 200),
        "edit": (edit, 200),
        "anonymous list": (partial(anonymous.get, posts), 200),
        "invalid credentials": (partial(anonymous.get, posts, headers={"Authorization": "Bearer invalid"}), 401),
    }


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """Hardly any request is a sample of usage: how many are depends on the speed of the machine."""
    return settings.with_groups(UsageSettings(first_samples=0, sample_ratio=0.0001))


@pytest.fixture
async def costs(concurrent_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, int]]:
    """The instructions of the requests of each version, by layer.

    Without nudges: a request that takes longer than their pause would include those of the one before.
    """
    monkeypatch.setattr(Notifier, "send", lambda *_: None)
    ada = await concurrent_app.person("ada@example.com", Role.AUTHOR)
    counter = InstructionCounter(concurrent_app.app)
    transport = httpx2.ASGITransport(app=counter, raise_app_exceptions=False)
    found = {}
    async with (
        httpx2.AsyncClient(transport=transport, base_url="http://strata.test", headers=ada.headers) as client,
        httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as anonymous,
    ):
        for number in range(20):
            draft = {"title": f"Post {number}", "content": "Text.", "status": "published"}
            created = await client.post(f"/api/{WIRE}/posts", json=draft)
            assert created.status_code == 201, created.text
        for dialect in DIALECTS.values():
            for kind, (send, status) in requests_of(dialect, created.json(), client, anonymous).items():
                found[f"{dialect.name}: {kind}"] = await cheapest(counter, send, status)
    return found


async def test_no_layer_grows_by_more_than_a_tenth(costs: dict[str, dict[str, int]]) -> None:
    if os.environ.get(baseline.RECORD_VARIABLE) == "1":
        baseline.write(costs)
    if not baseline.FILE.exists():
        pytest.skip(f"no costs are recorded for Python {baseline.MINOR}: `make request-costs` records them")
    recorded = baseline.read()
    grown = {name: baseline.growth(recorded[name], layers) for name, layers in costs.items()}
    assert not {name: layers for name, layers in grown.items() if layers}, (
        "`make request-costs` records the new costs, if they are worth it"
    )
    assert costs.keys() == recorded.keys()


def test_a_layer_that_grows_is_named() -> None:
    recorded = {"app/posts": 1000, "starlette": 100}
    assert baseline.growth(recorded, {"app/posts": 1101, "starlette": 100}) == [
        "app/posts: 1101 instructions instead of 1000"
    ]
    assert baseline.growth(recorded, {"app/posts": 1000, "starlette": 100, "app/new": 26}) == [
        "app/new: 26 instructions instead of 0"
    ]
    spread = {f"layer {number}": 110 for number in range(10)}
    assert baseline.growth(dict.fromkeys(spread, 100), {**spread, "another": 20}) == [
        "all layers: 1120 instructions instead of 1000"
    ]
    assert baseline.growth(recorded, {"app/posts": 1100, "starlette": 60}) == []


def test_instructions_belong_to_the_layer_of_their_file() -> None:
    assert layer_of(httpx2.__file__) == "httpx2"
    assert layer_of(baseline.__file__) == "tests/request_costs"
    assert layer_of(shlex.__file__) == "python"


async def _nothing(*_: object) -> Any:
    """Neither a request nor a client."""


async def test_each_call_costs_the_same() -> None:
    async def instructions(calls: int) -> int:
        async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
            for _ in range(calls):
                shlex.quote("unsafe text")

        counter = InstructionCounter(app)
        await counter({}, _nothing, _nothing)
        return counter.counts["python"]

    one, two, three = [await instructions(calls) for calls in (1, 2, 3)]
    assert one > 0
    assert (two, three) == (2 * one, 3 * one)
