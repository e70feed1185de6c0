"""Copies of the contracts, on which commands work."""

import shutil
from pathlib import Path

import pytest

from contracts import kinds
from contracts.freeze import EXCEPTIONS
from tests.contracts.commands import Run, run
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import recorded_form
from versions.registry import VERSIONS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the contracts and of the record, which the commands use."""
    copied = tmp_path / "contracts"
    copied.mkdir()
    for version in VERSIONS:
        for kind in kinds.all_kinds():
            shutil.copy(kind.frozen_path(version.name), copied)
    shutil.copy(kinds.FOLDER / EXCEPTIONS, copied)
    record = tmp_path / "lifecycle.json"
    record.write_bytes(recorded_form(VERSIONS, {}))
    monkeypatch.setattr(kinds, "FOLDER", copied)
    monkeypatch.setattr(lifecycle_record, "RECORD", record)
    return copied


@pytest.fixture
def strata(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `strata contract` with the copied contracts."""
    assert folder.exists()
    return lambda *arguments: run(monkeypatch, capsys, *arguments)
