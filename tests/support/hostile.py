"""Random hostile requests against the operations of both versions, each from one seed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import httpx2
import orjson
from starlette.types import ASGIApp, Message

from tests.support.operations import Operation

Headers = list[tuple[bytes, bytes]]
TEXTS: Final = (
    *(b"\x00", b"a\x00b", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa9", b"\xe2\x80\xae", b"", b" ", b"."),
    *(b"..", b"../..", b"'--", b"%", b"%zz", b"a" * 3000, b"-1"),
    *(b"+1", b"01", b"1_0", b"1e400", b"NaN", b"-Infinity"),
    *(b"9" * 400, b"9223372036854775808", b"0x1", b"\xd9\xa1", b"null", b"true", b"[]", b"{}", b"a/b", b"\r\nX: y"),
    *(
        b"post_",
        b"post_00000000000000000000000000",
        b"post_7zzzzzzzzzzzzzzzzzzzzzzzzz",
        b"user_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    ),
    *(b"POST_01H", b"eyJ.eyJ.eyJ", b"W10", b"W10.AAAA", b"=", b"-", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:60Z"),
)
"""Values of paths and queries, before they are percent-encoded."""
RAW: Final = (
    b"%",
    b"%zz",
    b"%u0041",
    b"%2",
    b"%%30",
    b"a%2Fb",
    b"%2e%2e",
    b"+",
    b";",
    b"&&==&",
    b"[]=1",
    b"\xff",
    b"#",
)
"""Text that is sent without percent-encoding."""
JSON_VALUES: Final = (
    *(
        b"1e400",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\u0000"',
        b'"\\uffff"',
        b"9" * 400,
    ),
    *(
        b"9223372036854775808",
        b"-9223372036854775809",
        b"18446744073709551616",
        b"1.0",
        b"-0",
        b"0.1",
        b"null",
        b"true",
    ),
    *(
        b"[" * 2000 + b"]" * 2000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"[]",
        b"{}",
        b"[null]",
        b'""',
        b'" "',
        b'"\xff"',
    ),
    *(b'"' + b"x" * 100_000 + b'"', b'"\\u202e"', b"nul", b"'a'", b'"a', b"[1,]", b'{"a":1,"a":2}', b"\xef\xbb\xbf1"),
    *(
        b'["published"]',
        b"[9223372036854775808]",
        b"[" + b"1," * 5000 + b"1]",
        b'"a@\xc3\xa9.\xc3\xa9"',
        b'"@"',
        b'"a@b@c"',
    ),
)
BODIES: Final = (
    b"",
    b"{",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"null",
    b"[]",
    b'"a"',
    b"1e400",
    b"[" * 100_000,
    b"--x",
    b"a=%ff",
)
MEDIA_TYPES: Final = (
    *(
        b"",
        b";",
        b"/",
        b"a",
        b"application/json",
        b"application/json; charset=utf-16",
        b"application/json; charset=\xff",
    ),
    *(b"application/json;;;", b"APPLICATION/JSON", b"application/json, text/html", b'application/json; a="', b"*/*"),
    *(b"application/merge-patch+json", b"text/json", b"multipart/form-data", b"multipart/form-data; boundary="),
    *(b"multipart/form-data; boundary=x", b"multipart/form-data; charset=undefined; boundary=x", b"\xff/\xff"),
    *(b"application/x-www-form-urlencoded; charset=utf-7", b"application/x-www-form-urlencoded", b"multipart/mixed"),
)
VALUES: Final = (
    *(
        b"",
        b" ",
        b"*",
        b'"',
        b'"a',
        b'W/"a"',
        b'"a", "b"',
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"a" * 4000,
        b"-1",
        b"9" * 400,
    ),
    *(
        b"1e400",
        b"bytes=0-",
        b"bytes=-1",
        b"bytes=9-1",
        b"lines=a",
        b"Thu, 01 Jan 1970 00:00:00 GMT",
        b"Fri, 99 Foo 99999",
    ),
    *(
        b"100-continue",
        b"respond-async",
        b"wait=-1",
        b"return=minimal;a=\xff",
        b"00-0-0-0",
        b"Bearer",
        b"Bearer \xff",
        b"?1",
    ),
    *(
        b"Basic OjpA",
        b"sk_live_\xff",
        b":a:",
        b"application/json;q=nan",
        b"text/html;q=9",
        b"gzip;q=-1",
        b"identity;q=0",
    ),
    *(
        b"null",
        b"http://[",
        b"https://a",
        b"::1",
        b"for=\xff",
        b"a,b,c,",
        b"," * 500,
        b"00-" + b"f" * 32 + b"-" + b"f" * 16,
    ),
    *(b'"8e03978e-40d5-43e8-bc93-6894a57f9324"', b'"\\"', b"\x00", b"\t", b"()", b"a;b;c=", b'"' + b"k" * 300 + b'"'),
)
FIELDS: Final = (
    *(b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"range", b"expect"),
    *(b"prefer", b"accept", b"accept-charset", b"accept-encoding", b"accept-language", b"content-encoding", b"te"),
    *(b"idempotency-key", b"traceparent", b"tracestate", b"baggage", b"x-request-id", b"authorization", b"x-api-key"),
    *(b"origin", b"access-control-request-method"),
    *(b"access-control-request-headers", b"x-forwarded-for", b"forwarded"),
    *(b"x-forwarded-proto", b"host", b"cookie", b"user-agent", b"content-type", b"content-length", b"last-event-id"),
    *(b"x-http-method-override", b"max-forwards", b"upgrade", b"connection", b"sec-fetch-site", b"cache-control"),
)
METHODS: Final = ("TRACE", "CONNECT", "OPTIONS", "HEAD", "PROPFIND", "get", "QUERY", "\u00e9", "PUT", "DELETE", "POST")


@dataclass(frozen=True)
class HostileRequest:
    """A request as the server passes it on, which no client library would send."""

    method: str
    path: bytes
    query: bytes
    headers: Headers
    body: bytes

    @property
    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote_to_bytes(self.path).decode(errors="replace"),
            "raw_path": self.path,
            "root_path": "",
            "query_string": self.query,
            "headers": self.headers,
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }

    async def send(self, app: ASGIApp) -> httpx2.Response:
        """The complete response. Raises what the application raises."""
        started: dict[str, Any] = {}
        chunks, gone = [], asyncio.Event()
        waiting: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                chunks.append(message.get("body", b""))
                if not message.get("more_body") or b"text/event-stream" in dict(started["headers"])[b"content-type"]:
                    gone.set()

        await app(self.scope, receive, send)
        # The client library would remove the dots.
        path = self.path.decode().replace("/.", "/%2E") if self.path != b"*" else "/"
        request = httpx2.Request(self.method, f"http://strata.test{path}")
        return httpx2.Response(started["status"], headers=started["headers"], content=b"".join(chunks), request=request)


def hostile_request(
    random: Random, operation: Operation, values: Mapping[str, object], caller: Headers
) -> HostileRequest:
    """A valid request of the operation with one to three hostile parts."""
    parts = random.sample(("path", "query", "body", "media_type", "header", "method"), random.choice((1, 1, 2, 3)))
    given = {name: str(value).encode() for name, value in values.items()}
    if "path" in parts:
        given |= {parameter["name"]: random.choice(TEXTS) for parameter in operation.parameters("path")}
    path = operation.url(**{name: _escaped(random, value) for name, value in given.items()})
    query = _query(random, operation) if "query" in parts else b""
    headers: Headers = [(b"host", b"strata.test"), *caller]
    media_type = (operation.media_type or "").encode()
    if "media_type" in parts:
        media_type = random.choice(MEDIA_TYPES)
    body = _body(random, operation) if "body" in parts or operation.media_type is None else _good_body(operation)
    if body:
        headers += [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
    if "header" in parts:
        chosen = {random.choice(FIELDS): random.choice(VALUES) for _ in range(random.randint(1, 3))}
        headers = [(name, value) for name, value in headers if name not in chosen] + list(chosen.items())
        if random.random() < 0.1:
            headers.append(random.choice(headers))
    method = random.choice(METHODS) if "method" in parts else operation.method
    return HostileRequest(method, path.encode(), query, headers, body)


def _escaped(random: Random, value: bytes) -> str:
    # One in ten values escapes what needs no escape, as some libraries do.
    return "".join(f"%{byte:02x}" for byte in value) if random.random() < 0.1 else quote_from_bytes(value, safe="")


def _query(random: Random, operation: Operation) -> bytes:
    names = [parameter["name"] for parameter in operation.parameters("query")] or ["a"]
    chosen = random.choices([*names, "unheard", "\x00"], k=random.randint(1, 3))
    return b"&".join(
        quote_from_bytes(name.encode()).encode()
        + b"="
        + (random.choice(RAW) if random.random() < 0.3 else quote_from_bytes(random.choice(TEXTS)).encode())
        for name in chosen
    )


def _good_body(operation: Operation) -> bytes:
    if operation.media_type is None:
        return b""
    if "form" in operation.media_type:
        return str(httpx2.QueryParams(operation.body)).encode()
    return orjson.dumps(operation.body)


def _body(random: Random, operation: Operation) -> bytes:
    names = list(operation.body_properties)
    if not names or random.random() < 0.2:
        return random.choice(BODIES)
    if "form" in (operation.media_type or ""):
        return b"&".join(name.encode() + b"=" + quote_from_bytes(random.choice(TEXTS)).encode() for name in names)
    good = {name: orjson.dumps(value) for name, value in operation.body.items()}
    good |= {name: random.choice(JSON_VALUES) for name in random.sample(names, random.randint(1, min(2, len(names))))}
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in good.items()) + b"}"
