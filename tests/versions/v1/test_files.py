"""Files in v1: upload of one and of several, download and deletion."""

import pytest

from tests.support.app import Person, TestApp
from tests.support.uploads import CONTENTS, CSV, png

UPLOAD, SEVERAL = "/api/v1/files/upload", "/api/v1/files/upload-multiple"


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


@pytest.mark.parametrize("name", CONTENTS)
async def test_a_file_is_uploaded_downloaded_and_deleted(concurrent_app: TestApp, ada: Person, name: str) -> None:
    async with concurrent_app.client(ada.headers) as client:
        file = (await client.post(UPLOAD, files={"file": (name, CONTENTS[name], "")})).json()
        assert (file["filename"], file["size"], file["storage_type"]) == (name, len(CONTENTS[name]), "local")
        assert file["url"] == f"/api/v1/files/{file['id']}"
        content = await client.get(file["url"])
        assert (content.content, content.headers["Content-Type"]) == (CONTENTS[name], file["content_type"])
        deleted = await client.delete(file["url"])
        assert (deleted.status_code, deleted.json()) == (200, {"message": "File deleted successfully"})
        assert (await client.get(file["url"])).status_code == 404


async def test_several_files_are_stored_all_or_none(concurrent_app: TestApp, ada: Person) -> None:
    async def objects() -> int:
        return len([one async for one in concurrent_app.store.objects("objects")])

    before = await objects()
    async with concurrent_app.client(ada.headers) as client:
        files = [("files", (name, content, "")) for name, content in CONTENTS.items()]
        stored = await client.post(SEVERAL, files=files)
        assert [file["filename"] for file in stored.json()] == list(CONTENTS)
        assert await objects() == before + len(files)
        for wrong in (
            ("files", ("a.png", b"no image", "")),
            ("files", ("a.csv", CSV, "")),
            ("file", ("a.png", png(), "")),
        ):
            response = await client.post(SEVERAL, files=[*files, wrong])
            assert response.status_code in {400, 415, 422}, response.text
        response = await client.post(SEVERAL, files=[("files", ("a.png", png(), ""))] * 11)
        assert (response.status_code, await objects()) == (400, before + len(files))
        ten = await client.post(SEVERAL, files=[("files", ("a.png", png(), ""))] * 10)
        assert (ten.status_code, len(ten.json())) == (200, 10)


async def test_a_server_has_one_kind_of_store(concurrent_app: TestApp, ada: Person) -> None:
    async with concurrent_app.client(ada.headers) as client:
        form = {"file": ("a.png", png(), "")}
        assert (await client.post(UPLOAD, params={"storage": "local"}, files=form)).status_code == 200
        other = await client.post(UPLOAD, params={"storage": "s3"}, files=form)
        detail = "This server does not store files there: use storage=local, or leave it out."
        assert (other.status_code, other.json()) == (409, {"detail": detail}), "storage_not_configured"
        several = [("files", form["file"])]
        other = await client.post(SEVERAL, params={"storage": "s3"}, files=several)
        assert (other.status_code, other.json()) == (409, {"detail": detail})
        for path, files in ((UPLOAD, form), (SEVERAL, several)):
            assert (await client.post(path, params={"storage": "tape"}, files=files)).status_code == 422


async def test_an_idempotency_key_has_no_effect(concurrent_app: TestApp, ada: Person) -> None:
    """v1 has one for transfers only: two uploads are two files."""
    form = {"file": ("a.png", png(), "")}
    async with concurrent_app.client(ada.headers | {"Idempotency-Key": '"same"'}) as client:
        ids = [(await client.post(UPLOAD, files=form)).json()["id"] for _ in range(2)]
        several = [("files", form["file"])]
        ids += [(await client.post(SEVERAL, files=several)).json()[0]["id"] for _ in range(2)]
    assert len(set(ids)) == 4
