"""The outcomes in cells of truth tables, with the status and the reason that each version sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.laws.tables.failures import FAILURES

COMMON: Final = {"401": "unauthenticated", "401t": "invalid_token", "403": "insufficient_permissions"}
"""The tokens that mean the same in every table; a table adds its own."""
_ONLY_V2: Final = {
    "precondition_failed": 412,
    "session_not_found": 404,
    "invalid_reset_token": 400,
}
"""The statuses of codes that v1 does not have."""


@dataclass(frozen=True)
class Outcome:
    """A success, with an empty code, or a failure with this code."""

    code: str

    @property
    def allowed(self) -> bool:
        return not self.code

    def reason(self, version: str) -> tuple[int, str]:
        """The status and the reason of the failure: v1's detail, or the code of later versions."""
        if self.code in _ONLY_V2:
            assert version != "v1", f"v1 has no {self.code}"
            return _ONLY_V2[self.code], self.code
        failure = FAILURES[self.code]
        return (failure.old_status, failure.old_detail) if version == "v1" else (failure.new_status, self.code)

    def __str__(self) -> str:
        return self.code or "success"


ALLOWED: Final = Outcome("")


@dataclass(frozen=True)
class Cell:
    """An outcome and, where the cell states one, a number that the act counts."""

    outcome: Outcome
    count: int | None = None


INSUFFICIENT: Final = Cell(Outcome("insufficient_permissions"))


def parse_cell(token: str, outcomes: Mapping[str, str]) -> Cell | None:
    """The cell: ``ok``, ``ok:3`` (which counts 3) or a token of ``COMMON`` or ``outcomes``; None for ``-``."""
    if token == "-":
        return None
    head, _, number = token.partition(":")
    if head == "ok":
        return Cell(ALLOWED, int(number) if number else None)
    return Cell(Outcome({**COMMON, **outcomes}[token]))
