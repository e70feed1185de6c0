"""Single-use tokens that travel by mail.

A token is derived from its row's uid with a key, so the worker that sends the mail can compute it again and no
table, queue or backup ever holds it; the row keeps only its SHA-256.
"""

import base64
import hashlib
import hmac
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr


class Purpose(StrEnum):
    """What a token is good for."""

    VERIFICATION = "verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose


class MailedTokens:
    """Derives tokens with a key of their own, itself derived from the signing key."""

    def __init__(self, signing_key: SecretStr) -> None:
        secret = signing_key.get_secret_value().encode()
        self._key = hmac.digest(secret, b"strata mailed tokens 1", "sha256")

    def token(self, purpose: Purpose, uid: UUID) -> str:
        """32 bytes in 43 URL-safe characters."""
        mac = hmac.digest(self._key, purpose.value.encode() + b":" + uid.bytes, "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    @staticmethod
    def digest(token: str) -> bytes:
        """What the row keeps."""
        return hashlib.sha256(token.encode(errors="replace")).digest()
