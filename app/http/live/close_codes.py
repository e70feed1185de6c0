"""Why the server closes a connection that stays open."""

from enum import IntEnum


class CloseCode(IntEnum):
    """The codes of a WebSocket (RFC 6455, section 7.4, and codes for applications). A stream sends the reason only."""

    UNSUPPORTED_DATA = 1003
    POLICY_VIOLATION = 1008
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    """Also at the maximum age of a connection: the client connects again and resumes."""
    TRY_AGAIN_LATER = 1013
    UNAUTHENTICATED = 4401
    RETIRED = 4410
    """The version is retired: the code that corresponds to the status 410."""
    TOO_MANY_MESSAGES = 4429
