"""Input of the use cases of plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlanEdit:
    """Changes of a plan, or a new plan. ``policies`` replace all policies; ``caps`` are those to change, by name."""

    name: str
    policies: Mapping[str, str] | None = None
    caps: Mapping[str, int] = field(default_factory=dict)
