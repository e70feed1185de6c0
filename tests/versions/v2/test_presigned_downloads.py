"""Downloads that a real bucket serves after a redirect."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.app import TestApp
from tests.support.jobs import execute
from tests.support.presigned import FILES, Uploader, code
from tests.support.uploads import form, pdf, png
from tests.support.waiting import PATIENCE, eventually

POLYGLOT = pdf(b"<script>alert(1)</script>")


async def stored(uploader: Uploader, content: bytes = POLYGLOT, name: str = "łupek.pdf", **fields: Any) -> str:
    """The URL of the content of a new file."""
    made = await uploader.client.post(FILES, files=form(content, name, ""), data=fields)
    return f"{FILES}/{made.json()['id']}/content"


async def redirected(uploader: Uploader, url: str, method: str = "GET", **headers: str) -> httpx2.Response:
    return await uploader.client.request(method, url, params={"redirect": "true"}, headers=headers)


async def fetched(response: httpx2.Response, method: str = "GET", **headers: str) -> httpx2.Response:
    """What the bucket responds with."""
    assert (response.status_code, response.content) == (307, b""), response.text
    async with httpx2.AsyncClient(timeout=PATIENCE) as bucket:
        return await bucket.request(method, response.headers["Location"], headers=headers)


@pytest.mark.parametrize("presigned", [False, True])
async def test_the_bucket_serves_a_download_as_an_attachment_of_its_type(
    uploader: Uploader, *, presigned: bool
) -> None:
    if presigned:
        completed = await uploader.upload(POLYGLOT, "łupek.pdf")
        url = f"{FILES}/{completed.json()['id']}/content"
    else:
        url = await stored(uploader)
    response = await redirected(uploader, f"{url}?disposition=inline")
    assert response.headers.get_list("Cache-Control") == ["no-store"]
    assert parse_qs(urlsplit(response.headers["Location"]).query)["X-Amz-Expires"] == ["60"]
    found = await fetched(response)
    assert (found.status_code, found.content) == (200, POLYGLOT)
    assert found.headers["Content-Type"] == "application/pdf"
    assert found.headers["Content-Disposition"] == (await uploader.client.get(url)).headers["Content-Disposition"]
    assert found.headers["Content-Disposition"].startswith("attachment; ")
    part = await fetched(await redirected(uploader, url, Range="bytes=1-3"), Range="bytes=1-3")
    assert (part.status_code, part.content) == (206, POLYGLOT[1:4])


async def test_a_head_is_redirected_to_a_head(uploader: Uploader) -> None:
    response = await redirected(uploader, await stored(uploader), "HEAD")
    found = await fetched(response, "HEAD")
    assert (found.status_code, found.headers["Content-Length"]) == (200, str(len(POLYGLOT)))
    assert (await fetched(response)).status_code == 403


async def test_the_permission_and_the_conditions_come_first(s3_app: TestApp, uploader: Uploader) -> None:
    url = await stored(uploader)
    tag = (await uploader.client.get(url)).headers["ETag"]
    assert (await redirected(uploader, url, **{"If-None-Match": tag})).status_code == 304
    assert (await redirected(uploader, url, **{"If-Match": '"other"'})).status_code == 412
    assert (await redirected(uploader, url, Range=f"bytes={len(POLYGLOT)}-")).status_code == 416
    bob = await s3_app.person("bob@example.com")
    async with s3_app.client(bob.headers) as client:
        assert code(await client.get(f"{url}?redirect=true")) == (404, "file_not_found")
    shared = await stored(uploader, visibility="public")
    async with s3_app.client() as client:
        assert (await fetched(await client.get(f"{shared}?redirect=true"))).content == POLYGLOT
        assert (await client.get(f"{shared}?redirect=true")).headers.get_list("Cache-Control") == ["no-store"]
    assert (await uploader.client.get(f"{url}?redirect=false")).content == POLYGLOT


@pytest.mark.parametrize("attributes", [{}, {"Content-Type": "text/html", "Content-Disposition": "inline"}])
async def test_an_object_that_a_browser_might_show_is_not_redirected_to(
    s3_app: TestApp, uploader: Uploader, attributes: dict[str, str]
) -> None:
    """A release before this one stored objects without header fields."""
    url = await stored(uploader)
    await uploader.store.put("objects/older", POLYGLOT, attributes)
    await execute(s3_app, "UPDATE files SET object_key = 'objects/older'")
    response = await redirected(uploader, url)
    assert (response.status_code, response.content) == (200, POLYGLOT)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_missing_object_is_no_redirect(s3_app: TestApp, uploader: Uploader) -> None:
    url = await stored(uploader)
    await execute(s3_app, "UPDATE files SET object_key = 'objects/missing'")
    assert (await redirected(uploader, url)).status_code == 503


async def test_an_expired_url_is_rejected(uploader: Uploader) -> None:
    with patch("app.http.downloads.redirect._VALID", timedelta(seconds=1)):
        response = await redirected(uploader, await stored(uploader))

    async def expired() -> bool:
        return (await fetched(response)).status_code == 403

    await eventually(expired)


async def test_a_folder_has_no_urls(concurrent_app: TestApp) -> None:
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers) as client:
        file = (await client.post(FILES, files=form(png(), "a.png", ""))).json()
        expected = (501, "presigned_unavailable")
        assert code(await client.get(f"{FILES}/{file['id']}/content?redirect=true")) == expected
        assert code(await client.post(f"{FILES}/presigned", json={"filename": "a.png"})) == expected
        assert code(await client.post(f"{FILES}/{file['id']}/complete")) == expected
        missing = f"{FILES}/file_00000000000000000000000000/content"
        assert code(await client.get(f"{missing}?redirect=true")) == (404, "file_not_found")
    async with concurrent_app.client() as client:
        assert (await client.post(f"{FILES}/presigned", json={"filename": "a.png"})).status_code == 401
