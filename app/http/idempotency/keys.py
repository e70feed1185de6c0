"""The ``Idempotency-Key`` header (draft-ietf-httpapi-idempotency-key-header-07).

The response is stored for a day, in the transaction of the request: a change is never committed without its response.
A failed request changes and stores nothing, so the client may repeat it.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, cast

import http_sf
import orjson
from cryptography.exceptions import InvalidTag
from starlette.requests import Request
from starlette.responses import Response

from app.access.errors import InvalidCredentials
from app.access.principal import anonymous
from app.errors import Conflict, FieldError, InvalidValue, Malformed
from app.http.idempotency.metrics import IdempotencyMetrics
from app.http.idempotency.repository import IdempotencyRepository, StoredResponse
from app.http.permissions import ensure_permitted
from app.http.principal import resolve_principal
from app.http.runtime import Component, Runtime, runtime_of
from app.http.state import RequestState, state_of
from app.kit.clock import utc_now
from app.kit.encryption import Cipher
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from observability.metrics.metrics import NO_VERSION
from observability.requests.context import current
from observability.requests.routes import route_template

PATTERN: Final = r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~][!-~]{0,254})$'
"""A structured-field string (RFC 9651, section 3.3.3), or the unquoted text that most clients send."""
RETENTION: Final = timedelta(hours=24)
_CIPHER_PURPOSE: Final = b"strata sealed responses 1"
"""Part of the key of every stored response; a change makes them unreadable."""
REPLAYED_HEADER: Final = "Idempotent-Replayed"
_WELL_FORMED: Final = re.compile(PATTERN)
_SENT_ANEW: Final = frozenset({"content-length", "date"})


class _HeaderError(Malformed):
    """An error whose field is the header."""

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("Idempotency-Key",), self.code, self.detail, "header")])


class InvalidIdempotencyKey(_HeaderError):
    code = "invalid_idempotency_key"
    detail = "Idempotency-Key must be a quoted string of 1 to 255 printable ASCII characters."


class IdempotencyKeyRequired(_HeaderError):
    code = "idempotency_key_required"
    detail = "This operation moves money: send an Idempotency-Key, so that a retry does not move it twice."


class IdempotencyKeyReused(InvalidValue):
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used with another request. Use a new one."


class RequestInFlight(Conflict):
    code = "request_in_flight"
    detail = "A request with this Idempotency-Key is being processed. Try again."

    def __init__(self) -> None:
        super().__init__(retry_after=1)


class UnreadableResponse(Conflict):
    code = "unreadable_response"
    detail = "The server can no longer read the response stored for this Idempotency-Key. Use a new one."


class ResponseCipher(Component):
    """Encrypts stored responses, which may hold personal data. A stored response decrypts only in its own scope."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    @classmethod
    def build(cls, runtime: Runtime) -> "ResponseCipher":
        """Raises ``SettingsError`` without a cursor key, from which the cipher's key is derived."""
        key = require_secret(runtime.settings[HttpSettings].cursor_key, "http", "cursor_key")
        return cls(Cipher(key, _CIPHER_PURPOSE))

    def encrypt(self, response: bytes, scope: bytes) -> bytes:
        return self._cipher.encrypt(response, scope)

    def decrypt(self, stored: bytes, scope: bytes) -> bytes:
        """Raises ``UnreadableResponse`` after a change of the key."""
        try:
            return self._cipher.decrypt(stored, scope)
        except InvalidTag:
            raise UnreadableResponse from None


def ensure_key(request: Request) -> None:
    """Raise ``IdempotencyKeyRequired`` for a request without a key."""
    if "idempotency-key" not in request.headers:
        raise IdempotencyKeyRequired


async def idempotently(request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Response:
    """Run ``handler`` once per key and caller; a repeated request gets the stored response.

    A replay needs the permissions that the operation declares, and those of them that the first request had: they may
    have been withdrawn since.

    Raises ``InvalidIdempotencyKey``, ``IdempotencyKeyReused``, ``RequestInFlight``,
    ``UnreadableResponse``, ``InsufficientPermissions``.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        return await handler(request)
    runtime = runtime_of(request.scope)
    cipher = runtime.get(ResponseCipher)
    scope = await _scope(request, parse_key(header))
    # A retry may add a charset to the media type. A replay does not evaluate preconditions again, so it repeats them.
    said = [
        request.scope["query_string"].decode("latin-1"),
        request.headers.get("content-type", "").partition(";")[0].strip().lower(),
        request.headers.get("if-match", ""),
    ]
    fingerprint = hashlib.sha256(orjson.dumps(said) + await request.body()).digest()
    state = state_of(request.scope)
    async with runtime.database.write() as session:
        records = IdempotencyRepository(session)
        locked, found = await records.lock_and_find(scope, utc_now())
        if not locked:
            raise RequestInFlight
        if found is not None:
            if found.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            principal = state.principal or anonymous()
            ensure_permitted(principal, state.required)
            ensure_permitted(principal, [found.permissions])
            replayed = _replay(cipher.decrypt(found.sealed, scope))
            version = current(request.scope).api_version or NO_VERSION
            runtime.metrics.group(IdempotencyMetrics).replays.labels(version, route_template(request.scope)).inc()
            return replayed
        state.write_session = session
        try:
            response = await handler(request)
        finally:
            state.write_session = None
        stored = StoredResponse(fingerprint, cipher.encrypt(_recorded(response), scope), _granted(state))
        now = utc_now()
        if not await records.keep(scope, stored, now, now + RETENTION):
            raise RequestInFlight
        return response


def record_replay(response: Response, *, replayed: bool) -> None:
    """Mark the response to a repeated request."""
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"


def parse_key(header: str) -> str:
    """The key of a header: a structured-field string, or the unquoted text that most clients send.

    Raises ``InvalidIdempotencyKey``.
    """
    text = header.strip(" \t")
    if _WELL_FORMED.fullmatch(text) is None:
        raise InvalidIdempotencyKey
    if not text.startswith('"'):
        return text
    value, _ = cast("tuple[str, object]", http_sf.parse(text.encode(), tltype="item"))
    return value


async def _scope(request: Request, key: str) -> bytes:
    try:
        principal = await resolve_principal(request)
    except InvalidCredentials:
        # The operation decides whether invalid credentials matter; if so, it fails and nothing is stored.
        principal = anonymous()
    caller = principal.key_family or principal.user_uid
    who = f"address {request.client.host if request.client else ''}" if caller is None else str(caller)
    return hashlib.sha256(orjson.dumps([who, request.method, request.scope["path"], key])).digest()


def _granted(state: RequestState) -> Sequence[str]:
    """The permissions of the caller that any alternative of the operation contains."""
    held = (state.principal or anonymous()).permissions
    return sorted(held & set().union(*state.required))


def _recorded(response: Response) -> bytes:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.raw_headers
        if name.decode("latin-1") not in _SENT_ANEW
    ]
    head = orjson.dumps([response.status_code, headers])
    return len(head).to_bytes(4) + head + bytes(response.body)


def _replay(record: bytes) -> Response:
    end = 4 + int.from_bytes(record[:4])
    status, headers = orjson.loads(record[4:end])
    response = Response(record[end:], status_code=status)
    for name, value in headers:
        response.headers[name] = value
    response.headers[REPLAYED_HEADER] = "true"
    return response
