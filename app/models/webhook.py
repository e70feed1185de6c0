"""Webhooks: endpoints with their secrets, and the deliveries of events to them with every attempt."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import Base, Identified, Timestamp


class WebhookEndpoint(Identified, Base):
    """A URL that receives the events that its owner may read.

    ``failures`` counts the failed attempts since the last success.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'disabled')", name="state_known"),
        CheckConstraint("(state = 'disabled') = (disabled_reason IS NOT NULL)", name="disabled_explained"),
        Index("ix_webhook_endpoints_owner_id_id", "owner_id", "id"),
        Index("ix_webhook_endpoints_owner_uid", "owner_uid"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    owner_uid: Mapped[UUID]
    url: Mapped[str]
    events: Mapped[list[str]]
    """The types of the events to deliver; empty: all."""
    description: Mapped[str] = mapped_column(server_default=text("''"))
    api_version: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'active'"))
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[Timestamp]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    first_failure_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]


class WebhookSecret(Base):
    """A secret that signs, encrypted. While a secret is being replaced, an endpoint has two."""

    __tablename__ = "webhook_secrets"

    uid: Mapped[UUID] = mapped_column(default=uuid7, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime | None]
    """When the secret stops to sign; None: it is the newest one."""


class Delivery(Identified, Base):
    """An event on its way to an endpoint. ``run`` is the attempt that may write, until ``lease_until``."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("kind IN ('automatic', 'manual')", name="kind_known"),
        CheckConstraint("status IN ('pending', 'sending', 'succeeded', 'failed', 'skipped')", name="status_known"),
        Index(
            "uq_deliveries_automatic",
            "endpoint_id",
            "event_id",
            unique=True,
            postgresql_where=text("kind = 'automatic'"),
        ),
        Index("ix_deliveries_endpoint_id_position_id", "endpoint_id", "position", "id"),
        Index(
            "ix_deliveries_open",
            "endpoint_id",
            "position",
            postgresql_where=text("status IN ('pending', 'sending')"),
        ),
        Index("ix_deliveries_created_at", "created_at"),
    )

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event_id: Mapped[int]
    """Without a foreign key: events are deleted earlier than deliveries."""
    event_uid: Mapped[UUID]
    event_type: Mapped[str]
    position: Mapped[int]
    api_version: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default=text("'automatic'"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    run: Mapped[UUID | None]
    created_at: Mapped[Timestamp]
    first_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why the delivery was skipped, or ended before its last attempt."""


class DeliveryAttempt(Base):
    """One request of a delivery: the status of the response, or why there was none."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(SmallInteger)
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str | None]
    excerpt: Mapped[str | None]
    trace_id: Mapped[str | None]
