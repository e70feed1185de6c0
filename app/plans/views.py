"""Output of the plans feature."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from app.kit.db.sessions import Row
from observability.rate_limit.policies import PolicySet


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a consumer of a plan may have at the same time."""

    keys: int
    storage_bytes: int
    webhook_endpoints: int
    concurrent_jobs: int
    streams: int
    exports: int

    @classmethod
    def from_row(cls, row: Row) -> "Caps":
        """Build the caps from a row with a column ``max_...`` for each field."""
        return cls(*(row[f"max_{each.name}"] for each in fields(cls)))


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it is stored. ``policies`` are the texts of the rate-limit policies by name."""

    name: str
    policies: Mapping[str, str]
    caps: Caps
    retired_at: datetime | None = None

    @classmethod
    def from_row(cls, row: Row) -> "PlanView":
        """Build the view from a row of ``plans``."""
        return cls(row["name"], row["policies"], Caps.from_row(row), row["retired_at"])


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in effect: its parsed policies and its caps."""

    name: str
    rules: PolicySet = field(compare=False)
    caps: Caps
