"""The record of lifecycles is read as it was written, and a record without a digest is invalid."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.lifecycle.errors import LifecycleError
from app.lifecycle.version import VersionStatus, Window
from tests.versions.kit.test_declarations import ENDING, NOON, version
from versions.kit.lifecycle_record import (
    RecordedLifecycle,
    baselines_of,
    channel_baselines_of,
    read_record,
    recorded_form,
)


def test_the_record_of_lifecycles_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.json"
    assert read_record(path) == {}
    window = Window(NOON, NOON + timedelta(hours=1))
    written = recorded_form(
        [version("v8"), replace(ENDING, brownouts=(window,))], {"v7": "sha256:1"}, {"v7": "sha256:2"}
    )
    path.write_bytes(written)
    assert list(json.loads(written)) == ["v7", "v8"]
    assert written.startswith(b'{\n  "v7": {\n    "baseline": "sha256:1",\n    "brownouts": [')
    assert written.endswith(b"}\n")
    record = read_record(path)
    assert record["v7"] == RecordedLifecycle(
        baseline="sha256:1",
        channels_baseline="sha256:2",
        name="v7",
        status=VersionStatus.DEPRECATED,
        released=date(2026, 1, 1),
        deprecated_at=NOON,
        sunset_at=NOON + timedelta(days=400),
        successor="v8",
        brownouts=(window,),
    )
    assert record["v8"].status is VersionStatus.CURRENT
    assert baselines_of(record) == {"v7": "sha256:1", "v8": None}
    assert channel_baselines_of(record) == {"v7": "sha256:2", "v8": None}
    for digest in ("baseline", "channels_baseline"):
        incomplete = json.loads(written)
        del incomplete["v8"][digest]
        path.write_text(json.dumps(incomplete))
        with pytest.raises(LifecycleError, match=r"lifecycle\.json cannot be read: "):
            read_record(path)
    path.write_text('{"v7": {}}')
    with pytest.raises(LifecycleError, match=r"lifecycle\.json cannot be read: "):
        read_record(path)
