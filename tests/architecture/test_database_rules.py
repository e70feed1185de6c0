"""Rules of transactions: rows are locked in one order, and errors of the driver are classified in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted(path for name in ("app", "versions") for path in (ROOT / name).rglob("*.py"))
ONE_ROW: Final = {
    "app/access/repository.py::lock_owner": "the primary key",
    "app/files/repository.py::lock": "the callers compare a unique column",
    "app/files/repository.py::keep_owner": "the primary key, before the file is locked",
    "app/files/repository.py::lock_owner": "the primary key, before the files are written",
    "app/jobs/repository.py::lock": "a unique column",
    "app/jobs/repository.py::lock_user": "the primary key, before the job is written",
    "app/notifications/repository.py::lock": "a unique column",
    "app/webhooks/repository.py::lock": "a unique column",
    "app/webhooks/repository.py::lock_owner": "the primary key",
    "app/notifications/repository.py::lock_recipient": "a unique column, before the notification is written",
    "app/ledger/repository.py::lock_owner": "the primary key",
    "app/access/repository.py::lock": "a unique column; the order of the joins is user, key",
    "app/users/repository.py::_lock_first": "the callers compare a unique column",
    "app/auth/repository.py::_START_SESSION": "the primary key, before the session is written",
    "app/auth/repository.py::lock_refresh_token": "a unique column; the order of the joins is user, session, token",
    "app/auth/repository.py::lock_action_token": "a unique column; the order of the joins is user, token",
    "app/events/repository.py::lock_cursor": "the primary key",
    "app/identities/repository.py::lock_confirmed": "a unique column; the order of the joins is user, confirmation",
    "app/plans/repository.py::available": "the primary key",
    "app/plans/repository.py::lock": "the primary key",
    "app/posts/repository.py::lock_author": "the primary key; before the post of a request, and after lock_in_order",
    "app/rooms/repository.py::_locked": "the callers compare a unique column",
    "app/posts/statements.py::LOCK": "a unique column; batches lock their posts before",
    "app/posts/statements.py::insert_post": "the primary key, before the post is written",
}
"""Functions and statements that lock one row of a table, and why it is one."""
CLASSIFIERS: Final = {
    "app/kit/db/errors.py": "classifies",
    "app/kit/db/migrations.py": "reports which limit a migration reached",
    "app/kit/db/connection_pool.py": "a connection that the deadline has terminated",
    "app/users/repository.py": "a violated constraint, by its SQLSTATE",
    "app/cli/kit/environment.py": "prints the message of a statement that failed",
    "app/cli/kit/database_diagnoses.py": "reports what migrations are missing",
}
"""Modules that name exceptions of the driver, and why they may."""


def definitions(path: Path) -> Iterator[tuple[str, str]]:
    """The functions of a module and its constants, by name."""
    source = path.read_text()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}::{node.name}", ast.get_source_segment(source, node) or ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            yield f"{path.relative_to(ROOT)}::{ast.unparse(target)}", ast.get_source_segment(source, node) or ""


def locks(text: str) -> int:
    return text.count(".with_for_update(")


def test_several_rows_are_locked_in_the_order_of_their_ids() -> None:
    found = {name: text for path in SOURCES for name, text in definitions(path) if locks(text)}
    assert len(found) >= len(ONE_ROW), "the search finds the functions that lock"
    wrong = [name for name, text in found.items() if name not in ONE_ROW and text.count(".order_by(") < locks(text)]
    assert not wrong, "order the rows by id, or explain in ONE_ROW why it is one row"
    assert ONE_ROW.keys() <= found.keys()


def driver_errors(path: Path) -> set[str]:
    """The exceptions of asyncpg and SQLAlchemy that a module names."""
    tree = ast.parse(path.read_text())
    attributes = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "asyncpg"
    }
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {"asyncpg", "asyncpg.exceptions", "sqlalchemy.exc"}
        for alias in node.names
    }
    errors = {name for name in attributes | imported if name.endswith(("Error", "Timeout"))}
    return errors - {"DisconnectionError"}


def test_errors_of_the_driver_are_classified_in_one_place() -> None:
    found = {str(path.relative_to(ROOT)): errors for path in SOURCES if (errors := driver_errors(path))}
    assert found.keys() <= CLASSIFIERS.keys(), f"use app.kit.db.errors instead of naming exceptions: {found}"
    assert CLASSIFIERS.keys() <= found.keys(), "remove modules that name none any longer"
