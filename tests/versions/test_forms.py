"""Malformed forms: the declared status and error format of each operation that accepts a form."""

from typing import Any, Final

import httpx2
import pytest

from app.http.routing.forms import MAX_FIELDS
from tests.support.app import PASSWORD, TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import ALL, Operation

URLENCODED: Final = "application/x-www-form-urlencoded"
FORMS: Final = [found for found in ALL if found.media_type == URLENCODED]
MULTIPART: Final = "multipart/form-data; boundary=x"
ADDRESS: Final = "forms@strata.test"
each = pytest.mark.parametrize("operation", FORMS, ids=lambda operation: f"{operation.version}-{operation.name}")


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


MALFORMED: Final[dict[str, tuple[str, bytes]]] = {
    "bytes that are not UTF-8": (URLENCODED, b"username=\xff"),
    "escaped bytes that are not UTF-8": (URLENCODED, b"username=%ff"),
    "escaped name that is not UTF-8": (URLENCODED, b"%c3=a"),
    "lone surrogate": (URLENCODED, b"username=%ED%A0%80"),
    "too many fields": (URLENCODED, b"&".join([b"a=b"] * (MAX_FIELDS + 1))),
    "no boundary": ("multipart/form-data", part("username", b"a") + b"--x--"),
    "no boundary, no body": ("multipart/form-data", b"x"),
    "empty boundary": ('multipart/form-data; boundary=""', part("username", b"a") + b"--x--"),
    "boundary of odd characters": ('multipart/form-data; boundary="\x01"', b"--\x01\r\n"),
    "boundary of 71 characters": (f"multipart/form-data; boundary={'x' * 71}", b"a"),
    "other boundary": (MULTIPART, b"--y\r\n\r\n--y--"),
    "no multipart": (MULTIPART, b"username=a"),
    "no name": (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
    "no disposition": (MULTIPART, b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n--x--"),
    "broken header": (MULTIPART, b"--x\r\n: \x00\r\n\r\na\r\n--x--"),
    "truncated in a value": (MULTIPART, part("username", b"a") + b'--x\r\nContent-Disposition: form-data; name="pass'),
    "truncated after a part": (MULTIPART, part("username", b"a") + b"--x"),
    "part that is not UTF-8": (MULTIPART, part("username", b"\xff") + b"--x--"),
    "name that is not UTF-8": (MULTIPART, part("n", b"a").replace(b'"n"', b'"\xff"') + b"--x--"),
    "too many parts": (MULTIPART, part("a", b"b") * (MAX_FIELDS + 1) + b"--x--"),
    "too many files": (MULTIPART, part("a", b"b", '; filename="f"') * (MAX_FIELDS + 1) + b"--x--"),
}
INVALID: Final[dict[str, tuple[str, bytes]]] = {
    "no body": (MULTIPART, b""),
    "no body and no boundary": ("multipart/form-data", b""),
    "no parts": (MULTIPART, b"--x--"),
    "no field": (URLENCODED, b"&&&"),
    "other names": (MULTIPART, part("user", b"a") + part("pass", b"b") + b"--x--"),
    "files in text fields": (
        MULTIPART,
        b"".join(part(name, b"a", '; filename="f"') for name in ("username", "password", "token", "grant_type"))
        + b"--x--",
    ),
}


async def send(test_app: TestApp, operation: Operation, content_type: str, body: bytes) -> httpx2.Response:
    async with test_app.client() as client:
        head = {"Content-Type": content_type.encode("latin-1")}
        return await client.request(operation.method, operation.url(), content=body, headers=head)


def ensure_rejected(operation: Operation, response: httpx2.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    DIALECTS[operation.version].ensure_failure(response, code)
    assert "parsing the body" not in response.text
    if operation.name == "tokens.create":
        assert (found["error"], found["error_description"]) == ("invalid_request", found["detail"])


@each
@pytest.mark.parametrize("fault", MALFORMED)
async def test_a_malformed_form_is_a_400(test_app: TestApp, operation: Operation, fault: str) -> None:
    response = await send(test_app, operation, *MALFORMED[fault])
    ensure_rejected(operation, response, 400, "malformed_form")


@each
@pytest.mark.parametrize("fault", INVALID)
async def test_a_form_with_invalid_fields_is_a_422(test_app: TestApp, operation: Operation, fault: str) -> None:
    response = await send(test_app, operation, *INVALID[fault])
    ensure_rejected(operation, response, 422, "validation_failed")


@each
@pytest.mark.parametrize("media_type", [URLENCODED, f"{MULTIPART}; charset=utf-16", f"{MULTIPART}; charset=undefined"])
async def test_a_form_is_utf8_in_each_encoding(test_app: TestApp, operation: Operation, media_type: str) -> None:
    """The charset that a client names is ignored: RFC 7578 and the URL standard have no such parameter."""
    await test_app.person(ADDRESS)
    fields = {"grant_type": "password", "username": ADDRESS, "password": PASSWORD, "token": "\u00e9"}
    if media_type == URLENCODED:
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    else:
        body = b"".join(part(name, value.encode()) for name, value in fields.items()) + b"--x--"
    assert (await send(test_app, operation, media_type, body)).status_code == 200


@each
async def test_a_repeated_field_is_rejected_or_its_last_value_taken(test_app: TestApp, operation: Operation) -> None:
    """RFC 6749, section 3.2, rejects it. A version without codes takes the last value, as its clients know it."""
    await test_app.person(ADDRESS)
    twice = f"username=a&password=b&token=a&token=b&username={ADDRESS}&password={PASSWORD}&grant_type=password"
    response = await send(test_app, operation, URLENCODED, twice.encode())
    if not DIALECTS[operation.version].has_codes:
        assert response.status_code == 200
    else:
        ensure_rejected(operation, response, 400, "repeated_parameter")
        pointers = {error["pointer"] for error in response.json()["errors"]}
        assert pointers in ({"#/password", "#/username"}, {"#/token"}), "repeated fields of the operation, not others"


@each
async def test_a_request_that_the_middleware_rejects_has_the_format_of_its_operation(
    test_app: TestApp, operation: Operation
) -> None:
    async with test_app.client() as client:
        twice = [("Content-Type", URLENCODED), ("Content-Type", URLENCODED)]
        response = await client.request(operation.method, operation.url(), content=b"a=b", headers=twice)
    ensure_rejected(operation, response, 400, "repeated_header")
