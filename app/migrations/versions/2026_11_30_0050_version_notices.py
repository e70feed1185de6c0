"""Which users were notified of the end of a version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "b83e60c1f7d4"
down_revision: str | None = "8b3f5ac27d10"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "version_notices",
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("guide", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_version_notices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_notices")),
        sa.UniqueConstraint("uid", name=op.f("uq_version_notices_uid")),
    )
    op.create_index("ix_version_notices_user_id_api_version", "version_notices", ["user_id", "api_version"])


def downgrade() -> None:
    """Drop the table with all notices."""
    op.drop_table("version_notices")
