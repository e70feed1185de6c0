"""A text search configuration without stop words: with ``english``, no search for "same" or "who" finds a post."""

from collections.abc import Sequence

from alembic import op

revision: str = "a17c5e3d90b4"
down_revision: str | None = "e19b7a3c5d28"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Create a stemmer without a list of stop words, the configuration that uses it, and the words of a post.

    100 positions separate title and content, so that no phrase spans both. Neither has the lexeme of a space.
    """
    op.execute("CREATE TEXT SEARCH DICTIONARY strata_english_stem (TEMPLATE = snowball, LANGUAGE = english)")
    op.execute("CREATE TEXT SEARCH CONFIGURATION strata_english (COPY = pg_catalog.english)")
    op.execute(
        "ALTER TEXT SEARCH CONFIGURATION strata_english ALTER MAPPING REPLACE english_stem WITH strata_english_stem"
    )
    op.execute(
        r"""
        CREATE FUNCTION post_words(title text, content text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 200
        RETURN ts_delete(
            setweight(to_tsvector('strata_english'::regconfig, title), 'A') || $$' '\:100$$::tsvector
                || setweight(to_tsvector('strata_english'::regconfig, content), 'B'),
            ' '
        )
        """
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION post_words")
    op.execute("DROP TEXT SEARCH CONFIGURATION strata_english")
    op.execute("DROP TEXT SEARCH DICTIONARY strata_english_stem")
