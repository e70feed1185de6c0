"""Why a request to another server failed."""

from enum import StrEnum


class Reason(StrEnum):
    """The reasons, which are also values of a metric's label."""

    INSECURE = "insecure"
    """The URL is neither https nor on a loopback address."""
    UNREACHABLE = "unreachable"
    """No connection, or it was lost."""
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    TOO_LARGE = "too_large"
    ENCODED = "encoded"
    """The body is compressed, although the request accepts none that is."""
    NOT_JSON = "not_json"


class EgressError(Exception):
    """A request failed. The message contains neither the URL nor the body, which may contain secrets."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the request to another server failed: {reason}")
        self.reason = reason
