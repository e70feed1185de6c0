"""A real run with two server processes, a worker, a test mail server and a collector."""

import asyncio
import re
from pathlib import Path

import httpx2
import pytest_asyncio

from tests.support.app import PASSWORD
from tests.support.collector import Collector, Received
from tests.support.live import Strata
from tests.support.postgres import clone
from tests.support.waiting import PATIENCE

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@pytest_asyncio.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "trace")


def register(url: str, email: str, **headers: str) -> httpx2.Response:
    body = {"email": email, "password": PASSWORD, "display_name": "Ada"}
    response = httpx2.post(f"{url}/api/v2/auth/registrations", json=body, headers=headers, timeout=PATIENCE)
    assert response.status_code < 300, response.text
    return response


def of_trace(collector: Collector, trace_id: str) -> dict[str, Received]:
    return {span.name: span for span in collector.spans if span.trace_id == trace_id}


def parents(collector: Collector, name: str) -> set[str | None]:
    return {span.parent_id for span in collector.spans if span.name == name}


async def test_trace_covers_request_and_mail_and_both_workers_export(
    dsn: str, tmp_path: Path, collector: Collector
) -> None:
    strata = Strata(
        tmp_path / "home",
        dsn,
        STRATA_TRACING__ENDPOINT=collector.url,
        STRATA_TRACING__SAMPLE_RATIO="1",
    )
    with strata.running("worker"), strata.serving("--workers", "2") as url:
        response = await asyncio.to_thread(register, url, "ada@example.com", traceparent=PARENT)
        trace_id = response.headers["traceresponse"].split("-")[1]
        assert trace_id == PARENT.split("-")[1]
        await asyncio.to_thread(collector.wait, lambda c: "mailbox deliver" in of_trace(c, trace_id))

        def served_by(_: Collector) -> bool:
            httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE)
            return len({span.resource["process.pid"] for span in collector.spans if span.kind == "SERVER"}) == 2

        await asyncio.to_thread(collector.wait, served_by)
    spans = of_trace(collector, trace_id)
    server, send = spans["POST /api/v2/auth/registrations"], spans["send auth.send_token"]
    process, mail = spans["process auth.send_token"], spans["mailbox deliver"]
    assert server.parent_id == PARENT.split("-")[2]
    # The worker decides which mail is sent, so the request does the same work for every address.
    requested, decided = spans["send auth.registration_requested"], spans["process auth.registration_requested"]
    assert {spans["INSERT pending_registrations"].parent_id, requested.parent_id} == {server.span_id}
    assert (decided.parent_id, send.parent_id) == (requested.span_id, decided.span_id)
    assert (send.kind, process.kind, process.parent_id) == ("PRODUCER", "CONSUMER", send.span_id)
    assert mail.parent_id == process.span_id
    assert (server.resource["service.name"], process.resource["service.name"]) == ("strata", "strata-worker")
    # There may be several of these: the request also looks for earlier tokens.
    assert process.span_id in parents(collector, "SELECT action_tokens")
    assert server.span_id in parents(collector, "COMMIT")
    statement = spans["INSERT pending_registrations"].attributes
    assert statement["db.namespace"] == dsn.rpartition("/")[2].partition("?")[0]
    assert statement["server.address"]
    assert server.attributes["api.lifecycle"] == "current"
    instances = {span.resource["service.instance.id"] for span in collector.spans}
    assert len(instances) == 3
    everything = repr(collector.spans)
    for secret in ("ada@example.com", PASSWORD, "127.0.0.1:", "$argon2"):
        assert secret not in everything
    assert f'"trace_id":"{trace_id}"' in strata.log("worker")
    assert "trace_export" not in strata.log("serve") + strata.log("worker")


def test_look_ups_of_callers_have_names_of_their_own(dsn: str, tmp_path: Path, collector: Collector) -> None:
    """Otherwise they are called like other reads of their tables: ``SELECT sessions``."""
    tracing = {"STRATA_TRACING__ENDPOINT": collector.url, "STRATA_TRACING__SAMPLE_RATIO": "1"}
    strata = Strata(tmp_path / "home", dsn, **tracing)
    strata.run("users", "create", "ada@example.com", "--password", PASSWORD)
    key = strata.json("keys", "create", "ada@example.com", "--name", "test")["key"]
    form = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
    with strata.serving() as url:
        signed_in = httpx2.post(f"{url}/api/v2/auth/token", data=form, timeout=PATIENCE)
        token = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        for name, headers in {"look up API key": {"X-API-Key": key}, "look up session": token}.items():
            response = httpx2.get(f"{url}/api/v2/me", headers=headers, timeout=PATIENCE)
            assert response.status_code == 200, response.text
            trace_id = response.headers["traceresponse"].split("-")[1]
            collector.wait(lambda c, name=name, trace_id=trace_id: name in of_trace(c, trace_id))
            spans = of_trace(collector, trace_id)
            assert spans[name].parent_id == spans["GET /api/v2/me"].span_id
            assert spans[name].attributes["db.query.summary"] == name
            assert spans[name].attributes["db.namespace"] == dsn.rpartition("/")[2].partition("?")[0]
            assert {other for other in spans if other.startswith("look up ")} == {name}
    assert key not in repr(collector.spans)


async def test_traces_of_a_local_run_are_shown_as_trees(dsn: str, tmp_path: Path) -> None:
    # A registration takes longer than the default of one second on a busy machine.
    slow = {"STRATA_TRACING__SLOW_THRESHOLD": "30"}
    strata = Strata(tmp_path / "home", dsn, STRATA_TRACING__SAMPLE_RATIO="1", **slow)
    with strata.serving() as url:
        register(url, "ada@example.com")
        httpx2.get(f"{url}/api/v2/posts", timeout=PATIENCE)
    shown = strata.run("traces").stdout
    assert re.search(r"^[0-9a-f]{32}  \d{4}-\d\d-\d\d", shown, re.MULTILINE)
    assert re.search(r"── POST /api/v2/auth/registrations  [\d.]+ ms  202 v2\n", shown)
    assert re.search(r"    [├└]── INSERT pending_registrations  [\d.]+ ms", shown)
    newest, older = strata.json("traces", "--limit", "2")
    assert newest["spans"][0]["name"] == "GET /api/v2/posts"
    assert older["spans"][0]["attributes"]["http.response.status_code"] == 202
    assert strata.json("traces", "--errors") == []
    assert strata.run("traces", "--slow").stdout.startswith("No matching traces in ")
    (file,) = (strata.home / "traces").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
