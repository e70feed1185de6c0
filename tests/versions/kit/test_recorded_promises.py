"""The registry keeps the promises of its record."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.lifecycle.errors import LifecycleError
from tests.support.registries import DEPRECATED
from versions.kit.lifecycle_record import ensure_declared, recorded_form
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS


@pytest.mark.parametrize("ended", DEPRECATED, ids=lambda one: one.name)
def test_the_registry_keeps_the_recorded_promises(tmp_path: Path, ended: ApiVersion) -> None:
    ensure_declared(VERSIONS)
    path = tmp_path / "lifecycle.json"
    promised = replace(ended, sunset_at=ended.sunset_at + timedelta(days=1) if ended.sunset_at else None)
    path.write_bytes(recorded_form([promised if one is ended else one for one in VERSIONS], {}))
    with pytest.raises(LifecycleError, match="sunset"):
        ensure_declared(VERSIONS, path)
