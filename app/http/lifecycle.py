"""The schedule of brownouts and retirements of one process."""

from dataclasses import dataclass

from app.http.runtime import Component, Runtime
from app.lifecycle.schedule import Schedule


@dataclass(frozen=True)
class LifecycleComponent(Component):
    """The schedule of brownouts and retirements."""

    schedule: Schedule

    @classmethod
    def build(cls, _runtime: Runtime) -> "LifecycleComponent":
        """Build an empty schedule."""
        return cls(Schedule())
