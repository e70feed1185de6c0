"""Files of users."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class File(Identified, Base):
    """A file. Its content is the object ``object_key`` of the store, which exists once the file is ready."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("state IN ('uploading', 'ready')", name="state_known"),
        CheckConstraint(
            "(state = 'ready') = (size IS NOT NULL AND sha256 IS NOT NULL AND ready_at IS NOT NULL)",
            name="ready_complete",
        ),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("visibility IN ('private', 'signed_in', 'public')", name="visibility_known"),
        Index("ix_files_owner_id_id", "owner_id", "id"),
        Index(
            "uq_files_owner_id_idempotency_key",
            "owner_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("uq_files_incoming_key", "incoming_key", unique=True, postgresql_where=text("incoming_key IS NOT NULL")),
        Index("ix_files_unfinished", "created_at", postgresql_where=text("state = 'uploading'")),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    content_type: Mapped[str]
    object_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default=text("'uploading'"))
    visibility: Mapped[str] = mapped_column(server_default=text("'private'"))
    idempotency_key: Mapped[str | None]
    """That of the upload, for a day."""
    incoming_key: Mapped[str | None]
    """The key of the object that the client uploads to the bucket itself, until the file is ready."""
    checking_until: Mapped[datetime | None]
    """Until when a request that checks the incoming object has claimed it."""
    size: Mapped[int | None]
    """In bytes."""
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]
    ready_at: Mapped[datetime | None]
