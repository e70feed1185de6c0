"""Addresses, throttles, cursors, entity tags, failures and rejections, each alone and at its bounds."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.auth.errors import TooManyAttempts
from app.errors import (
    DomainError,
    FieldError,
    InsufficientPermissions,
    Invalid,
    NotFound,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from app.http.conditional import tagged
from app.http.cursors import CursorCodec, CursorMismatch, InvalidCursor, listing_of
from app.http.errors.failures import Failure, classify
from app.http.handshakes import request_of
from app.http.rate_limit.admission import cost_of
from app.http.rate_limit.limits import client_address
from app.http.rate_limit.throttle import NetworkThrottle, Throttles
from app.http.retry_after import with_jitter
from app.http.server import rejections
from observability.rate_limit.local import LocalLimiter

CODEC = CursorCodec(SecretStr("a secret of sufficient length for a test"))
LISTING = b"listing1"


@pytest.mark.parametrize(
    ("client", "subscriber"),
    [
        (None, "unknown"),
        (("192.0.2.1", 80), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 80), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::", 80), "2001:db8:1:2::/64"),
        (("2001:db8:1:3::", 80), "2001:db8:1:3::/64"),
        (("::ffff:192.0.2.1", 80), "192.0.2.1"),
        (("not:an:address", 80), "not:an:address"),
        (("testclient", 80), "testclient"),
    ],
)
def test_the_address_of_a_subscriber(client: tuple[str, int] | None, subscriber: str) -> None:
    assert client_address({"client": client}) == subscriber
    assert client_address({}) == "unknown"


async def test_attempts_are_counted_by_user_and_network_and_failures_by_user() -> None:
    throttles = Throttles(2, 3, LocalLimiter(100))
    home, cafe = throttles.of("192.0.2.1"), throttles.of("192.0.2.2")

    async def rejected(throttle: NetworkThrottle, email: str) -> TooManyAttempts:
        with pytest.raises(TooManyAttempts) as raised:
            await throttle.charge(email)
        return raised.value

    for throttle, email in ((home, "ada@example.com"), (cafe, "ada@example.com"), (home, "eve@example.com")):
        for _ in range(2):
            await throttle.charge(email)
        error = await rejected(throttle, email)
        assert error.context == {"policy": "login"}
        assert error.retry_after is not None
        assert 1 <= error.retry_after <= 120
    for _ in range(2):
        assert await home.rejection("ada@example.com") is None, "attempts are no failures, and a question counts none"
        await home.record_failure("ada@example.com")
    assert await cafe.rejection("ada@example.com") is None
    await cafe.record_failure("ada@example.com")
    for throttle in (home, cafe):
        found = await throttle.rejection("ada@example.com")
        assert found is not None
        assert found.context == {"policy": "login_all_networks"}
        assert found.retry_after is not None
        assert 60 < found.retry_after <= 7200
        assert await throttle.rejection("eve@example.com") is None
    await home.charge("\ud800@example.com")


def test_cursors_of_every_content_are_read_again() -> None:
    for number in range(300):
        position = (f"title {number}", number)
        text = CODEC.encode(LISTING, position)
        assert "=" not in text
        assert CODEC.decode(LISTING, text) == position


def test_a_cursor_is_ours_belongs_to_its_listing_and_is_short() -> None:
    text = CODEC.encode(LISTING, (7,))
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for position in range(len(raw)):
        changed = bytes([*raw[:position], raw[position] ^ 1, *raw[position + 1 :]])
        with pytest.raises(InvalidCursor):
            CODEC.decode(LISTING, base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    other = CursorCodec(SecretStr("another secret of sufficient length")).encode(LISTING, (7,))
    for wrong in (other, text[:-1], f"{text}*", "", "é", text[:20]):
        with pytest.raises(InvalidCursor) as rejected:
            CODEC.decode(LISTING, wrong)
        assert [(field.path, field.where) for field in rejected.value.fields] == [(("cursor",), "query")]
    with pytest.raises(CursorMismatch) as mismatch:
        CODEC.decode(b"listing2", text)
    assert [(field.path, field.where) for field in mismatch.value.fields] == [(("cursor",), "query")]
    lengths = {len(CODEC.encode(LISTING, ("x" * size,))): "x" * size for size in range(3000, 3100)}
    assert CODEC.decode(LISTING, CODEC.encode(LISTING, (lengths[4096],))) == (lengths[4096],)
    with pytest.raises(InvalidCursor):
        CODEC.decode(LISTING, CODEC.encode(LISTING, (lengths[4098],)))


def request(path: str = "/posts", query: str = "", method: str = "GET", **headers: str) -> Request:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": fields, "state": {}}
    )


def test_a_listing_is_its_path_filters_and_order() -> None:
    same = listing_of(request(query="status=draft&sort=title"))
    assert len(same) == 8
    for query in ("sort=title&status=draft", "status=draft&sort=title&limit=5&cursor=a&fields=id&include=author"):
        assert listing_of(request(query=query)) == same
    others = [listing_of(request(query=query)) for query in ("status=draft", "status=drafts&sort=title", "", "a=")]
    assert len({same, *others, listing_of(request("/users", "status=draft&sort=title"))}) == 6


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [
        ("GET", None, 200),
        ("GET", '"1-a"', 304),
        ("HEAD", '"1-a"', 304),
        ("GET", 'W/"1-a"', 304),
        ("GET", '"2-b", "1-a"', 304),
        ("GET", " * ", 304),
        *(("GET", f'"1-a{suffix}"', 304) for suffix in ("-gzip", "--gzip", ";gzip", "-br", "-zstd", "-deflate")),
        ("GET", '"1-a-other"', 200),
        ("GET", '"1"', 200),
        ("GET", "1-a", 200),
        ("POST", '"1-a"', 200),
        ("PATCH", "*", 200),
    ],
)
def test_a_known_representation_is_not_sent_again(method: str, header: str | None, status: int) -> None:
    given = {} if header is None else {"if_none_match": header}
    headers = {"Cache-Control": "no-cache", "Vary": "Accept", "Link": "</>", "X-Other": "x", "Content-Language": "en"}
    response = tagged(request(method=method, **given), Response(b"body", headers=headers), '"1-a"')
    assert (response.status_code, response.headers["ETag"]) == (status, '"1-a"')
    kept = {"cache-control", "etag", "vary", "link"}
    if status == 304:
        assert response.body == b""
        assert set(response.headers) == kept
    else:
        assert response.body == b"body"
        assert kept | {"x-other"} < set(response.headers)


class Teapot(DomainError):
    code = "error"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (HTTPException(404), Failure(404, "not_found", "Not Found")),
        (HTTPException(405, headers={"Allow": "GET"}), Failure(405, "method_not_allowed", "Method Not Allowed")),
        (HTTPException(400, "Bad"), Failure(400, "malformed_request", "Bad")),
        (HTTPException(413), Failure(413, "body_too_large", "Content Too Large")),
        (HTTPException(418), Failure(418, "error", "I'm a Teapot")),
        (
            ValueError("secret"),
            Failure(500, "internal_error", "Something went wrong on our side. It has been recorded."),
        ),
        (NotFound(), Failure(404, "not_found", "There is nothing here.")),
        (
            Invalid("No.", fields=[FieldError(("a", 0), "b", "c")]),
            Failure(422, "invalid", "No.", (FieldError(("a", 0), "b", "c"),)),
        ),
    ],
)
def test_the_failure_of_an_error(error: Exception, failure: Failure) -> None:
    found = classify(error)
    assert (found.status, found.code, found.fields, found.violated, found.scope) == (
        failure.status,
        failure.code,
        failure.fields,
        (),
        "",
    )
    assert found.detail == failure.detail or found.status == 413
    assert found.headers == ({"Allow": "GET"} if failure.status == 405 else {})
    assert found.unexpected is (failure.status == 500)
    assert Failure(400, "a", "b").headers == {}


@pytest.mark.parametrize(
    ("kind", "place", "body", "path"),
    [
        (
            "missing",
            ("body", "a", 0, "create", "post", "title"),
            {"a": [{"op": "create", "post": {}}]},
            "a 0 post title",
        ),
        ("missing", ("body", "scopes"), {"name": "scopes"}, "scopes"),
        ("missing", ("body", "a", 1, "b"), {"a": []}, "a 1 b"),
        ("int_parsing", ("query", "limit"), None, "limit"),
        ("json_invalid", ("body", 7), {}, ""),
    ],
)
def test_the_path_of_a_rejected_value_has_no_name_of_a_variant(
    kind: str, place: tuple[str | int, ...], body: Any, path: str
) -> None:
    failure = classify(RequestValidationError([{"type": kind, "loc": place, "msg": "No."}], body=body))
    assert [(" ".join(map(str, field.path)), field.where) for field in failure.fields] == [(path, place[0])]
    assert failure.raw_errors == ({"type": kind, "loc": list(place), "msg": "No."},)


def test_the_headers_of_failures() -> None:
    assert classify(Unauthenticated()).headers == {"WWW-Authenticate": "Bearer"}
    denied = classify(InsufficientPermissions("a:b", "c:d"))
    assert denied.headers == {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="a:b c:d"'}
    assert (denied.status, denied.scope) == (403, "a:b c:d")
    limited = classify(TooManyAttempts(retry_after=100, context={"policy": "login"}))
    assert (limited.status, limited.violated) == (429, ("login",))


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (Unavailable(retry_after=2), 2, 6),
        (TimedOut(retry_after=1), 1, 3),
        (TooManyAttempts(retry_after=100), 100, 110),
        (TooManyAttempts(retry_after=1), 1, 2),
        (NotFound(retry_after=7), 7, 7),
    ],
)
def test_clients_return_at_different_times(error: DomainError, least: int, most: int) -> None:
    found = {int(classify(error).headers["Retry-After"]) for _ in range(300)}
    assert (min(found), max(found)) == (least, most)
    assert {with_jitter(50) for _ in range(300)} == set(range(50, 56))
    assert {with_jitter(5, 3) for _ in range(300)} == set(range(5, 9))


@pytest.mark.parametrize(
    "rejection", [each for each in vars(rejections).values() if isinstance(each, rejections.Rejection)]
)
def test_a_rejection_is_a_whole_response_that_ends_its_connection(rejection: rejections.Rejection) -> None:
    request_id, response = rejection.record()
    if rejection.error is None:
        assert response == b""
        return
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ") for line in lines)
    document = orjson.loads(body)
    assert status == f"HTTP/1.1 {document['status']} {document['title']}"
    assert headers.pop("retry-after", None) == ("1" if document["status"] == 503 else None)
    assert headers == {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "connection": "close",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": request_id,
    }
    assert document["detail"] == (rejection.detail or rejection.error.detail)
    assert document["type"] == f"/problems/{rejection.error.code}"
    assert (document["code"], document["request_id"]) == (rejection.error.code, request_id)


def test_a_handshake_is_a_get_request() -> None:
    http = {"type": "http", "method": "PUT", "path": "/", "query_string": b"", "headers": []}
    assert request_of(http).method == "PUT"
    assert (
        request_of({key: value for key, value in {**http, "type": "websocket"}.items() if key != "method"}).method
        == "GET"
    )


@pytest.mark.parametrize(
    ("document", "cost"), [(None, 1), ({}, 1), ({"x-rate-limit-cost": 5}, 5), ({"x-rate-limit-cost": 0}, 0)]
)
def test_the_cost_of_an_operation(document: Mapping[str, Any] | None, cost: int) -> None:
    assert cost_of(document) == cost
