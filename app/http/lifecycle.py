"""The schedule of brownouts and retirements, and the buffer of recorded usage, of one process."""

from dataclasses import dataclass

from app.http.runtime import Component, Runtime
from app.lifecycle.metrics import VersionMetrics
from app.lifecycle.schedule import Schedule
from app.lifecycle.usage import UsageBuffer


@dataclass(frozen=True)
class LifecycleComponent(Component):
    """The schedule of brownouts and retirements, and the buffer of recorded usage."""

    schedule: Schedule
    usage: UsageBuffer

    @classmethod
    def build(cls, runtime: Runtime) -> "LifecycleComponent":
        """Build an empty schedule and an empty buffer."""
        return cls(Schedule(), UsageBuffer(runtime.metrics.group(VersionMetrics).usage_dropped.labels().inc))
