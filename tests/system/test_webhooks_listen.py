"""``strata webhooks listen`` with a real server and worker: an event reaches a local program."""

import asyncio
import signal
from pathlib import Path

import httpx2

from tests.support.live import Strata, api_key, free_port
from tests.support.postgres import clone, stored_rows
from tests.support.receiving import receiving
from tests.support.waiting import PATIENCE, wait_until

OWNER = "root@example.com"


def test_events_reach_a_local_program(admin_dsn: str, tmp_path: Path) -> None:
    dsn = asyncio.run(clone(admin_dsn, "listen"))
    strata = Strata(tmp_path / "home", dsn, STRATA_LOG__LEVEL="warning")
    with strata.serving() as url, strata.running("worker"), receiving(204) as (program, ids):
        headers = api_key(strata, OWNER)
        port = program.rpartition(":")[2].partition("/")[0]
        arguments = ("--user", OWNER, "--event", "post.created", "--path", "/hook")
        with strata.running("webhooks", "listen", port, *arguments) as command:
            wait_until(lambda: "Forwarding events" in strata.log("webhooks"), PATIENCE, lambda: strata.log("webhooks"))
            post = {"title": "T", "content": "C", "status": "draft"}
            httpx2.post(f"{url}/api/v2/posts", json=post, headers=headers, timeout=PATIENCE)
            wait_until(lambda: ids, PATIENCE, lambda: strata.log("webhooks"))
            wait_until(lambda: f"post.created  {ids[0]}  verified  204" in strata.log("webhooks"), PATIENCE)
            command.send_signal(signal.SIGINT)
            assert command.wait(PATIENCE) == 0, strata.log("webhooks")
    assert stored_rows(dsn, "SELECT 1 FROM webhook_endpoints") == []
    assert '"api_version": "v2"' in strata.log("webhooks")


def test_events_are_printed_without_a_program(admin_dsn: str, tmp_path: Path) -> None:
    dsn = asyncio.run(clone(admin_dsn, "listen"))
    strata = Strata(tmp_path / "home", dsn, STRATA_LOG__LEVEL="warning")
    with strata.serving() as url, strata.running("worker"):
        headers = api_key(strata, OWNER)
        with strata.running("webhooks", "listen", "--user", OWNER) as command:
            wait_until(lambda: "Receiving events" in strata.log("webhooks"), PATIENCE, lambda: strata.log("webhooks"))
            post = {"title": "T", "content": "C", "status": "draft"}
            httpx2.post(f"{url}/api/v2/posts", json=post, headers=headers, timeout=PATIENCE)
            wait_until(lambda: "verified  204" in strata.log("webhooks"), PATIENCE, lambda: strata.log("webhooks"))
            command.terminate()
            assert command.wait(PATIENCE) == 0, strata.log("webhooks")
    assert stored_rows(dsn, "SELECT 1 FROM webhook_endpoints") == []


def test_a_wrong_option_is_reported(admin_dsn: str, tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home", asyncio.run(clone(admin_dsn, "listen")))
    strata.run("users", "create", OWNER)
    port = str(free_port())
    for arguments, problem in (
        (("--user", "nobody@example.com"), "There is no user nobody@example.com"),
        (("--user", OWNER, "--event", "post.exploded"), "--event must be a type of v2, got 'post.exploded'"),
        (("--user", OWNER, "--version", "v9"), "--version must be one of"),
    ):
        found = strata.run("webhooks", "listen", port, *arguments, expect=1)
        assert problem in found.stderr
