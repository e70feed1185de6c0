"""How v2 names objects and failures."""

from typing import Final
from uuid import UUID

from tests.truth.v2.failures import FAILURES
from versions.kit.typeid import encode

SCOPE_IN_BODY: Final = True
"""Whether the body of a 403 names the missing scope."""
_PREFIXES: Final = {
    "post": "post",
    "user": "usr",
    "account": "acct",
    "transfer": "txn",
    "hold": "hold",
    "event": "evt",
    "job": "job",
    "file": "file",
    "notification": "ntf",
    "webhook_endpoint": "wh",
    "delivery": "dlv",
}


def identify(kind: str, _number: int, uid: UUID) -> object:
    """The id of a post or a user."""
    return encode(_PREFIXES[kind], uid)


def reason(code: str) -> tuple[int, str]:
    """The status and what names the failure: its code."""
    return FAILURES[code], code
