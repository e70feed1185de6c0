"""Dependencies of usage."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.principal import resolve_principal
from app.http.runtime import runtime_of
from app.usage.reader import UsageReader


async def _usage_reader(request: Request) -> UsageReader:
    return UsageReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


UsageReaderDep = Annotated[UsageReader, Depends(_usage_reader)]
