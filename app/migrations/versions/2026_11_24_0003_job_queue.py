"""The tables of the job queue, as the pinned PgQueuer declares them.

An upgrade of the library that changes its schema comes with a migration that calls its own ``upgrade``.
"""

from collections.abc import Sequence

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.ext.asyncio import AsyncConnection

revision: str = "c3f9e07a52d4"
down_revision: str | None = "b1a6c4f2d7e0"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create the queue."""
    _run(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    """Drop the queue, and every job in it."""
    _run(QueryBuilderEnvironment().build_uninstall_query())


def _run(script: str) -> None:
    async def execute(connection: AsyncConnection) -> None:
        # Several statements at once need the driver's simple protocol; the first statement opens the transaction.
        await connection.exec_driver_sql("SELECT 1")
        raw = await connection.get_raw_connection()
        if (driver := raw.driver_connection) is None:
            message = "the migration has no connection"
            raise RuntimeError(message)
        await driver.execute(script)

    op.run_async(execute)
