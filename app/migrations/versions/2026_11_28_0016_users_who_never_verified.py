"""Users who registered and never verified their address become pending registrations.

Their mailed tokens and queued mails stay valid: a pending registration has the uid and the digest of its token. While
the previous release still serves, it treats their addresses as unknown.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "94d7c2a1e6b8"
down_revision: str | None = "3b8e0d61f7a5"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_COPY = """
INSERT INTO pending_registrations
    (uid, email, email_canonical, display_name, password_hash, digest, created_at, expires_at, mailed_at)
SELECT token.uid, u.email, u.email_canonical, u.display_name, u.password_hash, token.digest, u.created_at,
    token.expires_at, token.created_at
FROM users AS u
CROSS JOIN LATERAL (
    SELECT uid, digest, created_at, expires_at FROM action_tokens
    WHERE user_id = u.id AND purpose = 'verification' AND used_at IS NULL ORDER BY id DESC LIMIT 1
) AS token
WHERE NOT u.is_verified AND u.is_active AND u.email_canonical IS NOT NULL AND u.roles = ARRAY['author']
    AND NOT EXISTS (SELECT FROM posts WHERE author_id = u.id)
    AND NOT EXISTS (SELECT FROM api_keys WHERE user_id = u.id)
    AND NOT EXISTS (SELECT FROM sessions WHERE user_id = u.id)
    AND NOT EXISTS (
        SELECT FROM action_tokens
        WHERE user_id = u.id AND purpose = 'password_reset' AND used_at IS NULL AND expires_at > now()
    )
"""
_DELETE = """
DELETE FROM users AS u USING pending_registrations AS pending
WHERE u.email_canonical = pending.email_canonical AND NOT u.is_verified
"""
_RESTORE = """
INSERT INTO users (uid, email, email_canonical, display_name, password_hash, roles, created_at, updated_at)
SELECT DISTINCT ON (email_canonical)
    gen_random_uuid(), email, email_canonical, display_name, password_hash, ARRAY['author'], created_at, created_at
FROM pending_registrations ORDER BY email_canonical, id DESC
ON CONFLICT DO NOTHING
"""
_RESTORE_TOKENS = """
INSERT INTO action_tokens (uid, user_id, purpose, digest, created_at, expires_at)
SELECT pending.uid, u.id, 'verification', pending.digest, pending.created_at, pending.expires_at
FROM pending_registrations AS pending JOIN users AS u ON u.email_canonical = pending.email_canonical
WHERE NOT u.is_verified AND u.password_hash = pending.password_hash
"""


def upgrade() -> None:
    """Move them. A user who has done more than register, or may still reset the password, stays a user."""
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute(_COPY)
    op.execute(_DELETE)


def downgrade() -> None:
    """The newest registration of each address becomes a user again."""
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute(_RESTORE)
    op.execute(_RESTORE_TOKENS)
