"""Forms with a file in v2: which parts they may have, what their heads may say, and what a rejected one leaves."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.support.app import Person, TestApp
from tests.support.presigned import FILES, code, file_rows
from tests.support.uploads import CSV, png
from tests.versions.test_forms import MULTIPART, part

END = b"--x--\r\n"


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


def file_part(content: bytes = CSV, name: str = "a.csv", media_type: str = "", field: str = "file") -> bytes:
    declared = f"\r\nContent-Type: {media_type}" if media_type else ""
    return part(field, content, f'; filename="{name}"{declared}')


async def send(
    test_app: TestApp, owner: Person, body: bytes | AsyncIterator[bytes], kind: str = MULTIPART
) -> httpx2.Response:
    async with test_app.client(owner.headers) as client:
        return await client.post(FILES, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (part("visibility", b"x" * 1024) + file_part(), (422, "validation_failed")),
        (part("visibility", b"x" * 1025) + file_part(), (400, "malformed_form")),
        (part("visibility", b"all") + file_part(), (422, "validation_failed")),
        (part("other", b"a") + file_part(), (422, "validation_failed")),
        (part("visibility", b"public"), (422, "validation_failed")),
        (part("visibility", b"public") * 11 + file_part(), (400, "malformed_form")),
        (file_part(field="other"), (422, "validation_failed")),
        (file_part() * 2, (400, "malformed_form")),
        (file_part() + b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n", (400, "malformed_form")),
        (file_part().replace(b"form-data", b"attachment"), (400, "malformed_form")),
        (file_part().replace(b'"a.csv"', b'"\xff.csv"'), (400, "malformed_form")),
        (file_part(media_type="text/html"), (415, "content_mismatch")),
    ],
)
async def test_a_form_that_breaks_a_rule_leaves_nothing(
    concurrent_app: TestApp, ada: Person, body: bytes, expected: tuple[int, str]
) -> None:
    assert code(await send(concurrent_app, ada, body + END)) == expected
    assert await file_rows(concurrent_app) == []


@pytest.mark.parametrize(
    ("body", "visibility"),
    [
        (file_part(), "private"),
        (part("visibility", b"public") * 9 + file_part() + part("visibility", b"signed_in"), "signed_in"),
        (file_part().replace(b"Content-Disposition", b"content-disposition"), "private"),
        (file_part(media_type="Text/CSV; charset=utf-8"), "private"),
    ],
)
async def test_a_form_may_have_its_parts_in_any_order(
    concurrent_app: TestApp, ada: Person, body: bytes, visibility: str
) -> None:
    made = await send(concurrent_app, ada, body + END)
    assert made.status_code == 201, made.text
    assert (made.json()["content_type"], made.json()["visibility"]) == ("text/csv", visibility)


async def test_a_type_belongs_to_its_part_only(concurrent_app: TestApp, ada: Person) -> None:
    """The file declares no type; the part before it does."""
    body = b'--x\r\nContent-Disposition: form-data; name="visibility"\r\nContent-Type: text/html\r\n\r\npublic\r\n'
    made = await send(concurrent_app, ada, body + file_part() + END)
    assert (made.status_code, made.json()["visibility"]) == (201, "public")


async def test_what_follows_the_form_is_ignored(concurrent_app: TestApp, ada: Person) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file_part() + END
        for _ in range(3):
            yield b"epilogue" * 4096

    assert (await send(concurrent_app, ada, body())).status_code == 201


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/csv"])
async def test_another_body_than_a_form_is_not_read(concurrent_app: TestApp, ada: Person, kind: str) -> None:
    response = await send(concurrent_app, ada, CSV, kind)
    assert code(response) == (415, "unsupported_media_type")


async def test_an_upload_that_is_cancelled_leaves_nothing(concurrent_app: TestApp, ada: Person) -> None:
    """The process stops."""
    before = [one.key async for one in concurrent_app.store.objects("objects")]
    stopped = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield file_part(png(bytes(3_000_000)), "a.png")
        stopped.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(send(concurrent_app, ada, body()))
    await stopped.wait()
    assert [row["state"] for row in await file_rows(concurrent_app)] == ["uploading"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await file_rows(concurrent_app) == []
    assert [one.key async for one in concurrent_app.store.objects("objects")] == before


async def test_an_empty_file_is_stored_and_sent(concurrent_app: TestApp, ada: Person) -> None:
    made = await send(concurrent_app, ada, file_part(b"") + END)
    assert (made.status_code, made.json()["size"]) == (201, 0)
    async with concurrent_app.client(ada.headers) as client:
        found = await client.get(f"{FILES}/{made.json()['id']}/content")
    assert (found.status_code, found.content, found.headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize(("name", "content", "expected"), [("a.png", png(), "inline"), ("a.csv", CSV, "attachment")])
async def test_only_images_are_shown_by_a_browser(
    concurrent_app: TestApp, ada: Person, name: str, content: bytes, expected: str
) -> None:
    made = await send(concurrent_app, ada, file_part(content, name) + END)
    url = f"{FILES}/{made.json()['id']}/content"
    async with concurrent_app.client(ada.headers) as client:
        shown, saved = await client.get(f"{url}?disposition=inline"), await client.get(url)
    assert shown.headers["Content-Disposition"] == f"{expected}; filename=\"{name}\"; filename*=UTF-8''{name}"
    assert saved.headers["Content-Disposition"].startswith("attachment; ")
    assert shown.headers["Content-Type"] == made.json()["content_type"]


async def test_a_file_whose_object_is_missing_is_an_error_of_the_server(concurrent_app: TestApp, ada: Person) -> None:
    file = (await send(concurrent_app, ada, file_part() + END)).json()
    (row,) = await file_rows(concurrent_app)
    await concurrent_app.store.delete(row["object_key"])
    async with concurrent_app.client(ada.headers) as client:
        assert code(await client.get(f"{FILES}/{file['id']}/content")) == (503, "unavailable")
