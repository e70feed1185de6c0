"""Plans are rows: the rate-limit policies and the caps of API keys."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "7d20f3b9c4e6"
down_revision: str | None = "6e2b9f04c7d1"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CAPS = ("keys", "storage_bytes", "webhook_endpoints", "concurrent_jobs", "streams", "exports")
GIGABYTE = 10**9
PLANS = {
    "free": ({"burst": "300/minute", "daily": "20000/day"}, (100, GIGABYTE, 10, 2, 5, 1)),
    "pro": ({"burst": "3000/minute", "daily": "1000000/day"}, (1_000, 100 * GIGABYTE, 100, 10, 50, 5)),
    "enterprise": (
        {"burst": "30000/minute", "daily": "20000000/day"},
        (10_000, 10_000 * GIGABYTE, 1_000, 50, 500, 20),
    ),
    "test": ({"burst": "60/minute", "daily": "2000/day"}, (10, GIGABYTE // 10, 2, 1, 1, 1)),
}


def upgrade() -> None:
    """The limits are the defaults of the settings, which the previous release continues to use."""
    plans = op.create_table(
        "plans",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("policies", JSONB(), nullable=False),
        *(sa.Column(f"max_{cap}", sa.BigInteger(), nullable=False) for cap in CAPS),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.CheckConstraint(f"max_{cap} >= 0", name=op.f(f"ck_plans_max_{cap}_not_negative")) for cap in CAPS),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plans")),
    )
    rows = [
        {"name": name, "policies": policies} | dict(zip((f"max_{cap}" for cap in CAPS), values, strict=True))
        for name, (policies, values) in PLANS.items()
    ]
    op.bulk_insert(plans, rows)


def downgrade() -> None:
    """Remove the plans with the changes that operators made."""
    op.drop_table("plans")
