"""The page for operators: its statuses, members, rows and header fields, for programs and browsers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import httpx2
import pytest

from app.access.views import ApiKeyView, ConsumerView
from app.errors import Unavailable
from app.settings.database import DatabaseSettings
from app.web import operations
from versions.kit import typeid

TOKEN: Final = "t0ken"
UID = UUID("019b0000-0000-7000-8000-000000000001")
OTHER = UUID("019b0000-0000-7000-8000-000000000002")
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = ApiKeyView(
    uid=UID,
    owner_uid=OTHER,
    name="<ci>",
    hint="ab12",
    scopes=[],
    plan="pro",
    created_at=CREATED,
    expires_at=None,
    revoked_at=None,
    rotated_at=None,
    last_used_at=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    early_brownout_until=None,
    status="active",
)
OF_KEY = ConsumerView(UID, 7, "Ada & Co", "ada@example.com", is_active=True, key=KEY)
OF_USER = ConsumerView(OTHER, 8, "Ada", "other@example.com", is_active=False, key=None)
PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "Accept"}


class Consumers:
    """The consumers in the database, or the error of a look-up."""

    error: Exception | None = None
    closed = False
    opened: list[Any]

    async def find(self, uids: list[str]) -> dict[str, ConsumerView]:
        if self.error is not None:
            raise self.error
        return {str(each.uid): each for each in (OF_KEY, OF_USER) if str(each.uid) in uids}

    async def open(self, *given: Any) -> Any:
        self.opened = list(given)
        return SimpleNamespace(reads="reads", close=self.close)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> Consumers:
    found = Consumers()
    monkeypatch.setattr(operations, "ConsumerQueries", lambda reads: found if reads == "reads" else None)
    monkeypatch.setattr(operations.Database, "open", found.open)
    return found


@asynccontextmanager
async def client_of(**headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    app = operations.operations_app("postgresql://here", DatabaseSettings(lock_timeout=3), TOKEN)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        given = {"Authorization": f"Bearer {TOKEN}", **headers}
        async with httpx2.AsyncClient(transport=transport, base_url="http://operations.test", headers=given) as client:
            yield client


def _is_private(response: httpx2.Response) -> bool:
    return all(response.headers[name] == value for name, value in PRIVATE.items())


async def test_programs_get_the_members_of_a_consumer(consumers: Consumers) -> None:
    user = {"id": "7", "name": "Ada & Co", "active": True}
    key = {
        "id": typeid.encode("key", UID),
        "name": "<ci>",
        "hint": "ab12",
        "plan": "pro",
        "created_at": "2026-01-02T03:04:05Z",
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": "2026-02-03T04:05:06Z",
    }
    expected = {
        UID: {"consumer": str(UID), "key": key, "user": user},
        OTHER: {"consumer": str(OTHER), "key": None, "user": {"id": "8", "name": "Ada", "active": False}},
    }
    async with client_of() as client:
        for uid, document in expected.items():
            response = await client.get(f"/consumers/{uid}")
            assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
            assert _is_private(response)
            assert response.json() == document
    limited = DatabaseSettings(lock_timeout=3, read_pool_size=2, connect_timeout=2, statement_timeout=2)
    assert consumers.opened == ["postgresql://here", limited]
    assert consumers.closed


@pytest.mark.usefixtures("consumers")
async def test_browsers_get_a_table() -> None:
    rows = {
        "key id": typeid.encode("key", UID),
        "key name": "&lt;ci&gt;",
        "key hint": "ab12",
        "key plan": "pro",
        "key created at": "2026-01-02T03:04:05Z",
        "key expires at": "never",
        "key revoked at": "never",
        "key last used at": "2026-02-03T04:05:06Z",
        "user id": "7",
        "user name": "Ada &amp; Co",
        "user active": "yes",
    }
    table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows.items())
    async with client_of(Accept="text/html,*/*;q=0.8") as client:
        response = await client.get(f"/consumers/{UID}")
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert _is_private(response)
        body = f"<body><h1>Consumer</h1><p><code>{UID}</code></p><table>{table}</table></body>"
        assert body in response.text
        assert "<title>Consumer</title>" in response.text
        other = await client.get(f"/consumers/{OTHER}")
        assert re.findall(r"<th>user active</th><td>(\w+)</td>", other.text) == ["no"]
        assert "<th>key" not in other.text


@pytest.mark.parametrize("authorization", ["", "Bearer other", f"Basic {TOKEN}", "Bearer None"])
async def test_a_request_needs_the_token(consumers: Consumers, authorization: str) -> None:
    detail = "The request must present the token of STRATA_OPERATIONS__TOKEN as a bearer token."
    async with client_of(Authorization=authorization) as client:
        response = await client.get(f"/consumers/{UID}")
        page = await client.get(f"/consumers/{UID}", headers={"Accept": "text/html"})
    for each in (response, page):
        assert each.status_code == 401
        assert each.headers["www-authenticate"] == 'Bearer realm="operations"'
        assert _is_private(each)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {"title": "Unauthorized", "status": 401, "detail": detail, "code": "unauthorized"}
    assert f"<body><h1>Unauthorized</h1><p>{detail}</p></body>" in page.text
    assert consumers.opened


@pytest.mark.parametrize(
    ("consumer", "detail"),
    [
        ("anonymous", "'anonymous' is the sum of all requests without valid credentials, so it has no name."),
        ("other", "'other' is the sum of the consumers without a series of their own, so it has no name."),
        ("nonsense", "There is no API key and no user with this uid, or the user was deleted."),
    ],
)
async def test_what_has_no_name_is_not_found(consumers: Consumers, consumer: str, detail: str) -> None:
    async with client_of() as client:
        response = await client.get(f"/consumers/{consumer}")
    assert response.json() == {"title": "Not Found", "status": 404, "detail": detail, "code": "not_found"}
    assert (response.status_code, _is_private(response)) == (404, True)
    assert not consumers.error


@pytest.mark.parametrize("error", [Unavailable(), TimeoutError()], ids=["unavailable", "timeout"])
async def test_an_outage_is_reported(consumers: Consumers, error: Exception) -> None:
    consumers.error = error
    async with client_of() as client:
        response = await client.get(f"/consumers/{UID}")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert _is_private(response)
