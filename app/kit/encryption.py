"""Authenticated encryption of what must lie in the database for a while but be read by nobody there."""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

_NONCE_LENGTH: Final = 12


class Sealer:
    """AES-256-GCM with a key of its own, derived from the cursor key."""

    def __init__(self, key: SecretStr) -> None:
        self._cipher = AESGCM(hmac.digest(key.get_secret_value().encode(), b"strata sealed responses 1", "sha256"))

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Nonce and ciphertext; only the same ``context`` opens it."""
        nonce = os.urandom(_NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises ``cryptography.exceptions.InvalidTag`` for a wrong key, context or a changed byte."""
        return self._cipher.decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], context)
