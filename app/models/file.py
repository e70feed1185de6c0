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
        Index("ix_files_owner_id_id", "owner_id", "id"),
        Index("ix_files_unfinished", "created_at", postgresql_where=text("state = 'uploading'")),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    content_type: Mapped[str]
    object_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default=text("'uploading'"))
    size: Mapped[int | None]
    """In bytes."""
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]
    ready_at: Mapped[datetime | None]
