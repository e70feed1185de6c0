"""``strata impact``: who breaks, by which evidence, and what to write; from the database, and from an export."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from app.cli.kit.environment import with_database
from app.cli.kit.output import CommandError
from app.http.runtime import Runtime
from app.http.usage import UsageComponent
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.main import create_app
from app.models import User
from app.settings.loading import load_settings
from tests.support.app import TestApp
from tests.support.commands import result_of
from tests.support.evidence import write_evidence
from versions.registry import VERSIONS

Json = Any
Run = Callable[..., Result]
NEWEST = VERSIONS[-1]
POSTS = f"{NEWEST.prefix}/posts"
CONTRACT = Path(__file__).parents[3] / "contracts" / f"{NEWEST.name}.openapi.json"
TITLE = "`title` in the request has a maximum of 100 characters (before: 200): values that were valid can be rejected."


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)
    monkeypatch.chdir(tmp_path)
    old = json.loads(CONTRACT.read_bytes())
    new = deepcopy(old)
    new["components"]["schemas"]["PostCreate"]["properties"]["title"]["maxLength"] = 100
    for name in ("Post", "PostWithAuthor", "PartialPost"):
        schema = new["components"]["schemas"][name]
        del schema["properties"]["view_count"]
        schema["required"] = [one for one in schema.get("required", ()) if one != "view_count"]
    for path, document in (("old.json", old), ("new.json", new)):
        (tmp_path / path).write_text(json.dumps(document))
    return result_of


def use(keys: dict[str, str]) -> None:
    """One user sends long titles with two keys, one reads a removed member and opens a stream, one does neither,
    and one is anonymous.
    """

    async def send(database: Database) -> None:
        runtime = Runtime.build(load_settings(), database)
        test_app = TestApp(create_app(runtime.settings), runtime)
        async with test_app.client({"X-API-Key": keys["ada"]}) as client:
            for length in (50, 140):
                response = await client.post(POSTS, json={"title": "T" * length, "content": "c"})
                assert response.status_code == 201
        async with test_app.client({"X-API-Key": keys["ben"]}) as client:
            assert (await client.get(POSTS, params={"fields": "id,view_count"})).status_code == 200
        async with test_app.client({"X-API-Key": keys["cleo"]}) as client:
            assert (await client.get(POSTS, params={"fields": "id,title"})).status_code == 200
        async with test_app.client() as client:
            assert (await client.get(POSTS)).status_code == 200
        async with test_app.client({"X-API-Key": keys["ada_too"]}) as client:
            assert (await client.post(POSTS, json={"title": "T" * 160, "content": "c"})).status_code == 201
        async with database.write() as session:
            ben = await session.scalar(select(User.uid).where(User.email == "ben@example.com"))
        # A stream stays open, so the test counts it instead.
        runtime.get(UsageComponent).buffer.record_request(
            NEWEST.name, "streams.open", str(ben), utc_now(), status=200, seconds=1, deprecated=False
        )
        await write_evidence(runtime)

    with_database(send)


def test_a_newcomer_reads_whom_to_contact_and_what_to_write(run: Run, tmp_path: Path) -> None:
    keys = {}
    for name in ("ada", "ben", "cleo"):
        run("users", "create", f"{name}@example.com")
        keys[name] = json.loads(run("keys", "create", f"{name}@example.com", "--json").stdout)["key"]
    keys["ada_too"] = json.loads(run("keys", "create", "ada@example.com", "--json").stdout)["key"]
    use(keys)
    text = run("impact", "old.json", "new.json", code=1).stdout
    assert text.startswith("3 of 6 consumers of v2 break, 1 may break (requests from ")
    assert "BREAKS  ada@example.com (command line, " in text
    assert f"    change:   {TITLE}\n    evidence: sent up to 140 characters (in 2 requests to what changes)\n" in text
    assert text.count("  breaks: GET /posts  reads:/data/*/view_count\n") == 1
    assert "MAY BREAK  anonymous callers: 1 request," in text
    assert "SAFE  1 consumer: none of their requests is affected, and all were observed." in text
    assert text.count("To: ada@example.com\nSubject: A change of v2 of our API affects your client\n") == 1
    assert f"  * POST /posts: {TITLE}\n    - Your client with the key " in text
    assert all(f" sent up to {length} characters.\n" in text for length in (140, 160))
    assert "To: cleo@example.com" not in text

    found = json.loads(run("impact", "old.json", "new.json", "--json", code=1).stdout)
    assert [(one["email"], one["verdict"]) for one in found["consumers"]] == [
        ("ada@example.com", "breaks"),
        ("ada@example.com", "breaks"),
        ("ben@example.com", "breaks"),
        ("ben@example.com", "does_not_call"),
        (None, "may_break"),
        ("cleo@example.com", "safe"),
    ]
    assert [(one["email"], len(one["consumer_ids"])) for one in found["messages"]] == [
        ("ada@example.com", 2),
        ("ben@example.com", 1),
    ]
    assert found["messages"][0]["text"].count(TITLE) == 1
    lengths = next(one for one in found["findings"] if one["rule"] == "request-body-max-length-decreased")
    assert lengths["counts"] == {"breaks": 2, "may_break": 0, "safe": 0, "does_not_call": 4}
    assert found["consumers"][0]["plan"] == "free"

    listed = run("impact", "old.json", "new.json", "--by", "finding", code=1).stdout
    assert "  breaks: 2, may break: 0, safe: 0, does not call: 4\n    breaks  ada@example.com" in listed
    table = run("impact", "old.json", "new.json", "--markdown", code=1).stdout
    assert "| ben@example.com (command line, " in table

    (tmp_path / "usage.json").write_text(run("usage", "export").stdout)
    exported = run("impact", "old.json", "new.json", "--usage", "usage.json", code=1).stdout
    assert exported.startswith("3 of 6 consumers of v2 break, 1 may break ")
    assert "example.com" not in exported
    assert "`strata usage who HASH`" in exported
    checked = run("contract", "diff", "old.json", "new.json", "--usage", "usage.json", code=1).stdout
    assert "Usage: 2 consumers break; 3 requests since " in checked
    assert run("contract", "check", "--usage", "usage.json").stdout.endswith(
        "Every version matches its frozen contract.\n"
    )

    channels = json.loads(CONTRACT.with_name(f"{NEWEST.name}.asyncapi.json").read_bytes())
    for path, document in (("live.json", channels), ("silent.json", {**channels, "operations": {}})):
        (tmp_path / path).write_text(json.dumps(document))
    silent = json.loads(run("impact", "live.json", "silent.json", "--json", code=1).stdout)
    assert [one["email"] for one in silent["consumers"] if one["verdict"] == "breaks"] == ["ben@example.com"]
    assert "receives post.created by stream" in silent["messages"][0]["text"]

    ended = run("impact", "--retire", NEWEST.name, code=1).stdout
    assert ended.startswith("6 of 6 consumers of v2 break")
    assert "Subject: v2 of our API ends\n" in ended
    assert "  * POST /posts (3 requests)\n" in ended
    assert "  * GET /stream (1 request)\n  * events by stream: account.opened, " in ended
    assert run("impact", "old.json", "old.json").stdout.startswith("0 of 6 consumers of v2 break, 0 may break ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "OLD and NEW are required"),
        (("old.json", "new.json", "--retire", NEWEST.name), "--retire excludes OLD and NEW"),
        (("--retire", "v99"), "There is no version v99"),
        (("old.json", "new.json", "--json", "--markdown"), "--json and --markdown exclude each other"),
        (("old.json", "new.json", "--since", "30"), "--since must be a number of days such as 30d"),
        (("old.json", "new.json", "--usage", "none.json"), "none.json: No such file or directory"),
        (("old.json", "new.json", "--version", "v99"), "the evidence has no version v99"),
    ],
)
def test_wrong_arguments(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("impact", *arguments)


def test_a_document_that_is_not_openapi_has_the_error_of_the_gate(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    assert "not an OpenAPI 3 document" in run("impact", "old.json", "bad.json", code=2).stderr
    assert "none.json: No such file" in run("impact", "old.json", "none.json", code=2).stderr
