"""``strata keys``: API keys."""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID

import typer

from app.access.commands import KeyDraft
from app.access.permissions import key_scopes
from app.access.principal import Plan
from app.access.service import ApiKeyService
from app.access.views import status_of
from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.users import existing_user
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.models import ApiKey
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
    plan: Annotated[Plan, typer.Option(help="The plan, which sets the rate limits.")] = Plan.FREE,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; default: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    lifetime = None if days is None else timedelta(days=days)

    async def run(database: Database) -> tuple[ApiKey, str, str]:
        owner = await existing_user(database, user)
        draft = KeyDraft(owner.id, name, scope or _SCOPES, mode, plan, lifetime)
        async with database.write() as session:
            key, text = ApiKeyService(session).create(draft)
        return key, owner.email, text

    key, email, text = with_database(run)
    if as_json:
        show_json(_plain(key, email) | {"key": text})
    else:
        say(f"Key of {email} ({_identifier(key)}), shown only once:", text)


@commands.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List keys by their first characters, newest first."""

    async def run(database: Database) -> list[tuple[ApiKey, str]]:
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
                _identifier(key),
                f"{key.hint}...",
                email,
                key.name,
                key.plan,
                "all" if len(key.scopes) == len(_SCOPES) else ", ".join(key.scopes),
                _state(key),
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

    async def run(database: Database) -> tuple[ApiKey, ApiKey, str]:
        async with database.write() as session:
            return await ApiKeyService(session).rotate(uid, timedelta(hours=overlap))

    replaced, key, text = with_database(run)
    if as_json:
        show_json({"id": _identifier(key), "key": text, "replaced_key_expires_at": replaced.expires_at})
    else:
        say(f"{identifier} is valid until {replaced.expires_at:%F %R} UTC.")
        say(f"Its successor ({_identifier(key)}), shown only once:", text)


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


def _identifier(key: ApiKey) -> str:
    return typeid.encode(_PREFIX, key.uid)


def _state(key: ApiKey) -> str:
    return "revoked" if key.revoked_at is not None else status_of(key.expires_at, key.rotated_at, utc_now())


def _plain(key: ApiKey, email: str) -> dict[str, Any]:
    fields = (
        "name",
        "hint",
        "plan",
        "scopes",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "early_brownout_until",
        "rotated_at",
    )
    return {"id": _identifier(key), "owner": email, "state": _state(key)} | {
        name: getattr(key, name) for name in fields
    }
