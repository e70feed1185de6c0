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
"""Ids in requests: TypeIDs, which handlers get as UUIDs."""

V1Id = Annotated[
    int,
    Field(
        description="The id in v1, for clients that migrate.",
        deprecated=True,
        ge=1,
        le=MAX_INTEGER,
        examples=[1],
    ),
]


def known(identifier: object) -> UUID:
    """The UUID of an id from a request: its type is the wire's text, its validator has made it a UUID."""
    if not isinstance(identifier, UUID):
        raise TypeError
    return identifier
