"""A new migration must not block the release that serves while it runs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER: Final = Path(__file__).parents[2] / "app" / "migrations"
BEFORE_THE_RULE: Final = "f6a2c81d5b09"
"""The newest revision that was released before indexes had to be created concurrently."""
BLOCKING: Final = re.compile(r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b|.*\bON ONLY\b)", re.IGNORECASE)
"""An index ``ON ONLY`` a partitioned table has no rows: those of its partitions are attached to it."""
INDEX: Final = 'op.create_index("i", "posts", ["a"], postgresql_concurrently=True)'


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"op.{name}":
            yield node


def blocking_indexes(source: str) -> list[str]:
    """The statements that create an index of an existing table and block its writes."""
    tree = ast.parse(source)
    new_tables = {ast.unparse(call.args[0]) for call in calls(tree, "create_table")}
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and "autocommit_block" in ast.unparse(node.items[0].context_expr)
    ]
    outside_of_transactions = {id(node) for block in blocks for node in ast.walk(block)}
    found = []
    for call in calls(tree, "create_index"):
        options = {option.arg: ast.unparse(option.value) for option in call.keywords}
        concurrently = options.get("postgresql_concurrently") == "True" and id(call) in outside_of_transactions
        if ast.unparse(call.args[1]) not in new_tables and not concurrently:
            found.append(ast.unparse(call))
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in formatted for part in node.values}
    texts = [ast.unparse(node) for node in formatted]
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in parts]
    texts += [node.value for node in constants if isinstance(node.value, str)]
    return found + [text for text in texts if BLOCKING.search(text)]


def new_migrations() -> list[Path]:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    scripts = ScriptDirectory.from_config(config)
    return [Path(script.path) for script in scripts.iterate_revisions("head", BEFORE_THE_RULE)]


def test_a_new_migration_creates_indexes_concurrently() -> None:
    found = {path.name: blocking_indexes(path.read_text()) for path in new_migrations()}
    assert not any(found.values()), f"see app/kit/db/adr/0003-migrations-while-the-previous-release-runs.md: {found}"


@pytest.mark.parametrize(
    ("source", "blocks"),
    [
        (f"with op.get_context().autocommit_block():\n    {INDEX}", False),
        (INDEX, True),
        ('with op.get_context().autocommit_block():\n    op.create_index("i", "posts", ["a"])', True),
        ('op.create_table("drafts")\nop.create_index("i", "drafts", ["a"])', False),
        ('op.execute("CREATE UNIQUE INDEX i ON posts (a)")', True),
        ('op.execute("create index concurrently i on posts (a)")', False),
        ('op.execute(f"CREATE INDEX {name} ON posts (a)")', True),
        ('op.execute(f"CREATE INDEX {name} ON ONLY audit_events (a)")', False),
    ],
)
def test_the_rule_tells_blocking_indexes(source: str, blocks: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert bool(blocking_indexes(source)) is blocks
