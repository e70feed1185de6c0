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
    BAD_URL = "bad_url"
    """The URL has a scheme, port, user, fragment or host that requests to strangers may not have."""
    UNRESOLVED = "unresolved"
    """The host has no address, or its name server did not respond."""
    FORBIDDEN_ADDRESS = "forbidden_address"
    """An address of the host is not public."""
    TLS = "tls"
    """The certificate is not valid for the host, or the handshake failed."""


class EgressError(Exception):
    """A request failed. The message contains neither the URL nor the body, which may contain secrets."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the request to another server failed: {reason}")
        self.reason = reason
