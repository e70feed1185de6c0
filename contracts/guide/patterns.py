"""Patterns in fragments: they select the findings that a fragment explains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from contracts.compat import DiffFinding
from contracts.compat.pointers import join, split
from contracts.compat.registry import registry
from contracts.guide.errors import GuideError

_PARAMETER: Final = re.compile(r"(.*/parameters)/(\d+)(/.*)?")
# Findings point into the new document, except those about removed parts.
_REMOVED: Final = "request-parameter-removed"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule and a pointer. ``*`` matches any text within one step of the pointer, but no slash."""

    rule: str
    pointer: str

    @classmethod
    def parse(cls, text: object, where: str) -> "Pattern":
        """Parse ``rule /pointer``. Raises ``GuideError``."""
        rule, _, pointer = text.partition(" ") if isinstance(text, str) else ("", "", "")
        if rule not in registry() or not pointer.startswith("/"):
            advice = (
                "Write a rule of contracts/compat/RULES.md, a space and a pointer: `strata contract guide` prints them."
            )
            raise GuideError(f"{where}: covers must contain rules with pointers, got {text!r}", advice)
        return cls(rule, pointer)

    def matches(self, pointer: str) -> bool:
        """Whether a pointer matches. Parameters in it are names: see ``named_pointer``."""
        steps, wanted = pointer.split("/"), self.pointer.split("/")
        return len(steps) == len(wanted) and all(
            step == one or fnmatchcase(step, one) for step, one in zip(steps, wanted, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.pointer}"


def named_pointer(finding: DiffFinding, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The pointer of a finding, with parameter names instead of indexes, which change with each edit."""
    if (found := _PARAMETER.fullmatch(finding.pointer)) is None:
        return finding.pointer
    value: Any = old if finding.rule.startswith(_REMOVED) else new
    for step in split(found[1]):
        value = value[step]
    return join(found[1], value[int(found[2])]["name"]) + (found[3] or "")
