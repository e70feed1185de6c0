"""What a user's elements are in the version that follows, by contracts and declared pairs of a folder."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.usage.contracts import read_contracts
from app.usage.successors import Successors
from app.usage.views import UsedOperationView

Json = dict[str, Any]


def document(**paths: Json) -> Json:
    return {"paths": {f"/{path}": item for path, item in paths.items()}}


def operation(*queries: str, **members: Any) -> Json:
    listed = [{"in": "query", "name": name, "schema": {}} for name in queries]
    return {"parameters": listed, "responses": {}, **members}


OLD = document(
    posts={
        "parameters": [{"in": "query", "name": "tenant", "schema": {}}],
        "get": operation("page", operationId="posts.list"),
        "put": operation("q", operationId="posts.put", deprecated=True),
        "delete": operation("q", operationId="posts.delete"),
    },
    gone={"get": operation("q", operationId="gone.get")},
)
OLD["paths"]["/posts"]["get"]["parameters"][0]["deprecated"] = True
NEW = document(
    posts={"get": operation("limit", operationId="posts.list"), "patch": operation("q", operationId="posts.patch")}
)
NEW["webhooks"] = {"post.updated": {}, "post.created": {}}
PAIRING = '[operations]\n"PUT /posts" = "PATCH /posts"\n"DELETE /posts" = "DELETE /nothing"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("v901", OLD), ("v902", NEW)):
        (tmp_path / f"{name}.openapi.json").write_bytes(orjson.dumps(content))
    changes = tmp_path / "changes" / "v901-to-v902"
    changes.mkdir(parents=True)
    (changes / "pairing.toml").write_text(PAIRING)
    return tmp_path


def described(folder: Path, version: str, name: str, **present: int) -> UsedOperationView:
    elements = {
        element.replace("__", ":"): {"possible": 8, "present": count} if count else {"possible": 8}
        for element, count in present.items()
    }
    used = {"version": version, "operation": name, "requests": 12, "observed": 9, "elements": elements}
    return Successors(folder).describe(used)


def test_an_operation_follows_the_one_of_its_name(folder: Path) -> None:
    view = described(folder, "v901", "GET /posts", query__page=3, query__limit=2, query__unused=0, status__200=9)
    assert (view.requests, view.observed, view.deprecated) == (12, 9, False)
    assert (view.successor_version, view.successor) == ("v902", "GET /posts")
    found = [
        (one.element, one.present, one.possible, one.deprecated, one.missing_in_successor) for one in view.elements
    ]
    assert found == [("query:limit", 2, 8, False, False), ("query:page", 3, 8, True, True)]


def test_an_operation_follows_the_one_that_the_pairing_names(folder: Path) -> None:
    view = described(folder, "v901", "PUT /posts", query__q=1, query__page=1)
    assert (view.deprecated, view.successor) == (True, "PATCH /posts")
    assert {one.element: one.missing_in_successor for one in view.elements} == {"query:q": False, "query:page": True}


@pytest.mark.parametrize("name", ["GET /gone", "DELETE /posts"])
def test_an_operation_without_a_successor_has_none_of_its_elements_there(folder: Path, name: str) -> None:
    view = described(folder, "v901", name, query__q=1)
    assert (view.successor_version, view.successor) == ("v902", None)
    assert [one.missing_in_successor for one in view.elements] == [True]


def test_nothing_is_missing_after_the_last_version(folder: Path) -> None:
    view = described(folder, "v902", "GET /posts", query__limit=1)
    assert (view.successor_version, view.successor) == (None, None)
    assert [one.missing_in_successor for one in view.elements] == [None]


def test_a_user_sees_what_requests_contain_and_read(folder: Path) -> None:
    shown = ("query", "header", "cookie", "body", "media", "reads")
    others = ("path", "status", "security", "scope", "accept")
    view = described(folder, "v902", "GET /posts", **{f"{kind}__a": 1 for kind in (*shown, *others)})
    assert [one.element for one in view.elements] == sorted(f"{kind}:a" for kind in shown)


def test_contracts_have_operations_events_and_a_digest(folder: Path) -> None:
    contracts = read_contracts(folder)
    assert list(contracts) == ["v901", "v902"]
    assert contracts["v901"].operations == {
        "posts.list": "GET /posts",
        "posts.put": "PUT /posts",
        "posts.delete": "DELETE /posts",
        "gone.get": "GET /gone",
    }
    assert contracts["v902"].operations["posts.patch"] == "PATCH /posts"
    assert (contracts["v901"].events, contracts["v902"].events) == ([], ["post.created", "post.updated"])
    before = contracts["v902"].digest
    (folder / "v902.openapi.json").write_bytes(orjson.dumps(OLD))
    assert read_contracts(folder)["v902"].digest == contracts["v901"].digest != before
