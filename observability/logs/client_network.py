"""The network of a client: enough to find the origin of an attack, and no personal data."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

_IPV4_BITS: Final = 24
_IPV6_BITS: Final = 48


def client_network(scope: Mapping[str, Any]) -> str | None:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 address; ``None`` if the address is unknown."""
    client = scope.get("client")
    return _network(client[0]) if client else None


@lru_cache(maxsize=4096)
def _network(host: str) -> str | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address), _IPV6_BITS), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.IPv4Network((int(address), _IPV4_BITS), strict=False))
