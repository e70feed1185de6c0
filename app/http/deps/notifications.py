"""Dependencies of notifications."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.core import EventRecorderDep, WriteSessionDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.notifications.reader import NotificationReader
from app.notifications.service import NotificationService


async def _reader(request: Request) -> NotificationReader:
    return NotificationReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _service(session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep) -> NotificationService:
    return NotificationService(session, principal, events)


NotificationReaderDep = Annotated[NotificationReader, Depends(_reader)]
NotificationServiceDep = Annotated[NotificationService, Depends(_service)]
