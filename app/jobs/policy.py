"""Who may request and see jobs, the same for all versions."""

from typing import Protocol, TypeVar

from app.access.permissions import Permission
from app.access.principal import Principal
from app.jobs.errors import JobNotFound, RecipientNotAllowed


class JobPermission(Permission):
    READ = "jobs:read"
    WRITE = "jobs:write"
    SEND_MAIL = "mail:send"


class Owned(Protocol):
    """A job."""

    @property
    def owner_id(self) -> int | None: ...


JobT = TypeVar("JobT", bound=Owned)


def ensure_may_read(principal: Principal) -> None:
    """Raise ``Unauthenticated`` or ``InsufficientPermissions``."""
    principal.require(JobPermission.READ)


def ensure_may_write(principal: Principal) -> None:
    """Every write shows a job, so the permission to read is needed, too."""
    principal.require(JobPermission.WRITE)
    principal.require(JobPermission.READ)


def own(principal: Principal, job: JobT | None) -> JobT:
    """The job. Raises ``JobNotFound``: users see only jobs that they requested."""
    if job is None or job.owner_id is None or job.owner_id != principal.signed_in().user_id:
        raise JobNotFound
    return job


def ensure_may_mail(principal: Principal, *, own_verified_address: bool) -> None:
    """Raise ``RecipientNotAllowed``: strangers receive mail of users with the permission only."""
    if not own_verified_address and not principal.may(JobPermission.SEND_MAIL):
        raise RecipientNotAllowed(JobPermission.SEND_MAIL)
