"""Settings of the HTTP server."""

from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.settings.group import Group, RequiredSecret, Seconds


def _network(value: str) -> str:
    return str(ip_network(value))


Network = Annotated[str, AfterValidator(_network)]


class HttpSettings(Group, name="http"):
    """The listening socket, cross-origin requests, and the limits on the size and number of requests."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = Field(None, description="the URL that clients use, without a trailing slash")
    cors_origins: list[str] = Field(default_factory=list, description="origins allowed to read responses")
    cors_allow_credentials: bool = False
    max_body_bytes: int = Field(1_048_576, ge=1024)
    max_header_bytes: int = Field(
        32_768,
        ge=4096,
        description="bytes of all header fields; also of the trailers and chunk extensions of a body",
    )
    max_header_fields: int = Field(100, ge=16, description="header fields of a request")
    max_target_bytes: int = Field(8192, ge=1024, description="bytes of path and query")
    max_drained_bytes: int = Field(
        65_536,
        ge=0,
        description="the rest of a body that is read and ignored after a response; a larger rest closes the connection",
    )
    linger_bytes: int = Field(
        2_097_152,
        ge=0,
        description="bytes that are ignored before a connection is closed, so that its client can read the response",
    )
    linger_timeout: int = Field(5, ge=1, description="seconds in which they are ignored")
    unread_timeout: int = Field(
        30, ge=1, description="seconds after which a connection ends whose client reads nothing of a response"
    )
    max_pipelined_requests: int = Field(
        16, ge=1, description="requests of one connection that wait for the response to an earlier one"
    )
    max_connections: int = Field(
        1000,
        ge=1,
        description="connections of each process; a further one replaces one without a request, or gets 503",
    )
    head_timeout: int = Field(
        10, ge=1, description="seconds until a request line and its header fields, or a new connection's first request"
    )
    # Longer than proxies keep an idle connection (60 s is common): if the server closed first, a request in transit
    # would arrive at a closed socket.
    keep_alive_timeout: int = Field(75, ge=1, description="seconds without a request on a connection that had one")
    request_timeout: Seconds = Field(
        8.0,
        description="seconds until a response must start, without the time in which the client sends the body; "
        "includes waits for a connection, statements and their clean-up",
    )
    body_timeout: Seconds = Field(15.0, description="seconds without a single byte of the body")
    min_body_rate: int = Field(
        500,
        ge=0,
        description="bytes a second at which a body must arrive within a minute, after the first body_timeout",
    )
    max_concurrent_requests: int = Field(
        256, ge=1, description="requests that each process handles at once; further ones are rejected with 503"
    )
    max_concurrent_transfers: int = Field(
        32, ge=1, description="uploads and downloads that each process handles at once; they count as no requests"
    )
    shutdown_timeout: int = Field(10, ge=1, description="seconds granted to running requests at shutdown")
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="addresses or networks of reverse proxies whose X-Forwarded-For and -Proto are trusted",
    )
    cursor_key: RequiredSecret = Field(None, description="signs cursors, encrypts stored responses")

    @model_validator(mode="after")
    def _credentials_name_their_origins(self) -> Self:
        if self.cors_allow_credentials and "*" in self.cors_origins:
            message = "http.cors_origins must not contain '*' while http.cors_allow_credentials is on: list the origins"
            raise ValueError(message)
        return self

    @property
    def base_url(self) -> str:
        """The URL to print and to put into mail: ``public_url`` if set."""
        host = f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def reachable_host(self) -> str:
        """The host name for clients on this machine; differs from ``host`` if the server listens on all addresses."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - not bound
