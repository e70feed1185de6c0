"""Files of users, and the rows of their input that jobs left out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e91f3b7a20c5"
down_revision: str | None = "5b0d9e3f7c62"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "files",
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'uploading'"), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('uploading', 'ready')", name=op.f("ck_files_state_known")),
        sa.CheckConstraint(
            "(state = 'ready') = (size IS NOT NULL AND sha256 IS NOT NULL AND ready_at IS NOT NULL)",
            name=op.f("ck_files_ready_complete"),
        ),
        sa.CheckConstraint("size >= 0", name=op.f("ck_files_size")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_files_owner_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("object_key", name=op.f("uq_files_object_key")),
        sa.UniqueConstraint("uid", name=op.f("uq_files_uid")),
    )
    op.create_index("ix_files_owner_id_id", "files", ["owner_id", "id"])
    op.create_index("ix_files_unfinished", "files", ["created_at"], postgresql_where=sa.text("state = 'uploading'"))
    op.create_table(
        "job_problems",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_problems_job_id_jobs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_problems")),
    )
    op.create_index("ix_job_problems_job_id_id", "job_problems", ["job_id", "id"])


def downgrade() -> None:
    """Drop the tables. The objects of the files stay in the store."""
    op.drop_table("job_problems")
    op.drop_table("files")
