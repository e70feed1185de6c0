"""Opaque, signed cursors: a client cannot read or forge one, or use it with another listing."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final

import orjson
from pydantic import SecretStr
from starlette.requests import Request

from app.errors import FieldError, Malformed
from app.http.runtime import Component, Runtime
from app.kit.db.keyset import KeyValue, Position
from app.settings.errors import require_secret
from app.settings.http import HttpSettings

_MAC_LENGTH: Final = 16
_LISTING_LENGTH: Final = 8
_NOT_PART_OF_THE_LISTING: Final = frozenset({"cursor", "limit", "fields", "include"})
_MAX_LENGTH: Final = 4096


class InvalidCursor(Malformed):
    code = "invalid_cursor"
    detail = "The cursor is not one of ours. Start again without one."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("cursor",), self.code, self.detail, "query")])


class CursorMismatch(Malformed):
    code = "cursor_mismatch"
    detail = "The cursor belongs to other filters or another order. Start again without one."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError(("cursor",), self.code, self.detail, "query")])


class CursorCodec(Component):
    """Encodes positions as cursors and decodes them."""

    def __init__(self, key: SecretStr) -> None:
        self._key = hmac.digest(key.get_secret_value().encode(), b"strata cursors 1", "sha256")

    @classmethod
    def build(cls, runtime: Runtime) -> "CursorCodec":
        """Raises ``SettingsError`` without a cursor key."""
        return cls(require_secret(runtime.settings[HttpSettings].cursor_key, "http", "cursor_key"))

    def encode(self, listing: bytes, position: Position) -> str:
        """URL-safe text. ``listing`` identifies path, filters and order (``listing_of``)."""
        payload = listing + orjson.dumps([_packed(value) for value in position])
        return base64.urlsafe_b64encode(self._mac(payload) + payload).rstrip(b"=").decode()

    def decode(self, listing: bytes, cursor: str) -> Position:
        """Raises ``InvalidCursor``, or ``CursorMismatch`` for a cursor of another listing."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidCursor from error
        mac, payload = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        if len(cursor) > _MAX_LENGTH or not hmac.compare_digest(mac, self._mac(payload)):
            raise InvalidCursor
        if not hmac.compare_digest(payload[:_LISTING_LENGTH], listing):
            raise CursorMismatch
        return tuple(_unpacked(value) for value in orjson.loads(payload[_LISTING_LENGTH:]))

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:_MAC_LENGTH]


def listing_of(request: Request) -> bytes:
    """A digest of the path and of the parameters that filter or order the rows.

    The values of a repeated parameter are one list, in their order: ``sort=a&sort=b`` is ``sort=a,b``.
    """
    given = request.query_params
    chosen = [(name, ",".join(given.getlist(name))) for name in sorted(given) if name not in _NOT_PART_OF_THE_LISTING]
    return hashlib.blake2b(orjson.dumps([request.scope["path"], chosen]), digest_size=_LISTING_LENGTH).digest()


def _packed(value: KeyValue) -> object:
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: object) -> KeyValue:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["t"])
    if value is None or isinstance(value, int | float | str):
        return value
    raise InvalidCursor
