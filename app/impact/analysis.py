"""Analyses whom a candidate would break, within bounds."""

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.access.principal import Principal
from app.impact.commands import ImpactRequest
from app.impact.comparison import compare
from app.impact.errors import AnalysisTooLarge, InvalidContract, InvalidEvidencePeriod, UnknownContractVersion
from app.impact.policy import ensure_may_analyse
from app.impact.reader import ImpactReader
from app.kit.clock import utc_now

_UNLIMITED: Final = 2**53


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an analysis may take. ``outcomes`` counts pairs of a change and a consumer."""

    seconds: float
    size: int = _UNLIMITED
    consumers: int = _UNLIMITED
    outcomes: int = _UNLIMITED


class ImpactAnalysis:
    """Analyses on behalf of a principal. ``contracts`` is the folder of the frozen contracts."""

    def __init__(self, principal: Principal, reader: ImpactReader, contracts: Path, max_memory: int) -> None:
        self._principal = principal
        self._reader = reader
        self._contracts = contracts
        self._max_memory = max_memory

    def ensure_allowed(self, request: ImpactRequest) -> None:
        """Raise ``Unauthenticated``, ``InsufficientPermissions`` or ``InvalidEvidencePeriod``."""
        ensure_may_analyse(self._principal)
        today = utc_now().date()
        if request.first_day(today) > today:
            raise InvalidEvidencePeriod

    async def run(self, request: ImpactRequest, candidate: bytes, bounds: Bounds) -> dict[str, Any]:
        """The report (see ``app.impact.report``). Raises as ``ensure_allowed`` does, and

        ``AnalysisTooLarge``, ``InvalidContract``, ``UnknownContractVersion``.
        """
        self.ensure_allowed(request)
        until = utc_now().date()
        since = request.first_day(until)
        if len(candidate) > bounds.size or await self._reader.count(since, until) > bounds.consumers:
            raise AnalysisTooLarge
        evidence = await self._reader.evidence(since, until)
        contacts = await self._reader.contacts((one["consumer"] for one in evidence["consumers"]), request.prefixes)
        given = {
            "candidate": _text(candidate),
            "version": request.version,
            "contracts": str(self._contracts),
            "evidence": evidence,
            "contacts": {uid: asdict(contact) for uid, contact in contacts.items()},
            "most_outcomes": bounds.outcomes,
            "max_memory_bytes": self._max_memory,
        }
        # Other requests are served while megabytes are converted.
        content = await asyncio.to_thread(orjson.dumps, given)
        found = await asyncio.to_thread(orjson.loads, await compare(content, bounds.seconds))
        return _report(found)


def _text(candidate: bytes) -> str:
    try:
        return candidate.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidContract("not UTF-8 text") from None


def _report(found: dict[str, Any]) -> dict[str, Any]:
    if "too_many" in found:
        raise AnalysisTooLarge
    if "invalid" in found:
        raise InvalidContract(found["invalid"])
    if "unknown_version" in found:
        raise UnknownContractVersion(found["unknown_version"])
    report: dict[str, Any] = found["report"]
    return report
