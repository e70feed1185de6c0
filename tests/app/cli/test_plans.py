"""``strata plans``, the plan of a key, and ``strata usage``."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.cli.kit.environment import with_database
from app.cli.kit.output import CommandError
from app.errors import DomainError
from app.kit.db.database import Database
from app.usage.buffer import UsageBuffer
from tests.support.commands import Run
from versions.kit import typeid


def loaded(run: Run, *arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_plans_are_listed_changed_and_retired(run: Run) -> None:
    assert [plan["name"] for plan in loaded(run, "plans", "list")] == ["enterprise", "free", "pro", "test"]
    changed = loaded(run, "plans", "set", "pro", "--policy", "burst=5/minute", "--cap", "keys=3", "--cap", "exports=0")
    assert changed["policies"] == {"burst": "5/minute"}
    assert {name: changed["caps"][name] for name in ("keys", "exports", "streams")} == {
        "keys": 3,
        "exports": 0,
        "streams": 50,
    }
    assert loaded(run, "plans", "show", "pro") == changed
    assert "burst=5/minute" in run("plans", "list")
    assert "5/minute" in run("plans", "show", "pro")
    run("plans", "retire", "pro", "--yes")
    assert loaded(run, "plans", "show", "pro")["retired_at"] is not None
    assert "retired 20" in run("plans", "list")


def test_a_key_is_put_on_a_plan(run: Run) -> None:
    run("users", "create", "ada@example.com")
    run("plans", "set", "gold", "--policy", "burst=5/minute", "--policy", "daily=50/day")
    key = loaded(run, "keys", "create", "ada@example.com", "--plan", "gold")
    assert key["plan"] == "gold"
    assert "pro" in run("keys", "plan", key["id"], "pro")
    trial = loaded(run, "keys", "create", "ada@example.com", "--mode", "test")
    assert {(each["mode"], each["plan"]) for each in loaded(run, "keys", "list")} == {("live", "pro"), ("test", "test")}
    with pytest.raises(DomainError, match="always on the plan 'test'"):
        run("keys", "plan", trial["id"], "pro")


def test_changes_of_plans_are_audited(run: Run) -> None:
    run("plans", "set", "gold", "--policy", "burst=5/minute", "--cap", "keys=3")
    run("plans", "set", "gold", "--policy", "burst=5/minute", "--cap", "keys=4")
    run("plans", "set", "gold", "--cap", "keys=4")
    run("plans", "retire", "gold", "--yes")
    run("plans", "retire", "gold", "--yes")
    run("plans", "set", "gold")
    with pytest.raises(DomainError):
        run("plans", "retire", "free", "--yes")
    acts = [act for act in loaded(run, "audit", "list") if act["target"] == "plan:gold"]
    assert {(act["actor"], act["address"], act["outcome"]) for act in acts} == {(None, None, "success")}
    (*later, created) = [(act["action"], act["detail"]) for act in acts]
    assert later == [
        ("plan.updated", {"retired_at": None}),
        ("plan.retired", {}),
        ("plan.updated", {"keys": 4}),
    ], "changes only, newest first"
    assert created[0] == "plan.created"
    assert (created[1]["policies"], created[1]["keys"]) == ({"burst": "5/minute"}, 3)
    assert not loaded(run, "audit", "list", "--rejected"), "a rejected command has changed nothing"


def test_a_changed_plan_of_a_key_is_audited(run: Run) -> None:
    run("users", "create", "ada@example.com")
    key = loaded(run, "keys", "create", "ada@example.com")["id"]
    for plan in ("pro", "pro"):
        run("keys", "plan", key, plan)
    (act,) = loaded(run, "audit", "list", "--action", "api_key.updated")
    assert (act["target"], act["detail"]) == (f"api_key:{typeid.decode('key', key)}", {"changed": ["plan"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plans", "show", "gold"), "There is no plan 'gold'."),
        (("plans", "set", "gold"), "needs at least one policy"),
        (("plans", "set", "pro", "--policy", "burst"), "--policy must have the form burst=100/minute, got 'burst'."),
        (("plans", "set", "pro", "--policy", "burst=1/week"), "must be a quota such as 100/minute"),
        (("plans", "set", "pro", "--cap", "keys"), "--cap must have the form keys=100, got 'keys'."),
        (("plans", "set", "pro", "--cap", "cats=1"), "--cap must name one of keys, "),
        (("plans", "set", "pro", "--cap", "keys=-1"), "--cap keys must be a number, got '-1'."),
        (("plans", "retire", "free", "--yes"), "The plan 'free' cannot be retired"),
        (("plans", "retire", "pro"), "Confirmation is required"),
    ],
)
def test_what_is_rejected(run: Run, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises((CommandError, DomainError), match=re.escape(message)):
        run(*arguments)
    assert loaded(run, "plans", "show", "pro")["policies"]["burst"] == "1000000/minute"


def test_usage_is_shown_by_day_and_key(run: Run) -> None:
    run("users", "create", "ada@example.com")
    key = loaded(run, "keys", "create", "ada@example.com")["id"]
    assert "No requests of ada@example.com" in run("usage", "ada@example.com")

    async def write(database: Database) -> None:
        buffer = UsageBuffer(lambda: None)
        for status in (200, 404, 429):
            buffer.record_request(
                *("v901", "posts.list", str(typeid.decode("key", key)), datetime(2026, 3, 10, tzinfo=UTC)),
                status=status,
                seconds=0.005,
                deprecated=status == 200,
            )
        await buffer.flush(database)

    with_database(write)
    (row,) = loaded(run, "usage", "ada@example.com", "--since", "2026-03-10", "--until", "2026-03-10")
    assert row == {
        "day": "2026-03-10",
        "api_key_id": key,
        "requests": 3,
        "errors": 1,
        "rejections": 1,
        "deprecated_calls": 1,
        "p95_ms": 4.8,
    }
    assert key in run("usage", "ada@example.com")
    assert loaded(run, "usage", "ada@example.com", "--since", "2026-03-11") == []
    assert loaded(run, "usage", "ada@example.com", "--until", "2026-03-09") == []
