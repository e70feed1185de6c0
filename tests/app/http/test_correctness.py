"""HTTP semantics that both versions share."""

import gzip
import json
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx2
import pytest

from app.access.principal import Role
from app.auth.tokens import _claims
from app.http.errors.problems import pointer
from app.main import create_app
from app.settings.loading import load_settings
from tests.support.app import TestApp, WithState
from tests.support.hostile import HostileRequest
from tests.support.operations import VERSIONS

ADDRESS: Final = "http@strata.test"
WORDS: Final = {"/search": "query=a&", "/search/posts": "q=a&"}
BODY: Final = {"title": "T", "content": "C"}
HOSTILE: Final = ("1_0", " 1", "1 ", "+1", "1.0", "01", "\u0661", "1e1", "", "0x1")


def integer_parameters() -> list[str]:
    """The URL of each integer in a query of both versions, up to its value."""
    return [
        f"/api/{version}{path}?{WORDS.get(path, '')}{parameter['name']}="
        for version in VERSIONS
        for path, item in json.loads(Path(f"contracts/{version}.openapi.json").read_text())["paths"].items()
        for parameter in item.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and "{" not in path and "integer" in json.dumps(parameter["schema"])
    ]


@pytest.mark.parametrize("url", integer_parameters())
async def test_integers_in_queries_have_one_spelling(test_app: TestApp, url: str) -> None:
    # Permissions are checked first, and the list of sessions needs one that no key can have.
    headers = await test_app.session(await test_app.person(ADDRESS, Role.ADMIN))
    async with test_app.client(headers) as client:
        for text in HOSTILE:
            assert (await client.get(url + text.replace("+", "%2B"))).status_code == 422, text
        assert (await client.get(f"{url}1")).status_code == 200


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_encoded_body_is_rejected_with_the_accepted_coding(test_app: TestApp, version: str) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        for coding, status in {"gzip": 415, "br": 415, "gzip, identity": 415, "identity": 201, "IDENTITY": 201}.items():
            plain = b'{"title": "T", "content": "C"}'
            body = plain if status == 201 else gzip.compress(plain)
            headers = {"Content-Type": "application/json", "Content-Encoding": coding}
            response = await client.post(f"/api/{version}/posts", content=body, headers=headers)
            assert response.status_code == status, coding
            assert response.headers.get("Accept-Encoding") == ("identity" if status == 415 else None)
            if (version, status) == ("v2", 415):
                assert response.json()["code"] == "unsupported_content_coding"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name", ["Content-Type", "Authorization", "X-API-Key", "Idempotency-Key", "traceparent", "Range", "X-Request-ID"]
)
async def test_a_repeated_single_valued_field_is_rejected(test_app: TestApp, version: str, name: str) -> None:
    async with test_app.client() as client:
        response = await client.get(f"/api/{version}/posts", headers=[(name, "a"), (name.lower(), "a")])
        assert response.status_code == 400
        assert name.lower() in response.text
        assert response.json().get("code", "repeated_header") == "repeated_header"
        lists = [("If-None-Match", '"a"'), ("If-None-Match", '"b"'), ("Accept", "a/b"), ("Accept", "c/d")]
        assert (await client.get(f"/api/{version}/posts", headers=lists)).status_code == 200


async def test_if_match_names_one_resource_and_survives_compression(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        first, other = [await client.post("/api/v2/posts", json=BODY) for _ in range(2)]
        url, tag = first.headers["Location"], first.headers["ETag"]
        opaque = tag.strip('"')
        revision = opaque.partition("-")[0]
        for text in (other.headers["ETag"], f'"{revision}.x"', f'"{opaque}x"', f'"{opaque[:-1]}"', f'"{opaque}-xz"'):
            assert (await client.patch(url, json={}, headers={"If-Match": text})).status_code == 412, text
        suffixed = [f'"{opaque}{suffix}"' for suffix in ("", "-gzip", ";gzip", "--gzip", "-br", "-zstd")]
        for text in (f"W/{tag}", *suffixed, f'W/"{opaque}-gzip"'):
            assert (await client.patch(url, json={}, headers={"If-Match": text})).status_code == 200, text
            assert (await client.get(url, headers={"If-None-Match": text})).status_code == 304, text


async def test_a_patch_states_its_media_types(test_app: TestApp) -> None:
    ada = await test_app.person(ADDRESS)
    async with test_app.client(ada.headers) as client:
        url = (await client.post("/api/v2/posts", json=BODY)).headers["Location"]
        for media_type, status in {"application/merge-patch+json": 200, "text/plain": 415}.items():
            response = await client.patch(url, content=b"{}", headers={"Content-Type": media_type})
            assert response.status_code == status
            assert response.headers["Accept-Patch"] == "application/json, application/merge-patch+json"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name", ["baggage", "tracestate", "traceparent", "baggage, tracestate, traceparent, content-type"]
)
async def test_a_preflight_may_name_the_fields_of_traces(test_app: TestApp, version: str, name: str) -> None:
    origin = "https://pages.example"
    settings = load_settings(home=test_app.runtime.settings.home, http={"cors_origins": [origin]})
    transport = httpx2.ASGITransport(WithState(create_app(settings), test_app.runtime.state()))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": name}
    async with httpx2.AsyncClient(transport=transport, base_url="http://strata.test") as client:
        response = await client.options(f"/api/{version}/posts", headers={"Origin": origin, **asked})
    assert response.status_code == 200, response.text
    assert response.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("version", VERSIONS)
async def test_bytes_in_a_query_need_no_escapes(test_app: TestApp, version: str) -> None:
    """Servers pass on bytes that a client did not escape."""
    ada = await test_app.person(ADDRESS)
    headers = [(b"host", b"strata.test"), (b"x-api-key", ada.key.encode()), (b"idempotency-key", b"raw-query")]
    for method, path in (("GET", "/posts"), ("POST", "/posts")):
        body = b'{"title": "T", "content": "C"}' if method == "POST" else b""
        typed = [*headers, (b"content-type", b"application/json")]
        request = HostileRequest(method, f"/api/{version}{path}".encode(), b"a=\xff", typed, body)
        response = await request.send(test_app.app)
        assert response.status_code in {400, 201 if method == "POST" else 200}, response.text


async def test_the_instance_of_a_problem_is_a_uri(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for path in ("a%20b", "%22%3C%3E", "%7B%7C%7D", "%C3%A9", "%00", "%25zz", "%0A", "%FF"):
            instance = (await client.get(f"/api/v2/{path}")).json()["instance"]
            assert set(instance) <= set(map(chr, range(0x21, 0x7F))) - set('"<>\\^`{|}#?'), path


def test_pointers_are_uri_fragments() -> None:
    assert pointer(("a/b", "m~n", "c%d", 'e"f', " ", "\u00e9", 0)) == "#/a~1b/m~0n/c%25d/e%22f/%20/%C3%A9/0"
    assert pointer(("\ud800",)) == "#/?", "a lone surrogate has no UTF-8 form"


@pytest.mark.parametrize("value", [1, None, True, [], {}, 1.5, ["a"], "x"])
@pytest.mark.parametrize("claim", ["sub", "sid", "jti", "type"])
def test_claims_of_other_types_are_refused(claim: str, value: object) -> None:
    good = {"sub": str(UUID(int=1)), "sid": str(UUID(int=2)), "jti": str(UUID(int=3)), "type": "access"}
    with pytest.raises((ValueError, TypeError)):
        _claims({**good, claim: value})
