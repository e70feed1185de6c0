"""An application whose versions contradict each other, or take a promise back, does not start."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.lifecycle.errors import LifecycleError
from app.main import create_app
from app.settings.root import Settings
from tests.support.registries import CURRENT, OLD, served
from versions.kit.lifecycle_record import ensure_declared, recorded_form


def test_an_application_of_an_impossible_registry_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, replace(OLD, successor="v9"), CURRENT)
    with pytest.raises(LifecycleError, match="successor v9 does not exist"):
        create_app(settings)


def test_an_application_that_takes_a_promise_back_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = tmp_path / "lifecycle.json"
    record.write_bytes(recorded_form([OLD, CURRENT], {}))
    monkeypatch.setattr("app.main.ensure_declared", lambda found: ensure_declared(found, record))
    assert OLD.sunset_at is not None
    monkeypatch.setattr("app.main.VERSIONS", (replace(OLD, sunset_at=OLD.sunset_at - timedelta(days=1)), CURRENT))
    with pytest.raises(LifecycleError, match="never moved to an earlier day"):
        create_app(settings)
