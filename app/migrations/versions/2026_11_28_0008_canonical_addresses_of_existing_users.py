"""The canonical form of the address of every user; of users whose spellings collide, of one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.kit.mail.address import canonical_address

revision: str = "5d1e8f3ab072"
down_revision: str | None = "0b7d4c9e2f61"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_PRECEDENCE = (
    "SELECT id, email FROM users"
    " ORDER BY email_canonical IS NOT NULL DESC, (is_verified AND is_active) DESC, is_verified DESC, id"
)
_FILL = sa.text(
    "UPDATE users SET email_canonical = forms.canonical"
    " FROM unnest(:ids, :forms) AS forms (id, canonical) WHERE users.id = forms.id"
).bindparams(
    sa.bindparam("ids", type_=postgresql.ARRAY(sa.BigInteger())),
    sa.bindparam("forms", type_=postgresql.ARRAY(sa.Text())),
)


def upgrade() -> None:
    """Of users whose spellings collide, one has the canonical form, and the others have NULL.

    The one is active and verified if any is, then the oldest. `strata doctor` reports the others.
    """
    op.execute("SET LOCAL statement_timeout = '10min'")
    connection = op.get_bind()
    owners: dict[str, int] = {}
    for user_id, email in connection.execute(sa.text(_PRECEDENCE)):
        owners.setdefault(canonical_address(email), user_id)
    connection.execute(_FILL, {"ids": list(owners.values()), "forms": list(owners)})


def downgrade() -> None:
    """Nothing to do: the column is removed next."""
