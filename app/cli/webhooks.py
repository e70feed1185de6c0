"""``strata webhooks``: develops receivers of webhooks."""

import threading
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.text import Text

from app.access.permissions import declared_permissions
from app.access.principal import Principal
from app.cli.kit.environment import read_settings, with_database
from app.cli.kit.output import CommandError, say
from app.cli.kit.ports import free_port
from app.cli.kit.signals import ShutdownSignals
from app.cli.kit.users import existing_user
from app.cli.kit.webhook_listener import WebhookListener
from app.events.recorder import EventRecorder
from app.http.server.protocol import LimitedHttpProtocol
from app.kit.db.database import Database
from app.kit.db.sessions import WriteSession
from app.kit.egress.opening import open_guard
from app.plans.views import Caps
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from app.settings.root import Settings
from app.settings.webhooks import WebhookSettings
from app.users.views import UserView
from app.webhooks.commands import EndpointDraft
from app.webhooks.errors import UnknownEventType, WebhookEndpointNotFound, WebhookUrlRefused
from app.webhooks.service import WebhookService
from app.webhooks.signing import SecretSealer, secret_bytes
from observability.listener import serve_application
from versions.registry import VERSIONS

commands = typer.Typer(help="Develop receivers of webhooks.", no_args_is_help=True)
_HOST: Final = "127.0.0.1"
_NO_LIMIT: Final = Caps(keys=0, storage_bytes=0, webhook_endpoints=1_000_000, concurrent_jobs=0, streams=0, exports=0)
_LAST_PORT: Final = 65_535


@commands.callback()
def _group() -> None:
    """Keep ``listen`` a subcommand: typer would make the only command the group itself."""


@commands.command()
def listen(
    user: Annotated[str, typer.Option(help="Whose events: e-mail address or sequential id.")],
    port: Annotated[
        int | None, typer.Argument(min=1, max=_LAST_PORT, help="Where your program listens on this machine, if any.")
    ] = None,
    event: Annotated[list[str] | None, typer.Option(help="Only events of this type; repeatable.")] = None,
    path: Annotated[str, typer.Option(help="The path of your program.")] = "/",
    version: Annotated[str, typer.Option(help="The version of the messages.")] = VERSIONS[-1].name,
) -> None:
    """Verify and print webhooks until Ctrl-C, and forward them to a local program.

    The command creates an endpoint for the time that it runs. A worker of the same STRATA_HOME or database delivers to
    it, and repeats what the program rejects.
    """
    known = next((one.events.types.keys() for one in VERSIONS if one.name == version), None)
    if known is None:
        message = f"--version must be one of {', '.join(one.name for one in VERSIONS)}, got {version!r}"
        raise CommandError(message)
    settings = read_settings()
    own = free_port(settings[HttpSettings].model_copy(update={"host": _HOST, "port": 0}))
    draft = EndpointDraft(f"http://{_HOST}:{own}/", event or [], version, known, "strata webhooks listen")
    owner, uid, secret = with_database(lambda database: _create(database, settings, user, draft))
    target = None if port is None else f"http://{_HOST}:{port}/{path.lstrip('/')}"
    listener = WebhookListener(secret, target, _show)
    try:
        with ShutdownSignals().handle(), serve_application(listener.app, _HOST, own, LimitedHttpProtocol):
            purpose = (
                f"Receiving events of {owner.email}"
                if target is None
                else f"Forwarding events of {owner.email} to {target}"
            )
            say(f"{purpose}. Ctrl-C ends it.")
            threading.Event().wait()
    except KeyboardInterrupt:
        say("The endpoint is deleted.")
    finally:
        with_database(lambda database: _delete(database, settings, owner, uid))


def _show(line: Text) -> None:
    say(line)


def _service(session: WriteSession, settings: Settings, owner: UserView) -> WebhookService:
    principal = Principal(owner.id, owner.uid, (), declared_permissions())
    sealer = SecretSealer(require_secret(settings[WebhookSettings].sealing_key, "webhooks", "sealing_key"))
    return WebhookService(session, principal, _NO_LIMIT, EventRecorder(session), sealer, open_guard(settings))


async def _create(
    database: Database, settings: Settings, user: str, draft: EndpointDraft
) -> tuple[UserView, UUID, bytes]:
    owner = await existing_user(database, user)
    try:
        async with database.write() as session:
            view, text = await _service(session, settings, owner).create(draft)
    except WebhookUrlRefused:
        message = "Webhooks are not delivered to this machine."
        raise CommandError(
            message, "Set STRATA_EGRESS__ALLOW='[\"127.0.0.0/8\"]' for the server and the worker."
        ) from None
    except UnknownEventType as error:
        ((_, index),) = (field.path for field in error.fields)
        message = f"--event must be a type of {draft.api_version}, got {draft.events[int(index)]!r}"
        raise CommandError(message, f"The types: {', '.join(sorted(draft.known))}") from None
    return owner, view.uid, secret_bytes(text)


async def _delete(database: Database, settings: Settings, owner: UserView, uid: UUID) -> None:
    try:
        async with database.write() as session:
            await _service(session, settings, owner).delete(uid)
    except WebhookEndpointNotFound:
        return
