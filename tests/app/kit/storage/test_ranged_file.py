"""An object as a file that a library searches, and the requests that the client library of the store does not sign."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.kit.storage import ranged_file
from app.kit.storage.opening import open_store
from app.kit.storage.ranged_file import open_ranged
from app.kit.storage.signature import Credentials
from app.settings.loading import load_settings
from observability.metrics.metrics import Metrics

CONTENT = bytes(range(100))


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.BufferedReader:
    monkeypatch.setattr(ranged_file, "_BUFFER_BYTES", 8)
    store = open_store(load_settings(home=tmp_path), Metrics())
    await store.put("objects/one", CONTENT)
    return open_ranged(store, "objects/one", len(CONTENT))


def test_an_object_is_read_from_any_position(opened: io.BufferedReader) -> None:
    assert opened.read(3) == CONTENT[:3]
    assert (opened.seek(-5, io.SEEK_END), opened.read()) == (95, CONTENT[95:])
    assert (opened.seek(40), opened.read(20), opened.tell()) == (40, CONTENT[40:60], 60)
    assert (opened.seek(-30, io.SEEK_CUR), opened.read(5)) == (30, CONTENT[30:35])
    assert opened.raw.seek(-10, io.SEEK_CUR) == opened.raw.tell()
    assert (opened.seek(0), opened.read()) == (0, CONTENT)


def test_there_is_nothing_beyond_the_end_and_no_position_before_the_beginning(opened: io.BufferedReader) -> None:
    assert (opened.seek(200), opened.read(5)) == (200, b"")
    assert (opened.seek(98), opened.read(5)) == (98, CONTENT[98:])
    for origin in (io.SEEK_SET, io.SEEK_END):
        with pytest.raises(ValueError, match="negative"):
            opened.seek(-101, origin)


def test_a_signature_has_the_time_of_the_whole_day_and_shows_no_secret() -> None:
    credentials = Credentials("access", "very secret", "eu-central-1")
    afternoon = datetime(2026, 11, 30, 15, 4, 5, tzinfo=UTC)
    headers = credentials.headers("GET", "https://bucket.example/a?lifecycle=", b"", afternoon)
    assert headers["x-amz-date"] == "20261130T150405Z"
    scope = "Credential=access/20261130/eu-central-1/s3/aws4_request,"
    assert scope in headers["Authorization"]
    assert "very secret" not in f"{credentials!r}{headers}"
