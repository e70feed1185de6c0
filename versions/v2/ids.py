"""The identifiers of v2."""

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from versions.kit.typeid import SUFFIX_PATTERN, decode
from versions.kit.values import MAX_INTEGER

POST: Final = "post"
USER: Final = "usr"
SESSION: Final = "ses"
API_KEY: Final = "key"
AUDIT_EVENT: Final = "aud"
ACCOUNT: Final = "acct"
TRANSFER: Final = "txn"
HOLD: Final = "hold"
JOB: Final = "job"
FILE: Final = "file"
IDENTITY: Final = "idn"
EVENT: Final = "evt"
NOTIFICATION: Final = "ntf"
WEBHOOK_ENDPOINT: Final = "wh"
DELIVERY: Final = "dlv"

EXAMPLE_SUFFIX: Final = "01jwxq7c8gfq8sh1tbp9xqk3ma"


def _decoder(prefix: str) -> Callable[[str], UUID]:
    def to_uuid(text: str) -> UUID:
        return decode(prefix, text)

    return to_uuid


PostId = Annotated[
    str,
    StringConstraints(pattern=f"^post_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(POST)),
    Field(examples=[f"post_{EXAMPLE_SUFFIX}"]),
]
UserId = Annotated[
    str,
    StringConstraints(pattern=f"^usr_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(USER)),
    Field(examples=[f"usr_{EXAMPLE_SUFFIX}"]),
]
SessionId = Annotated[
    str,
    StringConstraints(pattern=f"^ses_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(SESSION)),
    Field(examples=[f"ses_{EXAMPLE_SUFFIX}"]),
]
ApiKeyId = Annotated[
    str,
    StringConstraints(pattern=f"^key_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(API_KEY)),
    Field(examples=[f"key_{EXAMPLE_SUFFIX}"]),
]
AccountId = Annotated[
    str,
    StringConstraints(pattern=f"^acct_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(ACCOUNT)),
    Field(examples=[f"acct_{EXAMPLE_SUFFIX}"]),
]
TransferId = Annotated[
    str,
    StringConstraints(pattern=f"^txn_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(TRANSFER)),
    Field(examples=[f"txn_{EXAMPLE_SUFFIX}"]),
]
HoldId = Annotated[
    str,
    StringConstraints(pattern=f"^hold_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(HOLD)),
    Field(examples=[f"hold_{EXAMPLE_SUFFIX}"]),
]
JobId = Annotated[
    str,
    StringConstraints(pattern=f"^job_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(JOB)),
    Field(examples=[f"job_{EXAMPLE_SUFFIX}"]),
]
FileId = Annotated[
    str,
    StringConstraints(pattern=f"^file_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(FILE)),
    Field(examples=[f"file_{EXAMPLE_SUFFIX}"]),
]
IdentityId = Annotated[
    str,
    StringConstraints(pattern=f"^idn_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(IDENTITY)),
    Field(examples=[f"idn_{EXAMPLE_SUFFIX}"]),
]
EventId = Annotated[
    str,
    StringConstraints(pattern=f"^evt_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(EVENT)),
    Field(examples=[f"evt_{EXAMPLE_SUFFIX}"]),
]
NotificationId = Annotated[
    str,
    StringConstraints(pattern=f"^ntf_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(NOTIFICATION)),
    Field(examples=[f"ntf_{EXAMPLE_SUFFIX}"]),
]
WebhookEndpointId = Annotated[
    str,
    StringConstraints(pattern=f"^wh_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(WEBHOOK_ENDPOINT)),
    Field(examples=[f"wh_{EXAMPLE_SUFFIX}"]),
]
DeliveryId = Annotated[
    str,
    StringConstraints(pattern=f"^dlv_{SUFFIX_PATTERN}$"),
    AfterValidator(_decoder(DELIVERY)),
    Field(examples=[f"dlv_{EXAMPLE_SUFFIX}"]),
]
"""Ids in requests: TypeIDs on the wire, UUIDs in handlers."""

V1Id = Annotated[
    int,
    Field(
        description="The id in v1, for clients that migrate from v1.",
        deprecated=True,
        ge=1,
        le=MAX_INTEGER,
        examples=[1],
    ),
]


def known(identifier: object) -> UUID:
    """Narrows an id of a request to ``UUID``: it is annotated as text, and its validator has decoded it."""
    if not isinstance(identifier, UUID):
        raise TypeError
    return identifier
