"""``Accept-Patch`` on responses to patches, and what the token endpoint does with keys and limits."""

import orjson
from starlette.requests import Request

from app.http.rate_limit.limits import QuotaExceeded
from observability.rate_limit.local import LocalLimiter
from observability.rate_limit.policies import PolicySet
from observability.requests.context import KEY, RequestContext
from tests.support.app import PASSWORD, TestApp
from versions.kit.typeid import encode
from versions.v2.auth.errors import render

TYPES = "application/json, application/merge-patch+json"


async def test_responses_to_patches_name_the_accepted_types(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        url = (await client.post("/api/v2/posts", json={"title": "T", "content": "C"})).headers["Location"]
        for path in (url, "/api/v2/me", f"/api/v2/users/{encode('usr', ada.user.uid)}"):
            field = "title" if path == url else "display_name"
            accepted = await client.patch(path, json={field: "N"})
            assert (accepted.status_code, accepted.headers["Accept-Patch"]) == (200, TYPES)
            rejected = await client.patch(path, content="x", headers={"Content-Type": "text/plain"})
            assert (rejected.status_code, rejected.headers["Accept-Patch"]) == (415, TYPES)
        assert "Accept-Patch" not in (await client.get(url)).headers


async def test_a_sign_in_is_never_repeated_from_a_stored_response(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    form = {"grant_type": "password", "username": ada.user.email, "password": PASSWORD}
    async with test_app.client({"Idempotency-Key": '"8e03978e"'}) as client:
        first, second = [await client.post("/api/v2/auth/token", data=form) for _ in range(2)]
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json()["refresh_token"] != second.json()["refresh_token"]
        assert "Idempotent-Replayed" not in second.headers
        wrong = await client.post("/api/v2/auth/token", data=form | {"password": "wrong"})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_grant")


async def test_the_general_limit_has_no_members_of_oauth() -> None:
    rules = PolicySet.parse("anonymous", {"burst": "1/day"})
    limiter = LocalLimiter(10)
    await limiter.charge("a", rules)
    context = RequestContext("1", "2", "3", parent_span_id=None, api_version="v2")
    scope = {"type": "http", "method": "POST", "path": "/api/v2/auth/token", "headers": [], "state": {KEY: context}}
    response = render(Request(scope), QuotaExceeded(await limiter.charge("a", rules)))
    document = orjson.loads(bytes(response.body))
    assert (response.status_code, document["violated-policies"]) == (429, ["burst"])
    assert "error" not in document
