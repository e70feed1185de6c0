"""Index events by position once they have one: a commit with an event maintains three indexes instead of eight."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c5e81f3a9d27"
down_revision: str | None = "c7e2a90d4f18"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_RELAYED = "position IS NOT NULL"
_INDEXES: dict[str, tuple[list[str], bool, str | None, str]] = {
    "uq_events_position": (["position"], True, None, _RELAYED),
    "ix_events_public": (["position"], False, "audience = 'public'", f"audience = 'public' AND {_RELAYED}"),
    "ix_events_owner_uid_position": (["owner_uid", "position"], False, None, _RELAYED),
    "ix_events_counterparty_uid_position": (
        ["counterparty_uid", "position"],
        False,
        "counterparty_uid IS NOT NULL",
        f"counterparty_uid IS NOT NULL AND {_RELAYED}",
    ),
}
"""Columns, uniqueness, and the condition before and after."""
_UNUSED = "ix_events_subject_uid_id"


def upgrade() -> None:
    """Replace each index; reads use the old one until the new one is complete."""
    _replace({name: (columns, unique, where) for name, (columns, unique, _, where) in _INDEXES.items()})
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_UNUSED}")


def downgrade() -> None:
    """Restore the indexes."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_UNUSED}")
        op.create_index(_UNUSED, "events", ["subject_uid", "id"], postgresql_concurrently=True)
        op.execute("RESET statement_timeout")
    _replace({name: (columns, unique, where) for name, (columns, unique, where, _) in _INDEXES.items()})


def _replace(indexes: Mapping[str, tuple[list[str], bool, str | None]]) -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '30min'")
        for name, (columns, unique, where) in indexes.items():
            new = f"{name}_new"
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new}")
            op.create_index(
                new,
                "events",
                columns,
                unique=unique,
                postgresql_where=None if where is None else sa.text(where),
                postgresql_concurrently=True,
            )
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"ALTER INDEX {new} RENAME TO {name}")
        op.execute("RESET statement_timeout")
