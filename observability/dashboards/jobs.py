"""8 Jobs and cron: jobs that wait or failed, and when each schedule last succeeded."""

from typing import Final

from observability.dashboards.budgets import budget, burn
from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, quantile
from observability.slo import JOB_START, START_DELAYS

_CHOSEN: Final = matching(ENVIRONMENT)
_AGE: Final = f"time() - max by (schedule) (cron_last_success_timestamp{{{_CHOSEN}}})"
_PERIOD: Final = f"max by (schedule) (cron_period_seconds{{{_CHOSEN}}})"

BOARD: Final = Board(
    uid="strata-jobs",
    title="8 Jobs and cron",
    description="Jobs that wait or failed, the workers that run them, and when each schedule last succeeded. The API "
    "processes read all of it but the objective from the database, since a dead worker reports nothing.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Objective",
            (
                budget(JOB_START),
                burn(JOB_START),
                Panel(
                    title="Delay of the start",
                    description="From when a job was due until its first attempt began, 99th percentile by kind. The "
                    "workers count it.",
                    unit="s",
                    queries=(Query(f"{quantile(0.99, 'kind', START_DELAYS, _CHOSEN)} >= 0", "{{kind}}"),),
                    steps=((0, "green"), (30, "red")),
                    width=6,
                ),
            ),
        ),
        Row(
            "Jobs",
            (
                Panel(
                    title="Jobs that wait",
                    description="Jobs that are queued, by kind.",
                    unit="none",
                    queries=(Query(f"max by (kind) (job_queue_depth{{{_CHOSEN}}})", "{{kind}}"),),
                ),
                Panel(
                    title="Age of the oldest job",
                    description="For how long the oldest job that is due has been waiting, by kind.",
                    unit="s",
                    queries=(Query(f"max by (kind) (job_queue_oldest_seconds{{{_CHOSEN}}})", "{{kind}}"),),
                    steps=((0, "green"), (60, "red")),
                ),
                Panel(
                    title="Failed jobs",
                    description="Jobs that failed within the last hour, after their last attempt, by kind.",
                    unit="none",
                    queries=(Query(f"max by (kind) (jobs_failed_last_hour{{{_CHOSEN}}})", "{{kind}}"),),
                    steps=((0, "green"), (1, "red")),
                    logs='event="job_failed"',
                ),
                Panel(
                    title="Workers",
                    description="Workers that polled the queue within the last 15 seconds.",
                    unit="none",
                    kind="stat",
                    queries=(Query(f"max(job_workers{{{_CHOSEN}}})", "workers"),),
                    steps=((0, "red"), (1, "green")),
                ),
            ),
        ),
        Row(
            "Schedules",
            (
                Panel(
                    title="Since the last success",
                    description="How long ago each schedule last succeeded.",
                    unit="s",
                    queries=(Query(_AGE, "{{schedule}}"),),
                ),
                Panel(
                    title="Missed periods",
                    description="The same in periods of the schedule: above 2, runs fail or do not start.",
                    unit="none",
                    queries=(Query(f"({_AGE}) / {_PERIOD}", "{{schedule}}"),),
                    steps=((0, "green"), (2, "red")),
                ),
            ),
        ),
    ),
)
