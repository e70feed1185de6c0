"""Jobs in v2: what a client sees while a job waits, runs and ends."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.app import Person, TestApp
from tests.support.files import store_file
from versions.kit.typeid import encode

MAIL = {"type": "email", "params": {"subject": "Done", "text": "It is done."}}


@pytest.fixture
async def ada(test_app: TestApp) -> Person:
    return await test_app.person("ada@example.com")


async def change(test_app: TestApp, assignment: str) -> None:
    async with test_app.runtime.database.write() as session:
        await session.execute(text(f"UPDATE jobs SET revision = revision + 1, {assignment}"))  # noqa: S608 - constants


async def test_a_job_from_its_request_to_its_end(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v2/jobs", json=MAIL)
        job: dict[str, Any] = made.json()
        url = made.headers["Location"]
        assert (made.status_code, url) == (202, f"/api/v2/jobs/{job['id']}")
        assert (job["status"], job["attempt"], job["progress"]) == (
            "queued",
            0,
            {"done": 0, "total": None, "percent": None},
        )
        assert made.headers["Retry-After"] == "1"
        waiting = await client.get(url)
        assert (waiting.json(), waiting.headers["Retry-After"]) == (job, "1")
        same = await client.get(url, headers={"If-None-Match": waiting.headers["ETag"]})
        assert same.status_code == 304
        running = "status = 'running', run = gen_random_uuid(), attempt = 1, started_at = now()"
        await change(test_app, f"{running}, done = 1, total = 3, message = 'one of three'")
        found = await client.get(url, headers={"If-None-Match": waiting.headers["ETag"]})
        assert (found.status_code, found.json()["status"], found.json()["message"]) == (200, "running", "one of three")
        assert found.json()["progress"] == {"done": 1, "total": 3, "percent": 33}
        await change(test_app, "status = 'succeeded', finished_at = now(), done = 3, result = '{\"rows\": 3}'")
        ended = await client.get(url)
        assert (ended.json()["status"], ended.json()["result"]) == ("succeeded", {"rows": 3})
        assert "Retry-After" not in ended.headers
        cancelled = await client.delete(url)
        assert (cancelled.status_code, cancelled.json()["code"]) == (409, "job_finished")


async def test_a_retry_with_the_same_key_requests_one_job(test_app: TestApp, ada: Person) -> None:
    headers = {"Idempotency-Key": '"one job"'}
    async with test_app.client(ada.headers) as client:
        first = await client.post("/api/v2/jobs", json=MAIL, headers=headers)
        again = await client.post("/api/v2/jobs", json=MAIL, headers=headers)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.json(), again.headers["Location"]) == (first.json(), first.headers["Location"])
        assert len((await client.get("/api/v2/jobs")).json()["data"]) == 1


async def test_a_list_is_filtered_and_paged(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        ids = [(await client.post("/api/v2/jobs", json=MAIL)).json()["id"] for _ in range(5)]
        assert (await client.delete(f"/api/v2/jobs/{ids[2]}")).json()["status"] == "cancelled"
        page = (await client.get("/api/v2/jobs?limit=3")).json()
        assert [job["id"] for job in page["data"]] == ids[:1:-1]
        rest = (await client.get("/api/v2/jobs", params={"limit": 3, "cursor": page["next_cursor"]})).json()
        assert [job["id"] for job in rest["data"]] == ids[1::-1]
        cancelled = (await client.get("/api/v2/jobs?status=cancelled&type=email")).json()
        assert [job["id"] for job in cancelled["data"]] == [ids[2]]
        for query in ("status=running", "type=report"):
            assert (await client.get(f"/api/v2/jobs?{query}")).json()["data"] == []
        assert (await client.get("/api/v2/jobs?status=done")).status_code == 422


async def test_a_running_job_is_cancelled_by_its_worker(test_app: TestApp, ada: Person) -> None:
    async with test_app.client(ada.headers) as client:
        url = (await client.post("/api/v2/jobs", json=MAIL)).headers["Location"]
        await change(test_app, "status = 'running', run = gen_random_uuid()")
        first = await client.delete(url)
        assert (first.status_code, first.json()["status"]) == (202, "running")
        assert first.json()["cancel_requested_at"] is not None
        assert first.headers["Retry-After"] == "1"
        again = await client.delete(url)
        assert again.json() == first.json(), "a second cancellation changes nothing"


async def test_an_import_lists_the_rows_that_it_left_out(test_app: TestApp, ada: Person) -> None:
    file = encode("file", (await store_file(test_app, ada, "title\nA\n")).file)
    async with test_app.client(ada.headers) as client:
        made = await client.post("/api/v2/jobs", json={"type": "csv_import", "params": {"file_id": file}})
        assert (made.status_code, made.json()["type"], made.json()["status"]) == (202, "csv_import", "queued")
        url = f"{made.headers['Location']}/problems"
        assert (await client.get(url)).json() == {"data": [], "next_cursor": None, "has_more": False}
        async with test_app.runtime.database.write() as session:
            await session.execute(
                text(
                    "INSERT INTO job_problems (job_id, line, pointer, code, detail)"
                    " SELECT id, line, '/title', 'missing', 'A post needs a title.'"
                    " FROM jobs, generate_series(2, 6) AS line"
                )
            )
        first = (await client.get(url, params={"limit": 3})).json()
        assert first["data"][0] == {
            "line": 2,
            "pointer": "/title",
            "code": "missing",
            "detail": "A post needs a title.",
        }
        rest = (await client.get(url, params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [row["line"] for row in (*first["data"], *rest["data"])] == [2, 3, 4, 5, 6]
        assert rest["has_more"] is False


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "csv_import", "params": {"file_id": 7}}, "#/params/file_id"),
        ({"type": "report", "params": {"end_date": "2026-11-30"}}, "#/params/start_date"),
        ({"type": "report", "params": {"start_date": 0, "end_date": "2026-11-30"}}, "#/params/start_date"),
        ({"type": "report", "params": {"start_date": "2026-11-01", "end_date": "2026-10-31"}}, "#/params/end_date"),
        ({"type": "report"}, "#/params"),
        ({"type": "export", "params": {"resource": "keys"}}, "#/params/resource"),
        ({"type": "export", "params": {"resource": "posts", "format": "xml"}}, "#/params/format"),
        ({"type": "sweep"}, "#"),
        ({}, "#"),
    ],
)
async def test_a_pointer_leads_to_the_value_of_the_body(
    test_app: TestApp, ada: Person, body: object, pointer: str
) -> None:
    """Pydantic's path contains the name of the variant as well, which the body does not have."""
    async with test_app.client(ada.headers) as client:
        response = await client.post("/api/v2/jobs", json=body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_a_pointer_leads_to_the_value_of_an_operation_of_a_batch(test_app: TestApp, ada: Person) -> None:
    operations = [
        {"op": "create", "post": {"title": "A", "content": ""}},
        {"op": "create", "post": {"title": "", "content": ""}},
    ]
    async with test_app.client(ada.headers) as client:
        response = await client.post("/api/v2/posts/batch", json={"operations": operations})
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/operations/1/post/title"]
