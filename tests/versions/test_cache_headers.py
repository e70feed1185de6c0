"""Every response says which caches may store it."""

from unittest.mock import patch

import pytest

from app.access.principal import Role
from app.http.middleware.load_shedding import Capacity
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import ALL, Operation
from tests.support.registries import GUIDES

NEVER, PRIVATE, PUBLIC = "no-store", "private, no-cache", "public, max-age=5"
PUBLIC_READ = f"{PUBLIC}, stale-while-revalidate=30"
OF_ONE_CALLER = {
    "x-request-id",
    "traceresponse",
    "server-timing",
    "ratelimit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
}
NEVER_STORED = {
    *("auth.login", "auth.refresh", "tokens.create", "api_keys.create", "api_keys.rotate"),
    *("auth.provider", "auth.provider_callback", "providers.authorize", "providers.callback", "providers.visit"),
    *("exports.posts", "exports.users", "exports.dataset"),
    *("webhooks.create", "webhook_endpoints.create", "webhook_endpoints.rotate_secret", "webhook_endpoints.test"),
    "files.presign",
    "impact.analyse",
    *("streams.open", "stream_sessions.create", "jobs.stream"),
}
"""Their responses contain a token, a secret or a signature, or do not end."""
OF_THE_CALLER = {"rate_limit.get"}
"""Shows the quota of the client address."""


def expected(operation: Operation, status: int, *, credentials: bool) -> str:
    if operation.name in NEVER_STORED:
        return NEVER
    if credentials:
        return PRIVATE
    shared = (
        operation.method == "GET"
        and status in {200, 304}
        and operation.name not in OF_THE_CALLER
        and not DIALECTS[operation.version].has_effects(operation.name)
    )
    return PUBLIC_READ if shared else NEVER


@pytest.mark.parametrize("operation", ALL, ids=[f"{one.version} {one.name}" for one in ALL])
@pytest.mark.parametrize("caller", ["anonymous", "key", "rejected key"])
async def test_every_operation(test_app: TestApp, operation: Operation, caller: str) -> None:
    person = await test_app.person("ada@example.com", Role.ADMIN)
    headers = {"anonymous": {}, "key": person.headers, "rejected key": {"X-API-Key": "sk_live_wrong"}}[caller]
    async with test_app.client(headers) as client:
        response = await client.request(operation.method, operation.url(), json=operation.body)
        head = await client.head(operation.url()) if operation.method == "GET" else response
    for found in (response, head):
        assert found.headers.get_list("Cache-Control") == [
            expected(operation, found.status_code, credentials=caller != "anonymous")
        ]
        public = found.headers["Cache-Control"] == PUBLIC_READ
        assert ("Authorization, X-API-Key" in found.headers.get("Vary", "")) == (
            found.headers["Cache-Control"] != NEVER
        )
        assert not (public and OF_ONE_CALLER & {name.lower() for name in found.headers})
        assert public or "X-Request-ID" in found.headers
        assert found.headers.get_list("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("version", DIALECTS)
async def test_failures(test_app: TestApp, version: str) -> None:
    prefix = f"/api/{version}"
    async with test_app.client() as client:
        failures = {
            404: await client.get(f"{prefix}/nowhere"),
            405: await client.patch(f"{prefix}/posts"),
            413: await client.post(f"{prefix}/posts/batch", content=b" " * 2_000_000),
            422: await client.get(DIALECTS[version].search.partition("?")[0]),
            431: await client.get(f"{prefix}/posts", headers={"X-Padding": "x" * 40_000}),
        }
        with patch.object(test_app.runtime.get(Capacity), "limit", 0):
            failures[503] = await client.get(f"{prefix}/posts")
    for status, response in failures.items():
        assert (response.status_code, response.headers["Cache-Control"]) == (status, NEVER)
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_tokens_are_never_stored_whatever_credentials_the_request_has(test_app: TestApp) -> None:
    ada = await test_app.person("ada@example.com")
    async with test_app.client(ada.headers) as client:
        for dialect in DIALECTS.values():
            for status, password in ((200, PASSWORD), (401, "wrong horse")):
                response = await dialect.login("ada@example.com", password).send(client)
                assert (response.status_code, response.headers["Cache-Control"]) == (status, NEVER)


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/", PUBLIC),
        ("/docs", PUBLIC),
        *((guide, "public, max-age=300") for guide in GUIDES),
        ("/docs/assets/favicon.png", "public, max-age=3600"),
        ("/policies/versions", PUBLIC),
        ("/problems/not_found", PUBLIC),
        ("/verify", PUBLIC),
        ("/api", PUBLIC),
        *((f"/api/{name}", PUBLIC) for name in DIALECTS),
        ("/.well-known/security.txt", PUBLIC),
        ("/.well-known/api-catalog", PUBLIC),
        ("/health", NEVER),
        ("/health/ready", NEVER),
        ("/metrics", NEVER),
        ("/.well-known/jwks.json", NEVER),
        ("/docs/assets/nothing.js", NEVER),
        ("/nowhere", NEVER),
    ],
)
async def test_unversioned_routes(test_app: TestApp, path: str, caching: str) -> None:
    async with test_app.client() as client:
        response = await client.get(path)
    assert response.headers.get_list("Cache-Control") == [caching]
    assert response.headers.get_list("X-Content-Type-Options") == ["nosniff"]
