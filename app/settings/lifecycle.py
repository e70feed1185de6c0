"""Settings of the lifecycle of API versions."""

from pydantic import Field

from app.settings.group import Group, Seconds


class LifecycleSettings(Group, name="lifecycle"):
    """The intervals of the two background tasks that sync lifecycles and write usage."""

    refresh: Seconds = Field(5.0, description="seconds until each process applies a brownout or retirement command")
    usage_flush: Seconds = Field(10.0, description="seconds of recorded usage that a killed process may lose")
