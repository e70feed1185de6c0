"""``strata keys``: API keys."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

import typer

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.service import ApiKeyService
from app.access.views import ApiKeyView
from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.users import existing_user
from app.kit.clock import utc_now
from app.kit.db.database import Database
from versions.kit import typeid

_PREFIX: Final = "key"
_SCOPES: Final = sorted(key_scopes())

if TYPE_CHECKING:
    Scope = str
else:
    # An enumeration, so that typer lists the scopes in the help text and rejects others.
    Scope = StrEnum("Scope", [(scope.value, scope.value) for scope in _SCOPES])

commands = typer.Typer(
    help="List, create, rotate and revoke API keys, and rehearse the end of deprecated versions for one key.",
    no_args_is_help=True,
)


@commands.command()
def create(
    user: Annotated[str, typer.Argument(help="The owner: e-mail address or sequential id.")],
    name: Annotated[str, typer.Option(help="The purpose of the key.")] = "command line",
    scope: Annotated[list[Scope] | None, typer.Option(help="Repeatable; default: all scopes.")] = None,
    mode: Annotated[Literal["test", "live"], typer.Option(help="Prefix of the key: sk_test_ or sk_live_.")] = "live",
    plan: Annotated[
        str | None, typer.Option(help="A name from `strata plans list`; default: free, and test for a test key.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; default: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    now = utc_now()
    expires_at = None if days is None else now + timedelta(days=days)

    async def run(database: Database) -> tuple[ApiKeyView, str, str]:
        owner = await existing_user(database, user)
        draft = KeyDraft(owner.id, name, scope or _SCOPES, mode, plan, expires_at)
        async with database.write() as session:
            key, text = await ApiKeyService(session).create(draft)
        return ApiKeyView.from_entity(key, owner.uid, now), owner.email, text

    key, email, text = with_database(run)
    if as_json:
        show_json(_plain(key, email) | {"key": text})
    else:
        say(f"Key of {email} ({_identifier(key.uid)}), shown only once:", text)


@commands.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List keys by their first characters, newest first."""

    async def run(database: Database) -> list[tuple[ApiKeyView, str]]:
        async with database.write() as session:
            return await ApiKeyService(session).list_all()

    found = with_database(run)
    if as_json:
        show_json([_plain(key, email) for key, email in found])
        return
    show_table(
        ("id", "key", "owner", "name", "plan", "scopes", "state", "last used"),
        [
            (
                _identifier(key.uid),
                f"{key.hint}...",
                email,
                key.name,
                key.plan,
                "all" if len(key.scopes) == len(_SCOPES) else ", ".join(key.scopes),
                key.status,
                f"{key.last_used_at:%F %R}" if key.last_used_at else "never",
            )
            for key, email in found
        ],
        empty="No keys. `strata keys create USER` creates one.",
    )


@commands.command()
def rotate(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id from `strata keys list`.")],
    overlap: Annotated[
        int, typer.Option("--overlap-hours", min=0, max=168, help="Hours for which the replaced key stays valid.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one with the same scopes and plan, and print it. It cannot be shown again."""
    uid = _uid(identifier)

    async def run(database: Database) -> tuple[datetime | None, UUID, str]:
        async with database.write() as session:
            replaced, key, text = await ApiKeyService(session).rotate(uid, timedelta(hours=overlap))
        return replaced.expires_at, key.uid, text

    until, successor, text = with_database(run)
    if as_json:
        show_json({"id": _identifier(successor), "key": text, "replaced_key_expires_at": until})
    else:
        say(f"{identifier} is valid until {until:%F %R} UTC.")
        say(f"Its successor ({_identifier(successor)}), shown only once:", text)


@commands.command()
def revoke(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id from `strata keys list`.")], yes: Yes = False
) -> None:
    """Revoke a key immediately. A revoked key cannot be restored."""
    uid = _uid(identifier)
    confirm(f"This revokes {identifier}, which cannot be restored", yes=yes)

    async def run(database: Database) -> None:
        async with database.write() as session:
            await ApiKeyService(session).revoke(uid)

    with_database(run)
    say(f"Revoked: {identifier}")


@commands.command("plan")
def set_plan(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id from `strata keys list`.")],
    plan: Annotated[str, typer.Argument(help="A name from `strata plans list`.")],
) -> None:
    """Put a key on another plan; the next request has its limits. A test key stays on the plan `test`."""
    uid = _uid(identifier)

    async def run(database: Database) -> None:
        async with database.write() as session:
            await ApiKeyService(session).set_plan(uid, plan)

    with_database(run)
    say(f"{identifier} is on the plan {plan}.")


@commands.command("brownout")
def set_early_brownout(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The id from `strata keys list`.")],
    hours: Annotated[int, typer.Option(min=0, max=168, help="Duration from now; 0 ends the brownout.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Return 410 from deprecated versions to one key for some hours, to find out what still depends on them."""
    uid = _uid(identifier)
    until = utc_now() + timedelta(hours=hours) if hours else None

    async def run(database: Database) -> None:
        async with database.write() as session:
            await ApiKeyService(session).set_early_brownout(uid, until)

    with_database(run)
    if as_json:
        show_json({"id": identifier, "early_brownout_until": until})
    else:
        state = f"return 410 to it until {until:%F %R} UTC" if until else "serve it again"
        say(f"{identifier}: deprecated versions {state}.")


def _uid(identifier: str) -> UUID:
    try:
        return typeid.decode(_PREFIX, identifier)
    except ValueError:
        message = f"ID must be the id of a key, got '{identifier}'."
        raise CommandError(message, "`strata keys list` shows the ids.") from None


def _identifier(uid: UUID) -> str:
    return typeid.encode(_PREFIX, uid)


def _plain(key: ApiKeyView, email: str) -> dict[str, Any]:
    fields = (
        "name",
        "hint",
        "mode",
        "plan",
        "scopes",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "early_brownout_until",
        "rotated_at",
    )
    return {"id": _identifier(key.uid), "owner": email, "state": key.status} | {
        name: getattr(key, name) for name in fields
    }
