"""Where a URL that a user chose leads: parsed once, resolved, and judged by its addresses.

The request is built from the parsed parts, so no second parser can read the URL in another way.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import httpx2

from app.kit.egress.addresses import AllowedAddresses
from app.kit.egress.errors import EgressError, Reason

MAX_URL_LENGTH: Final = 2_000
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
_FIRST_UNPRIVILEGED_PORT: Final = 1024
_LAST_PORT: Final = 65_535
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp", ".private")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host and port. Raises ``OSError``."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """What ``getaddrinfo`` of the operating system says; it also reads forms such as ``0x7f.1``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class Destination:
    """The parts of a URL that a request is built from."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """The ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _HTTPS_PORT if self.scheme == "https" else _HTTP_PORT
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def is_literal(self) -> bool:
        """Whether the host is an address."""
        return _is_address(self.host)


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides which destinations are allowed. ``insecure`` allows http, and its port."""

    addresses: AllowedAddresses
    insecure: bool = False
    resolve: Resolve = system_resolver

    def parse(self, url: str) -> Destination:
        """Raises ``EgressError`` with ``BAD_URL`` or ``INSECURE``."""
        if len(url) > MAX_URL_LENGTH or not url.isprintable() or any(mark in url for mark in " \\"):
            raise EgressError(Reason.BAD_URL)
        try:
            parsed = httpx2.URL(url)
            port = parsed.port
        except (httpx2.InvalidURL, ValueError) as error:
            raise EgressError(Reason.BAD_URL) from error
        if parsed.scheme != "https" and not (self.insecure and parsed.scheme == "http"):
            raise EgressError(Reason.INSECURE)
        host = parsed.raw_host.decode("ascii").lower()
        if "@" in _authority(url) or "#" in url or not _is_host(host):
            raise EgressError(Reason.BAD_URL)
        if port is None:
            port = _HTTPS_PORT if parsed.scheme == "https" else _HTTP_PORT
        if not self._is_port(port):
            raise EgressError(Reason.BAD_URL)
        return Destination(parsed.scheme, host, port, parsed.raw_path.decode("ascii"))

    async def locate(self, destination: Destination) -> Sequence[str]:
        """The addresses of the host. Raises ``EgressError`` if there is none, or if any of them is not allowed."""
        try:
            found = await self.resolve(destination.host, destination.port)
        except (OSError, UnicodeError) as error:
            if is_local_name(destination.host):
                raise EgressError(Reason.FORBIDDEN_ADDRESS) from error
            raise EgressError(Reason.UNRESOLVED) from error
        if not found:
            raise EgressError(Reason.UNRESOLVED)
        if not all(self.addresses.allows(address) for address in found):
            raise EgressError(Reason.FORBIDDEN_ADDRESS)
        return list(dict.fromkeys(found))

    async def check(self, url: str, seconds: float) -> None:
        """Whether a URL may be stored. Raises ``EgressError`` if not.

        A name without an address is accepted: its owner may publish it later, and each attempt checks again.
        """
        destination = self.parse(url)
        try:
            async with asyncio.timeout(seconds):
                await self.locate(destination)
        except TimeoutError:
            return
        except EgressError as error:
            if error.reason is not Reason.UNRESOLVED:
                raise

    def _is_port(self, port: int) -> bool:
        if port == _HTTPS_PORT or _FIRST_UNPRIVILEGED_PORT <= port <= _LAST_PORT:
            return True
        return self.insecure and port == _HTTP_PORT


def _authority(url: str) -> str:
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]


def is_local_name(host: str) -> bool:
    """Whether a name can exist in private networks only."""
    name = f".{host.rstrip('.')}"
    return name.count(".") == 1 or name.endswith(_LOCAL_SUFFIXES)


def _is_host(host: str) -> bool:
    if _is_address(host):
        return True
    if _NAME.fullmatch(host) is None:
        return False
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]) is None:
        return True
    # A name that ends in a number is an address in one of its old forms, or nothing.
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def _is_address(host: str) -> bool:
    try:
        return getattr(ip_address(host), "scope_id", None) is None
    except ValueError:
        return False
