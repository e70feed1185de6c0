"""Output of the lifecycle feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.lifecycle.version import Window
from app.models.usage import ANONYMOUS


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The number of requests and the time of the last one."""

    requests: int
    last_seen: datetime


@dataclass(slots=True)
class Consumer:
    """A consumer that used a version. ``account_id`` is None for anonymous callers and deleted users.

    The fields are keys of the JSON output of ``strata versions status``.
    """

    consumer: str
    account_id: int | None
    account: str | None
    key: str | None
    consented_at: datetime | None
    operations: dict[str, UsageTotal] = field(default_factory=dict)
    features: dict[str, UsageTotal] = field(default_factory=dict)

    @property
    def total(self) -> UsageTotal:
        """The total of all operations or, if none was recorded, of the features, which are parts of operations."""
        uses = (self.operations or self.features).values()
        return UsageTotal(sum(use.requests for use in uses), max(use.last_seen for use in uses))

    @property
    def name(self) -> str:
        """The e-mail address and the key, for display."""
        who = self.account or ("anonymous callers" if self.consumer == ANONYMOUS else f"{self.consumer} (gone)")
        return f"{who} ({self.key})" if self.key else who


@dataclass(frozen=True, slots=True)
class RetirementReport:
    """The consumers of a version, and the reasons why it must not be retired yet."""

    windows: Sequence[Window]
    retired_at: datetime | None
    consumers: Sequence[Consumer]
    reasons: Sequence[str]


def consumers_from_rows(rows: Sequence[Mapping[str, Any]]) -> list[Consumer]:
    """One consumer for all rows of ``UsageReportRepository.by_consumer`` that belong to it."""
    found: dict[str, Consumer] = {}
    for row in rows:
        consumer = row["consumer"]
        if consumer not in found:
            key = f"key {row['key_name']}, {row['key_hint']}..." if row["key_hint"] else None
            found[consumer] = Consumer(consumer, row["account_id"], row["account"], key, row["consented_at"])
        total = UsageTotal(int(row["requests"]), row["last_seen"])
        if row["feature"]:
            found[consumer].features[f"{row['operation']} {row['feature']}"] = total
        else:
            found[consumer].operations[row["operation"]] = total
    return list(found.values())
