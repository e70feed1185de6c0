"""Signatures of Standard Webhooks 1.0.0.

The decoded bytes of a secret sign, not its text. A signature belongs to one attempt: receivers refuse timestamps that
are older than five minutes.
"""

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from pydantic import SecretStr

from app.kit.encryption import Cipher

PREFIX: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
_SECRET_BYTES: Final = 32
_PURPOSE: Final = b"strata webhook secrets 1"
"""Part of the key of every stored secret; a change makes them unreadable."""


class SecretSealer:
    """Creates secrets, and encrypts them for the database. A sealed secret opens only under its own uid."""

    def __init__(self, key: SecretStr) -> None:
        self._cipher = Cipher(key, _PURPOSE)

    def seal(self, secret: bytes, uid: UUID) -> bytes:
        return self._cipher.encrypt(secret, uid.bytes)

    def open(self, sealed: bytes, uid: UUID) -> bytes | None:
        """The secret; None after a change of the key."""
        try:
            return self._cipher.decrypt(sealed, uid.bytes)
        except InvalidTag:
            return None


def new_secret() -> bytes:
    """A random secret."""
    return os.urandom(_SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The form in which a user sees it."""
    return PREFIX + b64encode(secret).decode()


def secret_bytes(text: str) -> bytes:
    """The bytes that sign, from what a user sees. Raises ``ValueError``."""
    return b64decode(text.removeprefix(PREFIX), validate=True)


def signed_headers(webhook_id: str, at: datetime, body: bytes, secrets: Iterable[bytes]) -> Mapping[str, str]:
    """The three headers of the standard, with one signature for each secret."""
    timestamp = int(at.timestamp())
    content = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = (b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def ensure_signed(headers: Mapping[str, str], body: bytes, secret: bytes, now: datetime) -> None:
    """Raise ``ValueError`` unless one of the signatures of a message is of this secret and not older than 5 minutes."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit():
        message = f"webhook-timestamp must be an integer, got {timestamp!r}"
        raise ValueError(message)
    if abs(now.timestamp() - int(timestamp[:12])) > TOLERANCE_SECONDS:
        message = "webhook-timestamp is more than 5 minutes away from the clock of this machine"
        raise ValueError(message)
    content = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = b64encode(hmac.digest(secret, content, "sha256")).decode()
    given = [part.removeprefix("v1,") for part in headers.get("webhook-signature", "").split(" ")]
    if not any(hmac.compare_digest(one.encode(), expected.encode()) for one in given):
        message = "no signature is of the secret of this endpoint"
        raise ValueError(message)
