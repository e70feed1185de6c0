"""Ways to point a request at an internal address, as a hostile user writes them."""

from collections.abc import Sequence
from typing import Final

ADDRESSES: Final = (
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba Cloud
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # platform service of Azure
    "169.254.0.1",
    "169.254.169.254",  # metadata of most clouds
    "169.254.170.2",  # credentials of containers
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",  # metadata of Oracle Cloud
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:c0a8:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of AWS
    "fd20:ce::254",  # metadata of Google Cloud
    "fdff:ffff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::1%eth0",  # a zone: an address of a local network
)
"""Addresses that no request may reach."""

FORMS: Final = (
    "https://0/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.1/",
    "https://2130706433/",
    "https://2852039166/",  # 169.254.169.254
    "https://0xa9fea9fe/",
    "https://127.1/",
    "https://127.0.1/",
    "https://10.1/",
    "https://127.0.0.1./",
    "https://127.0.0.01/",
    "https://127.0.0.1:8443/",
    "https://LOCALHOST/",
    "https://localhost/",
    "https://localhost./",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://db/",
    "https://service.corp/",
    "https://[::1]:8443/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:0:0:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://127%2e0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://ｌocalhost/",  # noqa: RUF001 - a letter that some parsers normalise
    "https://127。0。0。1/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://127.0.0.1#@example.com/",
    "https://127.0.0.1\\@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/#fragment",
    "https://example.com#",
    "https:///127.0.0.1/",
    "https:127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1",
    "",
    "https://",
    "http://example.com/",
    "HTTP://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com:6379/_INFO",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:0/",
    "https://example.com:1023/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:a/",
    "https://exam ple.com/",
    "https://example.com/ path",
    "https://example.com/\r\nHost: internal",
    "https://example.com/\t",
    "https://example.com/\0",
    "https://exa\u200bmple.com/",
    "https://example..com/",
    "https://.example.com/",
    "https://-example.com/",
    "https://1.2.3.4.5/",
    "https://example.0x7f/",
    "https://" + "a" * 64 + ".com/",
    "https://example.com/" + "a" * 2_000,
)
"""URLs that no request may be sent to, whatever their names resolve to."""


def literal(address: str) -> str:
    """The URL of an address."""
    return f"https://[{address}]/" if ":" in address else f"https://{address}/"


URLS: Final[Sequence[str]] = (*map(literal, ADDRESSES), *FORMS)
