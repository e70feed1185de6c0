"""Calls every operation with secrets in every place that a client controls, to search the log for them."""

import re
import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from tests.support.operations import ALL, Operation
from versions.registry import VERSIONS

_TIMEOUT = 30
_END = 8
_WORD = re.compile(rf"[\w%-]{{{_END},}}")
_SENSITIVE_FIELDS = ("password", "token", "refresh_token", "access_token", "api_key", "client_secret", "email")


@dataclass
class Plants:
    """Values that must not appear in a log. Each is used once, so that a hit identifies its place."""

    known: dict[str, str] = field(default_factory=dict)
    """The planted values with their places."""
    _number: Iterator[int] = field(default_factory=count)

    def note(self, value: str, where: str) -> str:
        """Register a value that was created elsewhere."""
        self.known[value] = where
        return value

    def opaque(self, where: str) -> str:
        """A password, which no pattern recognises."""
        return self.note(f"zq{secrets.token_hex(10)}", where)

    def address(self, where: str) -> str:
        return self.note(f"{secrets.token_hex(6)}@planted.example", where)

    def key(self, where: str) -> str:
        return self.note(f"sk_live_{secrets.token_hex(19)}", where)

    def token(self, where: str) -> str:
        """A JWT that belongs to no user."""
        return self.note(f"eyJhbGciOiJIUzI1NiJ9.{secrets.token_hex(20)}.{secrets.token_hex(16)}", where)

    def each(self, where: str) -> list[str]:
        """One of every kind that a pattern recognises."""
        return [self.address(where), self.key(where), self.token(where)]

    def found_in(self, log: str) -> dict[str, str]:
        """The places of the values in a log. Of an address, its local part is enough; all are also searched encoded.

        There are thousands of values in megabytes: the different words of the log have the ends of those it contains.
        """
        texts = {}
        for value in self.known:
            local, _, _ = value.partition("@")
            assert _WORD.fullmatch(local[-_END:]), f"not the end of a word: {value}"
            texts |= {local: value, quote(local, safe=""): value}
        ends = {text[-_END:] for text in texts}
        words = set(_WORD.findall(log))
        present = {end for word in words for start in range(len(word)) if (end := word[start : start + _END]) in ends}
        return {self.known[value]: value for text, value in texts.items() if text[-_END:] in present and text in log}


def drive(url: str, plants: Plants, key: Mapping[str, str], *, tls: ssl.SSLContext | None = None) -> None:
    """Send valid and invalid requests to every operation, anonymously and with a valid key.

    With ``tls``, a proxy receives them, which can end a stream early: what matters are the logs, not the responses.
    """
    cut_short = () if tls is None else (httpx2.RemoteProtocolError,)
    with httpx2.Client(base_url=url, timeout=_TIMEOUT, verify=tls or True) as client:
        for operation in ALL:
            for request in _requests(operation, plants, key):
                with suppress(*cut_short):
                    client.request(operation.method, **request)


def handshakes(plants: Plants, host: str) -> Iterator[bytes]:
    """WebSocket handshakes and malformed requests, with secrets in every part of the head."""
    for path in (*(f"{version.prefix}/ws" for version in VERSIONS), "/api/v2/stream"):
        yield _head(
            f"GET {path}/{plants.opaque(f'{path}: path')}?token={plants.key(f'{path}: query')} HTTP/1.1",
            f"Host: {host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Sec-WebSocket-Protocol: bearer, {plants.opaque(f'{path}: subprotocol')}",
            f"X-Api-Key: {plants.key(f'{path}: key')}",
        )
        yield _head(
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Version: {plants.opaque(f'{path}: version')}",
            f"Sec-WebSocket-Key: {plants.opaque(f'{path}: nonce')}",
        )
    yield _head(f"{plants.opaque('method').upper()} /api/v2/posts HTTP/1.1", f"Host: {host}")
    yield _head("GET /api/v2/posts HTTP/1.1", f"Host: {plants.opaque('host')}.example")
    yield _head(f"GET /{plants.opaque('malformed target')} {plants.opaque('protocol')}", f"Host: {host}")
    yield _head("GET /api/v2/posts HTTP/1.1", f"Host: {host}", f"{plants.opaque('malformed field')}")


def _head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


def _requests(operation: Operation, plants: Plants, key: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    name = f"{operation.version} {operation.name}"
    for headers in (dict(key), _credentials(plants, name), {}):
        where = f"{name} {'with' if headers else 'without'} credentials"
        yield {
            "url": f"{operation.url()}?{_query(operation, plants, where)}",
            "headers": headers | _headers(plants, where),
            **_body(operation, plants, where),
        }
    for value in plants.each(f"{name} in the path"):
        path = re.sub(r"\{\w+\}", quote(value, safe=""), operation.template)
        yield {"url": f"{path}/{quote(value, safe='')}", "headers": dict(key)}
        yield {"url": path, "headers": dict(key), **_body(operation, plants, f"{name} in a body")}
    broken = f'{{"password": "{plants.opaque(f"{name} in broken JSON")}", "email": "{plants.address(name)}'
    yield {"url": operation.url(), "headers": {**key, "Content-Type": "application/json"}, "content": broken}


def _credentials(plants: Plants, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {plants.token(f'{name} as bearer')}"}


def _headers(plants: Plants, where: str) -> dict[str, str]:
    return {
        "Cookie": f"session={plants.opaque(f'{where}: cookie')}",
        "X-Request-ID": plants.token(f"{where}: X-Request-ID"),
        "traceparent": plants.opaque(f"{where}: traceparent"),
        "User-Agent": f"robot {plants.address(f'{where}: User-Agent')}",
        "Idempotency-Key": f'"{plants.key(f"{where}: Idempotency-Key")}"',
        "If-Match": f'"{plants.key(f"{where}: If-Match")}"',
        "Referer": f"https://client.example/?token={plants.opaque(f'{where}: Referer')}",
    }


def _query(operation: Operation, plants: Plants, where: str) -> str:
    declared = [(parameter["name"], plants.key(f"{where}: query")) for parameter in operation.parameters("query")]
    return urlencode([*declared, *((name, plants.opaque(f"{where}: ?{name}")) for name in _SENSITIVE_FIELDS)])


def _body(operation: Operation, plants: Plants, where: str) -> dict[str, Any]:
    """The document's example with every text replaced. Address fields get addresses, so that they pass validation."""
    body = operation.body
    if body is None:
        return {}
    planted = _replaced(body, plants, where)
    if operation.media_type == "application/x-www-form-urlencoded":
        return {"data": planted}
    return {"json": planted}


def _replaced(value: Any, plants: Plants, where: str, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, plants, f"{where}: {key}", key) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, plants, where, name) for item in value]
    if not isinstance(value, str):
        return value
    if "mail" in name or name == "username":
        return plants.address(where)
    if "password" in name or "token" in name:
        return plants.opaque(where)
    return value if name in {"grant_type", "status", "op", "method"} else plants.key(where)
