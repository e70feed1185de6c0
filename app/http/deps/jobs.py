"""Dependencies of the routes of jobs."""

from typing import Annotated

from fastapi import Depends, Request

from app.http.deps.core import EventRecorderDep, WriteSessionDep
from app.http.deps.plans import CapsDep
from app.http.origin import origin_of
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.jobs.reader import JobReader
from app.jobs.service import JobService


async def _job_reader(request: Request) -> JobReader:
    return JobReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _job_service(
    session: WriteSessionDep, principal: PrincipalDep, caps: CapsDep, events: EventRecorderDep, request: Request
) -> JobService:
    return JobService(session, principal, caps, events, origin_of(request.scope, principal).request_id)


JobReaderDep = Annotated[JobReader, Depends(_job_reader)]
JobServiceDep = Annotated[JobService, Depends(_job_service)]
