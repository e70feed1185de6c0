"""The changes of a contract that each stage of a version accepts."""

import re
from typing import Final

from app.lifecycle.version import SUNSET_STATUSES, VersionStatus
from contracts.compat import Report, Severity
from contracts.compat.findings import Cause, DiffFinding

# Changes of texts have no finding. Links only lead to operations that exist.
_LINKS: Final = frozenset({"response-link-added", "response-link-removed", "response-link-changed"})
# A failure that the server returned before, and the document lacked.
_UNDECLARED_FAILURES: Final = frozenset({"response-error-added"})
# The declaration of the deprecation itself, which is made after the release.
_DEPRECATION: Final = frozenset(
    {"operation-deprecated", "operation-deprecated-without-sunset", "operation-sunset-moved-later"}
)
_DEPRECATION_PLACES: Final = re.compile(r"/headers/(?:Deprecation|Sunset|Link)$|/responses/410$", re.IGNORECASE)


def refused_changes(status: VersionStatus, report: Report, *, released: bool) -> list[Cause]:
    """The changes that the contract of a version with this status does not accept.

    A preview accepts every change; a current or supported version, and each version before its release, all that break
    no client. A released version that is deprecated accepts texts, links and failures that the document lacked; a
    retired one, texts and links.
    """
    return [cause for cause in report.causes if not _accepts(status, cause.first, released=released)]


def _accepts(status: VersionStatus, finding: DiffFinding, *, released: bool) -> bool:
    if status is VersionStatus.PREVIEW:
        return True
    if not released or status not in SUNSET_STATUSES:
        return finding.severity is not Severity.BREAKING
    if finding.rule in {"response-header-added", "response-error-added"} and _DEPRECATION_PLACES.search(
        finding.pointer
    ):
        return True
    accepted = _LINKS | _DEPRECATION
    if status is VersionStatus.DEPRECATED:
        accepted |= _UNDECLARED_FAILURES
    return finding.rule in accepted
