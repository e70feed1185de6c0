"""The outcomes in cells of truth tables, with the status and the reason that each version sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

COMMON: Final = {"401": "unauthenticated", "401t": "invalid_token", "403": "insufficient_permissions"}
"""The tokens that mean the same in every table; a table adds its own."""


def wire(version: str) -> Any:
    """The module that says how a version names objects and failures."""
    return import_module(f"tests.truth.{version}.wire")


@dataclass(frozen=True)
class Outcome:
    """A success, with an empty code, or a failure with this code."""

    code: str

    @property
    def allowed(self) -> bool:
        return not self.code

    def reason(self, version: str) -> tuple[int, str]:
        """The status of the failure and what names it."""
        found: tuple[int, str] = wire(version).reason(self.code)
        return found

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
