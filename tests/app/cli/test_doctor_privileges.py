"""``strata doctor``: the privileges of the API's role on the tables."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from app.cli.program import program
from tests.support.postgres import owner_dsn

Check = Callable[..., dict[str, str]]


@pytest.fixture
def check(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Execute a statement as the owner, then run the doctor; return its diagnosis of privileges."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", dsn)

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(owner_dsn(dsn))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def check(statement: str = "SELECT 1") -> dict[str, str]:
        asyncio.run(execute(statement))
        result = CliRunner().invoke(program, ["doctor", "--json"])
        found = {diagnosis["check"]: diagnosis for diagnosis in json.loads(result.output)}
        failed = any(diagnosis["verdict"] == "fail" for diagnosis in found.values())
        assert result.exit_code == int(failed)
        diagnosis: dict[str, str] = found["privileges"]
        return diagnosis

    return check


def test_a_missing_and_a_surplus_grant_fail_until_they_are_mended(check: Check) -> None:
    assert check()["verdict"] == "ok"
    missing = check("REVOKE INSERT ON posts FROM strata_app")
    assert (missing["verdict"], missing["detail"]) == ("fail", 'GRANT INSERT ON "posts" TO "strata_app"')
    assert missing["advice"] == "`strata migrate up`"
    surplus = check("GRANT INSERT ON posts TO strata_app; GRANT DELETE ON audit_events TO strata_app")
    assert (surplus["verdict"], surplus["detail"]) == ("fail", 'REVOKE DELETE ON "audit_events" FROM "strata_app"')
    assert check("REVOKE DELETE ON audit_events FROM strata_app")["verdict"] == "ok"


def test_a_connection_as_the_owner_is_shown(check: Check, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_DATABASE__URL", owner_dsn(dsn))
    found = check()
    assert found["verdict"] == "ok", "outside production"
    assert "connects as the owner of the tables" in found["detail"]
