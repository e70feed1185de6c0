"""Users and the permissions of roles."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.kit.mail.address import canonical_address
from app.models.base import READ_ONLY, Base, Identified, Timestamp


class User(Identified, Base):
    """A user. ``email`` is stored as entered; ``email_canonical`` is unique.

    ``email_canonical`` is NULL for a user whose address another user had in another spelling when the column was
    introduced. Such a user signs in with the exact spelling of ``email``, until an administrator changes it.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_canonical", "email_canonical", unique=True),
        Index("ix_users_email_exact", "email", postgresql_where=text("email_canonical IS NULL")),
        CheckConstraint("roles <@ ARRAY['reader', 'author', 'moderator', 'admin']", name="roles_known"),
        CheckConstraint("cardinality(roles) > 0", name="roles_present"),
    )

    email: Mapped[str]
    email_canonical: Mapped[str | None]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    """NULL until the user sets a password with a mailed token."""
    roles: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp]

    __mapper_args__ = {"version_id_col": revision, "eager_defaults": True}  # noqa: RUF012 - declarative API

    @validates("email")
    def _set_canonical(self, _name: str, email: str) -> str:
        """Every change of the address changes its canonical form."""
        self.email_canonical = canonical_address(email)
        return email


class RolePermission(Base):
    """A permission of a role; a role is the set of its rows."""

    __tablename__ = "role_permissions"
    __table_args__ = ({"info": {READ_ONLY: True}},)

    role: Mapped[str] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
