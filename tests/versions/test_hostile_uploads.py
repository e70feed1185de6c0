"""Hostile uploads: each gets a clear error or has a harmless result, and leaves nothing in the store."""

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Final

import httpx2
import pytest
from starlette.requests import ClientDisconnect

from app.files.archives import MAX_ENTRIES
from tests.support.app import Person, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.uploads import archive, docx, jpeg, png, types, xlsx
from tests.support.wire import WIRE
from tests.versions.test_forms import MALFORMED, part
from tests.versions.test_forms import MULTIPART as FORM

each_version = pytest.mark.parametrize("version", VERSIONS)
MACROS: Final = types("application/vnd.ms-word.document.macroEnabled.main+xml")
WORD: Final = docx()


@pytest.fixture
async def ada(concurrent_app: TestApp) -> Person:
    return await concurrent_app.person("ada@example.com")


async def send(test_app: TestApp, person: Person, version: str, name: str, content: bytes) -> httpx2.Response:
    async with test_app.client(person.headers) as client:
        return await client.post(DIALECTS[version].upload_url, files={"file": (name, content, "")})


async def send_raw(
    test_app: TestApp, person: Person, version: str, body: bytes | AsyncIterator[bytes], **headers: str
) -> httpx2.Response:
    async with test_app.client(person.headers) as client:
        return await client.post(DIALECTS[version].upload_url, content=body, headers={"Content-Type": FORM, **headers})


@pytest.fixture(autouse=True)
async def emptied(concurrent_app: TestApp) -> None:
    """Remove what other tests of the process have stored."""
    for key in [one.key async for one in concurrent_app.store.objects("objects")]:
        await concurrent_app.store.delete(key)


async def ensure_nothing_left(test_app: TestApp) -> None:
    """Neither a row nor an object."""
    assert [one.key async for one in test_app.store.objects("objects")] == []
    async with test_app.runtime.database.write() as session:
        driver = await session.driver()
        assert await driver.fetchval("SELECT count(*) FROM files") == 0


def encrypted() -> bytes:
    """An archive whose directory says that its entries are encrypted, and that a descriptor follows each of them."""
    made = bytearray(docx())
    at = made.index(b"PK\x01\x02")
    made[at + 8] |= 1 | 8
    return bytes(made)


def many_entries() -> bytes:
    return docx({f"word/{number}": b"" for number in range(MAX_ENTRIES)})


def prefixed() -> bytes:
    return b"#!/bin/sh\n" + docx()


def nested_name(name: str) -> bytes:
    return docx({name: b"a"})


DANGEROUS: Final = {
    "a bomb": docx({"word/media.bin": b"\0" * 101_000_000}),
    "a high ratio": docx({"word/media.bin": b"\0" * 20_000_000}),
    "2,001 entries": many_entries(),
    "macros": docx({"word/vbaProject.bin": b"a"}),
    "macros in upper case": docx({"word/VBAPROJECT.BIN": b"a"}),
    "macros by type": archive({"[Content_Types].xml": MACROS, "word/document.xml": b"<w/>"}),
    "an absolute name": nested_name("/etc/passwd"),
    "a name with a drive": nested_name("C:/a"),
    "a name outside": nested_name("word/../../a"),
    "a name outside, with backslashes": nested_name("..\\a"),
    "an encrypted entry": encrypted(),
    "a long list of types": docx({}, "x" * 1_100_000),
}
MISMATCHED: Final = {
    "a plain archive": ("a.docx", archive({"a.txt": b"a"})),
    "a sheet as a document": ("a.docx", xlsx()),
    "a document as a sheet": ("a.xlsx", WORD),
    "an archive with a prefix": ("a.docx", prefixed()),
    "a truncated archive": ("a.docx", WORD[:-30]),
    "an archive without a directory": ("a.docx", b"PK\x03\x04" + b"a" * 100),
    "no content": ("a.docx", b""),
    "a program": ("a.png", b"MZ" + b"\0" * 100),
    "a page as a PDF": ("a.pdf", b"<html>%PDF-1.7\n%%EOF"),
    "a PDF without an end": ("a.pdf", b"%PDF-1.7\n" + b"a" * 2000),
    "an image without an end": ("a.jpg", jpeg()[:-1]),
    "a PNG with a wrong checksum": ("a.png", png()[:-1] + b"\0"),
    "a short PNG": ("a.png", png()[:20]),
}


@each_version
@pytest.mark.parametrize("case", DANGEROUS)
async def test_a_dangerous_archive_is_rejected(concurrent_app: TestApp, ada: Person, version: str, case: str) -> None:
    response = await send(concurrent_app, ada, version, "a.docx", DANGEROUS[case])
    assert response.status_code == 422, response.text
    if DIALECTS[version].has_codes:
        assert response.json()["code"] == "unsafe_content"
    await ensure_nothing_left(concurrent_app)


@each_version
@pytest.mark.parametrize("case", MISMATCHED)
async def test_a_content_that_its_name_does_not_state_is_rejected(
    concurrent_app: TestApp, ada: Person, version: str, case: str
) -> None:
    response = await send(concurrent_app, ada, version, *MISMATCHED[case])
    assert response.status_code == 415, response.text
    DIALECTS[version].ensure_failure(response, "content_mismatch")
    await ensure_nothing_left(concurrent_app)


NAMES: Final = {
    "../../etc/passwd.png": "passwd.png",
    "..\\..\\boot.png": "boot.png",
    "/srv/a.png": "a.png",
    "C:\\Users\\ada\\a.png": "a.png",
    "a.php.png": "a.php.png",
    "gpj.\u202eexe.png": "gpj.exe.png",
    "a\u2066b\u2069.png": "ab.png",
    "a\x00b\x1f.png": "ab.png",
    "ide\u0301e.png": "id\u00e9e.png",
    "\u0141upek \U0001faa8.png": "\u0141upek \U0001faa8.png",
    "a;b'c.png": "a;b'c.png",
    "a\u2028b\u2029.png": "ab.png",
    "\ufb01le.PNG": "\ufb01le.PNG",
    "a b .png. ": "a b .png",
}


@each_version
@pytest.mark.parametrize("name", NAMES)
async def test_a_name_is_data_without_a_path(concurrent_app: TestApp, ada: Person, version: str, name: str) -> None:
    disposition = f'form-data; name="file"; filename="{name.replace(chr(92), chr(92) * 2)}"'.encode()
    body = b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + png() + b"\r\n--x--\r\n"
    if "\x00" in name or "\\" in name:
        # Clients send control characters and backslashes as they are.
        body = body.replace(name.replace("\\", "\\\\").encode(), name.encode())
    response = await send_raw(concurrent_app, ada, version, body)
    if "\x00" in name:
        assert response.status_code in {200, 201, 400}
        return
    assert response.is_success, response.text
    file = response.json()
    assert DIALECTS[version].name_of(file) == NAMES[name]
    keys = [one.key async for one in concurrent_app.store.objects("objects")]
    assert len(keys) == 1
    assert name not in keys[0]


@each_version
@pytest.mark.parametrize("name", [" ", "..", "/", "a/", "\u202e", "x" * 252 + ".png", "\u0141" * 126 + ".png"])
async def test_a_name_that_cannot_be_kept_is_rejected(
    concurrent_app: TestApp, ada: Person, version: str, name: str
) -> None:
    response = await send(concurrent_app, ada, version, name, png())
    assert response.status_code == 422, response.text
    DIALECTS[version].ensure_failure(response, "invalid_file_name")
    await ensure_nothing_left(concurrent_app)


@each_version
@pytest.mark.parametrize("name", ["a.exe", "a.png.exe", "a", "png", ".png", "a.svg", "a.html", "a.docm", "a.png\u2044"])
async def test_the_last_extension_counts(concurrent_app: TestApp, ada: Person, version: str, name: str) -> None:
    response = await send(concurrent_app, ada, version, name, png())
    assert response.status_code == DIALECTS[version].wrong_extension, response.text
    await ensure_nothing_left(concurrent_app)


POLYGLOTS: Final = {
    "a.jpg": jpeg(archive({"a.class": b"a"})),
    "a.pdf": b"%PDF-1.7\n<html><script>alert(1)</script></html>\n%%EOF",
    "a.png": png(b"<svg onload=alert(1)>"),
}


@each_version
@pytest.mark.parametrize("name", POLYGLOTS)
async def test_a_polyglot_is_served_as_an_attachment_that_does_nothing(
    concurrent_app: TestApp, ada: Person, version: str, name: str
) -> None:
    file = (await send(concurrent_app, ada, version, name, POLYGLOTS[name])).json()
    url = DIALECTS[version].content_of(file)
    async with concurrent_app.client(ada.headers) as client:
        response = await client.get(url)
    assert response.content == POLYGLOTS[name]
    expected = {"a.jpg": "image/jpeg", "a.pdf": "application/pdf", "a.png": "image/png"}
    assert response.headers["Content-Type"] == expected[name]
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@each_version
@pytest.mark.parametrize(
    "case", [name for name, (kind, _) in MALFORMED.items() if kind != "application/x-www-form-urlencoded"]
)
async def test_a_malformed_form_is_rejected(concurrent_app: TestApp, ada: Person, version: str, case: str) -> None:
    kind, body = MALFORMED[case]
    async with concurrent_app.client(ada.headers) as client:
        response = await client.post(
            DIALECTS[version].upload_url, content=body, headers={"Content-Type": kind.encode("latin-1")}
        )
    assert response.status_code in {400, 422}, response.text
    await ensure_nothing_left(concurrent_app)


def file_part(content: bytes, name: str = "a.png", field: str = "file") -> bytes:
    return part(field, content, f'; filename="{name}"')


@each_version
@pytest.mark.parametrize(
    "body",
    [
        file_part(png()),
        file_part(png()) + b"--x",
        file_part(png()) + b"--x\r\nContent-Disposition: form-data; name=",
        file_part(png())[:-2],
        file_part(png())[:-20],
    ],
)
async def test_a_truncated_form_is_rejected(concurrent_app: TestApp, ada: Person, version: str, body: bytes) -> None:
    response = await send_raw(concurrent_app, ada, version, body)
    assert response.status_code == 400, response.text
    DIALECTS[version].ensure_failure(response, "malformed_form")
    await ensure_nothing_left(concurrent_app)


@each_version
@pytest.mark.parametrize("kind", ["files", "fields", "empty parts"])
async def test_ten_thousand_parts_are_rejected(concurrent_app: TestApp, ada: Person, version: str, kind: str) -> None:
    one = {"files": file_part(png()), "fields": part("visibility", b"private"), "empty parts": part("a", b"")}[kind]
    response = await send_raw(concurrent_app, ada, version, one * 10_000 + b"--x--\r\n")
    assert response.status_code in {400, 422}, response.text
    await ensure_nothing_left(concurrent_app)


@each_version
async def test_single_bytes_are_gathered(concurrent_app: TestApp, ada: Person, version: str) -> None:
    content = file_part(png(b"a" * 2000)) + b"--x--\r\n"

    async def body() -> AsyncIterator[bytes]:
        for at in range(len(content)):
            yield content[at : at + 1]

    response = await send_raw(concurrent_app, ada, version, body())
    assert response.is_success, response.text
    assert response.json()["size"] == len(png()) + 2000


@each_version
async def test_a_client_that_leaves_leaves_nothing(concurrent_app: TestApp, ada: Person, version: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield file_part(png(b"a" * 3_000_000))[:-100]
        raise ClientDisconnect

    # The transport of the test expects a response.
    with pytest.raises(AssertionError):
        await send_raw(concurrent_app, ada, version, body())
    await ensure_nothing_left(concurrent_app)


@pytest.mark.parametrize("version", [name for name in VERSIONS if DIALECTS[name].largest_upload < 10**8])
async def test_a_file_has_a_largest_size(concurrent_app: TestApp, ada: Person, version: str) -> None:
    largest = DIALECTS[version].largest_upload
    response = await send(concurrent_app, ada, version, "a.png", png(b"a" * largest))
    assert response.status_code == 413, response.text
    DIALECTS[version].ensure_failure(response, "file_too_large")
    await ensure_nothing_left(concurrent_app)
    content = png(b"a" * (largest - len(png())))
    assert (await send(concurrent_app, ada, version, "a.png", content)).is_success


async def test_an_archive_inside_of_an_archive_is_not_unpacked(concurrent_app: TestApp, ada: Person) -> None:
    """What is inside counts with its packed size; nothing reads it."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", b"\0" * 50_000_000)
    content = docx({"word/inner.zip": inner.getvalue()})
    assert (await send(concurrent_app, ada, WIRE, "a.docx", content)).is_success
