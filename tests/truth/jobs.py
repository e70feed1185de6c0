"""The truth about jobs. Users see and cancel their own; only some may send mail to others."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed jobs."""
    return len(response.json()["data"])


SENT = Act(
    [
        Effect("SELECT count(*) FROM jobs WHERE kind = 'email' AND status = 'queued' AND owner_id IS NOT NULL", 1),
        Effect("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'email'", 1),
    ],
    ["job.created"],
)
ACTS = {
    "jobs.create": SENT,
    "jobs.create_other": SENT,
    "jobs.list": Act(count=listed),
    "jobs.get": Act(),
    "jobs.cancel": Act([Effect("SELECT status FROM jobs WHERE uid = $1", "cancelled")], ["job.cancel_requested"]),
    "jobs.cancel_running": Act(
        [Effect("SELECT status FROM jobs WHERE uid = $1 AND cancel_requested_at IS NOT NULL", "running")],
        ["job.cancel_requested"],
    ),
    "jobs.cancel_again": Act([Effect("SELECT status FROM jobs WHERE uid = $1", "cancelled")]),
}
ROWS = """
                                      | anonymous unverified reader author admin deactivated
jobs.create         own               | 401       403m       ok     ok     ok    401t
jobs.create_other   peer              | 401       403m       403m   403m   ok    401t
jobs.list           own job           | 401       ok:1       ok:1   ok:1   ok:1  401t
                    foreign job       | 401       ok:0       ok:0   ok:0   ok:0  401t
jobs.get            own job           | 401       ok         ok     ok     ok    401t
                    running job       | 401       ok         ok     ok     ok    401t
                    failed job        | 401       ok         ok     ok     ok    401t
                    foreign job       | 401       404j       404j   404j   404j  401t
                    job of the product | 401      404j       404j   404j   404j  401t
                    missing job       | 401       404j       404j   404j   404j  401t
jobs.cancel         own job           | 401       ok         ok     ok     ok    401t
                    foreign job       | 401       404j       404j   404j   404j  401t
                    job of the product | 401      404j       404j   404j   404j  401t
                    missing job       | 401       404j       404j   404j   404j  401t
                    succeeded job     | 401       409e       409e   409e   409e  401t
                    failed job        | 401       409e       409e   409e   409e  401t
jobs.cancel_running running job       | 401       ok         ok     ok     ok    401t
jobs.cancel_again   cancelled job     | 401       ok         ok     ok     ok    401t
"""
KEYS = """
jobs.create         own               | author ok    jobs:write 403  jobs:read 403
jobs.create_other   peer              | admin  ok    jobs:write 403  jobs:read 403  mail:send 403m
jobs.list           own job           | author ok:1  jobs:read 403
jobs.get            own job           | author ok    jobs:read 403
                    missing job       | admin  404j  jobs:read 403
jobs.cancel         own job           | author ok    jobs:write 403  jobs:read 403
                    missing job       | admin  404j  jobs:write 403  jobs:read 403
jobs.cancel_running running job       | author ok    jobs:write 403  jobs:read 403
jobs.cancel_again   cancelled job     | author ok    jobs:write 403  jobs:read 403
"""
OUTCOMES = {"403m": "recipient_not_allowed", "404j": "job_not_found", "409e": "job_finished"}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
