"""``strata jobs``: shows background jobs, runs them again, cancels and watches them."""

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from typing import Annotated, Any, Final, get_args
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.parameters import Limit
from app.errors import DomainError
from app.jobs.commands import JobFilter
from app.jobs.operator import JobOperator
from app.jobs.queries import JobQueries
from app.jobs.views import JobStatus, JobView
from app.kit.db.database import Database
from versions.kit.typeid import decode

commands = typer.Typer(help="Show background jobs, run them again, cancel and watch them.", no_args_is_help=True)
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The id of the job: job_... or a UUID.")]
_PREFIX: Final = "job"
_SECONDS: Final = 0.3
"""Between two looks of `watch`."""
_WATCHED: Final = 50


@commands.command(name="list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as email.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the jobs of all users and of the product, newest first."""
    if status is not None and status not in get_args(JobStatus):
        message = f"--status must be one of {', '.join(get_args(JobStatus))}, got {status!r}"
        raise CommandError(message)
    wanted = JobFilter(status, kind)  # type: ignore[arg-type]  # checked above

    async def run(database: Database) -> list[JobView]:
        return await JobQueries(database.reads).recent(wanted, limit)

    found = with_database(run)
    if as_json:
        show_json([_plain(job) for job in found])
        return
    show_table(
        ("id", "kind", "status", "attempt", "progress", "created", "problem"),
        [
            (
                str(job.uid),
                job.kind,
                job.status,
                str(job.attempt),
                _progress(job),
                f"{job.created_at:%F %T}",
                "" if job.problem is None else str(job.problem["code"]),
            )
            for job in found
        ],
        empty="No jobs.",
    )


@commands.command()
def show(job: JobArgument, as_json: AsJson = False) -> None:
    """Show a job."""
    uid = _uid(job)
    view = with_database(lambda database: _existing(database, uid))
    if as_json:
        show_json(_plain(view))
        return
    for name, value in _plain(view).items():
        if value is not None:
            say(f"{name:<20} {value}")


@commands.command()
def retry(job: JobArgument) -> None:
    """Run a job again that failed or was cancelled, with all attempts."""
    uid = _uid(job)

    async def run(database: Database) -> None:
        async with database.write() as session:
            await JobOperator(session).retry(uid)

    _act(run)
    say(f"Job {uid} is queued.")


@commands.command()
def cancel(job: JobArgument) -> None:
    """Cancel a job. A worker stops one that runs within a second; `strata jobs retry` runs it again."""
    uid = _uid(job)

    async def run(database: Database) -> bool:
        async with database.write() as session:
            return await JobOperator(session).cancel(uid)

    say(f"Job {uid} is cancelled." if _act(run) else f"Job {uid} is being stopped by its worker.")


@commands.command()
def watch(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help="Ids; all jobs that have not ended, if none.")
    ] = None,
) -> None:
    """Show the progress of jobs until all have ended. The exit code is 1 if one failed or was cancelled."""
    uids = [_uid(job) for job in jobs or ()]

    async def run(database: Database) -> list[JobView]:
        queries = JobQueries(database.reads)
        chosen = uids or [job.uid for job in await queries.unfinished(_WATCHED)]
        return await _watch(database, chosen)

    ended = with_database(run)
    if not ended:
        say("No jobs.")
    for view in ended:
        problem = "" if view.problem is None or view.status != "failed" else f": {view.problem['detail']}"
        say(f"{view.uid}  {view.kind}  {view.status}{problem}")
    if any(view.status != "succeeded" for view in ended):
        raise typer.Exit(1)


async def _watch(database: Database, uids: Sequence[UUID]) -> list[JobView]:
    """Draw one bar a job on stderr until all have ended. Returns the jobs."""
    columns = (
        TextColumn("{task.fields[kind]}"),
        TextColumn("{task.fields[status]}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {uid: progress.add_task("", total=None, kind="", status="", message="") for uid in uids}
        while True:
            views = [await _existing(database, uid) for uid in uids]
            for view in views:
                total = 1 if view.finished and view.total is None else view.total
                done = total if view.status == "succeeded" else view.done
                progress.update(
                    bars[view.uid],
                    total=total,
                    completed=done,
                    kind=view.kind,
                    status=view.status,
                    message=view.message or "",
                )
            if all(view.finished for view in views):
                return views
            await asyncio.sleep(_SECONDS)


async def _existing(database: Database, uid: UUID) -> JobView:
    view = await JobQueries(database.reads).job(uid)
    if view is None:
        message = f"There is no job {uid}"
        raise CommandError(message, "`strata jobs list` lists jobs; they are deleted some time after their end.")
    return view


def _act(run: Any) -> Any:
    try:
        return with_database(run)
    except DomainError as error:
        raise CommandError(error.message, "`strata jobs list` lists jobs with their status.") from None


def _uid(text: str) -> UUID:
    try:
        return decode(_PREFIX, text) if text.startswith(f"{_PREFIX}_") else UUID(text)
    except ValueError:
        message = f"JOB must be job_... or a UUID, got {text!r}"
        raise CommandError(message, "`strata jobs list` lists the ids.") from None


def _progress(job: JobView) -> str:
    if job.total is None:
        return str(job.done or "")
    return f"{job.done}/{job.total}"


def _plain(job: JobView) -> dict[str, Any]:
    return {field.name: getattr(job, field.name) for field in fields(job)}
