"""Where the embedded server of a home is, and which connection a deadline interrupts."""

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.kit.db import lazy_session
from app.kit.db.embedded import EmbeddedPostgres
from app.kit.db.embedded_layout import resolve_layout


def test_the_name_of_a_server_never_changes_for_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()
    assert resolve_layout(home).name == f"strata-{digest[:16]}", "another name is another, empty database"
    monkeypatch.chdir(tmp_path)
    assert resolve_layout(Path("home")) == resolve_layout(home)


def test_a_server_without_a_log_has_an_empty_one(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert server._mark() == 0
    server.log.parent.mkdir(parents=True, exist_ok=True)
    server.log.write_text("line\n")
    assert server._mark() == 5
    assert server._tail(0) == "  line"


def test_a_deadline_knows_each_connection_of_its_session_once(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[object] = []
    deadline = SimpleNamespace(add=added.append)
    monkeypatch.setattr(lazy_session, "current_deadline", lambda: deadline)
    session: Any = SimpleNamespace(info={})
    first, second = (SimpleNamespace(connection=SimpleNamespace(driver_connection=object())) for _ in range(2))
    for connection in (first, first, second):
        lazy_session._record_driver(session, None, connection)
        assert session.info[lazy_session._DRIVER] is connection.connection.driver_connection
    assert added == [first.connection.driver_connection, second.connection.driver_connection]
    monkeypatch.setattr(lazy_session, "current_deadline", lambda: None)
    lazy_session._record_driver(session, None, first)
    assert len(added) == 2
