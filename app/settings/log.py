"""Settings of logging."""

from typing import Literal

from pydantic import Field

from app.settings.group import Group


class LogSettings(Group, name="log"):
    """Log output on stdout."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else JSON")
