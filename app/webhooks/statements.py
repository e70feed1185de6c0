"""Statements about deliveries. Times are parameters: they come from the clock of the product."""

from typing import Final

from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select, text

from app.kit.db.statements import Read
from app.models import Delivery, WebhookEndpoint, WebhookSecret
from app.webhooks.views import BY_OWNER, REPORTED

WRITE: Final = text("""
INSERT INTO deliveries
    (uid, endpoint_id, event_id, event_uid, event_type, position, api_version, status, next_at, created_at, finished_at,
    reason)
SELECT gen_random_uuid(), endpoint.id, event.id, event.uid, event.type, event.position, endpoint.api_version,
    CASE WHEN skipped.reason IS NULL THEN 'pending' ELSE 'skipped' END, :now, :now,
    CASE WHEN skipped.reason IS NOT NULL THEN CAST(:now AS timestamptz) END,
    skipped.reason
FROM unnest(CAST(:ids AS bigint[]), CAST(:versions AS text[])) AS known (id, version)
JOIN events AS event ON event.id = known.id
JOIN webhook_endpoints AS endpoint ON endpoint.api_version = known.version
JOIN users AS owner ON owner.id = endpoint.owner_id AND owner.is_active
CROSS JOIN LATERAL (
    SELECT CASE WHEN endpoint.state <> 'active' THEN CAST(:disabled AS text)
        WHEN endpoint.api_version = ANY (CAST(:ended AS text[])) OR EXISTS (
            SELECT 1 FROM version_retirements AS version
            WHERE version.api_version = endpoint.api_version AND version.retired_at <= :now
        ) THEN CAST(:retired AS text) END AS reason
) AS skipped
WHERE CASE
    WHEN event.type = :tested THEN endpoint.uid = event.subject_uid
    ELSE (cardinality(endpoint.events) = 0 OR event.type = ANY (endpoint.events))
        AND (event.audience = 'public' OR event.audience = 'owner'
            AND endpoint.owner_uid IN (event.owner_uid, event.counterparty_uid))
        -- The trouble of an endpoint is news for the other endpoints of its owner.
        AND NOT (event.type = ANY (CAST(:troubles AS text[])) AND endpoint.uid = event.subject_uid)
    END
ORDER BY event.position, endpoint.id
ON CONFLICT DO NOTHING
RETURNING id
""")
HAS_DUE: Final = Read(
    select(
        exists().where(
            or_(Delivery.status == "pending", Delivery.status == "sending"),
            Delivery.next_at <= bindparam("now", type_=Delivery.next_at.type),
        )
    )
)
_DUE: Final = (
    select(Delivery.endpoint_id, func.count().label("count"), func.min(Delivery.next_at).label("since"))
    .where(
        or_(Delivery.status == "pending", Delivery.status == "sending"),
        Delivery.next_at <= bindparam("now", type_=Delivery.next_at.type),
    )
    .group_by(Delivery.endpoint_id)
    .subquery()
)
_BUSY: Final = exists().where(
    Delivery.endpoint_id == _DUE.c.endpoint_id,
    Delivery.status == "sending",
    Delivery.next_at > bindparam("now", type_=Delivery.next_at.type),
)
_WAITING: Final = select(_DUE.c.count, case((_BUSY, None), else_=_DUE.c.since).label("since")).subquery()
BACKLOG: Final = Read(
    select(func.coalesce(func.sum(_WAITING.c.count), 0).label("count"), func.min(_WAITING.c.since).label("oldest"))
)
"""What waits at an endpoint to which workers are sending waits for its receiver, so it is not late."""
_STATE: Final = case(
    (WebhookEndpoint.disabled_reason == BY_OWNER, "disabled_by_owner"),
    (WebhookEndpoint.state == "disabled", "disabled"),
    (WebhookEndpoint.failures >= REPORTED, "failing"),
    else_="active",
)
STATES: Final = Read(select(_STATE.label("name"), func.count().label("count")).group_by(text("1")))
CLAIM: Final = text("""
WITH due AS MATERIALIZED (
    SELECT endpoint_id, min(next_at) AS since FROM deliveries
    WHERE status IN ('pending', 'sending') AND next_at <= :now GROUP BY endpoint_id
), open AS MATERIALIZED (
    -- One worker at a time counts what an endpoint is being sent.
    SELECT endpoint.id, due.since FROM due JOIN webhook_endpoints AS endpoint ON endpoint.id = due.endpoint_id
    WHERE endpoint.state = 'active' ORDER BY due.since LIMIT :slots FOR NO KEY UPDATE OF endpoint SKIP LOCKED
), claimed AS MATERIALIZED (
    SELECT found.id FROM open CROSS JOIN LATERAL (
        SELECT delivery.id FROM deliveries AS delivery
        WHERE delivery.endpoint_id = open.id AND delivery.status IN ('pending', 'sending') AND delivery.next_at <= :now
        ORDER BY delivery.position
        LIMIT greatest(0, :most - (
            SELECT count(*) FROM deliveries AS running
            WHERE running.endpoint_id = open.id AND running.status = 'sending' AND running.next_at > :now
        ))
        FOR UPDATE SKIP LOCKED
    ) AS found
    ORDER BY open.since LIMIT :slots
)
UPDATE deliveries SET status = 'sending', attempt = deliveries.attempt + 1, run = gen_random_uuid(),
    lease_until = :lease, next_at = :lease, first_attempt_at = coalesce(first_attempt_at, :now)
FROM claimed, webhook_endpoints AS endpoint
WHERE deliveries.id = claimed.id AND endpoint.id = deliveries.endpoint_id
RETURNING deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.api_version, deliveries.attempt,
    deliveries.run, deliveries.created_at, endpoint.url, EXISTS (
        SELECT 1 FROM version_retirements AS version
        WHERE version.api_version = deliveries.api_version AND version.retired_at <= :now
    ) AS retired
""")
SKIP_OPEN: Final = text("""
UPDATE deliveries SET status = 'skipped', finished_at = :now, run = NULL, reason = :reason
WHERE endpoint_id = :endpoint AND status = 'pending'
""")
RECOVER: Final = text("""
INSERT INTO deliveries
    (uid, endpoint_id, event_id, event_uid, event_type, position, api_version, kind, status, next_at, created_at)
SELECT gen_random_uuid(), lost.endpoint_id, lost.event_id, lost.event_uid, lost.event_type, lost.position, :version,
    'manual', 'pending', :now, :now
FROM deliveries AS lost
WHERE lost.endpoint_id = :endpoint AND lost.kind = 'automatic' AND lost.status IN ('failed', 'skipped')
    AND lost.created_at >= :since
    AND EXISTS (SELECT 1 FROM events WHERE events.id = lost.event_id)
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS other
        WHERE other.endpoint_id = lost.endpoint_id AND other.position = lost.position
            AND other.status IN ('pending', 'sending', 'succeeded')
    )
ORDER BY lost.position LIMIT :most
RETURNING id
""")
SIGNS: Final[ColumnElement[bool]] = or_(
    WebhookSecret.expires_at.is_(None),
    WebhookSecret.expires_at > bindparam("now", type_=WebhookSecret.expires_at.type),
)
"""Whether a secret signs at the moment ``:now``."""
