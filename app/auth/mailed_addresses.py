"""Encrypts the address in the payload of a job, since the tables of the queue store payloads in plain text."""

import base64
from typing import Final

from pydantic import SecretStr

from app.kit.encryption import Cipher

_CONTEXT: Final = b"address"


class MailedAddresses:
    """Encrypts addresses with a key that is derived from the signing key."""

    def __init__(self, signing_key: SecretStr) -> None:
        self._cipher = Cipher(signing_key, b"strata mailed addresses 1")

    def encrypt(self, address: str) -> str:
        """ASCII text."""
        return base64.b64encode(self._cipher.encrypt(address.encode(), _CONTEXT)).decode()

    def decrypt(self, text: str) -> str:
        """Raises ``cryptography.exceptions.InvalidTag`` after a change of the signing key."""
        return self._cipher.decrypt(base64.b64decode(text), _CONTEXT).decode()
