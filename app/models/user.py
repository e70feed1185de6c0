"""Users and the permissions of roles."""

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, Timestamp


class User(Identified, Base):
    """A user. ``email`` is stored as given and is unique without regard to case."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_lower", func.lower(text("email")), unique=True),
        CheckConstraint("roles <@ ARRAY['reader', 'author', 'moderator', 'admin']", name="roles_known"),
        CheckConstraint("cardinality(roles) > 0", name="roles_present"),
    )

    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str]
    roles: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

    __mapper_args__ = {"version_id_col": revision, "eager_defaults": True}  # noqa: RUF012 - declarative API


class RolePermission(Base):
    """A permission of a role; a role is the set of its rows."""

    __tablename__ = "role_permissions"

    role: Mapped[str] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
