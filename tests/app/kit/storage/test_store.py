"""The object store on a local folder and on a real S3 server: both behave alike."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from obstore.store import S3Store
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.kit.storage.errors import ObjectExists, ObjectNotFound
from app.kit.storage.opening import open_store
from app.kit.storage.store import PART_BYTES, ObjectStore
from app.settings.errors import SettingsError
from app.settings.loading import load_settings
from observability.metrics.metrics import Metrics
from tests.support.live import free_port
from tests.support.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, running_s3
from tests.support.waiting import PATIENCE

CONTENT = os.urandom(PART_BYTES * 2 + 12_345)


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def s3_settings(endpoint: str) -> dict[str, object]:
    return {"bucket": BUCKET, "endpoint": endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, metrics: Metrics) -> ObjectStore:
    given = {} if request.param == "local" else s3_settings(request.getfixturevalue("s3_server").endpoint)
    return open_store(load_settings(home=tmp_path, storage=given), metrics)


def new_key() -> str:
    return f"objects/{uuid4()}"


async def content_of(store: ObjectStore, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.stream(key, start, end)])


async def write(store: ObjectStore, key: str, content: bytes) -> int:
    async with store.writer(key) as writer:
        for at in range(0, len(content), 1_000_000):
            await writer.write(content[at : at + 1_000_000])
    return writer.size


async def test_an_object_is_written_in_parts_and_read_back_whole_and_by_range(store: ObjectStore) -> None:
    key = new_key()
    assert await write(store, key, CONTENT) == len(CONTENT)
    assert await store.size(key) == len(CONTENT)
    assert await content_of(store, key) == CONTENT
    assert await content_of(store, key, 5, 17) == CONTENT[5:17]
    assert await content_of(store, key, PART_BYTES) == CONTENT[PART_BYTES:]
    await store.delete(key)
    with pytest.raises(ObjectNotFound):
        await store.size(key)
    with pytest.raises(ObjectNotFound):
        await content_of(store, key)
    await store.delete(key)


def test_requests_to_a_bucket_have_the_time_limits_of_the_settings(tmp_path: Path, metrics: Metrics) -> None:
    given = {**s3_settings("http://127.0.0.1:1"), "connect_timeout": 3, "timeout": 7}
    store = open_store(load_settings(home=tmp_path, storage=given), metrics)._store
    assert isinstance(store, S3Store)
    assert store.client_options == {"allow_http": "true", "connect_timeout": "3s", "timeout": "7s"}
    retries = store.retry_config or {}
    assert (retries["max_retries"], retries["retry_timeout"]) == (2, timedelta(seconds=5))
    encrypted = open_store(load_settings(home=tmp_path, storage=s3_settings("https://s3.example")), Metrics())._store
    assert (encrypted.client_options or {})["allow_http"] == "false", "no redirect leads to plain HTTP"


async def test_an_object_is_never_replaced(store: ObjectStore) -> None:
    key = new_key()
    await store.put(key, b"first")
    with pytest.raises(ObjectExists):
        await store.put(key, b"second")
    assert await content_of(store, key) == b"first"


async def test_objects_are_listed_by_prefix(store: ObjectStore) -> None:
    folder = f"lists/{uuid4()}"
    for name in ("a", "b"):
        await store.put(f"{folder}/{name}", name.encode() * 3)
    await store.put(f"{folder}-other", b"")
    found = [(one.key, one.size) async for one in store.objects(folder)]
    assert sorted(found) == [(f"{folder}/a", 3), (f"{folder}/b", 3)]


@pytest.mark.parametrize("end", ["error", "cancellation"])
async def test_an_unfinished_object_leaves_nothing(
    store: ObjectStore, end: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    key = new_key()
    written = asyncio.Event()

    async def unfinished() -> None:
        async with store.writer(key) as writer:
            await writer.write(CONTENT)
            written.set()
            if end == "error":
                raise RuntimeError(end)
            await asyncio.sleep(PATIENCE)

    task = asyncio.create_task(unfinished())
    await asyncio.wait_for(written.wait(), PATIENCE)
    if end == "cancellation":
        task.cancel()
    (error,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, RuntimeError if end == "error" else asyncio.CancelledError)
    with pytest.raises(ObjectNotFound):
        await store.size(key)
    if "s3" in request.node.callspec.id:
        assert request.getfixturevalue("s3_server").unfinished_uploads() == []
    else:
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_a_signed_url_reaches_one_object_by_one_method_for_a_time(
    s3_server: S3Server, tmp_path: Path, metrics: Metrics
) -> None:
    store = open_store(load_settings(home=tmp_path, storage=s3_settings(s3_server.endpoint)), metrics)
    key = new_key()
    put = await store.signed_url("PUT", key, timedelta(minutes=1))
    get = await store.signed_url("GET", key, timedelta(minutes=1))
    short = await store.signed_url("GET", key, timedelta(seconds=1))
    assert put is not None
    assert get is not None
    assert short is not None
    assert SECRET_KEY not in put
    async with httpx2.AsyncClient(timeout=PATIENCE) as client:
        assert (await client.put(put, content=b"content")).status_code == 200
        assert (await client.get(get)).content == b"content"
        assert (await client.get(put)).status_code == 403
        assert (await client.get(get.replace(key, new_key()))).status_code == 403
        await asyncio.sleep(2)
        assert (await client.get(short)).status_code == 403
    assert await open_store(load_settings(home=tmp_path), Metrics()).signed_url("GET", key, timedelta(1)) is None


async def test_urls_are_signed_for_the_address_that_clients_know(tmp_path: Path, metrics: Metrics) -> None:
    given = {**s3_settings("http://127.0.0.1:1"), "public_endpoint": "https://files.example"}
    url = await open_store(load_settings(home=tmp_path, storage=given), metrics).signed_url("PUT", "a/b", timedelta(1))
    assert (url or "").startswith(f"https://files.example/{BUCKET}/a/b?")


async def test_a_bucket_keeps_the_header_fields_of_an_object(store: ObjectStore) -> None:
    fields = {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a.png"'}
    small, large = new_key(), new_key()
    await store.put(small, b"a", fields)
    async with store.writer(large, fields) as writer:
        await writer.write(CONTENT)
    for key in (small, large):
        assert await store.attributes(key) == (fields if store.type == "s3" else {})
    with pytest.raises(ObjectNotFound):
        await store.attributes(new_key())


async def test_a_store_that_does_not_reply_is_unavailable_and_logged_without_its_url(
    tmp_path: Path, metrics: Metrics
) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    store = open_store(load_settings(home=tmp_path, storage=s3_settings(endpoint)), metrics)
    with capture_logs() as logs, pytest.raises(Unavailable):
        await store.size(new_key())
    assert [(line["event"], line["operation"]) for line in logs] == [("storage_failed", "size")]
    outcomes = {"operation": "size", "outcome": "failed"}
    assert metrics.registry.get_sample_value("storage_operation_duration_seconds_count", outcomes) == 1
    assert endpoint not in str(logs)
    assert SECRET_KEY not in str(logs)


async def test_wrong_credentials_are_a_failure_of_the_store(
    s3_server: S3Server, tmp_path: Path, metrics: Metrics
) -> None:
    given = {**s3_settings(s3_server.endpoint), "secret_key": "wrong"}
    store = open_store(load_settings(home=tmp_path, storage=given), metrics)
    with pytest.raises(Unavailable):
        await store.put(new_key(), b"")


async def test_operations_and_bytes_are_counted(tmp_path: Path, metrics: Metrics) -> None:
    store = open_store(load_settings(home=tmp_path), metrics)
    await write(store, "objects/one", b"12345")
    await store.put("objects/two", b"123")
    await content_of(store, "objects/one", 1, 3)
    with pytest.raises(ObjectNotFound):
        await store.size("objects/none")
    with pytest.raises(ObjectExists):
        await store.put("objects/two", b"123")
    text = generate_latest(metrics.registry).decode()
    for operation, outcome, count in (
        ("write", "ok", 1),
        ("put", "ok", 1),
        ("put", "exists", 1),
        ("read", "ok", 1),
        ("size", "not_found", 1),
        ("delete", "ok", 0),
    ):
        labels = f'operation="{operation}",outcome="{outcome}"'
        assert f"storage_operation_duration_seconds_count{{{labels}}} {count}.0" in text
    assert 'storage_bytes_total{direction="in"} 8.0' in text
    assert 'storage_bytes_total{direction="out"} 2.0' in text


def test_the_local_folder_is_private_and_can_be_chosen(tmp_path: Path) -> None:
    open_store(load_settings(home=tmp_path, storage={"folder": tmp_path / "chosen"}), Metrics())
    open_store(load_settings(home=tmp_path), Metrics())
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("chosen", "files")] == [0o700, 0o700]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bucket": BUCKET, "access_key": "a"}, "belong together"),
        ({"bucket": BUCKET, "secret_key": "a"}, "belong together"),
        ({"endpoint": "http://127.0.0.1:1"}, "need storage.bucket"),
        ({"public_endpoint": "http://127.0.0.1:1"}, "need storage.bucket"),
        ({"access_key": "a", "secret_key": "b"}, "need storage.bucket"),
    ],
)
def test_incomplete_settings_are_rejected(tmp_path: Path, given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(home=tmp_path, storage=given)
