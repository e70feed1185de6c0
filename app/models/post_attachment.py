"""Files of posts."""

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class PostAttachment(Base):
    """A file of a post, of the same user. ``Post.attachments`` is a copy for reads."""

    __tablename__ = "post_attachments"
    __table_args__ = (UniqueConstraint("file_id", "post_id"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """From 0. A file that is deleted leaves a gap."""
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id", deferrable=True, initially="DEFERRED"))
    """Deferred, because a user is deleted with files and posts in any order."""
