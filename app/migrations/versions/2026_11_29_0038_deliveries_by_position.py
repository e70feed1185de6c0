"""Index the deliveries of an endpoint in the order of their events, in which they are listed."""

from collections.abc import Sequence

from alembic import op

revision: str = "e1b7d4092fa6"
down_revision: str | None = "5c90e2d7b31a"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NEW = "ix_deliveries_endpoint_id_position_id"
_OLD = "ix_deliveries_endpoint_id_id"


def upgrade() -> None:
    """Replace the index of the endpoints' deliveries without blocking writes."""
    _replace(_OLD, _NEW, ["endpoint_id", "position", "id"])


def downgrade() -> None:
    """Restore it."""
    _replace(_NEW, _OLD, ["endpoint_id", "id"])


def _replace(old: str, new: str, columns: Sequence[str]) -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new}")
        op.create_index(new, "deliveries", list(columns), postgresql_concurrently=True)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {old}")
        op.execute("RESET statement_timeout")
