"""Background jobs. PgQueuer's tables carry them to the workers; this one has their states."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp

OPEN: Final = text("status IN ('queued', 'running')")
"""The condition of the partial indexes."""


class Job(Identified, Base):
    """A job. Its row is the truth: a notification or a row of PgQueuer without it has no effect."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(finished_at IS NULL) = (status IN ('queued', 'running'))", name="finished"),
        CheckConstraint("done >= 0 AND (total IS NULL OR done <= total)", name="progress"),
        Index("ix_jobs_owner_id_id", "owner_id", "id"),
        Index("ix_jobs_owner_id_status_id", "owner_id", "status", "id"),
        Index("ix_jobs_owner_id_kind_status_id", "owner_id", "kind", "status", "id"),
        Index("ix_jobs_open", "run_after", postgresql_where=OPEN),
        Index("ix_jobs_finished_at", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index("uq_jobs_key", "key", unique=True, postgresql_where=OPEN),
    )

    kind: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """The user who requested it; None: the product itself did."""
    key: Mapped[str | None]
    """A natural key: of the jobs that are queued or running, at most one has it."""
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(server_default=text("'queued'"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """Attempts that have started. It is counted before the attempt runs, so an attempt that kills its worker counts."""
    run: Mapped[UUID | None]
    """The attempt that may write. Another worker that takes the job over sets another one."""
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int | None]
    message: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """``code`` and ``detail`` of the last failure."""
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    run_after: Mapped[Timestamp]
    created_at: Mapped[Timestamp]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    traceparent: Mapped[str | None]
    request_id: Mapped[str | None]


class JobProblem(Base):
    """A row of the input of a job that the job left out."""

    __tablename__ = "job_problems"
    __table_args__ = (Index("ix_job_problems_job_id_id", "job_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    line: Mapped[int]
    """The line of the input on which the row ends; the first one is 1."""
    pointer: Mapped[str]
    """The column as a JSON pointer; empty for the whole row."""
    code: Mapped[str]
    detail: Mapped[str]


class ScheduleRun(Base):
    """A schedule of the worker, and when it last succeeded."""

    __tablename__ = "schedule_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[int]
    """Seconds between two runs."""
    registered_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
