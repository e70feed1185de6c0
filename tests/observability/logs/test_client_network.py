"""The network of a client in log lines."""

import pytest

from observability.logs.client_network import client_network


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("a socket", None),
    ],
)
def test_an_address_is_cut_to_its_network(host: str, network: str | None) -> None:
    assert client_network({"client": (host, 5000)}) == network


def test_an_unknown_client_has_no_network() -> None:
    assert client_network({"client": None}) is None
