"""Dependencies of the log of events."""

from typing import Annotated

from fastapi import Depends, Request

from app.event_log.reader import EventLogReader
from app.http.principal import resolve_principal
from app.http.runtime import runtime_of


async def _reader(request: Request) -> EventLogReader:
    return EventLogReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


EventLogReaderDep = Annotated[EventLogReader, Depends(_reader)]
