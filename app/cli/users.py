"""``strata users``: manages users."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from app.access.principal import Role
from app.auth.queries import AuthQueries
from app.cli.kit.confirmation import Yes, confirm
from app.cli.kit.environment import operator, with_database
from app.cli.kit.output import AsJson, CommandError, say, show_json, show_table
from app.cli.kit.parameters import MAX_ID, Limit, UserArgument
from app.cli.kit.users import existing_user, new_password, user_service
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.kit.db.sessions import Row
from app.users.commands import UserDraft, UserEdit
from app.users.reader import UserReader
from app.users.service import UserService
from app.users.views import UserView

_SHORTEST, _LONGEST = 8, 100
_TIMES: Final = ("created_at", "mailed_at", "expires_at")

commands = typer.Typer(help="List and change users.", no_args_is_help=True)
Roles = Annotated[list[Role] | None, typer.Option("--role", help="Repeatable.")]
Password = Annotated[str | None, typer.Option(help="8 to 100 characters; default: a random one.")]


@commands.command("list")
def list_users(
    as_json: AsJson = False,
    limit: Limit = 100,
    skip: Annotated[int, typer.Option(min=0, max=MAX_ID, help="Skip this many of the oldest.")] = 0,
) -> None:
    """List users, oldest first."""

    async def run(database: Database) -> tuple[list[UserView], int]:
        reader = UserReader(database.reads, operator())
        return await reader.offset_page(skip, limit), await reader.count()

    users, total = with_database(run)
    if as_json:
        show_json([_plain(user) for user in users])
        return
    show_table(
        ("id", "e-mail", "name", "roles", "state", "created"),
        [
            (str(user.id), user.email, user.display_name, ", ".join(user.roles), _state(user), f"{user.created_at:%F}")
            for user in users
        ],
        empty="No users. `strata users create EMAIL` creates one.",
    )
    if total > len(users):
        say(f"{len(users)} of {total}")


@commands.command()
def pending(as_json: AsJson = False, limit: Limit = 100) -> None:
    """List registrations whose address is not verified yet, newest first."""

    async def run(database: Database) -> list[Row]:
        return await AuthQueries(database.reads).pending_registrations(utc_now(), limit)

    rows = with_database(run)
    if as_json:
        show_json([dict(row) for row in rows])
        return
    show_table(
        ("e-mail", "name", "network", "registered", "mailed", "expires"),
        [
            (row["email"], row["display_name"], row["network"] or "-", *(_minute(row[name]) for name in _TIMES))
            for row in rows
        ],
        empty="No registration waits for its verification.",
    )


@commands.command()
def create(
    email: Annotated[str, typer.Argument(help="E-mail address, which is marked as verified.")],
    name: Annotated[str | None, typer.Option(help="Display name; default: the address up to its @.")] = None,
    role: Roles = None,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """Create a user and print the password."""
    chosen = _checked(password)
    if "@" not in email.strip("@"):
        message = f"EMAIL must be an e-mail address, got '{email}'."
        raise CommandError(message)
    draft = UserDraft(email, chosen, name or email.partition("@")[0], tuple(role or (Role.AUTHOR,)))
    user = _change(lambda service, _: service.create(draft))
    _show_secret(user, chosen, as_json=as_json)


@commands.command()
def roles(identifier: UserArgument, role: Roles = None, as_json: AsJson = False) -> None:
    """Set the roles of a user, in place of the present ones."""
    if not role:
        message = "At least one role is required."
        raise CommandError(message, f"Add --role with one of: {', '.join(Role)}.")
    _show(_change(lambda service, user: service.set_roles(user.id, role), identifier), as_json=as_json)


@commands.command()
def password(identifier: UserArgument, password: Password = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Set a new password, print it, and end the user's sessions."""
    chosen = _checked(password)
    confirm(f"This ends all sessions of {identifier}, and the present password is lost", yes=yes)
    user = _change(lambda service, user: service.edit(user.id, UserEdit(password=chosen)), identifier)
    _show_secret(user, chosen, as_json=as_json)


@commands.command()
def deactivate(identifier: UserArgument, yes: Yes = False, as_json: AsJson = False) -> None:
    """Deactivate a user immediately: all sessions end and all keys are rejected."""
    confirm(f"This ends all sessions of {identifier}, and rejects all keys until `strata users activate`", yes=yes)
    _show(_change(lambda service, user: service.edit(user.id, UserEdit(is_active=False)), identifier), as_json=as_json)


@commands.command()
def activate(identifier: UserArgument, as_json: AsJson = False) -> None:
    """Activate a deactivated user."""
    _show(_change(lambda service, user: service.edit(user.id, UserEdit(is_active=True)), identifier), as_json=as_json)


@commands.command()
def delete(identifier: UserArgument, yes: Yes = False) -> None:
    """Delete a user with all posts, sessions and keys."""

    async def run(database: Database) -> UserView:
        user = await existing_user(database, identifier)
        confirm(f"This deletes {user.email} (id {user.id}) with all posts, sessions and keys", yes=yes)
        async with database.write() as session:
            await user_service(session).delete(user.id)
        return user

    say(f"Deleted: {with_database(run).email}")


def _change(action: Callable[[UserService, Any], Awaitable[UserView]], identifier: str | None = None) -> UserView:
    async def run(database: Database) -> UserView:
        user = None if identifier is None else await existing_user(database, identifier)
        async with database.write() as session:
            return await action(user_service(session), user)

    return with_database(run)


def _checked(password: str | None) -> str:
    if password is None:
        return new_password()
    if not _SHORTEST <= len(password) <= _LONGEST:
        message = f"PASSWORD must have {_SHORTEST} to {_LONGEST} characters, got {len(password)}."
        raise CommandError(message)
    return password


def _plain(user: UserView) -> dict[str, Any]:
    return asdict(user) | {"roles": list(user.roles)}


def _minute(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%F %R}"


def _state(user: UserView) -> str:
    if not user.is_active:
        return "deactivated"
    return "active" if user.is_verified else "unverified"


def _show(user: UserView, *, as_json: bool) -> None:
    if as_json:
        show_json(_plain(user))
    else:
        say(f"{user.email} (id {user.id}): {_state(user)}, roles {', '.join(user.roles)}")


def _show_secret(user: UserView, password: str, *, as_json: bool) -> None:
    if as_json:
        show_json(_plain(user) | {"password": password})
    else:
        _show(user, as_json=False)
        say(f"Password: {password}")
