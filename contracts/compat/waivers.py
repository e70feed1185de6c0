"""Waivers: each lets one breaking change pass the gate until a date, for a reviewed reason."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from contracts.compat.findings import DiffFinding, Report, Severity
from contracts.compat.registry import registry

_MEMBERS = {"rule", "pointer", "reason", "expires"}


class WaiverError(Exception):
    """The file of waivers is invalid."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Allows one breaking finding until a date."""

    rule: str
    pointer: str
    reason: str
    expires: date

    def matches(self, finding: DiffFinding) -> bool:
        """Whether the waiver is for this finding."""
        return (self.rule, self.pointer) == (finding.rule, finding.pointer)


def read_waivers(path: Path) -> list[Waiver]:
    """Read the waivers of a file. A missing file has none. Raises ``WaiverError``."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        raise WaiverError(f"{path.name}: {error}") from None
    listed = content.pop("waiver", [])
    if content or not isinstance(listed, list):
        raise WaiverError(f"{path.name} must contain [[waiver]] tables only")
    return [_waiver(path.name, number, one) for number, one in enumerate(listed, 1)]


def _waiver(file: str, number: int, value: Any) -> Waiver:
    where = f"{file}: waiver {number}"
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise WaiverError(f"{where} must have exactly these members: {', '.join(sorted(_MEMBERS))}")
    if value["rule"] not in registry():
        raise WaiverError(f"{where} names a rule that does not exist: {value['rule']!r}")
    if not isinstance(value["reason"], str) or not value["reason"].strip():
        raise WaiverError(f"{where} must give a reason")
    if type(value["expires"]) is not date or not isinstance(value["pointer"], str):
        raise WaiverError(f"{where} must have a pointer, and a date such as 2027-01-31 in expires")
    return Waiver(value["rule"], value["pointer"], value["reason"], value["expires"])


def find_expired(waivers: list[Waiver], today: date) -> list[str]:
    """A message for each waiver whose date has passed."""
    return [
        f"The waiver for {one.rule} at {one.pointer} expired on {one.expires}: undo the change or renew the waiver."
        for one in waivers
        if one.expires < today
    ]


def find_unused(waivers: list[Waiver], reports: list[Report]) -> list[str]:
    """A message for each waiver without a breaking finding."""
    breaking = [finding for report in reports for finding in report if finding.severity is Severity.BREAKING]
    return [
        f"The waiver for {one.rule} at {one.pointer} is not needed: remove it."
        for one in waivers
        if not any(one.matches(finding) for finding in breaking)
    ]


def remove_waived(report: Report, waivers: list[Waiver]) -> Report:
    """The report without the findings that have a waiver."""
    return Report(tuple(one for one in report if not any(waiver.matches(one) for waiver in waivers)))
