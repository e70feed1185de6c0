"""What happens when two do it at once: real transactions over a database of their own."""

import asyncio
from itertools import combinations_with_replacement

import asyncpg
import httpx2
import pytest
from prometheus_client import generate_latest
from sqlalchemy import text

from app.access.principal import Role
from tests.support.app import PASSWORD, TestApp, token_of
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.transactions import owner_of
from tests.support.wire import WIRE

ADDRESS = "ada@example.com"


NEWEST_BECOMES_OLDEST = """
UPDATE pending_registrations SET id = (SELECT min(id) FROM pending_registrations) - 1
WHERE id = (SELECT max(id) FROM pending_registrations) RETURNING id
"""


async def rows(test_app: TestApp, query: str) -> list[tuple[object, ...]]:
    async with test_app.runtime.database.write() as session:
        return [tuple(row) for row in await session.execute(text(query))]


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(DIALECTS, 2)))
async def test_concurrent_registrations_of_an_address_create_one_user(
    concurrent_app: TestApp, one: str, other: str
) -> None:
    async with concurrent_app.client() as client:
        requests = [DIALECTS[one].register(ADDRESS), DIALECTS[other].register(ADDRESS.upper())] * 2
        answers = await asyncio.gather(*(request.send(client) for request in requests))
        assert {answer.status_code for answer in answers} <= {201, 202}
        tokens = []
        for _ in answers:
            tokens += [token_of(mail) for mail in await concurrent_app.deliver()]
            await rows(concurrent_app, "UPDATE pending_registrations SET mailed_at = NULL RETURNING 1")
            # The next mail is about another of the registrations.
            await rows(concurrent_app, NEWEST_BECOMES_OLDEST)
            await client.post("/api/v2/auth/verifications/resend", json={"email": ADDRESS})
        tokens += [token_of(mail) for mail in await concurrent_app.deliver()]
        assert len(set(tokens)) == 5
        proofs = await asyncio.gather(*(client.post("/api/v2/auth/verifications", json={"token": t}) for t in tokens))
    assert sorted(proof.status_code for proof in proofs) == [204, 400, 400, 400, 400]
    assert await rows(concurrent_app, "SELECT count(*) FROM users") == [(1,)]
    assert await rows(concurrent_app, "SELECT count(*) FROM pending_registrations") == [(0,)]
    assert await rows(concurrent_app, "SELECT count(*) FROM events WHERE type = 'user.registered'") == [(1,)]


async def test_edits_that_expect_nothing_each_show_their_own_change(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        made = await client.post("/api/v2/posts", json={"title": "T", "content": "C"})
        url, oldest = made.headers["Location"], next(iter(DIALECTS.values()))
        titles = [client.patch(url, json={"title": f"T{number}"}) for number in range(3)]
        contents = [oldest.edit_post(made.json(), content=f"C{number}").send(client) for number in range(3)]
        answers = await asyncio.gather(*titles, *contents)
        assert [answer.status_code for answer in answers] == [200] * 6
        assert [answer.json()["title"] for answer in answers[:3]] == ["T0", "T1", "T2"]
        assert [answer.json()["content"] for answer in answers[3:]] == ["C0", "C1", "C2"]
        last = (await client.get(url)).json()
    assert last["title"] != "T"
    assert last["content"] != "C"
    assert await rows(concurrent_app, "SELECT revision FROM posts") == [(7,)], "each edit made a revision"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", ["delete", "demote", "deactivate"])
async def test_the_last_admin_stays(concurrent_app: TestApp, version: str, way: str) -> None:
    people = [await concurrent_app.person(f"root{number}@example.com", Role.ADMIN) for number in range(2)]
    async with concurrent_app.client(people[0].headers) as one, concurrent_app.client(people[1].headers) as two:
        leaving = []
        for client, person in zip((one, two), people, strict=True):
            if way == "demote":
                roles = f"{DIALECTS[WIRE].user_url(person)}/roles"
                leaving.append(client.put(roles, json={"roles": ["author"]}))
            elif way == "deactivate":
                leaving.append(DIALECTS[version].edit_user(person, is_active=False).send(client))
            else:
                leaving.append(client.delete(DIALECTS[version].user_url(person)))
        answers = await asyncio.gather(*leaving)
    left, stayed = sorted(answer.status_code for answer in answers)
    assert left in {200, 204}
    assert stayed == 409
    assert await rows(concurrent_app, "SELECT count(*) FROM users WHERE 'admin' = ANY(roles) AND is_active") == [(1,)]


async def test_concurrent_refreshes_of_one_token_return_one_successor(concurrent_app: TestApp) -> None:
    """Three tabs of a browser."""
    await concurrent_app.person(ADDRESS)
    async with concurrent_app.client() as client:
        form = {"grant_type": "password", "username": ADDRESS, "password": PASSWORD}
        rotated = (await client.post("/api/v2/auth/token", data=form)).json()["refresh_token"]
        grant = {"grant_type": "refresh_token", "refresh_token": rotated}
        answers = await asyncio.gather(*(client.post("/api/v2/auth/token", data=grant) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [200] * 3
        (successor,) = {answer.json()["refresh_token"] for answer in answers}
        assert successor != rotated
        bearer = {"Authorization": f"Bearer {answers[0].json()['access_token']}"}
        assert (await client.get("/api/v2/me", headers=bearer)).status_code == 200
    assert await rows(concurrent_app, "SELECT count(*) FROM refresh_tokens") == [(2,)]


async def test_every_view_counts(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        body = {"title": "T", "content": "", "status": "published"}
        url = (await client.post("/api/v2/posts", json=body)).headers["Location"]
        answers = await asyncio.gather(*(client.post(f"{url}/views") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {204}
        assert (await client.get(url)).json()["view_count"] == 20


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("failure", [asyncpg.DeadlockDetectedError, asyncpg.SerializationError])
async def test_a_lost_race_asks_to_try_again(
    concurrent_app: TestApp, version: str, failure: type[asyncpg.PostgresError]
) -> None:
    """PostgreSQL itself raises the failure, in the statement that writes the post."""
    ada = await concurrent_app.person(ADDRESS)
    async with owner_of(concurrent_app.runtime.database) as owner:
        await owner.execute(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{failure.sqlstate}'; END $$"
        )
        await owner.execute("CREATE TRIGGER lose BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION lose()")
    async with concurrent_app.client(ada.headers) as client:
        answer = await client.post(f"/api/{version}/posts", json={"title": "T", "content": ""})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    DIALECTS[version].ensure_failure(answer, "unavailable")


def second_attempts(test_app: TestApp) -> float:
    exposed = generate_latest(test_app.runtime.metrics.registry).decode()
    (line,) = (line for line in exposed.splitlines() if line.startswith('db_retries_total{work="transaction"}'))
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize("atomic", [True, False])
async def test_batches_in_opposite_orders_do_not_wait_for_each_other(concurrent_app: TestApp, *, atomic: bool) -> None:
    ada = await concurrent_app.person(ADDRESS)
    async with concurrent_app.client(ada.headers) as client:
        posts = [(await client.post("/api/v2/posts", json={"title": "T", "content": ""})).json() for _ in range(12)]

        def batch(number: int) -> "asyncio.Future[httpx2.Response]":
            edits = [
                {"op": "update", "id": post["id"], "patch": {"title": f"{number}"}}
                for post in (posts if number % 2 else reversed(posts))
            ]
            edits.insert(number, {"op": "create", "post": {"title": "N", "content": ""}})
            return asyncio.ensure_future(
                client.post("/api/v2/posts/batch", json={"atomic": atomic, "operations": edits})
            )

        for _ in range(3):
            answers = await asyncio.gather(*(batch(number) for number in range(8)))
            assert [answer.status_code for answer in answers] == [207] * 8, [answer.text for answer in answers]
            assert {result["status"] for answer in answers for result in answer.json()["results"]} == {200, 201}
    assert second_attempts(concurrent_app) == 0


async def test_deleting_a_user_and_editing_their_posts_do_not_wait_for_each_other(concurrent_app: TestApp) -> None:
    root = await concurrent_app.person("root@example.com", Role.ADMIN)
    for turn in range(4):
        ada = await concurrent_app.person(f"ada{turn}@example.com")
        async with concurrent_app.client(ada.headers) as client, concurrent_app.client(root.headers) as admin:
            posts = [(await client.post("/api/v2/posts", json={"title": "T", "content": ""})).json() for _ in range(8)]
            edits = [{"op": "update", "id": post["id"], "patch": {"title": "N"}} for post in reversed(posts)]
            uid = (await client.get("/api/v2/me")).json()["id"]
            body = {"operations": [*edits, {"op": "create", "post": {"title": "N", "content": ""}}]}
            edited, deleted = await asyncio.gather(
                admin.post("/api/v2/posts/batch", json=body), admin.delete(f"/api/v2/users/{uid}")
            )
        assert (edited.status_code, deleted.status_code) == (207, 204)
    assert second_attempts(concurrent_app) == 0
