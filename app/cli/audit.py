"""``strata audit``: the audit trail."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from app.audit.commands import AuditFilter
from app.audit.reader import AuditReader
from app.audit.views import AuditEventView
from app.cli.kit.environment import operator, with_database
from app.cli.kit.output import AsJson, show_json, show_table
from app.cli.kit.users import existing_user
from app.events.audit import AuditRecorder
from app.kit.clock import utc_now
from app.kit.db.database import Database

commands = typer.Typer(help="Read the audit trail.", no_args_is_help=True)


@commands.command("list")
def list_events(
    user: Annotated[str | None, typer.Option(metavar="USER", help="Acts of this user: e-mail address or id.")] = None,
    action: Annotated[str | None, typer.Option(help="Acts of this kind, such as api_key.revoked.")] = None,
    rejected: Annotated[bool, typer.Option("--rejected", help="Rejected acts only.")] = False,
    days: Annotated[int, typer.Option(min=1, max=400, help="Acts of this many days.")] = 30,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List security-relevant acts, newest first. This is recorded, too."""

    async def run(database: Database) -> list[AuditEventView]:
        actor = None if user is None else (await existing_user(database, user)).uid
        wanted = AuditFilter(
            actor=actor,
            action=action,
            outcome="rejected" if rejected else None,
            since=utc_now() - timedelta(days=days),
        )
        async with database.write() as session:
            reader = AuditReader(database.reads, operator(), AuditRecorder(session))
            return (await reader.page(wanted, None, limit)).items

    events = with_database(run)
    if as_json:
        show_json([_plain(event) for event in events])
        return
    show_table(
        ("time", "action", "outcome", "actor", "target", "address", "detail"),
        [
            (
                f"{event.at:%F %T}",
                event.action,
                event.outcome,
                "-" if event.actor is None else str(event.actor),
                event.target or "-",
                event.address or "command line",
                ", ".join(f"{name} {value}" for name, value in event.detail.items()),
            )
            for event in events
        ],
        empty="The audit trail has no such act.",
    )


def _plain(event: AuditEventView) -> dict[str, Any]:
    return asdict(event) | {"detail": dict(event.detail)}
