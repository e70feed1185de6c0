"""Limits as a client of either version meets them."""

from collections.abc import Iterator
from typing import Any

import http_sf
import httpx2
import pytest

from app.access import keys
from app.access.commands import KeyDraft
from app.access.principal import Role
from app.access.service import ApiKeyService
from app.posts.reader import PostReader
from app.settings.auth import AuthSettings
from app.settings.rate_limit import RateLimitSettings
from app.settings.root import Settings
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.limits import plans_with
from tests.support.wire import WIRE

ANONYMOUS, FREE, REJECTED = 8, 24, 5
HEADERS = {name: dialect.rate_limit_headers for name, dialect in DIALECTS.items()}
EVERY = frozenset().union(*HEADERS.values())
both = pytest.mark.parametrize("version", DIALECTS)


@pytest.fixture(autouse=True)
def _plans(_generous_plans: None) -> Iterator[None]:
    with plans_with({"burst": f"{FREE}/day", "monthly": "1000/30 days"}):
        yield


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """Quotas that a test can use up. Of a day, so that no window ends while it does."""
    limits = RateLimitSettings.model_validate(
        {
            "anonymous": {"burst": f"{ANONYMOUS}/day"},
            "rejected_credentials": {"rejected": f"{REJECTED}/day"},
        }
    )
    auth = AuthSettings.model_validate(
        settings[AuthSettings].model_dump() | {"logins_per_minute": 3, "failed_logins_per_hour": 6}
    )
    return settings.with_groups(limits, auth)


def left(response: httpx2.Response) -> int:
    """Units of the tightest policy."""
    if "RateLimit" in response.headers:
        return min(params["r"] for _, params in http_sf.parse(response.headers["RateLimit"].encode(), tltype="list"))
    return int(response.headers["X-RateLimit-Remaining"])


async def left_of(client: httpx2.AsyncClient) -> int:
    """Units of an anonymous caller, whose reads may be cached and therefore lack the headers."""
    return left(await client.get("/api/v2/rate-limit"))


def ensure_headers(version: str, response: httpx2.Response) -> None:
    for name in HEADERS[version]:
        assert len(response.headers.get_list(name)) == 1, f"{response.request.url} {response.status_code}: {name}"
    assert {name for name in EVERY if name in response.headers} == HEADERS[version], "one dialect a version"


def ensure_limited(version: str, response: httpx2.Response, policy: str = "burst", code: str = "rate_limited") -> None:
    assert response.status_code == 429, response.text
    ensure_headers(version, response)
    assert response.headers["Retry-After"].isdecimal()
    assert int(response.headers["Retry-After"]) >= 1
    DIALECTS[version].ensure_failure(response, code)
    if not DIALECTS[version].has_codes:
        return
    body: dict[str, Any] = response.json()
    assert body["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert body["violated-policies"] == [policy]
    assert policy.startswith("login") or policy in response.headers["RateLimit-Policy"]


@both
async def test_an_anonymous_caller_is_stopped(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        for expected in range(ANONYMOUS - 1, -1, -1):
            assert (await client.get(f"/api/{version}/posts")).status_code == 200
            assert await left_of(client) == expected
        refused = await client.get(f"/api/{version}/posts")
        ensure_limited(version, refused, code="rate_limited")
        assert refused.json()["detail"].startswith(f"Rate limit exceeded. {ANONYMOUS} per 1 day (burst); try again in ")
        for other in DIALECTS:
            ensure_limited(other, await client.get(f"/api/{other}/posts"))
        for path in ("/health", "/metrics", "/", "/api"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert not [name for name in EVERY if name in answer.headers], path


@both
async def test_nothing_is_done_for_who_is_stopped(
    test_app: TestApp, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with test_app.client() as client:
        for _ in range(ANONYMOUS):
            await client.get(f"/api/{version}/nowhere")

        def unexpected(*_arguments: object) -> None:
            raise AssertionError("the request was looked at")

        monkeypatch.setattr("app.http.middleware.size_limits.RequestSizeLimitMiddleware.__call__", unexpected)
        ensure_limited(version, await client.get(f"/api/{version}/posts"))


@both
async def test_every_response_carries_the_headers(
    test_app: TestApp, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await test_app.person("ada@example.com")
    prefix = f"/api/{version}"
    async with test_app.client(ada.headers) as client:
        answers = {
            200: await client.get(f"{prefix}/posts"),
            201: await client.post(f"{prefix}/posts", json={"title": "T", "content": ""}),
            403: await client.get(f"{prefix}/users"),
            404: await client.get(f"{prefix}/nowhere"),
            405: await client.patch(f"{prefix}/posts"),
            413: await client.post(f"{prefix}/posts", content=b" " * 2_000_000),
            415: await client.post(f"{prefix}/posts", content=b"{}", headers={"Content-Type": "text/plain"}),
            422: await client.post(f"{prefix}/posts", json={}),
            431: await client.get(f"{prefix}/posts", headers={"X-Padding": "x" * 40_000}),
        }
        if version == WIRE:
            post = answers[201]
            tagged = await client.get(post.headers["Location"])
            fresh = {"If-None-Match": tagged.headers["ETag"]}
            answers[304] = await client.get(post.headers["Location"], headers=fresh)
            answers[400] = await client.get(f"{prefix}/posts?unheard=of")
        monkeypatch.setattr(PostReader, "page", _fail)
        monkeypatch.setattr(PostReader, "counted_page", _fail)
        answers[500] = await client.get(f"{prefix}/posts")
        answers[401] = await client.get(f"{prefix}/users", headers={"X-API-Key": "sk_live_none"})
    for status, answer in answers.items():
        assert answer.status_code == status
        ensure_headers(version, answer)
    async with test_app.client() as client:
        ensure_headers(version, await client.get(f"{prefix}/nowhere"))
        for path in ("openapi.json", "docs"):
            answer = await client.get(f"{prefix}/{path}")
            found = {name for name in EVERY if name in answer.headers}
            assert found == DIALECTS[version].shared_rate_limit_headers, "a shared cache may store it"


async def _fail(*_arguments: object) -> None:
    message = "a defect"
    raise RuntimeError(message)


@both
async def test_who_must_sign_in_hears_that_first(
    test_app: TestApp, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """401 costs no more than 429, and says what to do. A guess at a key is another matter."""
    posts = f"/api/{version}/posts"
    async with test_app.client() as client:
        for _ in range(ANONYMOUS):
            await client.get(posts)

        def unexpected(*_arguments: object) -> None:
            raise AssertionError("the request was looked at")

        with monkeypatch.context() as patched:
            patched.setattr("app.http.middleware.size_limits.RequestSizeLimitMiddleware.__call__", unexpected)
            for method, path in (("POST", posts), ("DELETE", f"{posts}/7"), ("HEAD", f"/api/{version}/users")):
                answer = await client.request(method, path)
                assert (answer.status_code, left(answer)) == (401, 0), path
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                ensure_headers(version, answer)
        for method, path in (("GET", f"{posts}/7"), ("PATCH", posts), ("GET", f"/api/{version}/nowhere")):
            answer = await client.request(method, path)
            assert answer.status_code == 429, path
        guess = {"X-API-Key": keys.generate("live")}
        assert (await client.post(posts, json={}, headers=guess)).status_code == 401, "has a quota of its own"


@both
async def test_an_operation_that_asks_for_nobody_charges_the_address(test_app: TestApp, version: str) -> None:
    ada = await test_app.person("ada@example.com")
    dialect = DIALECTS[version]
    async with test_app.client(ada.headers) as client:
        proof = dialect.verify("ada@example.com", "none")
        statuses = [(await proof.send(client)).status_code for _ in range(ANONYMOUS + 2)]
        assert statuses == [dialect.verified_again] * ANONYMOUS + [429] * 2
        assert left(await client.get(f"/api/{version}/posts")) == FREE - 1, "her own quota is untouched"


@both
async def test_callers_do_not_use_up_each_others_quota(test_app: TestApp, version: str) -> None:
    ada, bob = await test_app.person("ada@example.com"), await test_app.person("bob@example.com")
    async with (
        test_app.client(ada.headers) as first,
        test_app.client(bob.headers) as second,
        test_app.client() as nobody,
    ):
        for _ in range(FREE):
            assert (await first.get(f"/api/{version}/posts")).status_code == 200
        ensure_limited(version, await first.get(f"/api/{version}/posts"))
        assert left(await second.get(f"/api/{version}/posts")) == FREE - 1
        await nobody.get(f"/api/{version}/posts")
        assert await left_of(nobody) == ANONYMOUS - 1


async def test_another_key_is_no_other_quota(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.runtime.database.write() as session:
        _, second = await ApiKeyService(session).create(KeyDraft(ada.user.id, "another", ["posts:read"]))
    async with test_app.client() as client:
        for number in range(4):
            headers = ada.headers if number % 2 else {"X-API-Key": second}
            assert left(await client.get("/api/v2/posts", headers=headers)) == FREE - 1 - number


@both
async def test_what_costs_more_takes_more(test_app: TestApp, version: str) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client, test_app.client() as nobody:
        assert left(await client.get(DIALECTS[version].search)) == FREE - 5
        await nobody.get(DIALECTS[version].search)
        assert await left_of(nobody) == ANONYMOUS - 5
        ensure_limited(version, await nobody.get(DIALECTS[version].search))
        await nobody.get(f"/api/{version}/posts")
        assert await left_of(nobody) == ANONYMOUS - 6, "a rejected request costs nothing"
        await client.post(f"/api/{version}/posts/batch", json={})
        assert left(await client.get(f"/api/{version}/posts")) == FREE - 16, "a bad request costs what a good one does"


async def test_asking_for_the_limits_is_not_counted(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client, test_app.client() as nobody:
        for _ in range(FREE + 2):
            answer = await client.get("/api/v2/rate-limit")
            assert (answer.status_code, left(answer)) == (200, FREE)
        await client.get("/api/v2/posts")
        found = (await client.get("/api/v2/rate-limit")).json()
        assert found["plan"] == "free"
        assert [(policy["name"], policy["quota"], policy["remaining"]) for policy in found["policies"]] == [
            ("burst", FREE, FREE - 1),
            ("monthly", 1000, 999),
        ]
        assert (await nobody.get("/api/v2/rate-limit")).json()["plan"] == "anonymous"
        for _ in range(ANONYMOUS):
            await nobody.get("/api/v2/posts")
        used_up = await nobody.get("/api/v2/rate-limit")
        assert (used_up.status_code, left(used_up)) == (200, 0)
        ensure_limited(WIRE, await nobody.delete("/api/v2/rate-limit"))


def client_at(test_app: TestApp, address: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=test_app.app, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://strata.test")


@both
async def test_sign_in_is_limited_by_user_and_network(test_app: TestApp, version: str) -> None:
    await test_app.person("ada@example.com", Role.AUTHOR)
    login = DIALECTS[version].login
    guess = login("ada@example.com", "wrong " + PASSWORD)
    async with test_app.client() as client:
        statuses = [(await guess.send(client)).status_code for _ in range(3)]
        assert statuses == [401] * 3
        ensure_limited(version, await guess.send(client), "login", "too_many_attempts")
    async with client_at(test_app, "203.0.113.9") as client:
        signed_in = await login("ada@example.com").send(client)
        assert signed_in.status_code == 200, "guesses from one network do not lock out another"


@both
async def test_guesses_from_many_networks_do_not_lock_out_a_known_network(test_app: TestApp, version: str) -> None:
    await test_app.person("ada@example.com", Role.AUTHOR)
    login = DIALECTS[version].login
    right, guess = login("ada@example.com"), login("ada@example.com", "wrong " + PASSWORD)
    async with client_at(test_app, "203.0.113.9") as client:
        assert (await right.send(client)).status_code == 200
    for number in range(6):
        async with client_at(test_app, f"198.51.100.{number}") as client:
            assert (await guess.send(client)).status_code == 401
    async with client_at(test_app, "198.51.100.99") as client:
        ensure_limited(version, await right.send(client), "login_all_networks", "too_many_attempts")
        assert (await login("ivi@example.com", "wrong " + PASSWORD).send(client)).status_code == 401
    async with client_at(test_app, "203.0.113.9") as client:
        assert (await right.send(client)).status_code == 200


async def test_a_forwarded_address_is_not_believed(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for number in range(ANONYMOUS):
            await client.get("/api/v2/posts", headers={"X-Forwarded-For": f"203.0.113.{number}"})
        ensure_limited(WIRE, await client.get("/api/v2/posts", headers={"X-Forwarded-For": "203.0.113.99"}))
