"""Exceptions from the gate: a reviewed file in which each has a reason and a day on which it ends."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from contracts.compat.findings import Finding, Report, Severity
from contracts.compat.registry import registry

_MEMBERS = {"rule", "pointer", "reason", "expires"}


class WaiverError(Exception):
    """The file of exceptions is wrong, or grants what it may not."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Lets one breaking finding pass until a day."""

    rule: str
    pointer: str
    reason: str
    expires: date

    def fits(self, finding: Finding) -> bool:
        """Whether this is the finding that may pass."""
        return (self.rule, self.pointer) == (finding.rule, finding.pointer)


def read_waivers(path: Path) -> list[Waiver]:
    """The exceptions of a file; none where there is no file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        raise WaiverError(f"{path.name}: {error}") from None
    listed = content.pop("exception", [])
    if content or not isinstance(listed, list):
        raise WaiverError(f"{path.name}: only [[exception]] tables are known")
    return [_waiver(path.name, number, one) for number, one in enumerate(listed, 1)]


def _waiver(file: str, number: int, value: Any) -> Waiver:
    where = f"{file}: exception {number}"
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise WaiverError(f"{where} needs exactly {', '.join(sorted(_MEMBERS))}")
    if value["rule"] not in registry():
        raise WaiverError(f"{where} names a rule that does not exist: {value['rule']!r}")
    if not isinstance(value["reason"], str) or not value["reason"].strip():
        raise WaiverError(f"{where} gives no reason")
    if type(value["expires"]) is not date or not isinstance(value["pointer"], str):
        raise WaiverError(f"{where} needs a pointer and a day, such as 2027-01-31")
    return Waiver(value["rule"], value["pointer"], value["reason"], value["expires"])


def expired(waivers: list[Waiver], today: date) -> list[str]:
    """The exceptions whose day has passed."""
    return [
        f"The exception for {one.rule} at {one.pointer} expired on {one.expires}: undo the change or renew it."
        for one in waivers
        if one.expires < today
    ]


def unused(waivers: list[Waiver], reports: list[Report]) -> list[str]:
    """The exceptions that no breaking finding needs."""
    breaking = [finding for report in reports for finding in report if finding.severity is Severity.BREAKING]
    return [
        f"The exception for {one.rule} at {one.pointer} is not needed: remove it."
        for one in waivers
        if not any(one.fits(finding) for finding in breaking)
    ]


def unwaived(report: Report, waivers: list[Waiver]) -> Report:
    """The findings for which there is no exception."""
    return Report(tuple(one for one in report if not any(waiver.fits(one) for waiver in waivers)))
