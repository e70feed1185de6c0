"""The canonical form of e-mail addresses, which identifies users in place of ``lower(email)``."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.kit.mail.address import canonical_address

revision: str = "0b7d4c9e2f61"
down_revision: str | None = "0c5f7d1e9a42"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_FUNCTION = """
CREATE FUNCTION users_canonical_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.email_canonical IS NULL AND NEW.email ~ '^[ -~]*$' THEN
            NEW.email_canonical := lower(NEW.email);
        END IF;
    ELSIF NEW.email IS DISTINCT FROM OLD.email AND NEW.email_canonical IS NOT DISTINCT FROM OLD.email_canonical THEN
        IF NEW.email ~ '^[ -~]*$' AND NEW.email !~* '@.*xn--' THEN
            NEW.email_canonical := lower(NEW.email);
        ELSIF OLD.email ~ '^[ -~]*$' AND OLD.email !~* '@.*xn--' THEN
            NEW.email_canonical := NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$
"""
"""Serves the previous release, which does not write the column: an ASCII address in lower case is its canonical form.
An address with other characters has none until it is next changed, and is found by its exact spelling."""
_PRECEDENCE = "SELECT id, email FROM users ORDER BY (is_verified AND is_active) DESC, is_verified DESC, id"
_FILL = sa.text(
    "UPDATE users SET email_canonical = forms.canonical"
    " FROM unnest(:ids, :forms) AS forms (id, canonical) WHERE users.id = forms.id"
).bindparams(
    sa.bindparam("ids", type_=postgresql.ARRAY(sa.BigInteger())),
    sa.bindparam("forms", type_=postgresql.ARRAY(sa.Text())),
)


def upgrade() -> None:
    """Fill the column. Of users whose spellings collide, one has the canonical form, and the others have NULL.

    The one is active and verified if any is, then the oldest. `strata doctor` reports the others.
    """
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column("users", sa.Column("email_canonical", sa.Text(), nullable=True))
    connection = op.get_bind()
    owners: dict[str, int] = {}
    for user_id, email in connection.execute(sa.text(_PRECEDENCE)):
        owners.setdefault(canonical_address(email), user_id)
    connection.execute(_FILL, {"ids": list(owners.values()), "forms": list(owners)})
    op.create_unique_constraint(op.f("uq_users_email_canonical"), "users", ["email_canonical"])
    op.create_index("ix_users_email_exact", "users", ["email"], postgresql_where=sa.text("email_canonical IS NULL"))
    op.drop_index("uq_users_email_lower", table_name="users")
    op.execute(_FUNCTION)
    op.execute(
        "CREATE TRIGGER users_canonical_email BEFORE INSERT OR UPDATE OF email ON users"
        " FOR EACH ROW EXECUTE FUNCTION users_canonical_email()"
    )


def downgrade() -> None:
    """Restore the index on ``lower(email)``, which fails while two users differ only in case."""
    op.execute("DROP TRIGGER users_canonical_email ON users")
    op.execute("DROP FUNCTION users_canonical_email()")
    op.create_index("uq_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=True)
    op.drop_index("ix_users_email_exact", table_name="users")
    op.drop_column("users", "email_canonical")
