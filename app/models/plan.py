"""Plans of consumers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Timestamp

_CAPS = ("keys", "storage_bytes", "webhook_endpoints", "concurrent_jobs", "streams", "exports")


class Plan(Base):
    """The rate-limit policies and the caps of the consumers on a plan. API keys refer to it by name.

    No foreign key: a key on a plan that was deleted is served under the default plan.
    """

    __tablename__ = "plans"
    __table_args__ = tuple(CheckConstraint(f"max_{cap} >= 0", name=f"max_{cap}_not_negative") for cap in _CAPS)

    name: Mapped[str] = mapped_column(primary_key=True)
    policies: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The text of each policy by name: ``{"burst": "100/minute"}``."""
    max_keys: Mapped[int]
    max_storage_bytes: Mapped[int]
    max_webhook_endpoints: Mapped[int]
    max_concurrent_jobs: Mapped[int]
    max_streams: Mapped[int]
    max_exports: Mapped[int]
    created_at: Mapped[Timestamp]
    retired_at: Mapped[datetime | None]
    """Since when no key can be put on the plan."""
