"""Files in v2: upload, metadata, download and deletion."""

from hashlib import sha256

import httpx2
import pytest

from tests.support.app import Person, TestApp
from tests.support.uploads import CONTENTS, CSV, form

FILES = "/api/v2/files"


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def upload(
    client: httpx2.AsyncClient, content: bytes = CSV, name: str = "posts.csv", **fields: str
) -> httpx2.Response:
    return await client.post(FILES, files=form(content, name, ""), data=fields)


async def test_a_file_is_uploaded_read_listed_and_deleted(concurrent_app: TestApp, ada: Person) -> None:
    before = [one.key async for one in concurrent_app.store.objects("objects")]
    async with concurrent_app.client(ada.headers) as client:
        created = await upload(client)
        assert created.status_code == 201, created.text
        file = created.json()
        url = f"{FILES}/{file['id']}"
        assert created.headers["Location"] == url
        assert (file["name"], file["content_type"], file["size"]) == ("posts.csv", "text/csv", len(CSV))
        assert (file["sha256"], file["visibility"]) == (sha256(CSV).hexdigest(), "private")
        found = await client.get(url)
        assert found.json() == file
        assert (await client.get(url, headers={"If-None-Match": found.headers["ETag"]})).status_code == 304
        assert (await client.get(FILES)).json()["data"] == [file]
        content = await client.get(f"{url}/content")
        assert content.content == CSV
        assert (await client.delete(url)).status_code == 204
        for gone in (url, f"{url}/content"):
            assert (await client.get(gone)).status_code == 404
        assert (await client.delete(url)).status_code == 404
    await concurrent_app.deliver()
    assert [one.key async for one in concurrent_app.store.objects("objects")] == before


@pytest.mark.parametrize("name", CONTENTS)
async def test_each_type_is_accepted(concurrent_app: TestApp, ada: Person, name: str) -> None:
    async with concurrent_app.client(ada.headers) as client:
        created = await upload(client, CONTENTS[name], name)
        assert created.status_code == 201, created.text
        content = await client.get(f"{FILES}/{created.json()['id']}/content")
    assert content.content == CONTENTS[name]
    assert content.headers["Content-Type"] == created.json()["content_type"]


@pytest.mark.parametrize("content", [b"a\0b", b"\xff\xfea", "Łupek".encode() + b"\xc5"])
async def test_a_csv_file_is_text_in_utf8(concurrent_app: TestApp, ada: Person, content: bytes) -> None:
    async with concurrent_app.client(ada.headers) as client:
        response = await upload(client, content)
    assert (response.status_code, response.json()["code"]) == (415, "content_mismatch")
