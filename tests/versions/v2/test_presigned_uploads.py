"""Uploads that send their bytes to a real bucket, and are checked when they are completed."""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from unittest.mock import patch

import httpx2
import pytest

from app.files.presigned import MAX_PENDING
from app.files.repository import FileRepository
from app.kit.clock import utc_now
from app.kit.storage.store import ObjectStore
from app.plans.views import Caps
from tests.support.app import TestApp
from tests.support.jobs import execute
from tests.support.presigned import FILES, PRESIGNED, Uploader, code, file_rows
from tests.support.uploads import CONTENTS, CSV, docx, form, jpeg, png
from tests.support.waiting import PATIENCE
from tests.support.writes import recorded
from versions.kit.typeid import decode


async def test_bytes_that_went_to_the_bucket_become_a_file(s3_app: TestApp, uploader: Uploader) -> None:
    before = utc_now()
    begun = await uploader.begin(
        "../łupek.csv", content_type="text/csv; charset=utf-8", visibility="public", size=len(CSV)
    )
    assert (begun["name"], begun["content_type"], begun["state"]) == ("łupek.csv", "text/csv", "uploading")
    upload = begun["upload"]
    assert (upload["method"], upload["headers"]) == ("PUT", {"Content-Type": "text/csv"})
    valid = datetime.fromisoformat(upload["expires_at"]) - before
    assert timedelta(minutes=10) <= valid < timedelta(minutes=11)
    assert (await uploader.client.get(f"{FILES}/{begun['id']}")).status_code == 404
    assert code(await uploader.complete(begun)) == (409, "content_not_uploaded")
    assert (await uploader.send(begun, CSV)).status_code == 200
    completed = await uploader.complete(begun)
    assert completed.status_code == 200, completed.text
    file = completed.json()
    assert (file["id"], file["name"], file["content_type"]) == (begun["id"], "łupek.csv", "text/csv")
    assert (file["size"], file["sha256"], file["visibility"]) == (len(CSV), sha256(CSV).hexdigest(), "public")
    assert file["created_at"] == begun["created_at"]
    again = await uploader.complete(begun)
    assert (again.status_code, again.json(), again.headers["ETag"]) == (200, file, completed.headers["ETag"])
    found = await uploader.client.get(f"{FILES}/{file['id']}")
    assert (found.json(), found.headers["ETag"]) == (file, completed.headers["ETag"])
    assert (await uploader.client.get(f"{FILES}/{file['id']}/content")).content == CSV
    await s3_app.deliver()
    (key,) = await uploader.keys()
    assert key.startswith("objects/")
    (event,) = [row for row in await recorded(s3_app) if row.type == "file.uploaded"]
    owner = uploader.owner.user.uid
    assert (event.subject_uid, event.owner_uid, event.actor_uid) == (decode("file", file["id"]), owner, owner)
    assert event.payload == {"name": "łupek.csv", "content_type": "text/csv", "size": len(CSV)}
    assert await uploader.keys() == [key]


async def test_the_url_reaches_one_object_for_ten_minutes_and_completion_reads_it_once(uploader: Uploader) -> None:
    begun = await uploader.begin("a.png")
    url = begun["upload"]["url"]
    async with httpx2.AsyncClient(timeout=PATIENCE) as bucket:
        other = url.replace("/incoming/", "/objects/")
        assert (await bucket.put(other, content=b"a")).status_code == 403
        assert (await bucket.get(url)).status_code == 403
        assert (
            await bucket.put(url.replace("X-Amz-Expires=600", "X-Amz-Expires=6000"), content=b"a")
        ).status_code == 403
    assert "X-Amz-Expires=600&" in url
    assert (await uploader.send(begun, b"replaced")).status_code == 200
    assert (await uploader.send(begun, png())).status_code == 200
    completed = (await uploader.complete(begun)).json()
    # The URL is valid, but what is sent now changes nothing any more.
    assert (await uploader.send(begun, jpeg())).status_code == 200
    content = await uploader.client.get(f"{FILES}/{completed['id']}/content")
    assert (content.content, completed["sha256"]) == (png(), sha256(png()).hexdigest())
    assert (await uploader.complete(begun)).json() == completed


@pytest.mark.parametrize("name", CONTENTS)
async def test_each_type_is_accepted(uploader: Uploader, name: str) -> None:
    completed = await uploader.upload(CONTENTS[name], name)
    assert (completed.status_code, completed.json()["size"]) == (200, len(CONTENTS[name]))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", jpeg(), (415, "content_mismatch")),
        ("a.csv", b"a\0b", (415, "content_mismatch")),
        ("a.pdf", b"", (415, "content_mismatch")),
        ("a.docx", CONTENTS["a.xlsx"], (415, "content_mismatch")),
        ("a.docx", docx({"word/vbaProject.bin": b"a"}), (422, "unsafe_content")),
        ("a.docx", docx({"../a": b"a"}), (422, "unsafe_content")),
    ],
)
async def test_content_that_breaks_a_rule_is_gone(
    s3_app: TestApp, uploader: Uploader, name: str, content: bytes, expected: tuple[int, str]
) -> None:
    begun = await uploader.begin(name)
    # The type of the object is whatever its sender claims.
    assert (await uploader.send(begun, content, **{"Content-Type": begun["content_type"]})).status_code == 200
    assert code(await uploader.complete(begun)) == expected
    assert await uploader.keys() == []
    assert await file_rows(s3_app) == []
    assert code(await uploader.complete(begun)) == (404, "file_not_found")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"filename": "a.exe"}, (415, "file_type_not_allowed")),
        ({"filename": "a.png", "content_type": "text/html"}, (415, "content_mismatch")),
        ({"filename": "/"}, (422, "invalid_file_name")),
        ({"filename": "a.png", "size": 5 * 1024**3 + 1}, (413, "file_too_large")),
        ({"filename": "a.png", "size": 5 * 1024**3}, (409, "storage_limit_reached")),
        ({"filename": "a.png", "size": -1}, (422, "validation_failed")),
        ({"filename": "a.png", "visibility": "all"}, (422, "validation_failed")),
        ({"filename": "a.png", "other": 1}, (422, "validation_failed")),
        ({}, (422, "validation_failed")),
    ],
)
async def test_what_will_be_refused_is_refused_before_the_bytes(
    s3_app: TestApp, uploader: Uploader, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert code(await uploader.client.post(PRESIGNED, json=fields)) == expected
    assert await file_rows(s3_app) == []


@pytest.mark.parametrize(("limit", "expected"), [("size", "file_too_large"), ("storage", "storage_limit_reached")])
async def test_bytes_beyond_a_limit_are_not_read_and_gone(
    s3_app: TestApp, uploader: Uploader, limit: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await uploader.client.post(FILES, files=form())).status_code == 201
    others = await uploader.keys()
    begun = await uploader.begin("a.png", size=1)
    content = png(bytes(3_000_000))
    assert (await uploader.send(begun, content)).status_code == 200
    if limit == "size":
        monkeypatch.setattr("versions.v2.files.presigned.MAX_BYTES", len(content) - 1)
    else:
        monkeypatch.setattr(Caps, "storage_bytes", len(CSV) + len(content) - 1)
    with patch.object(ObjectStore, "stream", side_effect=AssertionError("read")):
        response = await uploader.complete(begun)
    assert response.json()["code"] == expected
    assert await uploader.keys() == others
    assert [row["state"] for row in await file_rows(s3_app)] == ["ready"]


async def test_a_full_storage_begins_no_upload(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await uploader.client.post(FILES, files=form())).status_code == 201
    monkeypatch.setattr(Caps, "storage_bytes", len(CSV) + 1)
    assert code(await uploader.client.post(PRESIGNED, json={"filename": "a.png", "size": 2})) == (
        409,
        "storage_limit_reached",
    )
    await uploader.begin("a.png")
    monkeypatch.setattr(Caps, "storage_bytes", len(CSV))
    response = await uploader.client.post(PRESIGNED, json={"filename": "a.png"})
    assert code(response) == (409, "storage_limit_reached"), "also if the client does not know the size"


async def test_uploads_through_the_api_are_no_pending_ones(s3_app: TestApp, uploader: Uploader) -> None:
    await execute(
        s3_app,
        "INSERT INTO files (uid, owner_id, name, content_type, object_key) SELECT gen_random_uuid(), $1, 'a.csv',"
        " 'text/csv', 'objects/' || n FROM generate_series(1, $2::integer) n",
        uploader.owner.user.id,
        MAX_PENDING,
    )
    await uploader.begin("a.png")


async def test_completed_files_count_and_a_user_has_a_number_of_pending_uploads(
    s3_app: TestApp, uploader: Uploader
) -> None:
    responses = await asyncio.gather(
        *(uploader.client.post(PRESIGNED, json={"filename": "a.png"}) for _ in range(MAX_PENDING + 5))
    )
    assert sorted(response.status_code for response in responses) == [201] * MAX_PENDING + [409] * 5
    refused = next(response for response in responses if response.status_code == 409)
    assert code(refused) == (409, "too_many_pending_uploads")
    begun = next(response for response in responses if response.status_code == 201).json()
    await uploader.send(begun, png())
    assert (await uploader.complete(begun)).status_code == 200
    await uploader.begin("a.png")
    bob = await s3_app.person("bob@example.com")
    async with s3_app.client(bob.headers) as client:
        assert (await client.post(PRESIGNED, json={"filename": "a.png"})).status_code == 201
    async with s3_app.runtime.database.write() as session:
        assert await FileRepository(session).stored_bytes(uploader.owner.user.id) == len(png())


async def test_only_the_owner_completes_an_upload(s3_app: TestApp, uploader: Uploader) -> None:
    bob = await s3_app.person("bob@example.com")
    begun = await uploader.begin(visibility="public")
    await uploader.send(begun, CSV)
    async with s3_app.client(bob.headers) as client:
        other = Uploader(s3_app, bob, client)
        assert code(await other.complete(begun)) == (404, "file_not_found")
        assert (await uploader.complete(begun)).status_code == 200
        assert code(await other.complete(begun)) == (404, "file_not_found")
    streamed = (await uploader.client.post(FILES, files=form())).json()
    assert (await uploader.complete(streamed)).json() == streamed, "a file that is ready"


async def test_a_retry_with_the_key_begins_one_upload(s3_app: TestApp, uploader: Uploader) -> None:
    key = {"Idempotency-Key": '"one"'}
    first = await uploader.client.post(PRESIGNED, json={"filename": "a.png"}, headers=key)
    again = await uploader.client.post(PRESIGNED, json={"filename": "a.png"}, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert len(await file_rows(s3_app)) == 1
    reused = await uploader.client.post(PRESIGNED, json={"filename": "b.png"}, headers=key)
    assert code(reused) == (422, "idempotency_key_reused")
    await uploader.send(first.json(), png())
    url = f"{FILES}/{first.json()['id']}/complete"
    completed = [await uploader.client.post(url, headers=key) for _ in range(2)]
    assert completed[0].json() == completed[1].json()
    malformed = await uploader.client.post(url, headers={"Idempotency-Key": '"'})
    assert code(malformed) == (400, "invalid_idempotency_key")
