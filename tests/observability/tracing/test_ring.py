"""The bounds of the traces on the local disk: the number of segments, and the size of one."""

import os
from pathlib import Path

import pytest

from observability.tracing.config import TracingConfig
from observability.tracing.ring import RingWriter
from observability.tracing.spans import make_resource

LIMIT = 1_048_576


def _writer(folder: Path) -> RingWriter:
    return RingWriter(folder, make_resource(TracingConfig(service="s")))


@pytest.mark.parametrize(("existing", "left"), [(14, 14), (15, 15), (16, 15), (20, 15)])
def test_a_new_segment_replaces_the_oldest_of_sixteen(tmp_path: Path, existing: int, left: int) -> None:
    for number in range(existing):
        file = tmp_path / f"old-{number:02}.jsonl"
        file.touch()
        # The names say nothing about the age: the newest name is the oldest file.
        os.utime(file, (existing - number, existing - number))
    (tmp_path / "other.txt").touch()
    assert _writer(tmp_path).deliver([]) is None
    kept = sorted(path.name for path in tmp_path.glob("old-*"))
    assert kept == [f"old-{number:02}.jsonl" for number in range(left)]
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "other.txt", f"s-{os.getpid()}.jsonl"}


@pytest.mark.parametrize(("size", "full"), [(LIMIT, False), (LIMIT + 1, True)])
def test_a_full_segment_becomes_the_previous_one(tmp_path: Path, size: int, full: object) -> None:
    current, previous = (tmp_path / f"s-{os.getpid()}{suffix}.jsonl" for suffix in ("", ".1"))
    current.write_bytes(b"x" * size)
    assert _writer(tmp_path).deliver([]) is None
    assert (previous.exists(), current.stat().st_size) == ((True, 0) if full else (False, size))
    assert not full or current.stat().st_mode & 0o777 == 0o600


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "traces"
    assert _writer(folder).deliver([]) is None
    assert folder.stat().st_mode & 0o777 == 0o700
