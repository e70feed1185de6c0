"""The recipes of CONTRIBUTING.md, executed literally in a copy of the source."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.postgres import clone
from tests.support.source_copy import SourceCopy, recipe

MIGRATIONS = "app/migrations/"
GENERATED = {"contracts/v2.openapi.json"}
START = """
import asyncio
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.database import DatabaseSettings
from app.settings.loading import load_settings
from tests.support.app import TestApp
from versions.registry import VERSIONS

async def main():
    settings = load_settings()
    database = await Database.open(settings[DatabaseSettings].url.get_secret_value(), settings[DatabaseSettings])
    app = TestApp(create_app(settings), Runtime.build(settings, database))
    ada = await app.person("ada@example.com")
    async with app.client(ada.headers) as client:
        await use(client)
    await database.close()

asyncio.run(main())
print("works")
"""
USE_FIELD = """
async def use(client):
    posts = "/api/v2/posts"
    made = {}
    for subtitle in ("b", None, "a", "c", None):
        body = {"title": "T", "content": "c", "status": "published"}
        response = await client.post(posts, json=body | {"subtitle": subtitle})
        assert (response.status_code, response.json()["subtitle"]) == (201, subtitle), response.text
        made[response.json()["id"]] = subtitle
    absent = await client.post(posts, json=body)
    assert absent.json()["subtitle"] is None
    too_long = await client.post(posts, json=body | {"subtitle": "a" * 201})
    assert (too_long.status_code, too_long.json()["errors"][0]["pointer"]) == (422, "#/subtitle"), too_long.text

    one = f"{posts}/{absent.json()['id']}"
    for patch, subtitle in (({"subtitle": "d"}, "d"), ({"title": "U"}, "d"), ({"subtitle": None}, None)):
        edited = await client.patch(one, json=patch)
        assert (edited.status_code, edited.json()["subtitle"]) == (200, subtitle), edited.text
        read = await client.get(one)
        assert (read.json()["subtitle"], read.json()["title"]) == (subtitle, edited.json()["title"])
    tag = read.headers["ETag"].partition("-")[0]
    again = await client.patch(one, json={"subtitle": None})
    assert again.headers["ETag"].partition("-")[0] == tag, "null for null changes nothing"
    assert (await client.get(one + "?fields=subtitle")).json() == {"subtitle": None}
    assert (await client.delete(one)).status_code == 204

    for version in VERSIONS:
        if version.name != "v2":
            assert "subtitle" not in (await client.get(f"{version.prefix}/posts")).text, "other versions do not change"
    batch = {"operations": [{"op": "update", "id": next(iter(made)), "patch": {"subtitle": "b"}}]}
    assert (await client.post(posts + "/batch", json=batch)).json()["results"][0]["post"]["subtitle"] == "b"

    for sort, order in SORTS:
        listed, cursor = [], ""
        while True:
            url = f"{posts}?sort={sort}&limit=1&fields=id,subtitle{cursor}"
            page = (await client.get(url)).json()
            listed += page["data"]
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert [post["subtitle"] for post in listed] == order, (sort, listed)
        assert {post["id"]: post["subtitle"] for post in listed} == made
"""
SORTS = """
SORTS = [
    ("subtitle", ["a", "b", "c", None, None]),
    ("-subtitle", [None, None, "c", "b", "a"]),
    ("subtitle,-created_at", ["a", "b", "c", None, None]),
    ("-subtitle,title", [None, None, "c", "b", "a"]),
    ("title,subtitle", ["a", "b", "c", None, None]),
]
"""
USE_OPERATION = """
async def use(client):
    made = await client.post("/api/v2/posts", json={"title": "T", "content": "c", "status": "published"})
    target = f"/api/v2/posts/{made.json()['id']}/archive"
    late = await client.post(target, headers={"If-Match": '"other"'})
    assert (late.status_code, late.json()["status"]) == (412, 412), late.text
    archived = await client.post(target, headers={"Idempotency-Key": '"k"'})
    assert (archived.status_code, archived.json()["status"]) == (200, "archived"), archived.text
    assert (await client.post(target, headers={"Idempotency-Key": '"k"'})).headers["Idempotent-Replayed"] == "true"
    gone = await client.post("/api/v2/posts/post_01jwxq7c8gfq8sh1tbp9xqk3ma/archive")
    assert (gone.status_code, gone.json()["code"]) == (404, "post_not_found"), gone.text
"""
USE_RESOURCE = """
async def use(client):
    hint, missing = await client.get("/api/v2/hints/paging"), await client.get("/api/v2/hints/unknown")
    assert (hint.status_code, hint.json()) == (200, {"text": "Follow the link to the next page."}), hint.text
    assert (missing.status_code, missing.json()["code"]) == (404, "hint_not_found"), missing.text
    assert (await client.get("/problems/hint_not_found")).status_code == 200
"""


USE_MESSAGE = """
import json

async def use(client):
    me = (await client.get("/api/v2/me")).json()["id"]
    incoming, outgoing = asyncio.Queue(), asyncio.Queue()
    headers = [(name.lower().encode(), value.encode()) for name, value in client.headers.items()]
    scope = {
        "type": "websocket", "path": "/api/v2/ws", "root_path": "", "query_string": b"", "headers": headers,
        "client": ("192.0.2.1", 1), "server": ("strata.test", 80), "scheme": "ws", "subprotocols": [],
    }
    await incoming.put({"type": "websocket.connect"})
    await incoming.put({"type": "websocket.receive", "text": json.dumps({"op": "whoami", "ref": "7"})})
    serving = asyncio.create_task(client._transport.app(scope, incoming.get, outgoing.put))
    assert (await outgoing.get())["type"] == "websocket.accept"
    answer = json.loads((await outgoing.get())["text"])
    assert answer == {"op": "caller", "ref": "7", "user_id": me}, answer
    await incoming.put({"type": "websocket.disconnect"})
    await serving
"""


@pytest.fixture
async def copy(tmp_path: Path, admin_dsn: str) -> AsyncIterator[SourceCopy]:
    """A copy of the source, with a migrated database."""
    with SourceCopy(tmp_path / "copy", await clone(admin_dsn, "recipe")) as made:
        yield made


def freeze_safely(copy: SourceCopy, *warnings: str) -> list[str]:
    """Check and freeze the contracts, and return the rules of the findings, all of which must be safe or warnings."""
    checked = json.loads(copy.strata("contract", "check", "--json", expected=1).partition("\nError:")[0])
    findings = checked["versions"].pop("v2")["changes"]["findings"]
    assert not any(other["failed"] for other in checked["versions"].values())
    assert {finding["rule"] for finding in findings if finding["severity"] != "safe"} == set(warnings), findings
    copy.strata("contract", "freeze")
    copy.strata("contract", "check")
    return sorted({finding["rule"] for finding in findings})


def test_a_field_takes_five_edits_in_four_files(copy: SourceCopy) -> None:
    *field, sort_key = recipe("Add a field to posts in v2")
    copy.apply(field)
    edits = {path: count for path, count in copy.hunks().items() if path not in GENERATED}
    assert sum(edits.values()) <= 5, edits
    assert len(edits) <= 4, edits
    assert [edit.path for edit in field if not edit.old] == [
        edit.path for edit in field if edit.path.startswith(MIGRATIONS)
    ]
    assert freeze_safely(copy) == [
        "request-body-property-added",
        "request-parameter-enum-value-added",
        "response-body-property-added",
        "response-body-required-property-added",
    ]
    copy.apply([sort_key])
    assert freeze_safely(copy) == ["request-parameter-enum-value-added"]
    copy.strata("migrate", "up")
    copy.strata("migrate", "check")
    assert copy.python(SORTS + USE_FIELD + START).endswith("works\n")


def test_an_operation(copy: SourceCopy) -> None:
    copy.apply(recipe("Add an operation"))
    assert freeze_safely(copy) == ["operation-added"]
    assert copy.python(USE_OPERATION + START).endswith("works\n")


def test_a_resource(copy: SourceCopy) -> None:
    copy.apply(recipe("Add a resource"))
    assert copy.hunks() == {"versions/v2/app.py": 1}, "the registration"
    assert freeze_safely(copy) == ["operation-added"]
    assert copy.python(USE_RESOURCE + START).endswith("works\n")


def test_a_live_message(copy: SourceCopy) -> None:
    copy.apply(recipe("Add a live message"))
    assert freeze_safely(copy, "message-sent-added") == ["message-received-added", "message-sent-added"]
    assert copy.python(USE_MESSAGE + START).endswith("works\n")
