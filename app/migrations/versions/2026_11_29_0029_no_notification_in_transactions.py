"""The trigger that notifies PgQueuer inside of transactions is disabled: processes notify it after their commits."""

from collections.abc import Sequence

from alembic import op

revision: str = "5b0d9e3f7c62"
down_revision: str | None = "a4c81e5d7b36"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Disable it. Until its processes end, jobs of the previous release start when a worker polls, every 5 seconds."""
    op.execute("ALTER TABLE pgqueuer DISABLE TRIGGER tg_pgqueuer_changed")


def downgrade() -> None:
    """Enable it."""
    op.execute("ALTER TABLE pgqueuer ENABLE TRIGGER tg_pgqueuer_changed")
