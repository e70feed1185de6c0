"""Single-use tokens that are sent by mail.

A token is derived with a key from the uid of its row, so the worker that sends the mail computes it again. Tables,
queues and backups never contain it; the row stores its SHA-256.
"""

import base64
import hashlib
import hmac
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr


class Purpose(StrEnum):
    """The action that a token authorises."""

    VERIFICATION = "verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose
    IDENTITY = "identity"


class MailedTokens:
    """Derives tokens with a separate key, which is derived from the signing key."""

    def __init__(self, signing_key: SecretStr) -> None:
        secret = signing_key.get_secret_value().encode()
        self._key = hmac.digest(secret, b"strata mailed tokens 1", "sha256")

    def token(self, purpose: Purpose, uid: UUID) -> str:
        """32 bytes in 43 URL-safe characters."""
        mac = hmac.digest(self._key, purpose.value.encode() + b":" + uid.bytes, "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    @staticmethod
    def digest(token: str) -> bytes:
        """The digest that the row stores."""
        return hashlib.sha256(token.encode(errors="replace")).digest()
