"""Which addresses requests may reach: public ones, and networks that the settings add.

``ipaddress.is_global`` alone accepts NAT64, 6to4, IPv4-compatible, site-local and multicast addresses, and the address
of a cloud's metadata service. Through some of them a request reaches the network of the server.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNICAST: Final = IPv6Network("2000::/3")
_IPV6_EXCEPT: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them: it contains an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: it contains an IPv4 address
        "3fff::/20",  # documentation
    )
)
_IPV4_EXCEPT: Final = tuple(
    IPv4Network(network)
    for network in (
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the platform service of Azure
        "100.64.0.0/10",  # carriers' networks, and the metadata service of Alibaba Cloud
        "192.0.0.0/24",  # protocol assignments; Python 3.13 calls two of them global
    )
)
LOOPBACK: Final[tuple[Network, ...]] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class AllowedAddresses:
    """Judges addresses. ``extra`` are networks that are allowed although they are not public."""

    def __init__(self, extra: Iterable[Network] = ()) -> None:
        self._extra = tuple(extra)

    def allows(self, text: str) -> bool:
        """Whether requests may reach the address, as ``getaddrinfo`` writes it. An address with a zone is local."""
        try:
            address = unmapped(ip_address(text))
        except ValueError:
            return False
        if any(address in network for network in self._extra if network.version == address.version):
            return True
        return is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, and leads to no other address."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in _IPV4_EXCEPT)
    if (mapped := address.ipv4_mapped) is not None:
        return is_public(mapped)
    return address in _UNICAST and address.scope_id is None and not any(address in net for net in _IPV6_EXCEPT)


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped address stands for; other addresses as they are."""
    if isinstance(address, IPv6Address) and (mapped := address.ipv4_mapped) is not None:
        return mapped
    return address
