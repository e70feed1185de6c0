"""Files that the product generates: what is stored when, and what housekeeping removes."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import time
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from app.files import housekeeping
from app.files.housekeeping import AFTER, FileHousekeeping
from app.files.queries import FileQueries
from app.files.repository import FileRepository
from app.files.schedules import schedules
from app.files.storing import FileStorage, StoredContent
from app.kit.clock import utc_now
from app.kit.queue.schedules import WorkerResources
from app.kit.storage.errors import ObjectNotFound
from app.kit.storage.opening import local_folder, open_store
from app.kit.storage.store import ObjectStore
from app.settings.loading import load_settings
from observability.metrics.metrics import Metrics
from tests.support.app import Person, TestApp
from tests.support.jobs import execute
from tests.support.transactions import database_of, owner_of

BODY = b"a report"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


class Files:
    """The feature over a store of the test."""

    def __init__(self, test_app: TestApp, home: Path) -> None:
        self.settings = load_settings(home=home)
        self.store = open_store(self.settings, Metrics())
        database = test_app.runtime.database
        self.database = database
        self.storage = FileStorage(database, self.store)
        self.housekeeping = FileHousekeeping(database, self.store)
        self.queries = FileQueries(database.reads)
        self.folder = local_folder(self.settings)

    async def finish(self, content: StoredContent) -> bool:
        async with self.database.write() as session:
            return await self.storage.finish(session, content)

    def age(self) -> None:
        """Let every object be older than housekeeping's limit."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                old = time() - AFTER.total_seconds() - 60
                os.utime(path, (old, old))


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def age_rows(test_app: TestApp, by: timedelta) -> None:
    await execute(test_app, "UPDATE files SET created_at = created_at - $1::interval", by)


async def test_a_file_is_visible_to_its_owner_once_it_is_finished(
    concurrent_app: TestApp, ada: Person, home: Path
) -> None:
    files = Files(concurrent_app, home)
    content = await files.storage.store(ada.user.id, "Raport.pdf", "application/pdf", BODY)
    assert await files.queries.of_owner(ada.user.id, content.file) is None
    assert await files.finish(content)
    found = await files.queries.of_owner(ada.user.id, content.file)
    assert found is not None
    assert (found.name, found.content_type, found.size) == ("Raport.pdf", "application/pdf", len(BODY))
    assert found.sha256 == sha256(BODY).digest()
    assert b"".join([chunk async for chunk in files.store.stream(found.object_key)]) == BODY
    assert await files.queries.of_owner(ada.user.id + 1, content.file) is None
    assert await files.queries.of_owner(ada.user.id, uuid4()) is None
    assert not await files.finish(content), "a file becomes ready once"


def test_what_is_written_now_is_not_taken_for_unfinished() -> None:
    assert timedelta(hours=1) <= AFTER <= timedelta(days=1)
    assert 1 < housekeeping._BATCH <= 1000, "a statement with a parameter for each key"


async def test_a_file_has_the_moment_at_which_it_was_finished(concurrent_app: TestApp, ada: Person, home: Path) -> None:
    files, before = Files(concurrent_app, home), utc_now()
    contents = [await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY) for _ in range(2)]
    assert await files.finish(contents[0])
    async with owner_of(files.database) as owner:
        (finished, open_one) = await owner.fetch("SELECT state, created_at, ready_at FROM files ORDER BY id")
    assert before <= finished["created_at"] <= finished["ready_at"] <= utc_now()
    assert (finished["state"], open_one["state"], open_one["ready_at"]) == ("ready", "uploading", None)


@pytest.mark.parametrize("error", [Unavailable, asyncio.CancelledError])
async def test_content_that_cannot_be_stored_leaves_nothing(
    concurrent_app: TestApp, ada: Person, home: Path, error: type[BaseException]
) -> None:
    files = Files(concurrent_app, home)
    (files.folder / "objects").write_text("not a folder")

    async def chunks() -> AsyncIterator[bytes]:
        yield BODY
        raise error

    with pytest.raises(Unavailable):
        await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)
    (files.folder / "objects").unlink()
    with pytest.raises(error):
        await files.storage.store_chunks(ada.user.id, "a.pdf", "application/pdf", chunks())
    async with owner_of(files.database) as owner:
        assert await owner.fetchval("SELECT count(*) FROM files") == 0
    assert [path for path in files.folder.rglob("*") if path.is_file()] == []


async def test_a_row_that_cannot_be_removed_now_is_removed_by_housekeeping(
    concurrent_app: TestApp, ada: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(concurrent_app, home)
    content = await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)

    async def fail(_repository: FileRepository, _uids: Sequence[UUID]) -> Sequence[str]:
        raise Unavailable

    monkeypatch.setattr(FileRepository, "delete_uploading", fail)
    with pytest.raises(KeyError):
        async with files.storage.abandoned_on_error(content.file):
            raise KeyError
    assert await files.housekeeping.remove_unfinished() == 0, "it may still be written"
    await age_rows(concurrent_app, AFTER + timedelta(minutes=1))
    assert await files.housekeeping.remove_unfinished() == 1


async def test_an_unfinished_file_is_removed_with_its_object_after_two_hours(
    concurrent_app: TestApp, ada: Person, home: Path
) -> None:
    files = Files(concurrent_app, home)
    unfinished = await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)
    finished = await files.storage.store(ada.user.id, "b.pdf", "application/pdf", BODY)
    assert await files.finish(finished)
    await age_rows(concurrent_app, AFTER - timedelta(minutes=1))
    assert await files.housekeeping.remove_unfinished() == 0
    await age_rows(concurrent_app, timedelta(minutes=2))
    assert await files.housekeeping.count_unfinished() == 1
    assert await files.housekeeping.remove_unfinished() == 1
    assert await files.housekeeping.count_unfinished() == 0
    assert not await files.finish(unfinished)
    with pytest.raises(ObjectNotFound):
        await files.store.size(f"objects/{unfinished.file}")
    assert await files.store.size(f"objects/{finished.file}") == len(BODY)


async def test_objects_of_a_deleted_user_are_removed_after_two_hours(
    concurrent_app: TestApp, ada: Person, home: Path
) -> None:
    files = Files(concurrent_app, home)
    bob = await concurrent_app.person("bob@example.com")
    gone = await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)
    kept = await files.storage.store(bob.user.id, "b.pdf", "application/pdf", BODY)
    assert await files.finish(gone)
    assert await files.finish(kept)
    await execute(concurrent_app, "DELETE FROM users WHERE id = $1", ada.user.id)
    assert await files.housekeeping.remove_orphans() == 0, "it may belong to a transaction that is not committed"
    files.age()
    assert await files.housekeeping.remove_orphans() == 1
    with pytest.raises(ObjectNotFound):
        await files.store.size(f"objects/{gone.file}")
    assert await files.store.size(f"objects/{kept.file}") == len(BODY)


async def test_orphans_are_removed_in_batches(
    concurrent_app: TestApp, ada: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_BATCH", 2)
    files = Files(concurrent_app, home)
    kept = await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)
    for number in range(5):
        await files.store.put(f"objects/orphan-{number}", BODY)
    await files.store.put("elsewhere/other", BODY)
    files.age()
    assert await files.housekeeping.remove_orphans() == 5
    assert [found.key async for found in files.store.objects("objects")] == [f"objects/{kept.file}"]
    assert await files.store.size("elsewhere/other") == len(BODY), "objects of other features have no files"


async def test_a_file_that_is_deleted_during_the_search_is_not_reported_as_missing(
    concurrent_app: TestApp, ada: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(concurrent_app, home)
    for name in ("deleted.pdf", "damaged.pdf"):
        content = await files.storage.store(ada.user.id, name, "application/pdf", BODY)
        assert await files.finish(content)
        await files.store.delete(f"objects/{content.file}")
    size = ObjectStore.size

    async def delete_first(store: ObjectStore, key: str) -> int:
        await execute(concurrent_app, "DELETE FROM files WHERE name = 'deleted.pdf'")
        return await size(store, key)

    monkeypatch.setattr(ObjectStore, "size", delete_first)
    found = [file.name async for batch in files.housekeeping.without_content() for file in batch]
    assert found == ["damaged.pdf"]


async def test_the_search_for_missing_content_asks_the_store_for_some_objects_at_once(
    concurrent_app: TestApp, ada: Person, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await execute(
        concurrent_app,
        "INSERT INTO files (uid, owner_id, name, content_type, object_key, state, size, sha256, ready_at)"
        " SELECT gen_random_uuid(), $1, 'a.pdf', 'application/pdf', 'objects/' || n, 'ready', 1, '', now()"
        " FROM generate_series(1, 50) n",
        ada.user.id,
    )
    asked: list[int] = []
    running = set[str]()

    async def size(_store: ObjectStore, key: str) -> int:
        running.add(key)
        asked.append(len(running))
        await asyncio.sleep(0)
        running.remove(key)
        raise ObjectNotFound(key)

    monkeypatch.setattr(ObjectStore, "size", size)
    found = [file async for batch in Files(concurrent_app, home).housekeeping.without_content() for file in batch]
    assert (len(found), max(asked)) == (50, housekeeping._AT_ONCE)


async def test_the_schedule_removes_unfinished_files_and_orphans(
    concurrent_app: TestApp, ada: Person, home: Path
) -> None:
    files = Files(concurrent_app, home)
    await files.storage.store(ada.user.id, "a.pdf", "application/pdf", BODY)
    await age_rows(concurrent_app, AFTER + timedelta(minutes=1))
    await files.store.put("objects/orphan", BODY)
    files.age()
    resources = WorkerResources(
        files.settings, database_of(concurrent_app), Metrics(), concurrent_app.outbox, files.store
    )
    (schedule,) = schedules(resources)
    with capture_logs() as logs:
        await schedule.run()
    assert [(line["event"], line["unfinished"], line["orphans"]) for line in logs] == [("files_cleaned", 1, 1)]


async def test_what_a_killed_process_left_in_the_folder_is_removed(concurrent_app: TestApp, home: Path) -> None:
    files = Files(concurrent_app, home)
    (files.folder / "objects").mkdir()
    leftover, other = files.folder / "objects" / f"{uuid4()}#1", files.folder / "objects" / "a#b"
    for path in (leftover, other):
        path.write_bytes(BODY)
    assert await files.housekeeping.remove_unfinished() == 0, "another process may write it"
    files.age()
    assert await files.housekeeping.remove_unfinished() == 1
    assert (leftover.exists(), other.exists()) == (False, True)
