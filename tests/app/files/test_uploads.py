"""Uploads: their rows, idempotency keys and the storage of a plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.errors import Unauthenticated
from app.events.audit import Origin
from app.events.recorder import EventRecorder
from app.files.commands import NewFile, NewPresigned, ReceivedFile
from app.files.deletion import before_deletion
from app.files.errors import FileNotFound, StorageLimitReached, UploadUnfinished
from app.files.presigned import PresignedUploads
from app.files.service import FileService
from app.files.sharing import shared_by_features
from app.files.types import CSV as CSV_TYPE
from app.files.uploads import KEY_RETENTION, FileUploads, Upload
from app.files.views import FileView, Visibility
from app.http.plans import PlansComponent
from app.http.storage import StorageComponent
from app.kit.storage.errors import ObjectNotFound
from app.plans.names import DEFAULT
from tests.support.app import Person, TestApp
from tests.support.files import store_file
from tests.support.jobs import execute
from tests.support.presigned import sign_urls
from tests.support.transactions import race
from tests.support.uploads import CSV, form
from tests.support.users import principal_of
from tests.support.writes import recorded
from versions.kit.typeid import encode

FILES = "/api/v2/files"
NEW = NewFile("posts.csv", CSV_TYPE)
KEYED = replace(NEW, key="a key")


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def uploads_of(test_app: TestApp, person: Person, storage_bytes: int = 1000) -> FileUploads:
    caps = replace(test_app.runtime.get(PlansComponent).catalogue.caps(DEFAULT), storage_bytes=storage_bytes)
    principal = await principal_of(test_app, person)
    return FileUploads(test_app.runtime.database, test_app.store, principal, caps, Origin())


async def begin(uploads: FileUploads, new: NewFile = NEW) -> Upload:
    upload = await uploads.begin(new)
    assert isinstance(upload, Upload)
    return upload


async def store(uploads: FileUploads, size: int) -> None:
    await uploads.finish([(await begin(uploads), ReceivedFile(size, b"digest"))])


async def test_the_plan_limits_the_bytes_of_a_user(concurrent_app: TestApp, ada: Person) -> None:
    uploads = await uploads_of(concurrent_app, ada)
    await store(uploads, 600)
    first, second = await begin(uploads), await begin(uploads)
    assert first.room == 400
    assert (await uploads.finish([(first, ReceivedFile(400, b"digest"))]))[0].size == 400
    # Both had room at their beginning.
    with pytest.raises(StorageLimitReached):
        await uploads.finish([(second, ReceivedFile(1, b"digest"))])
    with pytest.raises(StorageLimitReached):
        await uploads.begin(NEW)
    bob = await concurrent_app.person("bob@example.com")
    await store(await uploads_of(concurrent_app, bob), 1000)


async def test_several_files_are_finished_all_or_none(concurrent_app: TestApp, ada: Person) -> None:
    uploads = await uploads_of(concurrent_app, ada)
    both = [await begin(uploads), await begin(uploads)]
    await uploads.abandon(both[1:])
    with pytest.raises(FileNotFound):
        await uploads.finish([(upload, ReceivedFile(1, b"digest")) for upload in both])
    assert (await uploads.finish([(both[0], ReceivedFile(1, b"digest"))]))[0].uid == both[0].uid


async def test_files_that_are_finished_together_are_in_the_order_of_their_beginning(
    concurrent_app: TestApp, ada: Person
) -> None:
    uploads = await uploads_of(concurrent_app, ada)
    begun = [await begin(uploads) for _ in range(3)]
    views = await uploads.finish([(upload, ReceivedFile(1, b"digest")) for upload in reversed(begun)])
    assert [view.uid for view in views] == [upload.uid for upload in begun]


async def test_uploads_that_end_at_once_do_not_exceed_the_bytes_of_a_user(concurrent_app: TestApp, ada: Person) -> None:
    uploads = await uploads_of(concurrent_app, ada)

    async def finish(upload: Upload) -> bool:
        try:
            await uploads.finish([(upload, ReceivedFile(600, b"digest"))])
        except StorageLimitReached:
            return False
        return True

    begun = [await begin(uploads) for _ in range(3)]
    assert sum(await race(concurrent_app, *map(finish, begun))) == 1


async def test_a_file_is_deleted_once(concurrent_app: TestApp, ada: Person) -> None:
    """Two requests at once: one of them finds nothing any more, and records nothing."""
    content = await store_file(concurrent_app, ada, CSV)
    async with concurrent_app.client(ada.headers) as client:
        url = f"{FILES}/{encode('file', content.file)}"
        responses = await race(concurrent_app, client.delete(url), client.delete(url))
    assert sorted(response.status_code for response in responses) == [204, 404]
    assert [row.type for row in await recorded(concurrent_app)].count("file.deleted") == 1


async def test_a_user_who_was_deleted_meanwhile_neither_adds_nor_deletes_files(
    concurrent_app: TestApp, ada: Person
) -> None:
    """The request was authenticated before."""
    uploads, principal = await uploads_of(concurrent_app, ada), await principal_of(concurrent_app, ada)
    content, upload = await store_file(concurrent_app, ada, CSV), await begin(uploads)
    sign_urls(concurrent_app)
    store, caps = concurrent_app.runtime.get(StorageComponent).store, uploads._caps
    await execute(concurrent_app, "DELETE FROM users WHERE id = $1", ada.user.id)
    with pytest.raises(Unauthenticated):
        await uploads.finish([(upload, ReceivedFile(1, b"digest"))])
    wanted = NewPresigned("a.csv", "", Visibility.PRIVATE, None, [CSV_TYPE], 10)
    async with concurrent_app.runtime.database.write() as session:
        with pytest.raises(Unauthenticated):
            await PresignedUploads(session, store, principal, caps).begin(wanted)
        events = EventRecorder(session, principal.user_uid)
        deletion = before_deletion(session, events)
        shared = shared_by_features(concurrent_app.runtime.database.reads)
        with pytest.raises(Unauthenticated):
            await FileService(session, principal, events, deletion, shared).delete(content.file)


async def test_a_file_that_is_ready_keeps_its_content(concurrent_app: TestApp, ada: Person) -> None:
    """A task that is cancelled after its commit abandons an upload that it has finished."""
    uploads = await uploads_of(concurrent_app, ada)
    ready, failed = [await begin(uploads), await begin(uploads)]
    for upload in (ready, failed):
        await concurrent_app.store.put(upload.object_key, CSV)
    await uploads.finish([(ready, ReceivedFile(len(CSV), b"digest"))])
    await uploads.abandon([ready, failed])
    assert await concurrent_app.store.size(ready.object_key) == len(CSV)
    with pytest.raises(ObjectNotFound):
        await concurrent_app.store.size(failed.object_key)
    with pytest.raises(FileNotFound):
        await uploads.finish([(failed, ReceivedFile(1, b"digest"))])


async def test_a_key_in_use_is_in_flight(concurrent_app: TestApp, ada: Person) -> None:
    uploads = await uploads_of(concurrent_app, ada)
    upload = await begin(uploads, KEYED)
    with pytest.raises(UploadUnfinished):
        await uploads.begin(KEYED)
    await uploads.abandon([upload])
    upload = await begin(uploads, KEYED)
    (file,) = await uploads.finish([(upload, ReceivedFile(1, b"digest"))])
    assert await uploads.begin(KEYED) == file
    bob = await concurrent_app.person("bob@example.com")
    assert isinstance(await (await uploads_of(concurrent_app, bob)).begin(KEYED), Upload), "keys belong to a user"


async def test_a_key_may_be_used_again_after_a_day(concurrent_app: TestApp, ada: Person) -> None:
    uploads = await uploads_of(concurrent_app, ada)
    await uploads.finish([(await begin(uploads, KEYED), ReceivedFile(1, b"digest"))])
    move = "UPDATE files SET created_at = created_at - $1::interval"
    await execute(concurrent_app, move, KEY_RETENTION - timedelta(minutes=5))
    assert isinstance(await uploads.begin(KEYED), FileView)
    await execute(concurrent_app, move, timedelta(minutes=6))
    assert isinstance(await uploads.begin(KEYED), Upload)


async def test_a_retry_gets_the_file_if_it_sends_the_same(concurrent_app: TestApp, ada: Person) -> None:
    key = {"Idempotency-Key": '"upload 1"'}
    async with concurrent_app.client({**ada.headers, **key}) as client:
        created = await client.post(FILES, files=form(), data={"visibility": "public"})
        assert created.status_code == 201
        assert "Idempotent-Replayed" not in created.headers
        again = await client.post(FILES, files=form(), data={"visibility": "public"})
        assert (again.status_code, again.json()) == (201, created.json())
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Location"] == created.headers["Location"]
        others = (
            (form(CSV + b"x,y\n"), "public"),
            (form(name="other.csv"), "public"),
            (form(), "private"),
        )
        for files, visibility in others:
            response = await client.post(FILES, files=files, data={"visibility": visibility})
            assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
        assert (await client.get(FILES)).json()["data"] == [created.json()]
        in_flight = '"upload 2"'
        await begin(await uploads_of(concurrent_app, ada), replace(NEW, key="upload 2"))
        response = await client.post(FILES, files=form(), headers={"Idempotency-Key": in_flight})
        assert (response.status_code, response.json()["code"]) == (409, "request_in_flight")
        assert int(response.headers["Retry-After"]) >= 1
        response = await client.post(FILES, files=form(), headers={"Idempotency-Key": '"'})
        assert (response.status_code, response.json()["code"]) == (400, "invalid_idempotency_key")


async def test_a_failed_upload_may_be_repeated_with_its_key(concurrent_app: TestApp, ada: Person) -> None:
    async with concurrent_app.client({**ada.headers, "Idempotency-Key": '"k"'}) as client:
        assert (await client.post(FILES, files=form(b"\0"))).status_code == 415
        created = await client.post(FILES, files=form())
        assert created.status_code == 201
        assert "Idempotent-Replayed" not in created.headers
