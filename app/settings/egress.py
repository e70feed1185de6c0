"""Settings of requests to addresses that users choose."""

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from app.settings.group import Group


class EgressSettings(Group, name="egress"):
    """Which addresses webhooks may reach. Public addresses are always allowed."""

    allow: list[IPv4Network | IPv6Network] | None = Field(
        None, description="networks that are allowed beside public addresses; None: loopback in development, else none"
    )
