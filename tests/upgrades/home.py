"""The facts of a recorded home that its database does not contain: secrets, passwords and requests.

The secrets are constants of the tests and protect nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOMES: Final = Path(__file__).with_name("homes")
PASSWORD: Final = "correct horse battery"
DECOMPOSED_PASSWORD: Final = "correct horse e\u0301 battery"
"""Typed on a system that decomposes letters (NFD)."""
SECRETS: Final = {
    "STRATA_AUTH__SIGNING_KEY": "signing key of the recorded homes, of no other use",
    "STRATA_HTTP__CURSOR_KEY": "cursor key of the recorded homes, of no other use",
    "STRATA_WEBHOOKS__SEALING_KEY": "sealing key of the recorded homes, of no other use",
}


@dataclass(frozen=True)
class Spelling:
    """A user of the recorded home. Users with the same ``mailbox`` have spellings of one address."""

    email: str
    mailbox: str
    password: str = PASSWORD


SPELLINGS: Final = (
    Spelling("j\u00fcrgen@example.com", "j\u00fcrgen"),
    Spelling("ju\u0308rgen@example.com", "j\u00fcrgen"),
    Spelling("dora@m\u00fcnchen.example", "dora"),
    Spelling("dora@xn--mnchen-3ya.example", "dora"),
    Spelling("zo\u00eb@b\u00fccher.example", "zo\u00eb"),
    Spelling("zoe\u0308@b\u00fccher.example", "zo\u00eb"),
    Spelling("zo\u00eb@xn--bcher-kva.example", "zo\u00eb"),
    Spelling("\u0130lker@example.com", "\u0130lker"),
    Spelling("Renee@example.com", "renee", DECOMPOSED_PASSWORD),
)
"""The first of each mailbox registered over the API; the others were created by an operator."""
ADMIN: Final = "root@example.com"
UNVERIFIED: Final = "late@example.com"
DEACTIVATED: Final = "gone@example.com"
FORGETFUL: Final = "forgetful@example.com"
"""Has requested a password reset, whose mail is still queued."""
POST: Final = {"title": "Once", "content": "Written once.", "status": "published"}
IDEMPOTENCY_KEY: Final = '"recorded-1"'
