"""Exceptions: each accepts one change that breaks clients until a date, for a reviewed reason."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from contracts.compat.findings import Cause, Report
from contracts.compat.registry import registry

_TEXTS: Final = ("version", "rule", "pointer", "reason")
_MEMBERS: Final = frozenset({*_TEXTS, "expires"})
_START: Final = re.compile(r"(?m)^(?=\[\[exception\]\])")


class ExceptionsFileError(Exception):
    """The file of exceptions is invalid."""


@dataclass(frozen=True, slots=True)
class ChangeException:
    """Accepts one change of one version until a date."""

    version: str
    rule: str
    pointer: str
    reason: str
    expires: date

    def matches(self, cause: Cause) -> bool:
        """Whether the exception is for this change: its rule, at one of the places that it reaches."""
        return any((self.rule, self.pointer) == (one.rule, one.pointer) for one in cause.findings)


def read_exceptions(path: Path) -> list[ChangeException]:
    """Read the exceptions of a file. A missing file has none. Raises ``ExceptionsFileError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return _parse(text, path.name)


def add_exception(path: Path, added: ChangeException) -> None:
    """Append an exception to a file. Raises ``ExceptionsFileError`` if the result would be invalid."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    values = (
        *(f"{name} = {json.dumps(getattr(added, name), ensure_ascii=False)}" for name in _TEXTS),
        f"expires = {added.expires}",
    )
    text = text.rstrip("\n") + "\n\n[[exception]]\n" + "\n".join(values) + "\n"
    _parse(text, path.name)
    path.write_text(text.lstrip("\n"), encoding="utf-8")


def remove_exceptions(path: Path, version: str) -> int:
    """Remove the exceptions of a version from a file, which keeps its other lines. Returns their number."""
    if not path.exists():
        return 0
    head, *blocks = _START.split(path.read_text(encoding="utf-8"))
    kept = [block for block in blocks if all(one.version != version for one in _parse(block, path.name))]
    if len(kept) < len(blocks):
        path.write_text("".join([head, *kept]).rstrip("\n") + "\n", encoding="utf-8")
    return len(blocks) - len(kept)


def find_expired(exceptions: Iterable[ChangeException], today: date) -> list[str]:
    """A message for each exception whose date has passed."""
    return [
        f"{one.version}: the exception for {one.rule} at {one.pointer} expired on {one.expires}: undo the change, or "
        "change the date after a review."
        for one in exceptions
        if one.expires < today
    ]


def find_unused(exceptions: Iterable[ChangeException], needed: Callable[[ChangeException], bool]) -> list[str]:
    """A message for each exception that no change needs."""
    return [
        f"{one.version}: the exception for {one.rule} at {one.pointer} is not needed: remove it."
        for one in exceptions
        if not needed(one)
    ]


def excepted(causes: Iterable[Cause], exceptions: Sequence[ChangeException]) -> list[Cause]:
    """The changes that have an exception."""
    return [cause for cause in causes if any(one.matches(cause) for one in exceptions)]


def without_excepted(causes: Sequence[Cause], exceptions: Sequence[ChangeException]) -> list[Cause]:
    """The changes that have no exception."""
    accepted = excepted(causes, exceptions)
    return [cause for cause in causes if cause not in accepted]


def without_causes(report: Report, removed: Iterable[Cause]) -> Report:
    """The report without the findings of some changes."""
    findings = {finding for cause in removed for finding in cause.findings}
    return Report(tuple(one for one in report if one not in findings))


def _parse(text: str, file: str) -> list[ChangeException]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExceptionsFileError(f"{file}: {error}") from None
    listed = content.pop("exception", [])
    if content or not isinstance(listed, list):
        raise ExceptionsFileError(f"{file} must contain [[exception]] tables only")
    return [_exception(file, number, one) for number, one in enumerate(listed, 1)]


def _exception(file: str, number: int, value: Any) -> ChangeException:
    where = f"{file}: exception {number}"
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise ExceptionsFileError(f"{where} must have exactly these members: {', '.join(sorted(_MEMBERS))}")
    if value["rule"] not in registry():
        raise ExceptionsFileError(f"{where} names a rule that does not exist: {value['rule']!r}")
    if not isinstance(value["reason"], str) or not value["reason"].strip():
        raise ExceptionsFileError(f"{where} must give a reason")
    if type(value["expires"]) is not date or not all(isinstance(value[name], str) for name in ("pointer", "version")):
        raise ExceptionsFileError(f"{where} must have a version, a pointer, and a date such as 2027-01-31 in expires")
    return ChangeException(**value)
