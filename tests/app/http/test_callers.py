"""What a request records about its caller and its rejection: the plan, the code of the error and the policies."""

import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.access.commands import KeyDraft
from app.access.service import ApiKeyService
from app.auth.errors import TooManyAttempts
from app.errors import DomainError, NotFound, TimedOut, Unavailable
from app.http.key_use import KeyUseComponent
from app.plans.built_in import PLANS
from app.plans.names import TEST
from observability.requests.context import KEY, RequestContext, current
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.transactions import rows
from versions.registry import VERSIONS

RENDERERS = {version.name: import_module(f"versions.{version.name}.app").render for version in VERSIONS}
TOO_MANY = "https://iana.org/assignments/http-problem-types#quota-exceeded"
OVERLOAD = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


async def test_a_request_has_the_plan_of_its_key(test_app: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    ada = await test_app.person("ada@example.com")
    plans = [plan.name for plan in PLANS if plan.name != TEST]
    for plan in plans:
        async with test_app.runtime.database.write() as session:
            _, key = await ApiKeyService(session).create(KeyDraft(ada.user.id, "test", ["posts:read"], plan=plan))
        async with test_app.client({"X-API-Key": key}) as client:
            assert (await client.get("/api/v2/posts")).status_code == 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["plan"] for line in lines if line["event"] == "request"] == plans


async def test_a_key_and_its_successor_are_one_consumer(test_app: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        service = ApiKeyService(session)
        key, text = await service.create(KeyDraft(ada.user.id, "test", ["posts:read"]))
        await session.flush()
        _, _, successor = await service.rotate(key.uid, timedelta(days=1))
    for each in (text, successor):
        async with test_app.client({"X-API-Key": each}) as client:
            assert (await client.get("/api/v2/posts")).status_code == 200
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    found = [(line["consumer"], line["key"], line["user"]) for line in lines if line["event"] == "request"]
    assert found == [(str(key.uid), str(key.uid), str(ada.user.uid))] * 2
    await test_app.runtime.get(KeyUseComponent).flush()
    used = await rows(test_app, "SELECT hint FROM api_keys WHERE last_used_at IS NOT NULL ORDER BY id")
    assert [row["hint"] for row in used] == [text[:12], successor[:12]], "each of them has its last use"


@pytest.mark.parametrize("version", RENDERERS)
@pytest.mark.parametrize(
    ("error", "status", "policy", "kind"),
    [
        (NotFound(), 404, None, "/problems/not_found"),
        (TooManyAttempts(retry_after=1, context={"policy": "login"}), 429, "login", TOO_MANY),
        (Unavailable(), 503, None, OVERLOAD),
        (TimedOut(), 504, None, "/problems/timeout"),
    ],
)
def test_a_rejection_is_recorded_for_the_log(
    version: str, error: DomainError, status: int, policy: str | None, kind: str
) -> None:
    context = RequestContext("1", "2", "3", parent_span_id=None, api_version=version)
    scope = {"type": "http", "method": "GET", "path": "/api", "headers": [], "state": {KEY: context}}
    render: Callable[[Request, Exception], Response] = RENDERERS[version]
    response = render(Request(scope), error)
    assert response.status_code == status
    assert (current(scope).problem, current(scope).policy) == (error.code, policy)
    if DIALECTS[version].has_codes:
        assert f'"type":"{kind}"'.encode() in bytes(response.body)
