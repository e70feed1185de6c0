"""Downloads: ranges, conditional requests, names and digests (RFC 9110, RFC 6266, RFC 9530)."""

from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

import httpx2
import pytest

from app.files.disposition import content_disposition
from app.http.downloads.ranges import ByteRange, UnsatisfiableRange, requested_range
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.uploads import png

CONTENT: Final = png(bytes(range(256)) * 8)
SIZE: Final = len(CONTENT)
TAG: Final = f'"sha256:{sha256(CONTENT).hexdigest()[:32]}"'
WHOLE: Final = (200, CONTENT, None)
Download = tuple[httpx2.AsyncClient, str]


@pytest.fixture(params=VERSIONS)
async def download(concurrent_app: TestApp, request: pytest.FixtureRequest) -> AsyncIterator[Download]:
    """A client of the owner of a file, and the URL of its content."""
    dialect = DIALECTS[request.param]
    ada = await concurrent_app.person("ada@example.com")
    async with concurrent_app.client(ada.headers) as client:
        form = {"file": ("\u0141upek;1.png", CONTENT, "image/png")}
        yield client, dialect.content_of((await client.post(dialect.upload_url, files=form)).json())


def part(start: int, end: int) -> tuple[int, bytes, str]:
    return 206, CONTENT[start:end], f"bytes {start}-{end - 1}/{SIZE}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", part(0, 1)),
        ("bytes=5-16", part(5, 17)),
        ("bytes=100-", part(100, SIZE)),
        ("bytes=-7", part(SIZE - 7, SIZE)),
        (f"bytes=-{SIZE * 2}", part(0, SIZE)),
        (f"bytes=10-{SIZE * 2}", part(10, SIZE)),
        ("bytes=0-4,5-9", part(0, 10)),
        ("bytes=5-9, 0-6", part(0, 10)),
        ("bytes=0-9,2-3", part(0, 10)),
        ("BYTES=0-0", part(0, 1)),
        (f"bytes=0-4,{SIZE}-", part(0, 5)),
        ("bytes=0-4,6-9", WHOLE),
        ("bytes=9-0", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=a-b", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=-", WHOLE),
        (",".join(["bytes=0-0", *(f"{2 * at}-{2 * at}" for at in range(500))]), WHOLE),
    ],
)
async def test_a_range(download: Download, header: str, expected: tuple[int, bytes, str | None]) -> None:
    client, url = download
    response = await client.get(url, headers={"Range": header})
    found = response.status_code, response.content, response.headers.get("Content-Range")
    assert found == expected
    assert response.headers["Content-Length"] == str(len(expected[1]))
    assert response.headers["Repr-Digest"] == f"sha-256=:{b64encode(sha256(CONTENT).digest()).decode()}:"
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5},{SIZE * 2}-", "bytes=-0"])
async def test_a_range_beyond_the_end(download: Download, header: str) -> None:
    client, url = download
    response = await client.get(url, headers={"Range": header})
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": TAG}, 304),
        ({"If-None-Match": f"W/{TAG}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": f'"other", {TAG}', "Range": "bytes=0-0"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Match": TAG}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": f'"other", {TAG}', "Range": "bytes=0-0"}, 206),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f"W/{TAG}"}, 412),
        ({"If-Match": '"other"', "If-None-Match": TAG}, 412),
        ({"If-Range": TAG, "Range": "bytes=0-0"}, 206),
        ({"If-Range": f"W/{TAG}", "Range": "bytes=0-0"}, 200),
        ({"If-Range": '"other"', "Range": "bytes=0-0"}, 200),
        ({"If-Range": "Sun, 29 Nov 2026 12:00:00 GMT", "Range": "bytes=0-0"}, 200),
        ({"If-Range": '"other"', "Range": f"bytes={SIZE}-"}, 200),
    ],
)
async def test_a_condition(download: Download, headers: dict[str, str], status: int) -> None:
    client, url = download
    response = await client.get(url, headers=headers)
    assert response.status_code == status
    if status < 400:
        assert response.headers["ETag"] == TAG
    assert response.content == {200: CONTENT, 206: CONTENT[:1], 304: b""}.get(status, response.content)


async def test_a_head_has_the_same_fields_without_content(download: Download) -> None:
    client, url = download
    head = await client.head(url, headers={"Range": "bytes=0-0"})
    got = await client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Repr-Digest", "Content-Disposition", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name]


async def test_both_forms_of_the_name(download: Download) -> None:
    client, url = download
    response = await client.get(url)
    expected = "attachment; filename=\"upek_1.png\"; filename*=UTF-8''%C5%81upek%3B1.png"
    assert response.headers["Content-Disposition"] == expected


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("a.pdf", "a.pdf"),
        ("r\u00e9sum\u00e9.pdf", "resume.pdf"),
        ("\u5ca9", "file"),
        ('a";b\\c%d.pdf', "a__b_c_d.pdf"),
        ("a\r\nb.pdf", "a__b.pdf"),
    ],
)
def test_the_old_form_of_a_name_is_plain_ascii(name: str, fallback: str) -> None:
    header = content_disposition("attachment", name)
    assert header.startswith(f"attachment; filename=\"{fallback}\"; filename*=UTF-8''")
    assert header.isascii()
    assert header.isprintable()


def test_ranges_of_nothing() -> None:
    assert requested_range(None, 0) is None
    assert requested_range("bytes=0-9,10-19,15-30", 100) == ByteRange(0, 31)
    with pytest.raises(UnsatisfiableRange):
        requested_range("bytes=0-", 0)
