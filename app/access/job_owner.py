"""The user on whose behalf a job acts."""

from uuid import UUID

from app.access.errors import InvalidCredentials
from app.access.principal import Principal
from app.access.reader import PrincipalResolver
from app.kit.db.sessions import ReadSession
from app.kit.queue.kinds import JobRejected


async def job_owner(reads: ReadSession, uid: UUID) -> Principal:
    """The user, with the permissions of this moment. Raises ``JobRejected``."""
    try:
        return await PrincipalResolver(reads).by_user(uid)
    except InvalidCredentials as error:
        raise JobRejected("owner_missing", "The user of this job was deleted or deactivated.") from error
