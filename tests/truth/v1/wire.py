"""How v1 names objects and failures."""

from typing import Final
from uuid import UUID

from tests.truth.v1.failures import FAILURES

SCOPE_IN_BODY: Final = False
"""Whether the body of a 403 names the missing scope."""


def identify(_kind: str, number: int, _uid: UUID) -> object:
    """The id of a post or a user."""
    return number


def reason(code: str) -> tuple[int, str]:
    """The status and what names the failure: the detail."""
    return FAILURES[code]
