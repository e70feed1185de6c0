"""``strata usage``: the recorded requests of a user."""

from datetime import datetime
from typing import Annotated, Any, Final

import typer

from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, show_json, show_table
from app.cli.kit.users import existing_user
from app.kit.db.database import Database
from app.usage.commands import UsageFilter
from app.usage.queries import UsageQueries
from app.usage.views import UsageDayView
from versions.kit import typeid

_MOST_ROWS: Final = 10_000


def usage(
    user: Annotated[str, typer.Argument(help="E-mail address or sequential id.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day, in UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the requests of a user by day and API key, newest first. They appear after about 10 seconds."""
    wanted = UsageFilter(since and since.date(), until and until.date())

    async def run(database: Database) -> list[UsageDayView]:
        owner = await existing_user(database, user)
        found = await UsageQueries(database.reads).page(owner.id, wanted, None, _MOST_ROWS)
        return [UsageDayView.from_row(row) for row in found.items]

    found = with_database(run)
    if as_json:
        show_json([_plain(view) for view in found])
        return
    show_table(
        ("day", "key", "requests", "errors", "rejections", "deprecated", "p95 ms"),
        [
            (
                f"{view.day}",
                "-" if view.key_uid is None else typeid.encode("key", view.key_uid),
                *(f"{number:,}" for number in (view.requests, view.errors, view.rejections, view.deprecated_calls)),
                "-" if view.p95_seconds is None else f"{view.p95_seconds * 1000:.1f}",
            )
            for view in found
        ],
        empty=f"No requests of {user} are recorded in this time.",
    )


def _plain(view: UsageDayView) -> dict[str, Any]:
    return {
        "day": view.day.isoformat(),
        "api_key_id": None if view.key_uid is None else typeid.encode("key", view.key_uid),
        "requests": view.requests,
        "errors": view.errors,
        "rejections": view.rejections,
        "deprecated_calls": view.deprecated_calls,
        "p95_ms": None if view.p95_seconds is None else round(view.p95_seconds * 1000, 1),
    }
