"""What each kind of job needs: permissions of its user, and parameters for its handler."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.principal import Principal
from app.errors import Unauthenticated
from app.exports.commands import ExportRequest
from app.exports.job_names import EXPORT
from app.exports.reader import ExportReader
from app.files.errors import FileNotFound
from app.files.repository import FileRepository
from app.impact.commands import ImpactJob
from app.impact.job_names import IMPACT_ANALYSIS
from app.impact.policy import ensure_may_analyse
from app.jobs.commands import EmailDraft, NewJob, PostImport
from app.jobs.job_names import EMAIL
from app.jobs.policy import ensure_may_mail
from app.jobs.repository import JobRepository
from app.kit.db.sessions import WriteSession
from app.kit.mail.address import canonical_address
from app.kit.queue.kinds import JobKind
from app.models import User
from app.posts.job_names import CSV_IMPORT
from app.posts.policy import PostPermission
from app.reports.commands import ReportRequest
from app.reports.job_names import REPORT

Prepared = tuple[JobKind, Mapping[str, Any]]


class JobRequests:
    """Turns the request of a principal into a kind and its parameters.

    A job acts with the permissions that its user has when it runs, so a request needs those that the job will use: an
    API key would otherwise do with a job what its scopes do not allow.
    """

    def __init__(self, session: WriteSession, principal: Principal) -> None:
        self._files = FileRepository(session)
        self._repository = JobRepository(session)
        self._principal = principal

    async def prepare(self, wanted: NewJob) -> Prepared:
        """Raises ``RecipientNotAllowed``, ``FileNotFound``, ``InvalidPeriod``, ``InsufficientPermissions``."""
        user = await self._repository.lock_user(self._principal.signed_in().user_id)
        if user is None:
            # The user was deleted after the principal was resolved.
            raise Unauthenticated
        match wanted:
            case EmailDraft():
                return EMAIL, self._email(wanted, user)
            case PostImport():
                return CSV_IMPORT, {"owner": str(user.uid), "file": str(await self._file(wanted, user))}
            case ReportRequest():
                self._principal.require(PostPermission.READ)
                wanted.ensure_valid()
                return REPORT, {"owner": str(user.uid), **wanted.params()}
            case ExportRequest():
                ExportReader(self._principal).requested(wanted)
                return EXPORT, {"owner": str(user.uid), **wanted.params()}
            case ImpactJob():
                ensure_may_analyse(self._principal)
                ids = {"owner": str(user.uid), "candidate": str(wanted.candidate)}
                return IMPACT_ANALYSIS, {**ids, **wanted.request.params()}

    def _email(self, draft: EmailDraft, user: User) -> Mapping[str, Any]:
        to = user.email if draft.to is None else draft.to
        own_address = user.is_verified and canonical_address(to) == user.email_canonical
        ensure_may_mail(self._principal, own_verified_address=own_address)
        return {"to": to, "subject": draft.subject, "text": draft.text}

    async def _file(self, wanted: PostImport, user: User) -> UUID:
        self._principal.require(PostPermission.WRITE)
        file = await self._files.uid_of_owner(user.id, wanted.file)
        if file is None:
            raise FileNotFound
        return file
