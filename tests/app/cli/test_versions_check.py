"""``strata versions check`` and ``strata contract freeze`` reject lifecycles that are invalid or withdraw a promise."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli import contract, versions
from app.cli.kit.output import CommandError
from app.lifecycle.errors import LifecycleError
from app.lifecycle.version import VersionStatus
from contracts import freeze, kinds
from tests.support.registries import CURRENT, OLD
from versions.kit import lifecycle_record
from versions.kit.lifecycle_record import RECORD, read_record, recorded_form
from versions.kit.version import ApiVersion

assert OLD.sunset_at is not None
EARLIER = replace(OLD, sunset_at=OLD.sunset_at - timedelta(days=1))
LATER = replace(OLD, sunset_at=OLD.sunset_at + timedelta(days=1))
REVIVED = replace(
    OLD, status=VersionStatus.SUPPORTED, deprecated_at=None, sunset_at=None, successor=None, released=OLD.released
)
LOST = replace(OLD, successor="v7")


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Declares versions where the record has the old and the current one."""
    recorded = tmp_path / "recorded.json"
    recorded.write_bytes(recorded_form([OLD, CURRENT], {}))

    def patch(*found: ApiVersion) -> None:
        monkeypatch.setattr("versions.kit.lifecycle_record.RECORD", recorded)
        monkeypatch.setattr("versions.kit.lifecycle_record.read_record", lambda _path=None: read_record(recorded))
        for module in ("versions.registry", "contracts.freeze", "contracts.gate"):
            monkeypatch.setattr(f"{module}.VERSIONS", found)

    return patch


CASES = [
    (EARLIER, "never moved to an earlier day", "Correct versions/*/version.py."),
    (REVIVED, "was deprecated, which leads to retired, not to supported", "Correct versions/*/version.py."),
    (LOST, "its successor v7 does not exist", "Correct versions/*/version.py."),
    (LATER, "differs from versions/*/version.py", "run `strata contract freeze`"),
]


@pytest.mark.parametrize(("version", "sentence", "advice"), CASES)
def test_an_invalid_lifecycle_fails_the_check(
    declare: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    version: ApiVersion,
    sentence: str,
    advice: str,
) -> None:
    declare(version, CURRENT)
    with pytest.raises(CommandError) as failure:
        versions.check(as_json=True)
    assert advice in failure.value.advice
    assert any(sentence in fault for fault in json.loads(capsys.readouterr().out)["faults"])
    with pytest.raises(CommandError):
        versions.check()
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize("version", [EARLIER, REVIVED, LOST])
def test_a_withdrawn_promise_is_not_frozen(declare: Callable[..., None], version: ApiVersion) -> None:
    before = RECORD.read_bytes()
    declare(version, CURRENT)
    with pytest.raises(LifecycleError):
        contract.freeze()
    assert RECORD.read_bytes() == before


def test_a_later_sunset_is_frozen(
    declare: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "FOLDER", tmp_path)
    declare(LATER, CURRENT)
    record = lifecycle_record.RECORD
    record.write_bytes(recorded_form([OLD, CURRENT], {OLD.name: "sha256:1"}))
    assert record in freeze.freeze()
    assert read_record(record)[OLD.name].sunset_at == LATER.sunset_at
    assert read_record(record)[OLD.name].baseline == "sha256:1", "only a release changes the baseline"
    assert freeze.freeze() == []


def test_a_damaged_record_is_rejected(tmp_path: Path) -> None:
    record = tmp_path / "lifecycle.json"
    record.write_text('{"v901": {"name": "v901"}}')
    with pytest.raises(LifecycleError, match=r"lifecycle\.json cannot be read"):
        read_record(record)
    assert read_record(tmp_path / "none.json") == {}
