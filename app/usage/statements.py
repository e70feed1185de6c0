"""The statements that add evidence to the stored rows, and count the consumers of each version."""

from typing import Final

from sqlalchemy import text

from app.models.usage import ANONYMOUS

_CLAIM: Final = """
    INSERT INTO usage_flushes AS f (process, sequence, flushed_at) VALUES (:process, :sequence, :now)
    ON CONFLICT (process) DO UPDATE SET sequence = excluded.sequence, flushed_at = excluded.flushed_at
    WHERE f.sequence < excluded.sequence
    RETURNING process
"""
CLAIM_FLUSH: Final = text(_CLAIM)
"""Return a row unless this flush of the process, or a later one, was written."""
_KEY: Final = "day, api_version, consumer, operation, key_id"

# In the order of the key, so that two processes never wait for each other. A repeated flush changes nothing. A day that
# has all its rows gets no new ones.
ADD_EVIDENCE: Final = text(f"""
    WITH flush AS ({_CLAIM}), given AS (
        SELECT * FROM jsonb_to_recordset(CAST(CAST(:rows AS text) AS jsonb)) AS given(
            day date, api_version text, consumer text, operation text, key_id text, observed bigint, random bigint,
            elements jsonb
        )
    ), ranked AS (
        SELECT given.*, known.day IS NOT NULL AS is_known,
            row_number() OVER (PARTITION BY given.day, known.day IS NOT NULL ORDER BY {_KEY}) AS place
        FROM given LEFT JOIN (SELECT {_KEY} FROM usage_elements) AS known USING ({_KEY})
    ), room AS (
        SELECT days.day, :rows_per_day - count(u.day) AS free
        FROM (SELECT DISTINCT day FROM given) AS days LEFT JOIN usage_elements AS u ON u.day = days.day
        GROUP BY days.day
    ), chosen AS (
        SELECT ranked.* FROM ranked JOIN room USING (day)
        WHERE EXISTS (SELECT FROM flush) AND (is_known OR place <= free)
    ), written AS (
        INSERT INTO usage_elements AS u ({_KEY}, observed, random, elements)
        SELECT {_KEY}, observed, random, elements FROM chosen ORDER BY {_KEY}
        ON CONFLICT ({_KEY}) DO UPDATE SET
            observed = u.observed + excluded.observed,
            random = u.random + excluded.random,
            elements = usage_merge(u.elements, excluded.elements)
        RETURNING u.day
    )
    SELECT CASE WHEN EXISTS (SELECT FROM flush)
        THEN coalesce((SELECT sum(observed) FROM given), 0) - coalesce((SELECT sum(observed) FROM chosen), 0)
        ELSE 0 END AS dropped
    FROM (SELECT count(*) FROM written) AS done
""")  # noqa: S608 - constants

# Revoked and expired keys and deleted users send no more requests.
COUNT_CONSUMERS: Final = text(f"""
    INSERT INTO version_consumers (api_version, plan, consumers, breaking, counted_at)
    WITH used AS (
        SELECT api_version, consumer, max(day) >= :active_since AS is_active
        FROM usage_days WHERE feature = '' AND day >= :since AND requests > errors + rejections
        GROUP BY api_version, consumer
        UNION ALL
        SELECT DISTINCT api_version, CAST(owner_uid AS text), true FROM webhook_endpoints WHERE state = 'active'
    ), every AS (
        SELECT api_version, consumer, bool_or(is_active) AS is_active FROM used GROUP BY api_version, consumer
    ), known AS (
        SELECT DISTINCT ON (consumer) consumer, plan FROM (
            SELECT CAST(coalesce(family_uid, uid) AS text) AS consumer, plan, id FROM api_keys
            WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
            UNION ALL SELECT CAST(uid AS text), :plan_of_users, 0 FROM users
            UNION ALL SELECT '{ANONYMOUS}', '{ANONYMOUS}', 0
        ) AS callers ORDER BY consumer, id DESC
    )
    SELECT api_version, plan, count(*), count(*) FILTER (WHERE is_active), :now
    FROM every JOIN known USING (consumer) GROUP BY api_version, plan
""")  # noqa: S608 - constants
