"""Times are compared on one clock: Python's. SQL ``now()`` is the start of the transaction, which may be long ago."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SERVER_CLOCK: Final = {
    "now",
    "current_timestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "clock_timestamp",
    "localtimestamp",
}
ALLOWED: Final = {
    "app/models/base.py": "the server default of rows that are inserted past the application",
    "app/kit/queue/backlog.py": "PgQueuer writes the times that are compared here with PostgreSQL's clock",
    "app/cli/kit/database_diagnoses.py": "the doctor compares this clock with the one here",
}
SQL: Final = re.compile(rf"\b({'|'.join(sorted(SERVER_CLOCK))})\s*\(|\bcurrent_timestamp\b", re.IGNORECASE)
SOURCES: Final = sorted(
    path for path in (ROOT / "app").rglob("*.py") if "migrations/versions" not in str(path.relative_to(ROOT))
)


def server_clock_uses(source: str) -> Iterator[int]:
    """The lines that call a clock function through ``sqlalchemy.func`` or spell one in an SQL string."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in SERVER_CLOCK and isinstance(node.value, ast.Name):
            if node.value.id == "func":
                yield node.lineno
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and SQL.search(node.value)
        ):
            yield node.lineno


def test_no_statement_reads_the_clock_of_postgresql() -> None:
    found = {
        name: lines
        for path in SOURCES
        if (lines := list(server_clock_uses(path.read_text()))) and (name := str(path.relative_to(ROOT))) not in ALLOWED
    }
    assert found == {}, "pass utc_now() into the statement"


@pytest.mark.parametrize(
    "source", ["select(Key).where(Key.expires_at > func.now())", "text('SELECT 1 WHERE expires_at <= now()')"]
)
def test_a_use_of_the_server_clock_is_found(source: str) -> None:
    assert list(server_clock_uses(source)) == [1]
