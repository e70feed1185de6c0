"""A commit that fails after the response was decided is a 503 that says when to retry, for each write of both versions.

PostgreSQL itself fails, in a deferred constraint trigger. Nothing is stored then, and the same request succeeds once
commits succeed again, also with the same ``Idempotency-Key``.
"""

import httpx2
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app.access.principal import Role
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.failing_commits import add_triggers, at_commit, failing_commits, snapshot
from tests.support.identities import PROVIDERS
from tests.support.operations import ALL, VERSIONS
from tests.support.writes import ENDS_A_USER, WRITES, scene_of

CHECK_VIOLATION = "23514"
WITHOUT_CHANGES = {"posts.get_many", "webhook_endpoints.test", "stream_sessions.create", "impact.analyse"}
"""Requests that change nothing, although they are no GET."""
IDEMPOTENT = {
    (operation.version, operation.name)
    for operation in ALL
    if any(part["name"].lower() == "idempotency-key" for part in operation.parameters("header"))
}


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """With a provider, to which a user starts a visit."""
    return settings.with_groups(PROVIDERS)


def test_every_write_of_both_versions_is_tested() -> None:
    writes = {(one.version, one.name) for one in ALL if one.method not in {"GET", "HEAD"}}
    tested = {(version, name) for version, name, _ in WRITES}
    assert tested >= {(version, name) for version, name in writes if name not in WITHOUT_CHANGES}
    assert tested >= IDEMPOTENT
    assert IDEMPOTENT


def ensure_unavailable(version: str, where: str, response: httpx2.Response) -> None:
    assert response.status_code == 503, f"{where}: {response.status_code} {response.text}"
    assert int(response.headers["Retry-After"]) >= 1, where
    DIALECTS[version].ensure_failure(response, "unavailable")


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_failed_commit_is_never_a_success(concurrent_app: TestApp, version: str, *, keyed: bool) -> None:
    database = concurrent_app.runtime.database
    await add_triggers(database)
    root = await concurrent_app.person("root@example.com", Role.ADMIN)
    scene = await scene_of(concurrent_app, root, 0)
    # The first use of a key is recorded.
    await scene.send("GET", "/api/v2/me", headers=root.headers)
    for number, (of_version, name, build) in enumerate(WRITES):
        if of_version != version or (keyed and (version, name) not in IDEMPOTENT):
            continue
        scene.new_email, scene.name = f"new{number}@example.com", f"Name {number}"
        method, url, options = await build(scene)
        options["headers"] = {**options.get("headers", {}), **({"Idempotency-Key": f'"{number}"'} if keyed else {})}
        before = await snapshot(database)
        async with failing_commits(database, CHECK_VIOLATION):
            response = await scene.send(method, url, **options)
            ensure_unavailable(version, build.__name__, response)
            assert await snapshot(database) == before, build.__name__
        response = await scene.send(method, url, **options)
        assert response.is_success, f"{build.__name__}: {response.status_code} {response.text}"
        assert "Idempotent-Replayed" not in response.headers
        assert await snapshot(database) != before, build.__name__
        if name in ENDS_A_USER:
            scene = await scene_of(concurrent_app, root, number)


@pytest.mark.parametrize(
    ("code", "status"), [("40001", 503), ("40P01", 503), ("P0001", 503), ("XX000", 503), ("53100", 503), ("57014", 504)]
)
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_error_of_a_commit_asks_to_try_again(
    concurrent_app: TestApp, version: str, code: str, status: int
) -> None:
    await add_triggers(concurrent_app.runtime.database)
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers) as client:
        # The first use of a key is recorded.
        await client.get("/api/v2/me")
        with capture_logs() as lines:
            async with failing_commits(concurrent_app.runtime.database, code):
                response = await client.post(f"/api/{version}/posts", json={"title": "T", "content": "C"})
        assert response.status_code == status, response.text
        assert int(response.headers["Retry-After"]) >= 1
        assert (await client.get("/api/v2/posts")).json()["data"] == []
    defects = [line["event"] for line in lines if line["log_level"] == "error"]
    assert defects == (["commit_failed"] if code in {"P0001", "XX000"} else [])


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_connection_that_is_lost_at_commit_is_503_and_the_request_does_not_run_again(
    concurrent_app: TestApp, version: str
) -> None:
    """The outcome is unknown to the server, so a second attempt could make the change twice."""
    database = concurrent_app.runtime.database
    await add_triggers(database)
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers) as client:
        # The first use of a key is recorded.
        await client.get("/api/v2/me")
        async with at_commit(database, "PERFORM pg_terminate_backend(pg_backend_pid());"):
            response = await client.post(f"/api/{version}/posts", json={"title": "T", "content": "C"})
            ensure_unavailable(version, "posts.create", response)
        exposed = generate_latest(concurrent_app.runtime.metrics.registry).decode()
        assert 'db_retries_total{work="transaction"} 0.0' in exposed
        assert (await client.get("/api/v2/posts")).json()["data"] == []
