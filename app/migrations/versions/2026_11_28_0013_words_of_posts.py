"""The words of a post with their positions, stored: a phrase of common words parsed most posts again.

An index of words has no positions, so PostgreSQL checks a phrase in each post that contains all of its words.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "3c8e51d7fa06"
down_revision: str | None = "d92b60f47e18"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_ROWS = 1000
_FILL = sa.text(
    "WITH batch AS MATERIALIZED ("
    "SELECT id FROM posts WHERE id > :last AND words IS NULL ORDER BY id LIMIT :rows FOR NO KEY UPDATE"
    "), filled AS ("
    "UPDATE posts SET words = post_words(title, content) FROM batch WHERE posts.id = batch.id RETURNING posts.id"
    ") SELECT max(id) FROM filled"
)


def upgrade() -> None:
    """Add the column, which a trigger fills for every release that writes, then fill it for existing posts.

    A generated column would rewrite the table, and block it meanwhile.
    """
    # The batches commit what precedes them: after an interruption, a second run must accept it.
    op.add_column("posts", sa.Column("words", postgresql.TSVECTOR()), if_not_exists=True)
    op.execute(
        "CREATE OR REPLACE FUNCTION set_post_words() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.words := post_words(NEW.title, NEW.content); RETURN NEW; END $$"
    )
    op.execute(
        "CREATE OR REPLACE TRIGGER set_post_words BEFORE INSERT OR UPDATE OF title, content ON posts"
        " FOR EACH ROW EXECUTE FUNCTION set_post_words()"
    )
    # Each batch is a transaction of its own, with its rows locked in the order of the application.
    with op.get_context().autocommit_block():
        last: int | None = 0
        while last is not None:
            last = op.get_bind().execute(_FILL, {"last": last, "rows": _ROWS}).scalar()


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TRIGGER set_post_words ON posts")
    op.execute("DROP FUNCTION set_post_words")
    op.drop_column("posts", "words")
