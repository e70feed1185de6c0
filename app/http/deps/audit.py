"""Dependencies of the audit trail."""

from typing import Annotated

from fastapi import Depends

from app.audit.reader import AuditReader
from app.http.deps.core import EventRecorderDep, RuntimeDep
from app.http.principal import PrincipalDep


async def _audit_reader(runtime: RuntimeDep, principal: PrincipalDep, events: EventRecorderDep) -> AuditReader:
    return AuditReader(runtime.database.reads, principal, events.audit)


AuditReaderDep = Annotated[AuditReader, Depends(_audit_reader)]
