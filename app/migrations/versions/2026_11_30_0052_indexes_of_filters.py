"""Index what clients filter events and jobs by, so that a rare or absent value reads no more than a common one.

Each index is worth its writes:

* Those of events contain relayed events only. The relay writes one to three entries more for an event, in batches; the
  commit of a request writes none.
* The two of jobs replace one. An update of the status writes to all indexes already, an update of the progress to none.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e07b3d95c1a8"
down_revision: str | None = "c5a81e0f7b36"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OWNED = "audience = 'owner' AND position IS NOT NULL"
_INDEXES: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_events_audience_type", "events", ["audience", "type", "schema", "position"], "position IS NOT NULL"),
    ("ix_events_owner_uid_type", "events", ["owner_uid", "type", "schema", "position"], _OWNED),
    (
        "ix_events_counterparty_uid_type",
        "events",
        ["counterparty_uid", "type", "schema", "position"],
        f"counterparty_uid IS NOT NULL AND {_OWNED}",
    ),
    ("ix_jobs_owner_id_status_id", "jobs", ["owner_id", "status", "id"], None),
    ("ix_jobs_owner_id_kind_status_id", "jobs", ["owner_id", "kind", "status", "id"], None),
)
_REPLACED = ("ix_jobs_open_owner_id", "jobs", ["owner_id"], "status IN ('queued', 'running')")


def upgrade() -> None:
    """Create the indexes while the previous release writes."""
    for index in _INDEXES:
        _create(*index)
    _drop(_REPLACED[0])


def downgrade() -> None:
    """Restore the replaced index."""
    _create(*_REPLACED)
    for name, *_ in _INDEXES:
        _drop(name)


def _create(name: str, table: str, columns: list[str], condition: str | None) -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.create_index(
            name,
            table,
            columns,
            postgresql_where=None if condition is None else sa.text(condition),
            postgresql_concurrently=True,
        )
        op.execute("RESET statement_timeout")


def _drop(name: str) -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
