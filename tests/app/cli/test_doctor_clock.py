"""``strata doctor``: the clock of the database and the one here."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.kit import database_diagnoses
from app.cli.program import program
from app.kit.clock import utc_now


@pytest.mark.parametrize(
    ("seconds", "verdict", "detail"),
    [
        (0, "ok", "agrees with the clock of the database"),
        (-400, "fail", "the clock of the database is 400 s ahead of the clock here"),
        (400, "fail", "the clock of the database is 400 s behind the clock here"),
    ],
)
def test_clocks_that_differ_are_reported(
    seconds: int, verdict: str, detail: str, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.setenv("STRATA_DATABASE__URL", database_dsn)
    monkeypatch.setattr(database_diagnoses, "utc_now", lambda: utc_now() + timedelta(seconds=seconds))
    result = CliRunner().invoke(program, ["doctor", "--json"])
    [found] = [diagnosis for diagnosis in json.loads(result.output) if diagnosis["check"] == "clock"]
    assert (found["verdict"], found["detail"]) == (verdict, detail)
    assert ("NTP" in found["advice"]) == (verdict == "fail")
