"""The built-in plans allow ten times as many jobs: the cap, which nothing applied before, counts those that wait."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8b1d5e30f7c4"
down_revision: str | None = "2f6ac81e95d3"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_BUILT_IN = {"free": 2, "pro": 10, "enterprise": 50, "test": 1}


def upgrade() -> None:
    """Caps that an operator has changed stay."""
    for name, cap in _BUILT_IN.items():
        _change(name, cap, cap * 10)


def downgrade() -> None:
    """Restore the caps."""
    for name, cap in _BUILT_IN.items():
        _change(name, cap * 10, cap)


def _change(name: str, old: int, new: int) -> None:
    plans = sa.table("plans", sa.column("name"), sa.column("max_concurrent_jobs"))
    unchanged = (plans.c.name == name) & (plans.c.max_concurrent_jobs == old)
    op.execute(sa.update(plans).where(unchanged).values(max_concurrent_jobs=new))
