"""Which findings of the comparison a fragment explains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from contracts.compat import Finding
from contracts.compat.pointers import join, split
from contracts.compat.registry import registry
from contracts.guide.errors import GuideError

_PARAMETER: Final = re.compile(r"(.*/parameters)/(\d+)(/.*)?")
# Findings point into the new document, but for what was taken away.
_TAKEN_AWAY: Final = "request-parameter-removed"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule and a pointer. ``*`` stands for any part of one step of the pointer, never for a slash."""

    rule: str
    pointer: str

    @classmethod
    def parse(cls, text: object, where: str) -> "Pattern":
        """Read ``rule /pointer``. Raises ``GuideError``."""
        rule, _, pointer = text.partition(" ") if isinstance(text, str) else ("", "", "")
        if rule not in registry() or not pointer.startswith("/"):
            advice = (
                "Write a rule of contracts/compat/RULES.md, a space and a pointer, as `strata contract guide` does."
            )
            raise GuideError(f"{where}: {text!r} in covers is no rule with a pointer", advice)
        return cls(rule, pointer)

    def fits(self, pointer: str) -> bool:
        """Whether this covers a finding of its rule, at a pointer in which parameters are named."""
        steps, wanted = pointer.split("/"), self.pointer.split("/")
        return len(steps) == len(wanted) and all(
            step == one or fnmatchcase(step, one) for step, one in zip(steps, wanted, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.pointer}"


def named_pointer(finding: Finding, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The finding's pointer with the names of parameters in place of their numbers, which any edit may change."""
    if (found := _PARAMETER.fullmatch(finding.pointer)) is None:
        return finding.pointer
    value: Any = old if finding.rule.startswith(_TAKEN_AWAY) else new
    for step in split(found[1]):
        value = value[step]
    return join(found[1], value[int(found[2])]["name"]) + (found[3] or "")
