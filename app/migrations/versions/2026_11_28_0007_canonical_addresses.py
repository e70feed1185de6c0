"""The canonical form of e-mail addresses, which identifies users in place of ``lower(email)``."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

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


def upgrade() -> None:
    """Add the column, and fill it for users that the previous release creates."""
    op.add_column("users", sa.Column("email_canonical", sa.Text(), nullable=True))
    op.execute(_FUNCTION)
    op.execute(
        "CREATE TRIGGER users_canonical_email BEFORE INSERT OR UPDATE OF email ON users"
        " FOR EACH ROW EXECUTE FUNCTION users_canonical_email()"
    )


def downgrade() -> None:
    """Remove both."""
    op.execute("DROP TRIGGER users_canonical_email ON users")
    op.execute("DROP FUNCTION users_canonical_email()")
    op.drop_column("users", "email_canonical")
