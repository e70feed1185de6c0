"""The truth about jobs. Users see and cancel their own; only some may send mail to others."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed jobs."""
    return len(response.json()["data"])


def created(kind: str) -> Act:
    """The request of a job."""
    queued = f"kind = '{kind}' AND status = 'queued' AND owner_id IS NOT NULL"
    return Act(
        [
            Effect(f"SELECT count(*) FROM jobs WHERE {queued}", 1),  # noqa: S608 - a constant
            Effect(f"SELECT count(*) FROM pgqueuer WHERE entrypoint = '{kind}'", 1),  # noqa: S608 - a constant
        ],
        ["job.created"],
    )


ACTS = {
    "jobs.create": created("email"),
    "jobs.create_other": created("email"),
    "jobs.create_import": created("csv_import"),
    "jobs.create_report": created("report"),
    "jobs.create_wrong_report": Act(),
    "jobs.create_export": created("export"),
    "jobs.create_export_of_users": created("export"),
    "jobs.stream": Act(),
    "jobs.list_problems": Act(count=listed),
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
jobs.create_import  own file          | 401       ok         403    ok     ok    401t
                    unfinished file   | 401       404f       403    404f   404f  401t
                    foreign file      | 401       404f       403    404f   404f  401t
                    missing file      | 401       404f       403    404f   404f  401t
jobs.create_report  -                 | 401       ok         ok     ok     ok    401t
jobs.create_wrong_report -            | 401       422p       422p   422p   422p  401t
jobs.create_export  -                 | 401       ok         ok     ok     ok    401t
jobs.create_export_of_users -         | 401       403        403    403    ok    401t
jobs.list           own job           | 401       ok:1       ok:1   ok:1   ok:1  401t
                    foreign job       | 401       ok:0       ok:0   ok:0   ok:0  401t
jobs.get            own job           | 401       ok         ok     ok     ok    401t
                    running job       | 401       ok         ok     ok     ok    401t
                    failed job        | 401       ok         ok     ok     ok    401t
                    foreign job       | 401       404j       404j   404j   404j  401t
                    job of the product | 401      404j       404j   404j   404j  401t
                    missing job       | 401       404j       404j   404j   404j  401t
jobs.stream         own job           | 401       ok         ok     ok     ok    401t
                    failed job        | 401       ok         ok     ok     ok    401t
                    foreign job       | 401       404j       404j   404j   404j  401t
                    missing job       | 401       404j       404j   404j   404j  401t
jobs.list_problems  own job           | 401       ok:0       ok:0   ok:0   ok:0  401t
                    job with problems | 401       ok:2       ok:2   ok:2   ok:2  401t
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
jobs.create_import  own file          | author ok    jobs:write 403  jobs:read 403  posts:write 403
                    missing file      | admin  404f  jobs:write 403  jobs:read 403  posts:write 403
jobs.create_report  -                 | author ok    jobs:write 403  jobs:read 403  posts:read 403
jobs.create_wrong_report -            | author 422p  jobs:write 403  jobs:read 403  posts:read 403
jobs.create_export  -                 | author ok    jobs:write 403  jobs:read 403  posts:read 403
jobs.create_export_of_users -         | admin  ok    jobs:write 403  jobs:read 403  users:read 403
jobs.list           own job           | author ok:1  jobs:read 403
jobs.get            own job           | author ok    jobs:read 403
                    missing job       | admin  404j  jobs:read 403
jobs.stream         own job           | author ok    jobs:read 403
                    missing job       | admin  404j  jobs:read 403
jobs.list_problems  job with problems | author ok:2  jobs:read 403
                    missing job       | admin  404j  jobs:read 403
jobs.cancel         own job           | author ok    jobs:write 403  jobs:read 403
                    missing job       | admin  404j  jobs:write 403  jobs:read 403
jobs.cancel_running running job       | author ok    jobs:write 403  jobs:read 403
jobs.cancel_again   cancelled job     | author ok    jobs:write 403  jobs:read 403
"""
OUTCOMES = {
    "403m": "recipient_not_allowed",
    "404f": "file_not_found",
    "404j": "job_not_found",
    "409e": "job_finished",
    "422p": "invalid_period",
}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
