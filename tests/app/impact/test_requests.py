"""Who may analyse which period, and what a job keeps of its request."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest
from uuid_utils.compat import uuid7

from app.access.principal import Principal
from app.errors import FieldError, InsufficientPermissions
from app.impact.analysis import Bounds, ImpactAnalysis
from app.impact.commands import IdPrefixes, ImpactRequest
from app.impact.errors import AnalysisTooLarge, InvalidEvidencePeriod, UnknownContractVersion
from app.impact.job_names import IMPACT_ANALYSIS
from app.impact.policy import ImpactPermission
from app.kit.clock import utc_now
from app.kit.queue.kinds import JobKind
from app.users.policy import UserPermission

NEEDED = frozenset({ImpactPermission.READ, UserPermission.READ})
PREFIXES = IdPrefixes("usr", "key")


def ensure_allowed(permissions: frozenset[str], since: date | None = None) -> None:
    principal = Principal(1, uuid7(), (), permissions)
    analysis = ImpactAnalysis(principal, cast("Any", None), Path(), 1)
    analysis.ensure_allowed(ImpactRequest(since, None, PREFIXES))


def test_an_analysis_needs_both_permissions() -> None:
    ensure_allowed(NEEDED)
    for missing in NEEDED:
        with pytest.raises(InsufficientPermissions):
            ensure_allowed(NEEDED - {missing})


class Reached(Exception):
    """The analysis reads evidence: its bounds allow it."""


class Consumers:
    """A reader of three consumers, whose evidence is not needed."""

    async def count(self, _since: date, _until: date) -> int:
        return 3

    async def evidence(self, _since: date, _until: date) -> Any:
        raise Reached


async def analyse(permissions: frozenset[str], bounds: Bounds) -> None:
    principal = Principal(1, uuid7(), (), permissions)
    analysis = ImpactAnalysis(principal, cast("Any", Consumers()), Path(), 1)
    await analysis.run(ImpactRequest(None, None, PREFIXES), b"12345", bounds)


async def test_a_job_checks_the_permissions_too() -> None:
    with pytest.raises(InsufficientPermissions):
        await analyse(frozenset(), Bounds(1.0))


@pytest.mark.parametrize(
    ("size", "consumers", "raised"), [(5, 3, Reached), (4, 3, AnalysisTooLarge), (5, 2, AnalysisTooLarge)]
)
async def test_an_analysis_may_reach_its_bounds(size: int, consumers: int, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await analyse(NEEDED, Bounds(1.0, size, consumers))


def test_a_period_begins_today_at_the_latest() -> None:
    today = utc_now().date()
    ensure_allowed(NEEDED, today)
    with pytest.raises(InvalidEvidencePeriod):
        ensure_allowed(NEEDED, today + timedelta(days=1))


@pytest.mark.parametrize("since", [None, date(2026, 11, 1)])
@pytest.mark.parametrize("version", [None, "v901"])
def test_a_job_keeps_its_request(since: date | None, version: str | None) -> None:
    request = ImpactRequest(since, version, PREFIXES)
    assert ImpactRequest.of_params(orjson.loads(orjson.dumps({"owner": str(uuid4()), **request.params()}))) == request
    assert request.first_day(date(2026, 12, 1)) == date(2026, 11, 1), "30 days"


def test_an_analysis_leaves_room_for_other_jobs() -> None:
    other = JobKind("any")
    assert IMPACT_ANALYSIS.priority < other.priority
    assert IMPACT_ANALYSIS.concurrency == 1
    assert IMPACT_ANALYSIS.timeout > other.timeout


def test_errors_name_their_parameter() -> None:
    (unknown,), (period,) = UnknownContractVersion("no such version").fields, InvalidEvidencePeriod().fields
    assert unknown == FieldError(("version",), "unknown_contract_version", "no such version", "query")
    assert period == FieldError(("since",), "invalid_evidence_period", InvalidEvidencePeriod.detail, "query")
