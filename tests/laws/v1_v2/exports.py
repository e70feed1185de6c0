"""Exports: their rows are the items of the lists of both versions."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import orjson

from tests.laws.v1_v2.agreement import ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import fixed, law
from tests.laws.v1_v2.pages import ROWS, VIEWERS, Row, fill, v1_items, v2_items

_SIZE = 100


@law(2, rows=ROWS, viewer=VIEWERS.filter(lambda viewer: viewer != "stranger"))
def exports_of_posts_are_the_lists(harness: VersionsHarness, rows: Sequence[Row], viewer: str) -> None:
    """In every format, for every caller."""
    fill(harness, rows)
    caller: Caller = getattr(harness, viewer)
    old = _by_id(v1_items(caller, _SIZE))
    new = sorted(v2_items(caller, "/posts", _SIZE), key=lambda post: post["v1_id"])
    assert ok(caller.v1.get("/large-dataset")).json() == {"items": old, "total": len(old)}
    assert _cells(ok(caller.v1.get("/export/posts.csv")).text) == _as_cells(old)
    assert ok(caller.v2.get("/exports/posts", format="json")).json() == {"data": new}
    lines = ok(caller.v2.get("/exports/posts", format="ndjson")).content.splitlines()
    assert [orjson.loads(line) for line in lines] == new
    assert _cells(ok(caller.v2.get("/exports/posts")).text) == _as_cells(new)


@fixed
def exports_of_users_are_the_lists(harness: VersionsHarness) -> None:
    """For administrators."""
    old = ok(harness.admin.v1.get("/users")).json()
    new = list(v2_items(harness.admin, "/users", _SIZE))
    assert _cells(ok(harness.admin.v1.get("/export/users.csv")).text) == _as_cells(old)
    assert _cells(ok(harness.admin.v2.get("/exports/users")).text) == _as_cells(new)
    assert ok(harness.admin.v2.get("/exports/users", format="json")).json() == {"data": new}


def _by_id(items: Any) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: item["id"])


def _cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _as_cells(items: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{name: _cell(value) for name, value in item.items()} for item in items]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
