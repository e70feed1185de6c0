"""Completions of presigned uploads that meet each other, stop in the middle, or whose store or database fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import Mock, patch

import pytest

from app.errors import Unavailable
from app.files import completion
from app.files.housekeeping import AFTER, FileHousekeeping
from app.files.repository import FileRepository
from app.files.uploads import FileUploads
from app.kit.clock import utc_now
from app.kit.deadline import current_deadline
from app.kit.storage.store import PART_BYTES, ObjectStore, ObjectWriter
from tests.support.app import TestApp
from tests.support.jobs import execute
from tests.support.presigned import FILES, Uploader, code, file_rows
from tests.support.s3 import S3Server
from tests.support.uploads import CSV, docx, form, png
from tests.support.waiting import PATIENCE

LARGE = png(bytes(PART_BYTES * 2))
WRITE = ObjectWriter.write


class Stopped:
    """Lets completions wait after their first block."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        async def stop(writer: ObjectWriter, chunk: bytes) -> None:
            await WRITE(writer, chunk)
            if writer.size > PART_BYTES:
                self.reached.set()
                await self.go_on.wait()

        with patch.object(ObjectWriter, "write", stop):
            yield


async def begun_with(uploader: Uploader, content: bytes, name: str = "a.png") -> dict[str, Any]:
    begun = await uploader.begin(name)
    assert (await uploader.send(begun, content)).status_code == 200
    return begun


async def test_one_of_two_requests_completes_an_upload(s3_app: TestApp, uploader: Uploader) -> None:
    begun, stopped = await begun_with(uploader, LARGE), Stopped()
    async with stopped.writing():
        first = asyncio.create_task(uploader.complete(begun))
        await asyncio.wait_for(stopped.reached.wait(), PATIENCE)
        second = await uploader.complete(begun)
        assert code(second) == (409, "completion_in_progress")
        assert int(second.headers["Retry-After"]) >= 1
        stopped.go_on.set()
        completed = await first
    assert completed.status_code == 200
    assert (await uploader.complete(begun)).json() == completed.json()
    await s3_app.deliver()
    assert len(await uploader.keys()) == 1


async def test_a_request_that_comes_second_gets_the_file(uploader: Uploader) -> None:
    """The other request has completed the upload after this one has found it pending."""
    begun, claim = await begun_with(uploader, CSV, "a.csv"), FileRepository.claim
    other: list[dict[str, Any]] = []

    async def complete_first(repository: FileRepository, *given: Any) -> Any:
        patched.stop()
        other.append((await uploader.complete(begun)).json())
        return await claim(repository, *given)

    patched = patch.object(FileRepository, "claim", complete_first)
    patched.start()
    response = await uploader.complete(begun)
    assert (response.status_code, [response.json()]) == (200, other)


async def test_many_at_once_are_one_file(s3_app: TestApp, uploader: Uploader) -> None:
    begun = await begun_with(uploader, CSV, "a.csv")
    responses = await asyncio.gather(*(uploader.complete(begun) for _ in range(8)))
    assert {response.status_code for response in responses} <= {200, 409}
    assert len({response.text for response in responses if response.status_code == 200}) == 1
    await s3_app.deliver()
    assert len(await uploader.keys()) == 1
    assert [row["state"] for row in await file_rows(s3_app)] == ["ready"]


async def test_a_completion_that_is_cut_in_the_middle_leaves_nothing_and_may_be_repeated(
    s3_app: TestApp, uploader: Uploader, s3_server: S3Server
) -> None:
    begun, stopped = await begun_with(uploader, LARGE), Stopped()
    async with stopped.writing():
        cut = asyncio.create_task(uploader.complete(begun))
        await asyncio.wait_for(stopped.reached.wait(), PATIENCE)
        cut.cancel()
        (error,) = await asyncio.gather(cut, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)
    assert s3_server.unfinished_uploads() == []
    (incoming,) = await uploader.keys()
    assert [(row["state"], row["incoming_key"], row["checking_until"]) for row in await file_rows(s3_app)] == [
        ("uploading", incoming, None)
    ]
    assert (await uploader.complete(begun)).status_code == 200


async def test_a_killed_process_keeps_others_away_for_two_minutes(s3_app: TestApp, uploader: Uploader) -> None:
    begun = await begun_with(uploader, CSV, "a.csv")
    await execute(s3_app, "UPDATE files SET checking_until = $1", utc_now() + completion.CLAIM)
    assert code(await uploader.complete(begun)) == (409, "completion_in_progress")
    await execute(s3_app, "UPDATE files SET checking_until = $1", utc_now())
    assert (await uploader.complete(begun)).status_code == 200
    assert timedelta(minutes=2) == completion.CLAIM
    assert completion.CLAIM.total_seconds() / 2 > completion._EXTENDED_SECONDS, "or others take a slow completion over"


async def test_a_completion_extends_its_claim_while_it_reads(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion, "_EXTENDED_SECONDS", 0.0)
    begun, extended = await begun_with(uploader, LARGE), []
    extend = FileRepository.extend_claim

    async def record(repository: FileRepository, key: str, until: Any) -> bool:
        extended.append(until - utc_now())
        return await extend(repository, key, until)

    with patch.object(FileRepository, "extend_claim", record):
        assert (await uploader.complete(begun)).status_code == 200
    assert extended
    assert all(timedelta() < left <= completion.CLAIM for left in extended)


async def test_a_slow_completion_extends_its_claim_after_each_half_minute(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, clock, extended = await begun_with(uploader, CSV, "a.csv"), Mock(return_value=0.0), []
    extend = FileRepository.extend_claim

    async def slowly(_store: ObjectStore, _key: str) -> AsyncIterator[bytes]:
        for seconds in (20, 40, 60, 80):
            clock.return_value = float(seconds)
            yield CSV

    async def record(repository: FileRepository, key: str, until: Any) -> bool:
        extended.append(clock())
        return await extend(repository, key, until)

    loop = Mock(get_running_loop=Mock(return_value=Mock(time=clock)))
    monkeypatch.setattr(completion, "asyncio", loop)
    monkeypatch.setattr(ObjectStore, "stream", slowly)
    monkeypatch.setattr(FileRepository, "extend_claim", record)
    assert (await uploader.complete(begun)).status_code == 200
    assert extended == [40, 80]


async def test_a_completion_that_is_cut_stays_cut_although_the_database_fails(uploader: Uploader) -> None:
    """The claim ends by itself after two minutes."""
    begun, stopped = await begun_with(uploader, LARGE), Stopped()
    async with stopped.writing():
        cut = asyncio.create_task(uploader.complete(begun))
        await asyncio.wait_for(stopped.reached.wait(), PATIENCE)
        with patch.object(FileRepository, "extend_claim", side_effect=Unavailable):
            cut.cancel()
            (error,) = await asyncio.gather(cut, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)


async def test_a_completion_that_lost_its_claim_changes_nothing(
    s3_app: TestApp, uploader: Uploader, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process stood still for minutes, and another request has completed the upload."""
    monkeypatch.setattr(completion, "_EXTENDED_SECONDS", 0.0)
    begun, stopped = await begun_with(uploader, LARGE), Stopped()
    async with stopped.writing():
        late = asyncio.create_task(uploader.complete(begun))
        await asyncio.wait_for(stopped.reached.wait(), PATIENCE)
        await execute(s3_app, "UPDATE files SET checking_until = $1", utc_now())
        with patch.object(ObjectWriter, "write", WRITE):
            completed = await uploader.complete(begun)
        assert completed.status_code == 200
        stopped.go_on.set()
        assert code(await late) == (409, "completion_in_progress")
    await s3_app.deliver()
    assert len(await uploader.keys()) == 1
    assert s3_server.unfinished_uploads() == []
    content = await uploader.client.get(f"/api/v2/files/{begun['id']}/content")
    assert content.content == LARGE


async def test_a_store_that_fails_lets_the_upload_be_completed_later(uploader: Uploader) -> None:
    begun = await begun_with(uploader, docx(), "a.docx")
    with patch.object(ObjectStore, "blocking_range", side_effect=Unavailable):
        assert (await uploader.complete(begun)).status_code == 503
    (incoming,) = await uploader.keys()
    assert incoming.startswith("incoming/")
    assert (await uploader.complete(begun)).status_code == 200


async def test_content_that_disappears_before_it_is_read_can_be_sent_again(s3_app: TestApp, uploader: Uploader) -> None:
    begun, claim = await begun_with(uploader, CSV, "a.csv"), FileRepository.claim

    async def disappear(repository: FileRepository, *given: Any) -> Any:
        (incoming,) = await uploader.keys()
        await uploader.store.delete(incoming)
        return await claim(repository, *given)

    with patch.object(FileRepository, "claim", disappear):
        assert code(await uploader.complete(begun)) == (409, "content_not_uploaded")
    assert [(row["state"], row["checking_until"]) for row in await file_rows(s3_app)] == [("uploading", None)]
    assert (await uploader.send(begun, CSV)).status_code == 200
    assert (await uploader.complete(begun)).status_code == 200


async def test_completions_are_counted_by_their_outcome(s3_app: TestApp, uploader: Uploader) -> None:
    def counted() -> list[float | None]:
        registry, outcomes = s3_app.runtime.metrics.registry, ("completed", "rejected", "interrupted")
        return [registry.get_sample_value("presigned_uploads_total", {"outcome": outcome}) for outcome in outcomes]

    assert counted() == [0, 0, 0]
    begun = await begun_with(uploader, docx(), "a.docx")
    with patch.object(ObjectStore, "blocking_range", side_effect=Unavailable):
        await uploader.complete(begun)
    assert counted() == [0, 0, 1]
    assert [(await uploader.complete(begun)).status_code for _ in range(2)] == [200, 200]
    assert counted() == [1, 0, 1], "the second one reads nothing"
    assert (await uploader.complete(await begun_with(uploader, b"a\0", "a.csv"))).status_code == 415
    assert counted() == [1, 1, 1]


@pytest.mark.parametrize("presigned", [True, False])
async def test_the_deadline_of_a_request_does_not_include_the_transfer_of_its_content(
    uploader: Uploader, *, presigned: bool
) -> None:
    begun = await begun_with(uploader, CSV, "a.csv") if presigned else {}

    async def write_slowly(writer: ObjectWriter, chunk: bytes) -> None:
        deadline = current_deadline()
        assert deadline is not None
        when, deadline._when = deadline._when, 0.0
        deadline._expire()
        deadline._when = when
        await WRITE(writer, chunk)

    with patch.object(ObjectWriter, "write", write_slowly):
        response = await (uploader.complete(begun) if presigned else uploader.client.post(FILES, files=form()))
    assert response.is_success, response.text


@pytest.mark.parametrize("presigned", [True, False])
async def test_a_file_whose_commit_has_an_unknown_outcome_keeps_its_content(
    uploader: Uploader, *, presigned: bool
) -> None:
    """The server commits and loses the connection, so the process sees a failure although the file is ready."""
    begun = await begun_with(uploader, CSV, "a.csv") if presigned else {}
    finish = FileUploads.finish

    async def lose(uploads: FileUploads, received: Any) -> Any:
        await finish(uploads, received)
        raise Unavailable

    with patch.object(FileUploads, "finish", lose):
        response = await (uploader.complete(begun) if presigned else uploader.client.post(FILES, files=form()))
    assert response.status_code == 503
    (file,) = (await uploader.client.get(FILES)).json()["data"]
    assert (await uploader.client.get(f"{FILES}/{file['id']}/content")).content == CSV


async def test_housekeeping_removes_uploads_that_nobody_completes_and_late_objects(
    s3_app: TestApp, uploader: Uploader
) -> None:
    housekeeping = FileHousekeeping(s3_app.runtime.database, uploader.store)
    abandoned, completed = await begun_with(uploader, png()), await begun_with(uploader, CSV, "a.csv")
    assert (await uploader.complete(completed)).status_code == 200
    assert (await uploader.send(completed, CSV)).status_code == 200
    await s3_app.deliver()
    await s3_app.queued_jobs()
    assert (await uploader.send(completed, CSV)).status_code == 200
    assert (await housekeeping.remove_unfinished(), await housekeeping.remove_orphans()) == (0, 0)
    await execute(s3_app, "UPDATE files SET created_at = created_at - $1::interval", AFTER + timedelta(minutes=1))
    with patch("app.files.housekeeping.AFTER", timedelta(0)):
        assert await housekeeping.remove_orphans() == 1
    assert len(await uploader.keys()) == 2
    assert await housekeeping.remove_unfinished() == 1
    assert code(await uploader.complete(abandoned)) == (404, "file_not_found")
    assert [key.partition("/")[0] for key in await uploader.keys()] == ["objects"]
