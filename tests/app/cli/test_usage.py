"""``strata usage export``, ``who`` and ``watch``: what leaves the deployment, and what leads back."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from app.cli.kit.environment import with_database
from app.cli.kit.output import CommandError
from app.http.runtime import Runtime
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.main import create_app
from app.settings.loading import load_settings
from contracts.compat.impact.evidence import UsageEvidence, hash_name
from tests.support.app import TestApp
from tests.support.commands import Run
from tests.support.evidence import write_evidence
from versions.kit import typeid
from versions.registry import VERSIONS

POSTS = f"{VERSIONS[-1].prefix}/posts"
LENIENT = f"{VERSIONS[0].prefix}/posts"
"""Ignores parameters that it does not declare."""


def use(key: str) -> None:
    """Requests with a key, and one without, whose evidence is written."""

    async def send(database: Database) -> None:
        runtime = Runtime.build(load_settings(), database)
        test_app = TestApp(create_app(runtime.settings), runtime)
        async with test_app.client({"X-API-Key": key}) as client:
            assert (await client.get(LENIENT, params={"colour": "red"})).status_code == 200
            assert (await client.post(POSTS, json={"title": "T" * 140, "content": "c"})).status_code == 201
        async with test_app.client() as client:
            assert (await client.get(POSTS)).status_code == 200
        await write_evidence(runtime)

    with_database(send)


def test_an_export_is_pseudonymous_and_resolvable(run: Run) -> None:
    run("users", "create", "ada@example.com")
    key = json.loads(run("keys", "create", "ada@example.com", "--json"))
    uid = str(typeid.decode("key", key["id"]))
    use(key["key"])
    text = run("usage", "export")
    assert uid not in text
    assert "ada" not in text
    evidence = UsageEvidence.from_json(json.loads(text))
    assert evidence.since == (utc_now().date() - timedelta(days=30)).isoformat()
    assert set(evidence.contracts) == {version.name for version in VERSIONS}
    anonymous, known = sorted(evidence.consumers, key=lambda one: one.consumer or "")
    assert (anonymous.consumer, anonymous.requests) == (None, 1)
    listing, creation = known.operations
    assert (listing.operation, listing.requests, listing.observed) == ("GET /posts", 1, 1)
    assert creation.operation == "POST /posts"
    assert creation.elements["body:/title"].length == (140, 140)
    assert creation.elements["security:apiKey"].possible == 1
    assert listing.is_complete
    assert listing.elements["query"].unknown == {hash_name(bytes.fromhex(evidence.names_key), "colour"): 1}
    assert uid in run("usage", "export", "--with-uids")
    assert json.loads(run("usage", "who", str(known.consumer), "--json")) == [
        {"hash": known.consumer, "consumer": uid, "name": f"ada@example.com (command line, {key['key'][:12]}...)"}
    ]
    with pytest.raises(CommandError, match="No consumer of this deployment has the hash 00"):
        run("usage", "who", "00")
    assert json.loads(run("usage", "export", "--since", str(utc_now().date())))["since"] == str(utc_now().date())


def test_a_rotated_secret_makes_earlier_hashes_of_names_incomparable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("users", "create", "ada@example.com")
    use(json.loads(run("keys", "create", "ada@example.com", "--json"))["key"])
    first = json.loads(run("usage", "export"))
    monkeypatch.setenv("STRATA_HTTP__CURSOR_KEY", "another key of more than 32 characters")
    second = json.loads(run("usage", "export"))
    assert first["key"] != second["key"]
    names = {
        summary.get("unknown_dropped", 0)
        for consumer in second["consumers"]
        for operation in consumer["operations"]
        for summary in operation["elements"].values()
    }
    assert names == {0, 1}
    assert '"unknown":' not in json.dumps(second)


def test_a_watch_of_any_key_of_a_chain_is_one_of_its_consumer(run: Run) -> None:
    run("users", "create", "ada@example.com")
    key = json.loads(run("keys", "create", "ada@example.com", "--json"))
    newer = json.loads(run("keys", "rotate", key["id"], "--json"))
    uid = str(typeid.decode("key", key["id"]))
    for name in (key["id"], newer["id"], uid):
        found: Any = json.loads(run("usage", "watch", name, "--hours", "2", "--json"))
        assert found["consumer"] == uid
    assert "all requests are evidence until" in run("usage", "watch", newer["id"])
    assert "a sample is evidence again" in run("usage", "watch", newer["id"], "--hours", "0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "--since", "30"), "--since must be a number of days such as 30d"),
        (("export", "--since", "0d"), "--since must be a number of days such as 30d"),
        (("export", "--since", str(date.max)), "--since must not be in the future"),
        (("watch", "key_x"), "KEY must be the id of a key or the uid of a consumer, got 'key_x'"),
        (("watch", "nobody"), "KEY must be the id of a key or the uid of a consumer, got 'nobody'"),
        (("nobody@example.com",), "There is no user nobody@example.com"),
    ],
)
def test_wrong_arguments(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("usage", *arguments)
