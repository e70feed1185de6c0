"""The impact of a candidate over HTTP: at once, or by a job."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.access.principal import Role
from app.http.impact import ImpactComponent
from app.impact.analysis import Bounds
from app.kit.queue.kinds import JobRejected
from tests.support.app import Person, TestApp
from tests.support.evidence import write_evidence
from tests.support.waiting import PATIENCE

URL = "/api/v2/admin/impact"
CONTRACT = json.loads((Path(__file__).parents[3] / "contracts" / "v2.openapi.json").read_bytes())
PLANTED = "PLANTED-IN-THE-DOCUMENT"
JSON = {"Content-Type": "application/json"}


def shorter_titles() -> dict[str, Any]:
    found = deepcopy(CONTRACT)
    found["components"]["schemas"]["PostCreate"]["properties"]["title"]["maxLength"] = 100
    found["info"]["description"] = PLANTED
    return found


async def send(test_app: TestApp, caller: Person, body: object, query: str = "") -> httpx2.Response:
    async with test_app.client({**caller.headers, **JSON}) as client:
        return await client.post(URL + query, content=body if isinstance(body, bytes) else json.dumps(body))


@pytest.fixture
async def admin(test_app: TestApp, monkeypatch: pytest.MonkeyPatch) -> Person:
    """An administrator, beside a user with two keys of which one sends long titles, and a user who reads.

    An analysis on a busy machine may take long, too.
    """
    component = test_app.runtime.get(ImpactComponent)
    monkeypatch.setattr(component, "bounds", replace(component.bounds, seconds=PATIENCE))
    ada = await test_app.person("ada@example.com", Role.AUTHOR)
    eve = await test_app.person("eve@example.com", Role.READER)
    for headers, length in ((ada.headers, 140), (await test_app.session(ada), 50)):
        async with test_app.client(headers) as client:
            assert (await client.post("/api/v2/posts", json={"title": "T" * length, "content": "c"})).is_success
    async with test_app.client(eve.headers) as client:
        await client.get("/api/v2/posts")
    await write_evidence(test_app.runtime)
    return await test_app.person("root@example.com", Role.ADMIN)


async def test_who_breaks_and_what_to_write(test_app: TestApp, admin: Person) -> None:
    response = await send(test_app, admin, shorter_titles())
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["version"], report["breaks"]) == ("v2", True)
    (message,) = report["messages"]
    assert (message["email"], message["verdict"], len(message["consumer_ids"])) == ("ada@example.com", "breaks", 1)
    assert "`title` in the request has a maximum of 100 characters" in message["text"]
    consumers = {one["email"]: one for one in report["consumers"] if one["verdict"] != "safe"}
    assert {email: one["verdict"] for email, one in consumers.items()} == {
        "ada@example.com": "breaks",
        "eve@example.com": "does_not_call",
        None: "does_not_call",
    }
    key = consumers["ada@example.com"]["id"]
    assert message["consumer_ids"] == [key]
    assert key.startswith("key_")
    (finding,) = report["findings"]
    assert (finding["rule"], finding["severity"]) == ("request-body-max-length-decreased", "breaking")
    assert finding["counts"] == {"breaks": 1, "may_break": 0, "safe": 1, "does_not_call": 2}
    outcomes = {one["verdict"]: one for one in finding["consumers"]}
    assert outcomes["breaks"]["consumer_id"] == key
    assert (outcomes["breaks"]["reason"], outcomes["breaks"]["requests"]) == ("sent up to 140 characters", 1)
    assert (outcomes["safe"]["consumer_id"][:4], outcomes["safe"]["bound"]) == ("usr_", 0.0)
    assert all(one["last_seen"] for one in outcomes.values())


async def test_the_request_is_counted_and_its_document_never_sampled(test_app: TestApp) -> None:
    admin = await test_app.person("root@example.com", Role.ADMIN)
    small = {"openapi": "3.1.0", "servers": CONTRACT["servers"], "paths": {}, "x": PLANTED, PLANTED: 1}
    assert (await send(test_app, admin, small)).status_code == 200
    await write_evidence(test_app.runtime)
    tables = ("usage_elements", "usage_days", "files", "jobs")
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        elements, *others = [await driver.fetch(f"SELECT * FROM {name}") for name in tables]  # noqa: S608 - constants
    assert elements == [], "not even a summary"
    stored = str([dict(row) for rows in others for row in rows])
    assert "impact.analyse" in stored
    assert PLANTED not in stored


async def test_the_document_or_a_parameter_states_the_version(test_app: TestApp, admin: Person) -> None:
    elsewhere = {**CONTRACT, "servers": [{"url": "https://staging.example.com"}]}
    response = await send(test_app, admin, elsewhere)
    assert response.status_code == 422
    problem = response.json()
    assert problem["errors"][0]["code"] == "unknown_contract_version"
    assert "that of none of the versions v1, v2" in problem["errors"][0]["detail"]
    assert (await send(test_app, admin, elsewhere, "?version=v2")).json()["version"] == "v2"
    old = await send(test_app, admin, {**CONTRACT, "servers": [{"url": "/api/v1"}]})
    assert (old.json()["version"], old.json()["consumers"]) == ("v1", []), "nobody calls it"
    for query, code in (("?version=v99", "unknown_contract_version"), ("?since=2999-01-01", "invalid_evidence_period")):
        assert (await send(test_app, admin, CONTRACT, query)).json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the top level is not an object"),
        (b"{", "line 1"),
        (b'{"openapi":"3.1.0","info":{},"info":{}}', "the key 'info' occurs twice"),
        (b"\xff{}", "not UTF-8 text"),
        (b'{"openapi":"2.0","paths":{}}', "not an OpenAPI 3 document"),
        (b'{"openapi":"3.1.0","x":' + b"[" * 300 + b"]" * 300 + b"}", "nested too deeply"),
        (b'{"asyncapi":"3.0.0","channels":{}}', "not an OpenAPI 3 document"),
        (json.dumps({**CONTRACT, "paths": {"/a": {"$ref": "other.json#/a"}}}).encode(), "other.json"),
    ],
)
async def test_a_document_that_is_not_comparable_gets_the_error_of_the_gate(
    test_app: TestApp, admin: Person, body: bytes, detail: str
) -> None:
    response = await send(test_app, admin, body, "?version=v2")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    problem = response.json()
    assert problem["code"] == "invalid_contract"
    assert problem["detail"].startswith("The document cannot be compared: ")
    assert detail in problem["detail"]


async def test_who_may_analyse_and_how_much(test_app: TestApp, admin: Person) -> None:
    author = await test_app.person("author@example.com", Role.AUTHOR)
    assert (await send(test_app, author, CONTRACT)).status_code == 403
    limited = await test_app.person("limited@example.com", Role.ADMIN, scopes=["impact:read", "jobs:read"])
    assert (await send(test_app, limited, CONTRACT)).status_code == 403
    assert (await send(test_app, admin, b"{" + b" " * 8 * 2**20)).status_code == 413
    async with test_app.client(admin.headers) as client:
        other = await client.post(URL, content=b"{}", headers={"Content-Type": "text/plain"})
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("bound", [{"size": 10}, {"consumers": 1}, {"outcomes": 1}, {"seconds": 0.001}])
async def test_a_job_analyses_what_takes_longer(
    test_app: TestApp, admin: Person, monkeypatch: pytest.MonkeyPatch, bound: dict[str, Any]
) -> None:
    expected = (await send(test_app, admin, shorter_titles())).json()
    component = test_app.runtime.get(ImpactComponent)
    monkeypatch.setattr(component, "bounds", replace(Bounds(seconds=PATIENCE), **bound))
    response = await send(test_app, admin, shorter_titles())
    assert response.status_code == 202, response.text
    job = response.json()
    assert job["type"] == "impact_analysis"
    assert (response.headers["location"], response.headers["retry-after"]) == (f"/api/v2/jobs/{job['id']}", "1")
    assert component.slots.in_use == 0
    async with test_app.client(admin.headers) as client:
        assert (await client.get("/api/v2/files")).json()["data"] == [], "the document is no file of the user"
        known = {"If-None-Match": response.headers["etag"]}
        assert (await client.get(response.headers["location"], headers=known)).status_code == 304
        await test_app.deliver()
        (file,) = (await client.get("/api/v2/files")).json()["data"]
        assert file["content_type"] == "application/json"
        content = await client.get(f"/api/v2/files/{file['id']}/content")
    report = content.json()
    assert {**report, "consumers": []} == {**expected, "consumers": []}, "of the version of the request"
    async with test_app.runtime.database.write() as session:
        assert await (await session.driver()).fetchval("SELECT count(*) FROM files") == 1, "the document is gone"


async def test_a_job_rejects_what_the_request_could_not_see(
    test_app: TestApp, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = test_app.runtime.get(ImpactComponent)
    monkeypatch.setattr(component, "bounds", Bounds(60.0, size=0))
    assert (await send(test_app, admin, b"{}")).status_code == 202
    ((_, params),) = await test_app.queued_jobs()
    run = test_app.job_handlers()["impact_analysis"]
    with pytest.raises(JobRejected, match="invalid_contract") as raised:
        await run(params)
    assert raised.value.detail.startswith("The document cannot be compared: ")
    with pytest.raises(JobRejected, match="candidate_missing"):
        await run(params)


async def test_one_comparison_runs_at_once(test_app: TestApp, admin: Person) -> None:
    """The second request gets a job, and neither waits for the other."""
    component = test_app.runtime.get(ImpactComponent)
    component.slots.in_use = component.slots.limit
    try:
        assert (await send(test_app, admin, CONTRACT)).status_code == 202
    finally:
        component.slots.in_use = 0
