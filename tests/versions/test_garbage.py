"""A process that serves hardly ever looks for cycles, so reads must leave none."""

import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Message

from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.waiting import PATIENCE

REQUESTS = 40
ROUNDS = 12
"""At most."""
PATHS = [
    *(dialect.me for dialect in DIALECTS.values()),
    *(f"{dialect.prefix}/{path}" for dialect in DIALECTS.values() for path in ("posts", "nowhere")),
]
"""Not a single post, whose view v1 counts: a statement that SQLAlchemy builds leaves five objects."""


@pytest.fixture
async def uncollected() -> AsyncIterator[None]:
    """Nobody collects behind the test's back."""
    gc.disable()
    yield
    gc.enable()


async def get(test_app: TestApp, path: str, key: str) -> int:
    """One request by the protocol alone: a client would leave cycles of its own."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"strata.test"), (b"x-api-key", key.encode())],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await test_app.app(scope, receive, send)
    return int(statuses[0])


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("path", PATHS)
async def test_a_read_leaves_no_cycles(test_app: TestApp, path: str) -> None:
    person = await test_app.person("ada@example.com")
    client = test_app.client(person.headers)
    post = {"title": "Strata", "content": "Rock in layers.", "status": "published"}
    assert (await client.post("/api/v2/posts", json=post)).status_code == 201
    expected = 404 if path.endswith("nowhere") else 200
    assert await get(test_app, path, person.key) == expected
    unreachable: list[int] = []
    # Background tasks leave cycles in some rounds; those of the request path appear in each, several for each request.
    while len(unreachable) < ROUNDS and min(unreachable, default=REQUESTS) >= REQUESTS:
        gc.collect()
        assert [await get(test_app, path, person.key) for _ in range(REQUESTS)] == [expected] * REQUESTS
        unreachable.append(gc.collect())
    assert min(unreachable) < REQUESTS


def test_the_served_application_leaves_what_was_built_alone(tmp_path: Path) -> None:
    program = (
        "import gc; from app.asgi import create_app; before = gc.get_threshold()[0]; create_app();"
        "print(gc.get_threshold()[0] > 10 * before, gc.get_freeze_count() > 50_000, gc.isenabled())"
    )
    environment = {"STRATA_HOME": str(tmp_path), "STRATA_DATABASE__URL": "postgresql://nobody@127.0.0.1/x"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "True True True\n"
