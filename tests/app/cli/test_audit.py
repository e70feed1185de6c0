"""``strata audit list``: each filter, and the row that each reading leaves."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from app.cli.kit.environment import with_database
from app.cli.kit.users import existing_user
from app.cli.program import program
from app.kit.db.database import Database
from app.models import AuditEvent
from tests.support.commands import Run

KEY = UUID("0192f2a0-0000-7000-8000-000000000001")


@pytest.fixture
def acts(run: Run) -> None:
    """Acts of Ada, of her key and of nobody, of which one was rejected and one is 100 days old."""
    run("users", "create", "ada@example.com")

    async def write(database: Database) -> None:
        ada = (await existing_user(database, "ada@example.com")).uid
        now = datetime.now(UTC)
        async with database.write() as session:
            for action, actor, on_behalf, outcome, days in (
                ("toy.opened", ada, None, "success", 1),
                ("toy.moved", KEY, ada, "success", 2),
                ("toy.moved", None, None, "rejected", 3),
                ("toy.closed", ada, None, "success", 100),
            ):
                at = now - timedelta(days=days)
                session.add(
                    AuditEvent(
                        at=at,
                        actor=actor,
                        on_behalf=on_behalf,
                        action=action,
                        target="toy:7",
                        outcome=outcome,
                        address="192.0.2.0/24",
                        detail={"colour": "red"},
                    )
                )

    with_database(write)


def toys(run: Run, *options: str) -> list[tuple[str, str]]:
    """The acts on the toy that are listed with these options: action and outcome, in this order."""
    found: list[dict[str, Any]] = json.loads(run("audit", "list", *options, "--json"))
    return [(row["action"], row["outcome"]) for row in found if row["target"] == "toy:7"]


@pytest.mark.usefixtures("acts")
@pytest.mark.parametrize(
    ("options", "listed"),
    [
        ((), [("toy.opened", "success"), ("toy.moved", "success"), ("toy.moved", "rejected")]),
        (("--user", "ada@example.com"), [("toy.opened", "success"), ("toy.moved", "success")]),
        (("--action", "toy.moved"), [("toy.moved", "success"), ("toy.moved", "rejected")]),
        (("--rejected",), [("toy.moved", "rejected")]),
        (("--user", "ada@example.com", "--rejected"), []),
        (("--action", "toy.closed"), []),
        (("--action", "toy.closed", "--days", "101"), [("toy.closed", "success")]),
        (("--action", "toy.moved", "--limit", "1"), [("toy.moved", "success")]),
        (("--action", "toy.moved", "--days", "1"), []),
    ],
)
def test_each_filter(run: Run, options: tuple[str, ...], listed: list[tuple[str, str]]) -> None:
    assert toys(run, *options) == listed


@pytest.mark.usefixtures("acts")
def test_the_table_shows_an_act_in_one_line(run: Run) -> None:
    (line,) = [line for line in run("audit", "list").splitlines() if "toy.opened" in line]
    assert all(part in line for part in ("success", "toy:7", "192.0.2.0/24", "colour red"))


def test_reading_is_recorded_with_its_filters(run: Run) -> None:
    assert "The audit trail has no such act." in run("audit", "list", "--action", "toy.moved")
    (row,) = json.loads(run("audit", "list", "--action", "audit.read", "--json"))
    assert row["detail"]["action"] == "toy.moved"
    assert (row["actor"], row["address"]) == (None, None)


@pytest.mark.parametrize(
    "options", [("--user", "nobody@example.com"), ("--days", "0"), ("--days", "401"), ("--limit", "10001")]
)
def test_invalid_filters_are_rejected(run: Run, options: tuple[str, ...]) -> None:
    result = CliRunner().invoke(program, ["audit", "list", *options])
    assert result.exit_code != 0
    assert not json.loads(run("audit", "list", "--json")), "nothing was read"
