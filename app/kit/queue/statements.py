"""The statements about ``jobs``. The driver executes them, since models are unknown to this folder.

Times are parameters: they come from the clock of the product.
"""

from typing import Final

INSERT: Final = """
INSERT INTO jobs (uid, kind, owner_id, key, params, priority, run_after, created_at, traceparent, request_id)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $7, $8, $9)
ON CONFLICT (key) WHERE status IN ('queued', 'running') DO NOTHING
RETURNING uid
"""
ADOPT: Final = """
INSERT INTO jobs (uid, kind, key, params, run_after, created_at)
VALUES ($1, $2, $3, $4::text::jsonb, $5, $5)
ON CONFLICT (key) WHERE status IN ('queued', 'running') DO UPDATE SET key = EXCLUDED.key
RETURNING uid
"""
"""The row of a job that the previous release enqueued."""
# The start needs no durable commit: if PostgreSQL crashes and forgets it, the attempt has lost the job and stops. A
# frozen worker may hold the lock of the row; waiting for it would stop every other job of this worker.
START: Final = """
UPDATE jobs SET
    revision = revision + 1,
    attempt = CASE WHEN cancel_requested_at IS NULL AND attempt < $4 THEN attempt + 1 ELSE attempt END,
    status = CASE
        WHEN cancel_requested_at IS NOT NULL THEN 'cancelled' WHEN attempt < $4 THEN 'running' ELSE 'failed'
    END,
    run = CASE WHEN cancel_requested_at IS NULL AND attempt < $4 THEN $2::uuid END,
    problem = CASE WHEN cancel_requested_at IS NULL AND attempt >= $4 THEN $5::text::jsonb ELSE problem END,
    started_at = coalesce(started_at, $3),
    finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR attempt >= $4 THEN $3::timestamptz END
FROM (
    SELECT id AS free_id, set_config('synchronous_commit', 'off', true)
    FROM jobs WHERE uid = $1 AND status IN ('queued', 'running') FOR UPDATE SKIP LOCKED
) AS free
WHERE id = free_id
RETURNING status, attempt, params::text AS params, done, traceparent, run_after
"""
OPEN: Final = "SELECT 1 FROM jobs WHERE uid = $1 AND status IN ('queued', 'running')"
PROGRESS: Final = """
UPDATE jobs SET revision = revision + 1, done = $3, total = coalesce($4, total), message = coalesce($5, message)
WHERE uid = $1 AND run = $2 AND status = 'running'
RETURNING 1
"""
FINISH: Final = """
UPDATE jobs SET
    revision = revision + 1, status = $3, finished_at = $4, run = NULL,
    done = CASE WHEN $3 = 'succeeded' THEN coalesce(total, done) ELSE done END,
    result = $5::text::jsonb, problem = coalesce($6::text::jsonb, problem)
WHERE uid = $1 AND run = $2 AND status = 'running'
RETURNING 1
"""
RETRY: Final = """
UPDATE jobs SET
    revision = revision + 1, status = 'queued', run = NULL, run_after = $3,
    problem = coalesce($4::text::jsonb, problem), attempt = attempt - $5
WHERE uid = $1 AND run = $2 AND status = 'running'
RETURNING 1
"""
"""The last parameter is 1 for an attempt that does not count."""
REQUEUE: Final = """
UPDATE jobs SET
    revision = revision + 1, status = 'queued', run = NULL, attempt = 0, run_after = $2, finished_at = NULL,
    cancel_requested_at = NULL, result = NULL
WHERE uid = $1 AND status IN ('failed', 'cancelled') AND NOT EXISTS (
    SELECT FROM jobs AS other WHERE other.key = jobs.key AND other.status IN ('queued', 'running')
)
RETURNING kind, priority, traceparent
"""
INTERRUPTED: Final = """
SELECT given.run, jobs.cancel_requested_at IS NOT NULL AS cancelled
FROM unnest($1::uuid[], $2::uuid[]) AS given (uid, run)
LEFT JOIN jobs ON jobs.uid = given.uid AND jobs.run = given.run AND jobs.status = 'running'
WHERE jobs.uid IS NULL OR jobs.cancel_requested_at IS NOT NULL
"""
"""The attempts of this process that have lost their job or must be cancelled."""
LOST: Final = """
SELECT uid, kind, priority, traceparent
FROM jobs
WHERE status IN ('queued', 'running') AND run_after < $1::timestamptz - interval '1 minute'
  AND NOT EXISTS (
    SELECT FROM pgqueuer WHERE pgqueuer.dedupe_key = jobs.uid::text AND pgqueuer.status IN ('queued', 'picked')
  )
  AND (key IS NULL OR key NOT LIKE 'pgqueuer:%')
ORDER BY id LIMIT 1000
FOR UPDATE SKIP LOCKED
"""
"""Jobs that PgQueuer forgot: their rows were removed, though they have not ended."""
REGISTER_SCHEDULE: Final = """
INSERT INTO schedule_runs (name, period, registered_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET period = EXCLUDED.period
"""
FORGET_SCHEDULES: Final = "DELETE FROM schedule_runs WHERE name <> ALL($1::text[])"
SCHEDULE_SUCCEEDED: Final = "UPDATE schedule_runs SET succeeded_at = $2 WHERE name = $1"
DELETE_FINISHED: Final = """
DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)
"""
DELETE_PROBLEMS: Final = """
DELETE FROM job_problems WHERE id IN (
    SELECT job_problems.id FROM jobs JOIN job_problems ON job_problems.job_id = jobs.id
    WHERE jobs.finished_at < $1 LIMIT $2
)
"""
DELETE_LOG: Final = """
DELETE FROM pgqueuer_log WHERE id IN (
    SELECT id FROM pgqueuer_log WHERE aggregated AND created < $1 ORDER BY id LIMIT $2
)
"""
DELETE_STATISTICS: Final = "DELETE FROM pgqueuer_statistics WHERE created < $1"
