"""Uploads, downloads, imports and exports with a real bucket."""

import csv
import io
from typing import Any, Final

import httpx2
import pytest

from app.errors import Unavailable
from app.kit.storage.store import PART_BYTES, ObjectWriter
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.presigned import Uploader
from tests.support.s3 import S3Server
from tests.support.uploads import CONTENTS, CSV, docx, form, pdf, png
from tests.support.waiting import PATIENCE
from tests.support.wire import WIRE

LARGE: Final = png(bytes(range(256)) * 36_000)
"""Two parts of a multipart upload."""
FILES: Final = f"/api/{WIRE}/files"
each_version = pytest.mark.parametrize("version", VERSIONS)


async def upload(uploader: Uploader, version: str, content: bytes, name: str = "a.png") -> httpx2.Response:
    return await uploader.client.post(DIALECTS[version].upload_url, files=form(content, name, ""))


@each_version
async def test_a_file_is_uploaded_read_whole_and_in_parts_and_deleted(
    s3_app: TestApp, uploader: Uploader, s3_server: S3Server, version: str
) -> None:
    assert len(LARGE) > PART_BYTES
    made = await upload(uploader, version, LARGE)
    assert made.is_success, made.text
    url = DIALECTS[version].content_of(made.json())
    whole = await uploader.client.get(url)
    assert (whole.status_code, whole.content) == (200, LARGE)
    assert whole.headers["Content-Type"] == "image/png"
    for start, end in ((0, 1), (PART_BYTES - 5, PART_BYTES + 5), (len(LARGE) - 1, len(LARGE))):
        part = await uploader.client.get(url, headers={"Range": f"bytes={start}-{end - 1}"})
        assert (part.status_code, part.content) == (206, LARGE[start:end])
    fresh = await uploader.client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert fresh.status_code == 304
    beyond = await uploader.client.get(url, headers={"Range": f"bytes={len(LARGE)}-"})
    assert beyond.status_code == 416
    (shown,) = (await uploader.client.get(FILES)).json()["data"]
    assert (await uploader.client.delete(f"{FILES}/{shown['id']}")).is_success
    assert (await uploader.client.get(url)).status_code == 404
    await s3_app.deliver()
    assert await uploader.keys() == []
    assert s3_server.unfinished_uploads() == []


@each_version
@pytest.mark.parametrize("name", CONTENTS)
async def test_each_type_is_checked_in_the_bucket(uploader: Uploader, version: str, name: str) -> None:
    made = await upload(uploader, version, CONTENTS[name], name)
    assert made.is_success, made.text
    assert (await uploader.client.get(DIALECTS[version].content_of(made.json()))).content == CONTENTS[name]


@each_version
@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.docx", docx({"word/vbaProject.bin": b"a"}), 422),
        ("a.docx", docx({"word/media": bytes(2_000_000)}), 422),
        ("a.xlsx", docx(), 415),
        ("a.png", pdf(bytes(PART_BYTES)), 415),
    ],
)
async def test_a_rejected_upload_leaves_nothing_in_the_bucket(
    uploader: Uploader, s3_server: S3Server, version: str, name: str, content: bytes, status: int
) -> None:
    response = await upload(uploader, version, content, name)
    assert response.status_code == status, response.text
    assert await uploader.keys() == []
    assert s3_server.unfinished_uploads() == []


@each_version
async def test_an_upload_that_ends_in_the_middle_leaves_nothing_in_the_bucket(
    uploader: Uploader, s3_server: S3Server, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ObjectWriter.write

    async def fail(writer: ObjectWriter, chunk: bytes) -> None:
        await write(writer, chunk)
        if writer.size > PART_BYTES:
            raise Unavailable

    monkeypatch.setattr(ObjectWriter, "write", fail)
    assert (await upload(uploader, version, LARGE)).status_code == 503
    assert await uploader.keys() == []
    assert s3_server.unfinished_uploads() == []


@pytest.fixture
async def imported(s3_app: TestApp, uploader: Uploader) -> Uploader:
    """A user who imported two posts from a file in the bucket."""
    file = (await upload(uploader, WIRE, CSV + b"Basalt,Dark\n", "posts.csv")).json()
    await run_job(s3_app, uploader, "csv_import", file_id=file["id"])
    return uploader


async def run_job(test_app: TestApp, uploader: Uploader, kind: str, **params: str) -> None:
    response = await uploader.client.post(f"/api/{WIRE}/jobs", json={"type": kind, "params": params})
    assert response.status_code == 202, response.text
    await test_app.deliver()


async def test_a_file_in_the_bucket_is_imported(imported: Uploader) -> None:
    posts = (await imported.client.get(f"/api/{WIRE}/posts?sort=title")).json()["data"]
    assert [post["title"] for post in posts] == ["Basalt", "Gneiss"]


async def test_an_export_is_a_file_in_the_bucket(s3_app: TestApp, imported: Uploader) -> None:
    await run_job(s3_app, imported, "export", resource="posts", format="csv")
    file = (await imported.client.get(FILES)).json()["data"][0]
    assert (file["name"], file["content_type"]) == ("posts.csv", "text/csv")
    content = await imported.client.get(f"{FILES}/{file['id']}/content")
    rows = list(csv.DictReader(io.StringIO(content.text)))
    assert sorted(row["title"] for row in rows) == ["Basalt", "Gneiss"]
    assert len(content.content) == file["size"]
    await ensure_redirected(imported, file)


async def test_a_report_is_a_file_in_the_bucket(s3_app: TestApp, imported: Uploader) -> None:
    await run_job(s3_app, imported, "report", start_date="2026-01-01", end_date="2026-01-31")
    file = (await imported.client.get(FILES)).json()["data"][0]
    assert file["content_type"] == "application/pdf"
    content = await imported.client.get(f"{FILES}/{file['id']}/content")
    assert content.content.startswith(b"%PDF-")
    await ensure_redirected(imported, file)


async def ensure_redirected(uploader: Uploader, file: dict[str, Any]) -> None:
    """The bucket sends a file of the product itself as one that a user uploaded: with its type, as an attachment."""
    redirect = await uploader.client.get(f"{FILES}/{file['id']}/content", params={"redirect": "true"})
    assert redirect.status_code == 307, redirect.text
    async with httpx2.AsyncClient(timeout=PATIENCE) as bucket:
        found = await bucket.get(redirect.headers["Location"])
    assert (found.status_code, len(found.content)) == (200, file["size"])
    assert found.headers["Content-Type"] == file["content_type"]
    assert found.headers["Content-Disposition"].startswith(f'attachment; filename="{file["name"]}"')
