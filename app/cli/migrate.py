"""``strata migrate``: applies and reverts database migrations."""

from dataclasses import asdict
from typing import Annotated

import typer
from alembic.util import CommandError as AlembicError

from app.cli.kit.confirmation import Force, Yes, confirm, ensure_forced_in_production
from app.cli.kit.environment import (
    OwnedDatabase,
    any_owned_database,
    exclusive_home,
    migration_status,
    reachable,
    read_settings,
)
from app.cli.kit.output import AsJson, CommandError, say, show_json
from app.kit.db import migrations

commands = typer.Typer(help="Apply or revert database migrations, or show their status.")


@commands.command()
def up(
    revision: Annotated[str, typer.Argument(help="A revision, +1 for one step, or head for the newest.")] = "head",
) -> None:
    """Apply pending migrations."""
    with any_owned_database(read_settings()) as database:
        _move(database, revision, upwards=True)


# click would parse -1 as an option.
@commands.command(context_settings={"ignore_unknown_options": True})
def down(
    revision: Annotated[str, typer.Argument(help="A revision, -1 for one step, or base for an empty database.")],
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Revert migrations. Data in the tables that they created is deleted.

    Rejected while a server or a worker uses this STRATA_HOME, and in production without --force.
    """
    settings = read_settings()
    ensure_forced_in_production(settings, "strata migrate down", force=force)
    with exclusive_home(settings.home):
        target = "every migration" if revision == "base" else f"migrations down to {revision}"
        confirm(f"This reverts {target} and deletes the data in what they created", yes=yes)
        with any_owned_database(settings, exclusive=True) as database:
            _move(database, revision, upwards=False)


@commands.command()
def status(as_json: AsJson = False) -> None:
    """Show the revision of the database. The exit code is 1 when migrations are pending."""
    with any_owned_database(read_settings()) as database, reachable():
        found = migration_status(database.dsn)
    if as_json:
        show_json(asdict(found))
    else:
        say(f"Current: {found.current or 'an empty database'}", f"Newest:  {found.head}")
        say(f"Pending: {', '.join(found.pending)}. Run `strata migrate up`." if found.pending else "Up to date.")
    if found.pending:
        raise typer.Exit(1)


@commands.command()
def check() -> None:
    """Compare the tables with the models of this code. The exit code is 1 when they differ."""
    with any_owned_database(read_settings()) as database, reachable():
        try:
            migrations.check(database.dsn)
        except AlembicError as error:
            advice = "Run `strata migrate up`. If no migration is pending, the models changed without a migration."
            raise CommandError(str(error), advice) from None
    say("The tables match the models.")


def _move(database: OwnedDatabase, revision: str, *, upwards: bool) -> None:
    with reachable():
        try:
            if upwards:
                migrations.upgrade(database.dsn, revision, database.role)
            else:
                migrations.downgrade(database.dsn, revision)
        except AlembicError as error:
            raise CommandError(str(error), "`strata migrate status` lists the revisions.") from None
        found = migrations.status(database.dsn)
    say(f"The database is {f'at {found.current}' if found.current else 'empty'}.")
